"""Samples of strategies: a pool that a network has looked at."""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from hitl_sim.check.base import Subject, build, struct
from hitl_sim.learn.intervention.base import Shape
from hitl_sim.learn.strategy import Strategy, View, build_strategy
from oracles.part import Part

NUM_ITEMS, NUM_CLASSES, WIDTH = 24, 4, 5


def _view(strategy: Strategy) -> View:
    """Show what a strategy says that it looks at, and nothing else."""
    rng = np.random.default_rng(0)

    def normal(*shape: int) -> Any:
        return jnp.asarray(rng.normal(size=shape), jnp.float32)

    draws = normal(strategy.members, NUM_ITEMS, NUM_CLASSES)
    label = jnp.asarray(rng.integers(0, NUM_CLASSES, NUM_ITEMS), jnp.int32)
    shown: dict[str, Any] = {
        "logits": normal(NUM_ITEMS, NUM_CLASSES),
        "embedding": normal(NUM_ITEMS, WIDTH),
        "label": label,
    }
    seen: dict[str, Any] = {
        n: v if n in strategy.sees else None for n, v in shown.items()
    }
    is_labelled = jnp.asarray(rng.random(NUM_ITEMS) < 0.3)
    seen["member_logits"] = draws if strategy.members else None
    return View(is_labelled=is_labelled, **seen)


def sample(part: Part, options: Mapping[str, Any]) -> Subject:
    """Build a strategy, and what it looks at.

    Raises:
        CheckError: it does not build.
    """
    shape = Shape(NUM_ITEMS, 8, NUM_CLASSES, 4, 2)
    strategy: Strategy = build(
        part, options, lambda given: build_strategy(part, shape, given)
    )
    view = _view(strategy)
    order = np.random.default_rng(1).permutation(NUM_ITEMS)
    nothing = jnp.zeros(NUM_ITEMS, bool)
    return Subject(
        part=part,
        options=options,
        call=strategy.score,
        data=view,
        expected={"score": struct((NUM_ITEMS,), jnp.float32)},
        extremes={
            "logits that are sure": _scaled(view, 1e4),
            "logits that are all equal": _scaled(view, 0.0),
            "nothing labelled": view._replace(is_labelled=nothing),
            "everything labelled": view._replace(is_labelled=~nothing),
        },
        turned=(_turned(view, order), order),
    )


def _turned(view: View, order: Any) -> View:
    """Turn the items, which come second in what members say."""
    fields = view._asdict()
    members = fields.pop("member_logits")
    turned: dict[str, Any] = jax.tree.map(lambda leaf: leaf[order], fields)
    draws: Any = None if members is None else members[:, order]
    return View(member_logits=draws, **turned)


def _scaled(view: View, factor: float) -> View:
    def scaled(leaf: Any) -> Any:
        return None if leaf is None else leaf * factor

    return view._replace(
        logits=scaled(view.logits), member_logits=scaled(view.member_logits)
    )
