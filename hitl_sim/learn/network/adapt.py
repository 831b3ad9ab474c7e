"""Anybody's flax module, or pair of functions, as a `Network`.

What is neither a trained weight nor a source of random numbers is the network's state:
batch statistics, running means. Passes in training renew it, and the network in use
reads it. Random numbers come from the key of each pass alone, so that equal keys give
equal passes.
"""

import inspect
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import linen, nnx
from flax.errors import InvalidRngError
from jaxtyping import Array, Key

from hitl_sim.learn.network.base import (
    Inputs,
    Network,
    Training,
    train_sampled,
    train_through,
)

_MASK = "mask"
"""Argument of a module's call that says which rows `[B]` are no padding."""


class Weights(NamedTuple):
    """What an adapted network takes: what steps change, and its state or None."""

    trained: Any
    state: Any


def from_init_apply(
    init: Callable[[Key[Array, ""]], Any],
    apply: Callable[[Any, Any], jax.Array],
    *,
    embed: Callable[[Any, Any], jax.Array] | None = None,
    sample: Callable[[Any, Any, Any], jax.Array] | None = None,
) -> Network:
    """Take a network that has no state as it is.

    Args:
        init: `key -> params`.
        apply: `(params, [B, D] features) -> [B, K] logits`.
        embed: `(params, [B, D] features) -> [B, E]`, its last hidden layer.
        sample: `(key, params, [B, D] features) -> [B, K] logits` with what is random;
            training goes through it, too.
    """
    training = None if sample is None else train_sampled(sample)
    return Network(
        init, apply, lambda x: x, embed=embed, sample=sample, training=training
    )


def from_nnx(build: Callable[[nnx.Rngs], nnx.Module], inputs: Inputs) -> Network:
    """Adapt a `flax.nnx` module.

    Its call takes `[B, D]` features and gives `[B, K]` logits. Where it also takes
    `mask`, it is told the rows that count, `[B]`, for `nnx.BatchNorm` to leave out
    others; a method `embed` is its last hidden layer.

    Args:
        build: draws the module; nothing of it may hang on anything else.
        inputs: what the task has.
    """
    del inputs
    skeleton = nnx.eval_shape(lambda: build(nnx.Rngs(0)))
    used = _graph(skeleton, deterministic=True, use_running_average=True)
    drawn = _graph(skeleton, deterministic=False, use_running_average=True)
    trained = _graph(skeleton, deterministic=False, use_running_average=False)
    _, random, rest = _parts(skeleton)
    has_state, is_random = bool(jax.tree.leaves(rest)), bool(jax.tree.leaves(random))
    takes_mask = _MASK in inspect.signature(type(skeleton).__call__).parameters

    def merged(graph: Any, params: Any, key: Any) -> Any:
        own = params if has_state else Weights(params, rest)
        # a copy: under grad in a scan the module may not write to what it was given
        return nnx.merge(graph, own.trained, _seeded(random, key), own.state, copy=True)

    def init(key: Key[Array, ""]) -> Any:
        weights, _, state = _parts(build(nnx.Rngs(key)))
        return Weights(weights, state) if has_state else weights

    def apply(params: Any, x: Any) -> Any:
        return merged(used, params, None)(x)

    def embed(params: Any, x: Any) -> Any:
        return merged(used, params, None).embed(x)

    def sample(key: Any, params: Any, x: Any) -> Any:
        return merged(drawn, params, key)(x)

    def train(key: Any, params: Any, x: Any, is_used: Any) -> tuple[jax.Array, Any]:
        module = merged(trained, params, key)
        told = {_MASK: is_used} if takes_mask and is_used is not None else {}
        logits = module(x, **told)
        _, _, state = _parts(module)
        return logits, state if has_state else None

    return Network(
        init,
        apply,
        lambda x: x,
        embed=embed if hasattr(skeleton, "embed") else None,
        sample=sample if is_random else None,
        training=_training(train, has_state, is_random, takes_mask),
    )


def _parts(module: nnx.Module) -> tuple[Any, Any, Any]:
    """Return its weights, its sources of random numbers, and the rest of its state."""
    parts: Any = nnx.split(module, nnx.Param, nnx.RngState, ...)
    return parts[1], parts[2], parts[3]


def _graph(skeleton: nnx.Module, **flags: bool) -> Any:
    """Fix what a module does with dropout and batch statistics."""
    skeleton.set_attributes(raise_if_not_found=False, **flags)
    return nnx.graphdef(skeleton)


def _seeded(random: Any, key: Any) -> Any:
    """Give each stream of random numbers a key of its own, and count from zero."""
    leaves, tree = jax.tree.flatten(random)
    if key is None:
        # nothing in use draws from it
        key = jax.random.wrap_key_data(jnp.zeros_like(_words()))
    fresh = []
    for number, leaf in enumerate(leaves):
        if not jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
            fresh.append(jnp.zeros(leaf.shape, leaf.dtype))
            continue
        own = jax.random.fold_in(key, number)
        fresh.append(jax.random.split(own, leaf.shape) if leaf.shape else own)
    return jax.tree.unflatten(tree, fresh)


def _words() -> jax.Array:
    """Return the words of any key of the generator in use."""
    words: jax.Array = jax.random.key_data(jax.random.key(0))
    return words


def _training(
    train: Callable[[Any, Any, Any, Any], tuple[jax.Array, Any]],
    has_state: bool,
    is_random: bool,
    takes_mask: bool,
) -> Training | None:
    """Say how a module is trained; None where that is how it is used."""
    if not has_state and not is_random:
        return None
    if has_state:
        return Training(tuple, Weights, train, takes_mask)
    return train_through(train)


def from_linen(module: linen.Module, inputs: Inputs) -> Network:
    """Adapt a `flax.linen` module.

    Its call takes `[B, D]` features and gives `[B, K]` logits. Of `train`, `training`,
    `deterministic`, `use_running_average` and `mask` it is told what it takes, as
    `from_nnx` sets them; a method `embed` is its last hidden layer.

    Args:
        module: of which nothing was drawn yet.
        inputs: what the task has.
    """
    takes = inspect.signature(type(module).__call__).parameters
    example: Any = jax.eval_shape(lambda: jnp.zeros((1, inputs.num_features)))
    own = "params"

    def flags(*, is_drawn: bool, is_renewed: bool) -> dict[str, Any]:
        said = {
            "train": is_renewed or is_drawn,
            "training": is_renewed or is_drawn,
            "deterministic": not is_drawn,
            "use_running_average": not is_renewed,
        }
        return {name: value for name, value in said.items() if name in takes}

    used = flags(is_drawn=False, is_renewed=False)
    trained = flags(is_drawn=True, is_renewed=True)

    def variables_of(key: Any) -> Any:
        x = jnp.zeros(example.shape, example.dtype)
        return module.init({own: key, "dropout": key}, x, **used)

    def variables_with(params: Any) -> dict[str, Any]:
        whole = params if has_state else Weights(params, {})
        return {own: whole.trained, **whole.state}

    shapes = dict(jax.eval_shape(lambda: variables_of(jax.random.key(0))))
    collections = [name for name in shapes if name != own]
    has_state = bool(collections)
    is_random = _draws(module, shapes, example, trained, collections)
    # one flag for both: what is random cannot be had without renewing the state
    can_sample = is_random and (not has_state or {"deterministic"} <= set(takes))

    def init(key: Key[Array, ""]) -> Any:
        found = dict(variables_of(key))
        weights = found.pop(own)
        return Weights(weights, found) if has_state else weights

    def apply(params: Any, x: Any) -> Any:
        return module.apply(variables_with(params), x, **used)

    def embed(params: Any, x: Any) -> Any:
        return module.apply(variables_with(params), x, method="embed")

    def sample(key: Any, params: Any, x: Any) -> Any:
        drawn = flags(is_drawn=True, is_renewed=False)
        return module.apply(variables_with(params), x, rngs={"dropout": key}, **drawn)

    def train(key: Any, params: Any, x: Any, is_used: Any) -> tuple[jax.Array, Any]:
        told: dict[str, Any] = dict(trained)
        if _MASK in takes and is_used is not None:
            told[_MASK] = is_used
        logits, state = module.apply(
            variables_with(params),
            x,
            rngs={"dropout": key},
            mutable=collections,
            **told,
        )
        return logits, dict(state) if has_state else None

    return Network(
        init,
        apply,
        lambda x: x,
        embed=embed if hasattr(type(module), "embed") else None,
        sample=sample if can_sample else None,
        training=_training(train, has_state, is_random, _MASK in takes),
    )


def _draws(
    module: linen.Module,
    shapes: Any,
    example: Any,
    trained: dict[str, Any],
    collections: list[str],
) -> bool:
    """Whether a pass in training needs random numbers."""

    def without(variables: Any, x: Any) -> Any:
        return module.apply(variables, x, mutable=collections, **trained)

    try:
        jax.eval_shape(without, shapes, example)
    except InvalidRngError:
        return True
    return False
