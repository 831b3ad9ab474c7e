"""Networks of dense layers, alone or on an encoder of the input.

Items reach every network as rows of `D` numbers. What these are to an encoder (the
pixels of an image of some shape, the ids of words) is a part of its config, because it
fixes the program; a network without encoder takes the numbers as they are.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float, Key

from hitl_sim.learn.network.base import (
    Inputs,
    Network,
    Size,
    UnitLayer,
    kept_units,
    train_sampled,
)
from hitl_sim.learn.network.dense import (
    Dense,
    Drop,
    Product,
    half_affine,
    lay_out,
    lay_out_half,
)
from oracles.part import Part

CHUNK = 64
"""Items that an encoder takes at once: what one layer writes, the next finds in cache.

Measured on one core, 1000 images of 28 x 28 through two convolutions: 34 ms in one
piece, 12 to 13 ms in pieces of 25 to 100, 16 ms in pieces of 200.
"""


@runtime_checkable
class Encoder(Protocol):
    """What turns an item into numbers that dense layers read; frozen and hashable.

    What has a body here is that of an encoder of numbers none of whose units can go.
    """

    @property
    def num_features(self) -> int:
        """D, the width of the input that it reads."""

    @property
    def is_numeric(self) -> bool:
        """Whether its input can be a little more or less; ids cannot."""
        return True

    def describe(self) -> str:
        """Name the program."""

    def build(self, rngs: nnx.Rngs) -> Any:
        """Draw its weights: a module `(x, product) -> [B, num_out]` with `num_out`."""

    def shrink(self, share: float) -> "Encoder":
        """Return what is left when a share of each layer's units goes."""
        del share
        return self

    def units(self, head: str) -> tuple[UnitLayer, ...]:
        """List its layers whose units can go; the layer called `head` reads the last.

        Their paths begin with "encoder.".
        """
        del head
        return ()

    def size(self) -> tuple[Size, int]:
        """Count its own sizes, and the numbers that it gives out per item."""


@dataclass(frozen=True)
class NetworkConfig:
    """What fixes the program of dense layers.

    Attributes:
        hidden: widths of the hidden dense layers; empty for a linear read-out.
        encoder: what the dense layers stand on; the features themselves where None.
        precision: of the factors of products, "float32" or "bfloat16"; sums are in
            float32 either way.
        dropout: in training, the share of what each dense layer reads that is set to
            zero, features apart.
    """

    hidden: tuple[int, ...] = (64,)
    encoder: Encoder | None = None
    precision: str = "float32"
    dropout: float = 0.0

    def describe(self, num_features: int, num_classes: int) -> str:
        """Name the program of D inputs and K classes, as in "64-64-10-bf16"."""
        first = str(num_features) if self.encoder is None else self.encoder.describe()
        marks = ["bf16"] if self.precision == "bfloat16" else []
        marks += [f"drop{self.dropout:g}"] if self.dropout else []
        return "-".join([first, *map(str, (*self.hidden, num_classes)), *marks])

    @property
    def is_numeric(self) -> bool:
        """Whether its input can be a little more or less; ids cannot."""
        return self.encoder is None or self.encoder.is_numeric

    @property
    def takes_any_width(self) -> bool:
        """Whether features can be taken away."""
        return self.encoder is None

    def shrink(self, share: float) -> "NetworkConfig":
        """Return what is left when a share of each layer's units goes."""
        encoder = None if self.encoder is None else self.encoder.shrink(share)
        hidden = tuple(kept_units(n, share) for n in self.hidden)
        return replace(self, hidden=hidden, encoder=encoder)

    def units(self) -> tuple[UnitLayer, ...]:
        """List the layers whose units can go, from the input on."""
        prefix = "layers" if self.encoder is None else "head.layers"
        own = tuple(
            UnitLayer(f"{prefix}.{i}", num_units, f"{prefix}.{i + 1}")
            for i, num_units in enumerate(self.hidden)
        )
        below = () if self.encoder is None else self.encoder.units(f"{prefix}.0")
        return below + own

    def size(self, num_features: int, num_classes: int) -> Size:
        """Count the network of D inputs and K classes."""
        below, num_in = Size(0, 0, 0), num_features
        if self.encoder is not None:
            below, num_in = self.encoder.size()
        pairs = list(itertools.pairwise((num_in, *self.hidden, num_classes)))
        dense = sum(a * b for a, b in pairs)
        widest = max(below.widest, *(a + b for a, b in pairs))
        return Size(below.products + dense, below.weights + dense, widest)


@dataclass(frozen=True)
class PartNetwork:
    """A network that a part builds, of which nothing but its functions is known.

    Attributes:
        part: of kind "network".
        options: of its factory, by name and in order.
        inputs: what the task has; D and K are those of each `build`.
    """

    part: Part
    options: tuple[tuple[str, Any], ...]
    inputs: Inputs

    def describe(self, num_features: int, num_classes: int) -> str:
        """Name the program by its part, version and options."""
        given = [f"{name}={_plain(value)}" for name, value in self.options]
        own = ",".join([f"{self.part.name}.v{self.part.version}", *given])
        return f"{num_features}-({own})-{num_classes}"

    @property
    def is_numeric(self) -> bool:
        """Whether its input can be a little more or less; ids cannot."""
        return self.inputs.vocabulary is None

    @property
    def takes_any_width(self) -> bool:
        """Whether features can be taken away."""
        return self.inputs.vocabulary is None and self.inputs.image is None

    def size(self, num_features: int, num_classes: int) -> Size:
        """Count its weights, as if each were used once for each item."""
        return _size_of(self, num_features, num_classes)

    def build(self, num_features: int, num_classes: int) -> Network:
        """Build it for D inputs and K classes.

        Raises:
            ValueError: it does not return a `Network`.
        """
        inputs = self.inputs._replace(
            num_features=num_features, num_classes=num_classes
        )
        network = self.part(inputs, **dict(self.options))
        if not isinstance(network, Network):
            raise ValueError(
                f"`{self.part.name}` must return a `Network`, got "
                f"{type(network).__name__}."
            )
        return network


@cache
def _size_of(network: PartNetwork, num_features: int, num_classes: int) -> Size:
    # planning asks for it with each run, and building it may take half a second
    key = jax.eval_shape(lambda: jax.random.key(0))
    params = jax.eval_shape(network.build(num_features, num_classes).init, key)
    leaves = jax.tree.leaves(params)
    weights = sum(leaf.size for leaf in leaves if leaf.ndim > 1)
    ends = (num_features + num_classes, *(sum(leaf.shape) for leaf in leaves))
    return Size(weights, weights, max(ends))


def _plain(value: Any) -> str:
    """Write an option without the signs that names of units are cut at."""
    items = value if isinstance(value, tuple | list) else (value,)
    return "x".join(str(item).replace(":", ".") for item in items)


NetworkChoice = NetworkConfig | PartNetwork
"""What fixes the program of any network."""


def layers_of(config: NetworkChoice) -> NetworkConfig:
    """Return the layers of a network that is made of them.

    Raises:
        ValueError: it is a part of which only its functions are known.
    """
    if isinstance(config, PartNetwork):
        raise ValueError(
            "`network.kind` must be made of layers where a method acts on them, got "
            f"{config.part.name!r}."
        )
    return config


class _Encoded(nnx.Module):
    """An encoder and the dense layers on it."""

    def __init__(
        self, encoder: Encoder, widths: tuple[int, ...], rngs: nnx.Rngs
    ) -> None:
        self.encoder = encoder.build(rngs)
        self.head = Dense((self.encoder.num_out, *widths), rngs)

    def __call__(
        self,
        x: Float[Array, "batch features"],
        product: Product | None = None,
        drop: Drop | None = None,
    ) -> jax.Array:
        return self.head(self._encode(x, product, drop), product, drop)

    def embed(
        self,
        x: Float[Array, "batch features"],
        product: Product | None = None,
        drop: Drop | None = None,
    ) -> jax.Array:
        out: jax.Array = self.head.embed(self._encode(x, product, drop), product, drop)
        return out

    def _encode(
        self, x: jax.Array, product: Product | None, drop: Drop | None
    ) -> jax.Array:
        encoded: jax.Array = self.encoder(x, product)
        return encoded if drop is None else drop(0, encoded)


def build_network(
    config: NetworkChoice,
    num_features: int,
    num_classes: int,
    product: Callable[[Any], tuple[Any, Product]] | None = None,
) -> Network:
    """Build a network.

    Args:
        config: what fixes its program.
        num_features: input width D.
        num_classes: output width K.
        product: `params -> (weights, product)`, what multiplies in place of the layers'
            own, made anew for each pass; None keeps the layers' own.

    Returns:
        The network as pure functions.

    Raises:
        ValueError: the encoder reads inputs of another width; the precision has no name
            here; or another product is to multiply in a network that has one of its
            own, drops, or is not made of layers.
    """
    if isinstance(config, PartNetwork) and product is None:
        return config.build(num_features, num_classes)
    config = layers_of(config)
    _check(config, num_features, has_product=product is not None)
    is_half = config.precision == "bfloat16"
    widths = (*config.hidden, num_classes)
    encoder, rate = config.encoder, config.dropout

    def build(rngs: nnx.Rngs) -> Dense | _Encoded:
        if encoder is None:
            return Dense((num_features, *widths), rngs)
        return _Encoded(encoder, widths, rngs)

    graph = nnx.graphdef(nnx.eval_shape(lambda: build(nnx.Rngs(0))))

    def init(key: Key[Array, ""]) -> Any:
        return nnx.state(build(nnx.Rngs(params=key)), nnx.Param)

    def merged(params: Any) -> tuple[Any, Product | None]:
        own: Product | None = half_affine if is_half else None
        weights, multiply = (params, own) if product is None else product(params)
        return nnx.merge(graph, weights), multiply

    def apply(params: Any, x: Any) -> Any:
        module, multiply = merged(params)
        return module(x, multiply)

    def embed(params: Any, x: Any) -> Any:
        module, multiply = merged(params)
        return module.embed(x, multiply)

    def sample(key: Key[Array, ""], params: Any, x: Any) -> Any:
        module, multiply = merged(params)
        return module(x, multiply, _dropping(key, rate))

    has_hidden = bool(config.hidden) or encoder is not None
    whole = Network(
        init,
        apply,
        lambda x: x,
        embed=embed if has_hidden else None,
        sample=sample if rate else None,
        training=train_sampled(sample) if rate else None,
        layers=config,
    )
    if encoder is None:
        prepare = lay_out_half if is_half else lay_out
        return whole if product is not None else whole._replace(prepare=prepare)
    return whole._replace(apply=_in_chunks(apply), embed=_in_chunks(embed))


def _dropping(key: Key[Array, ""], rate: float) -> Drop:
    """Set a share of what a layer reads to zero, and raise the rest to the same mean.

    References:
        Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov (2014), Dropout: a
        simple way to prevent neural networks from overfitting, section 4.
    """

    def drop(number: int, x: jax.Array) -> jax.Array:
        is_kept = jax.random.bernoulli(
            jax.random.fold_in(key, number), 1 - rate, x.shape
        )
        return jnp.where(is_kept, x / (1 - rate), 0.0)

    return drop


def _check(config: NetworkConfig, num_features: int, *, has_product: bool) -> None:
    encoder, precision = config.encoder, config.precision
    if precision not in ("float32", "bfloat16"):
        raise ValueError(
            f"`precision` must be one of 'float32', 'bfloat16', got {precision!r}."
        )
    if not 0.0 <= config.dropout < 1.0:
        raise ValueError(f"`dropout` must be in [0, 1), got {config.dropout}.")
    if has_product and precision != "float32":
        raise ValueError(
            "`precision` must be 'float32' where a method multiplies in "
            f"its own way, got {precision!r}."
        )
    if has_product and config.dropout:
        raise ValueError(
            "`dropout` must be 0 where a method multiplies in its own "
            f"way, got {config.dropout}."
        )
    if encoder is not None and encoder.num_features != num_features:
        raise ValueError(
            f"`num_features` must be {encoder.num_features} for an "
            f"encoder {encoder.describe()!r}, got {num_features}."
        )


def _in_chunks(
    apply: Callable[[Any, jax.Array], jax.Array],
) -> Callable[[Any, jax.Array], jax.Array]:
    """Apply to `CHUNK` items at a time, and to the rest."""

    def chunked(params: Any, x: jax.Array) -> jax.Array:
        num_items, num_features = x.shape
        if num_items <= CHUNK:
            return apply(params, x)
        num_whole = num_items // CHUNK
        pieces = x[: num_whole * CHUNK].reshape(num_whole, CHUNK, num_features)
        logits = jax.lax.map(lambda piece: apply(params, piece), pieces)
        parts = [logits.reshape(num_whole * CHUNK, -1)]
        if num_items % CHUNK:
            parts.append(apply(params, x[num_whole * CHUNK :]))
        return jnp.concatenate(parts)

    return chunked
