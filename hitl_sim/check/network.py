"""Samples and checks of networks: some items go through fixed weights."""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from hitl_sim.check.base import (
    TOLERANCE,
    CheckError,
    Subject,
    arrays,
    build,
    digest,
    forms,
    in_words,
    promise,
    require,
)
from hitl_sim.learn.network import Inputs, Network
from hitl_sim.learn.network.base import UnreadableError
from oracles.part import Part

NUM_ITEMS, NUM_CLASSES = 10, 3
_IMAGE, _VOCABULARY, _LENGTH = (12, 12, 1), 20, 8


def _inputs() -> list[tuple[Inputs, Any]]:
    """List what a network may read, images and words, with items of each."""
    rng = np.random.default_rng(0)
    pixels = int(np.prod(_IMAGE))
    images = rng.normal(size=(NUM_ITEMS, pixels))
    words = rng.integers(1, _VOCABULARY, (NUM_ITEMS, _LENGTH))
    return [
        (Inputs(pixels, NUM_CLASSES, _IMAGE), jnp.asarray(images, jnp.float32)),
        (
            Inputs(_LENGTH, NUM_CLASSES, None, _VOCABULARY),
            jnp.asarray(words, jnp.float32),
        ),
    ]


def sample(part: Part, options: Mapping[str, Any]) -> Subject:
    """Build a network, its weights, and items for it.

    Raises:
        CheckError: it does not build, or returns no `Network`.
    """
    items: Any = None

    def make(given: dict[str, Any]) -> Any:
        """Build a network for the first kind of items that it can read."""
        nonlocal items
        refused = ""
        for inputs, items in _inputs():  # noqa: B007  the one that was read is kept
            try:
                return part(inputs, **given)
            except UnreadableError as error:
                refused = str(error)
        raise ValueError(refused)

    network: Network = build(part, options, make, (Network, "a `Network`"))
    try:
        weights = jax.jit(network.init)(jax.random.key(3))
    except Exception as error:
        raise CheckError(f"`init` must be traceable, but {in_words(error)}.") from error

    def call(key: jax.Array, data: Any, params: Mapping[str, Any]) -> Any:
        del key, params
        return {"logits": network.apply(weights, data)}

    return Subject(
        part,
        options,
        call,
        items,
        {"logits": f"float32[{NUM_ITEMS}, {NUM_CLASSES}]"},
        extremes={"items of zeros": items * 0.0},
        num_items=NUM_ITEMS,
        padded=jnp.concatenate([items, items[:3] * 0.0]),
        more=(network, weights),
    )


@promise
def first_weights(subject: Subject) -> str:
    """The same key gives the same first weights, another one others."""
    init = jax.jit(subject.more[0].init)
    one, again, other = (digest(init(jax.random.key(i))) for i in (1, 1, 2))
    require(one == again, "`init` must give the same weights for the same key.")
    return "" if one != other else "first weights do not depend on the key"


@promise
def training(subject: Subject) -> str:
    """In training logits and gradients are finite, and state keeps its arrays."""
    (network, weights), items = subject.more, subject.data
    key, label = jax.random.key(4), jnp.arange(NUM_ITEMS) % NUM_CLASSES
    way = network.training

    def loss(trained: Any, state: Any) -> tuple[jax.Array, Any]:
        if way is None:
            logits, after = network.apply(trained, network.prepare(items)), None
        else:
            joined = way.join(trained, state)
            logits, after = way.apply(key, joined, network.prepare(items), None)
        log_p = jax.nn.log_softmax(logits)
        return -jnp.take_along_axis(log_p, label[:, None], axis=1).mean(), after

    trained, state = (weights, None) if way is None else way.split(weights)
    slopes, after = jax.jit(jax.grad(loss, has_aux=True))(trained, state)
    for name, slope in arrays(slopes).items():
        is_finite = np.isfinite(np.asarray(slope)).all()
        require(is_finite, f"the gradient of `{name}` must be finite, got others.")
    kept, left = forms(state), forms(after)
    require(kept == left, f"state must keep its arrays, got {left} after {kept}.")
    return "" if way is not None else "in training it does what it does in use"


@promise
def padding_in_training(subject: Subject) -> str:
    """Rows that do not count leave no trace in those that do, nor in what is kept."""
    (network, weights), items = subject.more, subject.data
    way = network.training
    if way is None:
        return "training keeps nothing"
    if not way.skips_padding:
        return (
            "it says that padding leaves a trace, so batches of all items are refused"
        )
    num_used = NUM_ITEMS // 2
    half = jnp.arange(NUM_ITEMS) < num_used
    run, found = jax.jit(way.apply), []
    for rows in (items, jnp.where(half[:, None], items, 7.0)):
        logits, kept = run(jax.random.key(4), weights, network.prepare(rows), half)
        found.append(arrays({"logits": logits[:num_used], "state": kept}))
    for name, one in found[0].items():
        other = found[1][name]
        require(
            np.allclose(one, other, rtol=TOLERANCE, atol=1e-6),
            f"`{name}` must be the same whatever stands in padding, got others: "
            "pass the rows that count on, as `mask` of a BatchNorm, or say "
            "`skips_padding = False`.",
        )
    return ""
