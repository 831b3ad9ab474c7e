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
    """Build a metric, and what a network says of items, in part rightly.

    Raises:
        CheckError: it does not build.
    """
    measure = build(part, options, lambda given: part(**given))

    def call(key: jax.Array, data: Any, params: Mapping[str, Any]) -> Any:
        del key
        return {"value": measure(*data, params)}

    data = _items() if _is_of_classes(part) else _numbers()
    outputs, label = data
    return Subject(
        part,
        options,
        call,
        data,
        {"value": "float32[]"},
        extremes={
            "outputs that are sure": (1e4 * outputs, label),
            "outputs that are all equal": (0.0 * outputs, label),
            "one label alone": (outputs, 0 * label),
        },
    )


def _is_of_classes(part: Part) -> bool:
    return "classification" in part.problems


def _numbers() -> tuple[jax.Array, jax.Array]:
    """Make numbers, and what a network says of them."""
    rng = np.random.default_rng(0)
    label = jnp.asarray(rng.normal(size=NUM_ITEMS), jnp.float32)
    noise = jnp.asarray(rng.normal(size=(NUM_ITEMS, 1)), jnp.float32)
    return label[:, None] + 0.3 * noise, label


def _items() -> tuple[jax.Array, jax.Array]:
    """Make classes, and logits that are right for about half of the items."""
    rng = np.random.default_rng(0)
    label = jnp.asarray(rng.integers(0, NUM_CLASSES, NUM_ITEMS), jnp.int32)
    noise = jnp.asarray(rng.normal(size=(NUM_ITEMS, NUM_CLASSES)), jnp.float32)
    return noise + jax.nn.one_hot(label, NUM_CLASSES), label


@promise
def value(subject: Subject) -> str:
    """What is right is worth at least what is wrong, in whatever order items stand."""
    logits, label = subject.data
    sure = label[:, None]
    if _is_of_classes(subject.part):
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
