"""Samples of strategies: a pool that a network has looked at."""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from hitl_sim.check.base import Subject, build
from hitl_sim.learn.intervention.base import Shape
from hitl_sim.learn.strategy import Strategy, View, build_strategy
from oracles.part import Part

NUM_ITEMS, NUM_CLASSES, WIDTH = 24, 4, 5


def _view(strategy: Strategy, num_outputs: int) -> View:
    """Show what a strategy says that it looks at, items first, and nothing else."""
    rng = np.random.default_rng(0)

    def normal(*shape: int) -> Any:
        return jnp.asarray(rng.normal(size=shape), jnp.float32)

    draws = normal(strategy.members, NUM_ITEMS, num_outputs)
    label = jnp.asarray(rng.integers(0, NUM_CLASSES, NUM_ITEMS), jnp.int32)
    shown: dict[str, Any] = {
        "logits": normal(NUM_ITEMS, num_outputs),
        "embedding": normal(NUM_ITEMS, WIDTH),
        "label": label,
    }
    seen: dict[str, Any] = {
        n: v if n in strategy.sees else None for n, v in shown.items()
    }
    is_labelled = jnp.asarray(rng.random(NUM_ITEMS) < 0.3)
    seen["member_logits"] = draws.swapaxes(0, 1) if strategy.members else None
    return View(is_labelled=is_labelled, **seen)


def sample(part: Part, options: Mapping[str, Any]) -> Subject:
    """Build a strategy, and what it looks at.

    Raises:
        CheckError: it does not build.
    """
    num_outputs = NUM_CLASSES if "classification" in part.problems else 1
    shape = Shape(NUM_ITEMS, 8, num_outputs, 4, 2)
    strategy: Strategy = build(part, options, lambda o: build_strategy(part, shape, o))

    def call(key: jax.Array, data: View, params: Mapping[str, Any]) -> Any:
        if data.member_logits is not None:
            data = data._replace(member_logits=data.member_logits.swapaxes(0, 1))
        return strategy.score(key, data, params)

    view = _view(strategy, num_outputs)
    return Subject(
        part,
        options,
        call,
        view,
        {"score": f"float32[{NUM_ITEMS}]"},
        extremes={
            "logits that are sure": _scaled(view, 1e4),
            "logits that are all equal": _scaled(view, 0.0),
            "nothing labelled": view._replace(is_labelled=view.is_labelled & False),
            "everything labelled": view._replace(is_labelled=view.is_labelled | True),
        },
        num_items=NUM_ITEMS,
    )


def _scaled(view: View, factor: float) -> View:
    logits = (view.logits, view.member_logits)
    one, each = jax.tree.map(lambda leaf: factor * leaf, logits)
    return view._replace(logits=one, member_logits=each)
