"""Samples and checks of networks: some items go through fixed weights."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from hitl_sim.check.base import (
    Check,
    CheckError,
    Subject,
    arrays,
    build,
    digest,
    in_words,
    struct,
    written,
)
from hitl_sim.learn.network import Inputs, Network
from hitl_sim.learn.network.base import UnreadableError
from oracles.part import Part

NUM_ITEMS, NUM_CLASSES = 10, 3
_IMAGE, _VOCABULARY, _LENGTH = (12, 12, 1), 20, 8


class _Through(NamedTuple):
    """Weights, and items that go through them."""

    weights: Any
    items: Any


def _inputs() -> dict[str, tuple[Inputs, Any]]:
    """List what a network may read, with items of each."""
    rng = np.random.default_rng(0)
    pixels = int(np.prod(_IMAGE))
    images = jnp.asarray(rng.normal(size=(NUM_ITEMS, pixels)), jnp.float32)
    words = rng.integers(1, _VOCABULARY, (NUM_ITEMS, _LENGTH))
    return {
        "images": (Inputs(pixels, NUM_CLASSES, _IMAGE), images),
        "words": (
            Inputs(_LENGTH, NUM_CLASSES, None, _VOCABULARY),
            jnp.asarray(words, jnp.float32),
        ),
    }


def sample(part: Part, options: Mapping[str, Any]) -> Subject:
    """Build a network, its weights, and items for it.

    Raises:
        CheckError: it does not build, or returns no `Network`.
    """
    network, items = build(part, options, lambda given: _built(part, given))
    if not isinstance(network, Network):
        raise CheckError(
            f"its factory must return a `Network`, got {type(network).__name__}."
        )
    try:
        weights = jax.jit(network.init)(jax.random.key(3))
    except Exception as error:
        raise CheckError(f"`init` must be traceable, but {in_words(error)}.") from error

    def call(key: jax.Array, data: _Through, params: Mapping[str, Any]) -> Any:
        del key, params
        return {"logits": network.apply(data.weights, data.items)}

    order = np.random.default_rng(1).permutation(NUM_ITEMS)
    more = jnp.concatenate([items, items[:3] * 0.0])
    return Subject(
        part=part,
        options=options,
        call=call,
        data=_Through(weights, items),
        expected={"logits": struct((NUM_ITEMS, NUM_CLASSES), jnp.float32)},
        extremes={"items of zeros": _Through(weights, items * 0.0)},
        turned=(_Through(weights, items[order]), order),
        padded=(
            _Through(weights, more),
            lambda out: jax.tree.map(lambda leaf: leaf[:NUM_ITEMS], out),
        ),
        more=network,
    )


def _built(part: Part, options: Mapping[str, Any]) -> tuple[Any, Any]:
    """Build a network for the first kind of items that it can read."""
    refused = None
    for inputs, items in _inputs().values():
        try:
            return part.factory(inputs, **options), items
        except UnreadableError as error:
            refused = error
    raise ValueError(str(refused))


def check_start(subject: Subject) -> str:
    """The same key gives the same first weights, another one others."""
    init = jax.jit(subject.more.init)
    one, again, other = (digest(init(jax.random.key(i))) for i in (1, 1, 2))
    if one != again:
        raise CheckError("`init` must give the same weights for the same key.")
    return "" if one != other else "first weights do not depend on the key"


def check_training(subject: Subject) -> str:
    """In training logits and gradients are finite, and state keeps its arrays."""
    network, (weights, items) = subject.more, subject.data
    key, label = jax.random.key(4), jnp.arange(NUM_ITEMS) % NUM_CLASSES
    training = network.training

    def loss(trained: Any, state: Any) -> tuple[jax.Array, Any]:
        if training is None:
            logits, after = network.apply(trained, network.prepare(items)), None
        else:
            joined = training.join(trained, state)
            logits, after = training.apply(key, joined, network.prepare(items), None)
        log_p = jax.nn.log_softmax(logits)
        return -jnp.take_along_axis(log_p, label[:, None], axis=1).mean(), after

    trained, state = (weights, None) if training is None else training.split(weights)
    slopes, after = jax.jit(jax.grad(loss, has_aux=True))(trained, state)
    for name, value in arrays(slopes).items():
        if not np.isfinite(np.asarray(value)).all():
            raise CheckError(f"the gradient of `{name}` must be finite, got others.")
    kept, left = (
        {name: written(leaf) for name, leaf in arrays(tree).items()}
        for tree in (state, after)
    )
    if kept != left:
        raise CheckError(f"state must keep its arrays, got {left} after {kept}.")
    return "" if training is not None else "in training it does what it does in use"


def check_training_padding(subject: Subject) -> str:
    """Rows that do not count leave no trace in those that do, nor in what is kept."""
    network, (weights, items) = subject.more, subject.data
    training = network.training
    if training is None:
        return "training keeps nothing"
    if not training.skips_padding:
        return (
            "it says that padding leaves a trace, so batches of all items are refused"
        )
    num_used = NUM_ITEMS // 2
    half = jnp.arange(NUM_ITEMS) < num_used
    run, found = jax.jit(training.apply), []
    for rows in (items, jnp.where(half[:, None], items, 7.0)):
        logits, kept = run(jax.random.key(4), weights, network.prepare(rows), half)
        found.append({"logits": logits[:num_used], "state": kept})
    for (name, one), other in zip(
        arrays(found[0]).items(), arrays(found[1]).values(), strict=True
    ):
        if not np.allclose(np.asarray(one), np.asarray(other), rtol=1e-5, atol=1e-6):
            raise CheckError(
                f"`{name}` must be the same whatever stands in padding, got others: "
                "pass the rows that count on, as `mask` of a BatchNorm, or say "
                "`skips_padding = False`."
            )
    return ""


CHECKS = (
    Check("first weights", check_start),
    Check("training", check_training),
    Check("padding in training", check_training_padding),
)
