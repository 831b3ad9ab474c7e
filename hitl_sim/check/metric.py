"""Samples and checks of metrics: logits of some items, and their labels."""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from hitl_sim.check.base import TOLERANCE, Subject, build, promise, require
from oracles.part import Part

NUM_ITEMS, NUM_CLASSES = 24, 4


def sample(part: Part, options: Mapping[str, Any]) -> Subject:
    """Build a metric, and logits that are right for about half of the items.

    Raises:
        CheckError: it does not build.
    """
    measure = build(part, options, lambda given: part(**given))

    def call(key: jax.Array, data: Any, params: Mapping[str, Any]) -> Any:
        del key
        return {"value": measure(*data, params)}

    rng = np.random.default_rng(0)
    label = jnp.asarray(rng.integers(0, NUM_CLASSES, NUM_ITEMS), jnp.int32)
    noise = jnp.asarray(rng.normal(size=(NUM_ITEMS, NUM_CLASSES)), jnp.float32)
    logits = noise + jax.nn.one_hot(label, NUM_CLASSES)
    return Subject(
        part,
        options,
        call,
        (logits, label),
        {"value": "float32[]"},
        extremes={
            "logits that are sure": (1e4 * logits, label),
            "logits that are all equal": (0.0 * logits, label),
            "one class alone": (logits, 0 * label),
        },
    )


@promise
def value(subject: Subject) -> str:
    """What is right is worth at least what is wrong, in whatever order items stand."""
    logits, label = subject.data
    sure = jax.nn.one_hot(label, NUM_CLASSES)
    samples = [(logits, label), (logits[::-1], label[::-1]), (sure, label)]
    samples += [(-sure, label)]
    found, turned, right, wrong = (float(subject.run(s)["value"]) for s in samples)
    require(
        np.isclose(found, turned, rtol=TOLERANCE),
        f"`value` must be the same whatever the order of the items, got {found} and "
        f"{turned}.",
    )
    require(
        right >= found >= wrong,
        f"`value` must be the higher the better, got {right} where all is right and "
        f"{wrong} where all is wrong.",
    )
    is_share = wrong >= 0.0 and right <= 1.0
    return "" if is_share else "it is no share, so a target is no share of the best"
