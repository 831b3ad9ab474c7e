"""What a network stores and multiplies for one item, as sizes alone."""

from typing import Any, NamedTuple

import jax

from hitl_sim.learn.efficiency.layout import layout_of
from hitl_sim.learn.network import NetworkChoice, PartNetwork, Product, build_network
from hitl_sim.learn.network.build import CHUNK
from hitl_sim.learn.work import abstract

_TABLE = ".table"
"""How the path of a table of word vectors ends."""


class LayerShape(NamedTuple):
    """A product with weights, for one item.

    Attributes:
        rows: M, rows of its left operand: 1 of a dense layer, places of a convolution,
            words of a transformer's layer.
        width: D, numbers in a row.
        out: O, numbers that become of it.
    """

    rows: int
    width: int
    out: int


class NetworkShape(NamedTuple):
    """Sizes of a network.

    Attributes:
        layers: products with weights, in the order of a pass.
        num_kept: other weights that every pass reads: biases, normalisation, places.
        num_vectors: numbers in tables of word vectors.
        num_looked_up: numbers that one item reads from them.
        chunk: items that a pass takes at once, reading its weights anew for each chunk;
            None where it takes all.
    """

    layers: tuple[LayerShape, ...]
    num_kept: int
    num_vectors: int
    num_looked_up: int
    chunk: int | None


def describe_shape(config: NetworkChoice, sizes: tuple[int, int]) -> NetworkShape:
    """Read a network's sizes off one traced pass over one item; nothing is computed.

    Args:
        config: the network; of a part all weights are `num_kept`.
        sizes: input width D and output width K.
    """
    layers: list[LayerShape] = []
    if isinstance(config, PartNetwork):
        params = jax.eval_shape(build_network(config, *sizes).init, jax.random.key(0))
        num_kept = sum(leaf.size for leaf in jax.tree.leaves(params))
        return NetworkShape((), num_kept, 0, 0, None)

    def record(params: Any) -> tuple[Any, Product]:
        def multiply(x: Any, kernel: Any, bias: Any) -> Any:
            layers.append(LayerShape(x.shape[0], *kernel.shape))
            return x @ kernel + bias[None]

        return params, multiply

    network = build_network(config, *sizes, record)
    params = jax.eval_shape(network.init, jax.random.key(0))
    jax.eval_shape(network.apply, params, abstract(1, sizes[0]))
    layout = layout_of(network)
    leaves = dict(zip(layout.paths, jax.tree.leaves(params), strict=True))
    kernels = {layout.paths[i] for i in layout.kernels}
    tables = [leaf for path, leaf in leaves.items() if path.endswith(_TABLE)]
    kept = [
        leaf
        for path, leaf in leaves.items()
        if path not in kernels and not path.endswith(_TABLE)
    ]
    return NetworkShape(
        tuple(layers),
        sum(leaf.size for leaf in kept),
        sum(leaf.size for leaf in tables),
        sum(sizes[0] * leaf.shape[1] for leaf in tables),
        None if config.encoder is None else CHUNK,
    )
