"""Anybody's flax module, or pair of functions, as a `Network`.

What is neither a trained weight nor a source of random numbers is the network's state:
batch statistics, running means. Passes in training renew it, and the network in use
reads it. Random numbers come from the key of each pass alone, so that equal keys give
equal passes.
"""

import inspect
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

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
Use = Literal["used", "drawn", "trained"]
"""As it is used; with what is random in training; and renewing its state, too."""
FLAGS: dict[Use, dict[str, bool]] = {
    "used": {"deterministic": True, "use_running_average": True},
    "drawn": {"deterministic": False, "use_running_average": True},
    "trained": {"deterministic": False, "use_running_average": False},
}
"""What a module is told in each use."""


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
    graphs = {use: _graph(skeleton, **flags) for use, flags in FLAGS.items()}
    _, random, rest = _parts(skeleton)
    has_state, is_random = bool(jax.tree.leaves(rest)), bool(jax.tree.leaves(random))

    def init(key: Key[Array, ""]) -> Any:
        weights, _, state = _parts(build(nnx.Rngs(key)))
        return Weights(weights, state) if has_state else weights

    def run(
        use: Use, params: Any, key: Any, x: Any, method: str, **told: Any
    ) -> tuple[jax.Array, Any]:
        own = params if has_state else Weights(params, rest)
        drawn = _seeded(random, key)
        # a copy: under grad in a scan the module may not write to what it was given
        module = nnx.merge(graphs[use], own.trained, drawn, own.state, copy=True)
        return getattr(module, method)(x, **told), _parts(module)[2]

    return _adapted(type(skeleton), init, run, has_state, is_random, is_random)


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
        words = jax.random.key_data(jax.random.key(0))
        key = jax.random.wrap_key_data(jnp.zeros_like(words))
    fresh = []
    for number, leaf in enumerate(leaves):
        if not jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
            fresh.append(jnp.zeros(leaf.shape, leaf.dtype))
            continue
        own = jax.random.fold_in(key, number)
        fresh.append(jax.random.split(own, leaf.shape) if leaf.shape else own)
    return jax.tree.unflatten(tree, fresh)


def _adapted(
    kind: type,
    init: Callable[[Any], Any],
    run: Callable[..., tuple[jax.Array, Any]],
    has_state: bool,
    is_random: bool,
    can_sample: bool,
) -> Network:
    """Build a network from what runs its module.

    Args:
        kind: of the module.
        init: `key -> params`.
        run: `(use, params, key, x, method, **told) -> (what the method gives, state)`.
        has_state: whether passes in training renew anything.
        is_random: whether they draw.
        can_sample: whether it can be drawn from apart from that.
    """
    takes_mask = _MASK in inspect.signature(kind.__call__).parameters

    def train(key: Any, params: Any, x: Any, is_used: Any) -> tuple[jax.Array, Any]:
        told = {_MASK: is_used} if takes_mask and is_used is not None else {}
        logits, state = run("trained", params, key, x, "__call__", **told)
        return logits, state if has_state else None

    training = train_through(train) if is_random else None
    if has_state:
        training = Training(tuple, Weights, train, takes_mask)
    return Network(
        init,
        lambda params, x: run("used", params, None, x, "__call__")[0],
        lambda x: x,
        embed=(lambda params, x: run("used", params, None, x, "embed")[0])
        if hasattr(kind, "embed")
        else None,
        sample=(lambda key, params, x: run("drawn", params, key, x, "__call__")[0])
        if can_sample
        else None,
        training=training,
    )


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
    flags: dict[Use, dict[str, Any]] = {}
    for use, said in FLAGS.items():
        whole = {**said, "train": use != "used", "training": use != "used"}
        flags[use] = {name: value for name, value in whole.items() if name in takes}

    def variables_of(key: Any) -> Any:
        x = jnp.zeros(example.shape, example.dtype)
        return module.init({own: key, "dropout": key}, x, **flags["used"])

    shapes = dict(jax.eval_shape(lambda: variables_of(jax.random.key(0))))
    collections = [name for name in shapes if name != own]
    has_state = bool(collections)
    is_random = _draws(module, shapes, example, flags["trained"], collections)

    def init(key: Key[Array, ""]) -> Any:
        found = dict(variables_of(key))
        weights = found.pop(own)
        return Weights(weights, found) if has_state else weights

    def run(
        use: Use, params: Any, key: Any, x: Any, method: str, **told: Any
    ) -> tuple[jax.Array, Any]:
        whole = params if has_state else Weights(params, {})
        is_renewed = use == "trained"
        found: Any = module.apply(
            {own: whole.trained, **whole.state},
            x,
            rngs=None if key is None else {"dropout": key},
            mutable=collections if is_renewed else False,
            method=method,
            **({} if method == "embed" else flags[use]),
            **told,
        )
        return (found[0], dict(found[1])) if is_renewed else (found, {})

    # one flag for both: what is random cannot be had without renewing the state
    can_sample = is_random and (not has_state or {"deterministic"} <= set(takes))
    return _adapted(type(module), init, run, has_state, is_random, can_sample)


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
