"""Samples and checks of optimisers: steps of a linear network on some items."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from hitl_sim.check.base import Subject, build, digest, promise, require
from hitl_sim.learn.optimiser import Descent, OptimiserConfig
from oracles.part import Part

NUM_ITEMS, WIDTH, NUM_CLASSES, STEPS = 24, 5, 3, 12


class _Items(NamedTuple):
    x: jax.Array
    y: jax.Array


def _loss(weights: Any, data: _Items) -> jax.Array:
    logits = data.x @ weights["kernel"] + weights["bias"][None]
    losses = optax.softmax_cross_entropy_with_integer_labels(logits, data.y)
    return jnp.asarray(losses.mean())


def _weights() -> Any:
    draw = jax.random.normal(jax.random.key(3), (WIDTH, NUM_CLASSES))
    return {"kernel": 0.1 * draw, "bias": jnp.zeros(NUM_CLASSES)}


def sample(part: Part, options: Mapping[str, Any]) -> Subject:
    """Build an optimiser, and let it take some steps as one call.

    Raises:
        CheckError: it does not build, or returns no optimiser.
    """
    built = build(
        part, options, lambda o: OptimiserConfig(part, tuple(o.items())).build(STEPS)
    )

    def call(key: jax.Array, data: _Items, params: Mapping[str, Any]) -> Any:
        del key
        if isinstance(built, Descent):
            weights = built.start(_weights())
            is_used = jnp.ones(NUM_ITEMS, bool)
            problem = built.prepare(params, *data, is_used, weights)
            return built.descend(params, problem, weights, STEPS)
        optimiser = built(params)

        def step(state: Any, _: Any) -> tuple[Any, None]:
            weights, own = state
            updates, own = optimiser.update(
                jax.grad(_loss)(weights, data), own, weights
            )
            return (optax.apply_updates(weights, updates), own), None

        start = (_weights(), optimiser.init(_weights()))
        return jax.lax.scan(step, start, None, STEPS)[0][0]

    rng = np.random.default_rng(0)
    y = jnp.asarray(rng.integers(0, NUM_CLASSES, NUM_ITEMS), jnp.int32)
    noise = jnp.asarray(rng.normal(size=(NUM_ITEMS, WIDTH)), jnp.float32)
    data = _Items(noise + jax.nn.one_hot(y, WIDTH), y)
    return Subject(
        part,
        options,
        call,
        data,
        {
            "bias": f"float32[{NUM_CLASSES}]",
            "kernel": f"float32[{WIDTH}, {NUM_CLASSES}]",
        },
        extremes={
            "items of zeros": data._replace(x=0.0 * data.x),
            "large items": data._replace(x=1e3 * data.x),
            "one class alone": data._replace(y=0 * data.y),
        },
    )


@promise
def steps(subject: Subject) -> str:
    """Steps lower the loss at the default params."""
    before, after = (
        float(_loss(weights, subject.data)) for weights in (_weights(), subject.run())
    )
    require(
        after < before,
        f"{STEPS} steps must lower the loss of a linear network, got {after} after "
        f"{before}: updates are added as they are, so the sign is the optimiser's.",
    )
    return ""


@promise
def params(subject: Subject) -> str:
    """Another value of a param leads elsewhere."""
    one = digest(subject.run())
    for name, number in subject.params.items():
        other = digest(subject.run(params={name: 2 * number}))
        require(other != one, f"`{name}` must change where steps lead, got the same.")
    return "" if subject.params else "it has no param"
