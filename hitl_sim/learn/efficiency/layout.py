"""Which of a network's weights is what: kernels, the last layer, and their order."""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax

from hitl_sim.learn.network import Network

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
        ends = (path.endswith(".kernel") for path in self.paths)
        return tuple(i for i, is_kernel in enumerate(ends) if is_kernel)

    @property
    def passed(self) -> tuple[int, ...]:
        """Positions of the kernels, in the order in which a pass multiplies by them."""
        return tuple(sorted(self.kernels, key=self._place))

    def _place(self, position: int) -> tuple[Any, ...]:
        steps: list[Any] = []
        for step in self.paths[position].split("."):
            is_in_block = step in _IN_BLOCK
            steps.append(_IN_BLOCK.index(step) if is_in_block else step)
        return tuple(int(s) if str(s).isdigit() else s for s in steps)

    def flatten(self, params: Any) -> tuple[Any, ...]:
        """Return the leaves of params."""
        return tuple(jax.tree.leaves(params))

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
