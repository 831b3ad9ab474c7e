"""Samples and checks of metrics: logits of some items, and their labels."""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from hitl_sim.check.base import RTOL, Check, CheckError, Subject, build, struct
from oracles.part import Part

NUM_ITEMS, NUM_CLASSES = 24, 4


def sample(part: Part, options: Mapping[str, Any]) -> Subject:
    """Build a metric, and logits that are right for about half of the items.

    Raises:
        CheckError: it does not build.
    """
    measure = build(part, options, lambda given: part.factory(**given))

    def call(key: jax.Array, data: Any, params: Mapping[str, Any]) -> Any:
        del key
        return {"value": measure(*data, params)}

    rng = np.random.default_rng(0)
    label = jnp.asarray(rng.integers(0, NUM_CLASSES, NUM_ITEMS), jnp.int32)
    noise = jnp.asarray(rng.normal(size=(NUM_ITEMS, NUM_CLASSES)), jnp.float32)
    logits = noise + jax.nn.one_hot(label, NUM_CLASSES)
    return Subject(
        part=part,
        options=options,
        call=call,
        data=(logits, label),
        expected={"value": struct((), jnp.float32)},
        extremes={
            "logits that are sure": (1e4 * logits, label),
            "logits that are all equal": (0.0 * logits, label),
            "one class alone": (logits, 0 * label),
        },
    )


def check_value(subject: Subject) -> str:
    """What is right is worth at least what is wrong, in whatever order items stand."""
    key, (logits, label), params = subject.args
    run = jax.jit(subject.call)
    right = jax.nn.one_hot(label, NUM_CLASSES)
    found = {
        words: float(run(key, data, params)["value"])
        for words, data in {
            "the sample": (logits, label),
            "turned": (logits[::-1], label[::-1]),
            "right": (right, label),
            "wrong": (-right, label),
        }.items()
    }
    if not np.isclose(found["the sample"], found["turned"], rtol=RTOL):
        raise CheckError(
            f"`value` must be the same whatever the order of the items, got "
            f"{found['the sample']} and {found['turned']}."
        )
    if not found["right"] >= found["the sample"] >= found["wrong"]:
        raise CheckError(
            f"`value` must be the higher the better, got {found['right']} where all is "
            f"right and {found['wrong']} where all is wrong."
        )
    is_share = found["wrong"] >= 0.0 and found["right"] <= 1.0
    return "" if is_share else "it is no share, so a target is no share of the best"


CHECKS = (Check("value", check_value),)
