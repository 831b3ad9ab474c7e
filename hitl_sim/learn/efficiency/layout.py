"""Which of a network's weights is what, and which of them, or of its units, can go.

A unit (a hidden unit, channel or filter) is a column of one layer's kernel with its
bias, and the rows of the next layer's kernel that read it. Without these the network
computes the same of the units that stay, in smaller products. A mask sets weights to
zero: every product keeps its size, and so its cost.
"""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from hitl_sim.learn.network import Network
from hitl_sim.learn.network.base import UnitLayer, kept_units

_LAYER = re.compile(r"^(?:head\.)?layers\.(?P<number>\d+)\.")
_IN_BLOCK = ("parts", "joined", "up", "down")
"""Layers of a transformer's block, in the order in which a pass comes to them."""


class Layout(NamedTuple):
    """Names of a network's weights, in the order of its leaves.

    Attributes:
        paths: as "head.layers.0.kernel".
        tree: puts leaves back into params.
        last: positions of the last layer's kernel and bias.
    """

    paths: tuple[str, ...]
    tree: Any
    last: tuple[int, ...]

    def at(self, path: str) -> int:
        """Return the position of a weight."""
        return self.paths.index(path)

    @property
    def kernels(self) -> tuple[int, ...]:
        """Positions of the layers' kernels; vectors of words are none."""
        paths = enumerate(self.paths)
        return tuple(i for i, path in paths if path.endswith(".kernel"))

    @property
    def passed(self) -> tuple[int, ...]:
        """Positions of the kernels, in the order in which a pass multiplies by them."""
        return tuple(sorted(self.kernels, key=self._place))

    def _place(self, position: int) -> tuple[Any, ...]:
        order = {step: number for number, step in enumerate(_IN_BLOCK)}
        steps = self.paths[position].split(".")
        return tuple(int(s) if s.isdigit() else order.get(s, s) for s in steps)

    def unflatten(self, leaves: Sequence[Any]) -> Any:
        """Put leaves back into params."""
        return jax.tree.unflatten(self.tree, leaves)

    def split(self, leaves: Sequence[Any]) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """Return the leaves of the last layer, and all others."""
        rest = (leaf for i, leaf in enumerate(leaves) if i not in self.last)
        return tuple(leaves[i] for i in self.last), tuple(rest)

    def join(self, last: Sequence[Any], rest: Sequence[Any]) -> list[Any]:
        """Put the leaves of the last layer and all others together again."""
        own, others = iter(last), iter(rest)
        every = range(len(self.paths))
        return [next(own) if i in self.last else next(others) for i in every]


def layout_of(network: Network) -> Layout:
    """Name the weights of a plain network."""
    shapes = jax.eval_shape(network.init, jax.random.key(0))
    named, tree = jax.tree_util.tree_flatten_with_path(shapes)
    paths = tuple(
        jax.tree_util.keystr(path, simple=True, separator=".").removesuffix(".value")
        for path, _ in named
    )
    numbers = [
        int(found["number"]) if (found := _LAYER.match(path)) else -1 for path in paths
    ]
    last = tuple(i for i, number in enumerate(numbers) if number == max(numbers))
    return Layout(paths, tree, last)


Kept = tuple[Int[Array, "_"], ...]
"""Of each layer with units, the units that stay, in ascending order."""


def weigh_units(
    layout: Layout, layers: Sequence[UnitLayer], leaves: Sequence[Any]
) -> tuple[Float[Array, "_"], ...]:
    """Return the sum of absolute weights into each unit, layer by layer.

    References:
        Li, Kadav, Durdanovic, Samet, Graf (2017), Pruning filters for efficient
        ConvNets, ICLR, section 3.1.
    """
    return tuple(
        jnp.abs(leaves[layout.at(f"{layer.path}.kernel")]).sum(axis=0)
        for layer in layers
    )


def best_units(scores: Sequence[jax.Array], share: float) -> Kept:
    """Choose the units of highest score in each layer, in ascending order."""
    kept = (jax.lax.top_k(s, kept_units(s.shape[0], share))[1] for s in scores)
    return tuple(jnp.sort(k) for k in kept)


def shrink(
    layout: Layout, layers: Sequence[UnitLayer], leaves: Sequence[Any], kept: Kept
) -> tuple[Any, ...]:
    """Take units away: their columns, their biases, and the rows that read them.

    Args:
        layout: of the whole network.
        layers: with units.
        leaves: the whole network's weights.
        kept: of each layer, the units that stay.

    Returns:
        The weights of the small network, in the same order.
    """
    small = list(leaves)
    for layer, stay in zip(layers, kept, strict=True):
        for name in ("kernel", "bias"):
            position = layout.at(f"{layer.path}.{name}")
            small[position] = small[position][..., stay]
    for reader, rows in _read_rows(layers, kept).items():
        position = layout.at(f"{reader}.kernel")
        small[position] = small[position][rows]
    return tuple(small)


def close_units(
    layout: Layout,
    layers: Sequence[UnitLayer],
    leaves: Sequence[Any],
    gates: Sequence[Float[Array, "_"]],
) -> tuple[Any, ...]:
    """Multiply what reads each unit by the unit's gate."""
    gated = list(leaves)
    factors: dict[str, list[jax.Array]] = {}
    for layer, gate in zip(layers, gates, strict=True):
        factors.setdefault(layer.reader, []).append(jnp.tile(gate, layer.places))
    for reader, parts in factors.items():
        position = layout.at(f"{reader}.kernel")
        gated[position] = gated[position] * jnp.concatenate(parts)[:, None]
    return tuple(gated)


def _read_rows(layers: Sequence[UnitLayer], kept: Kept) -> dict[str, jax.Array]:
    """Rows that stay of each layer that reads units."""
    rows: dict[str, list[jax.Array]] = {}
    begin: dict[str, int] = {}
    for layer, stay in zip(layers, kept, strict=True):
        offset = begin.get(layer.reader, 0)
        place = offset + layer.num_units * jnp.arange(layer.places)
        rows.setdefault(layer.reader, []).append(
            (place[:, None] + stay[None]).reshape(-1)
        )
        begin[layer.reader] = offset + layer.num_units * layer.places
    return {reader: jnp.concatenate(parts) for reader, parts in rows.items()}


_SPREAD = 0.01
"""Standard deviation of fresh gates: so near 0 that training decides; assumed."""


def draw_gates(key: jax.Array, sizes: Sequence[int]) -> tuple[Float[Array, "_"], ...]:
    """Draw a number for each unit of each layer, from which its gate is read."""
    keys = jax.random.split(key, len(sizes))
    return tuple(
        _SPREAD * jax.random.normal(one, (size,))
        for one, size in zip(keys, sizes, strict=True)
    )


def open_gates(
    numbers: Sequence[Float[Array, "_"]], share: float
) -> tuple[Float[Array, "_"], ...]:
    """Return gates, 1 for the units of largest number in each layer and else 0.

    Exactly the units that will stay are open. The gradient passes to the numbers as if
    a gate were its number.

    Args:
        numbers: of the units of each layer.
        share: of the units that goes.

    References:
        Bengio, Leonard, Courville (2013), Estimating or propagating gradients through
        stochastic neurons for conditional computation (the straight-through estimator).
        Ramanujan, Wortsman, Kembhavi, Farhadi, Rastegari (2020), What's hidden in a
        randomly weighted neural network?, CVPR (of the best k).
    """

    def gate(number: jax.Array) -> jax.Array:
        best = jax.lax.top_k(number, kept_units(number.shape[0], share))[1]
        is_open = jnp.zeros_like(number).at[best].set(1.0)
        # exactly 0 or 1: what is added is exactly 0
        return jax.lax.stop_gradient(is_open) + (number - jax.lax.stop_gradient(number))

    return tuple(gate(number) for number in numbers)


def keep_largest(
    kernels: Sequence[Float[Array, "..."]], share: Float[Array, ""]
) -> tuple[Float[Array, "..."], ...]:
    """Return masks, 1 where a weight stays: the largest ones of each kernel.

    Of n weights floor(share n) go.

    Args:
        kernels: weights of each layer.
        share: `[]`, in [0, 1).
    """

    def mask(kernel: jax.Array) -> jax.Array:
        size = jnp.abs(kernel)
        # the nudge keeps .29 * 100 from falling to 28 in float32
        gone = jnp.floor(share * kernel.size + 1e-3).astype(jnp.int32)
        least = jnp.sort(size.reshape(-1))[jnp.minimum(gone, kernel.size - 1)]
        return (size >= least).astype(kernel.dtype)

    return tuple(mask(kernel) for kernel in kernels)
