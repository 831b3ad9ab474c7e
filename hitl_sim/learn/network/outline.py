"""A flax module as two functions of abstract weights: no array is ever made.

Counting its operations needs shapes alone, so a module of any size fits.
"""

import inspect
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import linen, nnx

from hitl_sim.learn.network.adapt import FLAGS, Use


class Outline(NamedTuple):
    """A module whose weights are shapes.

    Attributes:
        name: of its class.
        weights: shapes of what is trained.
        used: `(weights, *inputs) -> outputs`, as it is used.
        trained: `(weights, *inputs) -> []`, half the sum of the outputs' squares in
            training, whose gradient needs every product that the one of a loss needs.
    """

    name: str
    weights: Any
    used: Callable[..., Any]
    trained: Callable[..., jax.Array]

    @property
    def num_weights(self) -> int:
        """Return how many numbers are trained."""
        return sum(leaf.size for leaf in jax.tree.leaves(self.weights))


def outline(build: Callable[..., Any], inputs: Sequence[Any]) -> Outline:
    """Outline a module.

    Args:
        build: returns a module of `flax.linen` when it is called with nothing, or one
            of `flax.nnx` when it is called with `rngs`.
        inputs: abstract arguments of its call.

    Raises:
        ValueError: what it returns is no such module, or cannot be called with these
            inputs.
    """
    takes_rngs = "rngs" in inspect.signature(build).parameters
    try:
        return _nnx(build) if takes_rngs else _linen(build(), inputs)
    except Exception as error:
        reason = " ".join(str(error).split())[:300]
        raise ValueError(
            "`model.source` must build a flax module that can be called with"
            f" `model.inputs`, but {type(error).__name__} was raised: {reason}"
        ) from error


def _told(kind: type, use: Use) -> dict[str, Any]:
    """Return what a module's call is told in a use, of what it takes."""
    takes = inspect.signature(kind.__call__).parameters
    whole = {**FLAGS[use], "train": use != "used", "training": use != "used"}
    return {name: value for name, value in whole.items() if name in takes}


def _linen(module: Any, inputs: Sequence[Any]) -> Outline:
    if not isinstance(module, linen.Module):
        raise TypeError(f"it returned a {type(module).__name__}")
    kind = type(module)

    def init(*x: Any) -> Any:
        key = jax.random.key(0)
        return module.init({"params": key, "dropout": key}, *x, **_told(kind, "used"))

    shapes = dict(jax.eval_shape(init, *inputs))
    weights, state = shapes.pop("params", {}), shapes

    def run(use: Use, weights: Any, *x: Any) -> Any:
        # state of zeros is no input: nobody counts the making of it
        zeros = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), state)
        found: Any = module.apply(
            {"params": weights, **zeros},
            *x,
            rngs={"dropout": jax.random.key(0)},
            mutable=list(state) if use == "trained" else False,
            **_told(kind, use),
        )
        return found[0] if use == "trained" else found

    return _outlined(kind.__name__, weights, run)


def _nnx(build: Callable[..., Any]) -> Outline:
    skeleton = nnx.eval_shape(lambda: build(rngs=nnx.Rngs(0)))
    if not isinstance(skeleton, nnx.Module):
        raise TypeError(f"it returned a {type(skeleton).__name__}")
    kind = type(skeleton)
    weights = nnx.split(skeleton, nnx.Param, ...)[1]
    graphs: dict[Use, Any] = {}
    for use in ("used", "trained"):
        skeleton.set_attributes(raise_if_not_found=False, **FLAGS[use])
        graphs[use] = nnx.split(skeleton, nnx.Param, nnx.RngState, ...)

    def run(use: Use, weights: Any, *x: Any) -> Any:
        graph, _, random, rest = graphs[use]
        zeros = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), rest)
        keys = jax.tree.map(_key, random)
        module = nnx.merge(graph, weights, keys, zeros, copy=True)
        return module(*x, **_told(kind, use))

    return _outlined(kind.__name__, weights, run)


def _key(leaf: Any) -> Any:
    if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
        key = jax.random.key(0)
        return jax.random.split(key, leaf.shape) if leaf.shape else key
    return jnp.zeros(leaf.shape, leaf.dtype)


def _outlined(name: str, weights: Any, run: Callable[..., Any]) -> Outline:
    def trained(weights: Any, *x: Any) -> jax.Array:
        outputs = jax.tree.leaves(run("trained", weights, *x))
        squares = (jnp.sum(jnp.square(out)) / 2 for out in outputs)
        return sum(squares, start=jnp.zeros(()))

    return Outline(name, weights, lambda w, *x: run("used", w, *x), trained)
