"""Low-rank adapters: small matrices that are trained beside weights that are not."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from hitl_sim.learn.efficiency.base import Phase
from hitl_sim.learn.network import Network, Product, build_network


class Adapter(NamedTuple):
    """Adds `x @ down @ up` to a layer's product: `[in, r]` and `[r, out]`."""

    down: Any
    up: Any


class Adapted(NamedTuple):
    """What is trained.

    Attributes:
        adapters: of each layer but the last, in the order of a pass.
        last: leaves of the last layer.
    """

    adapters: tuple[Adapter, ...]
    last: tuple[Any, ...]


class _Weights(NamedTuple):
    """What the adapted network takes: all weights, and the adapters."""

    params: Any
    adapters: tuple[Adapter, ...]


def build_adapted(phase: Phase, sizes: tuple[int, int], rank: int) -> Network:
    """Build a network whose layers, but the last, learn through adapters alone.

    Their second matrix starts at zero, so that training starts from the weights as they
    are. In use the product of both is added to the weights, and costs nothing more.

    Args:
        phase: the network and its weights, none of which is held.
        sizes: input width D and output width K.
        rank: r of the adapters; at most as large as a layer.

    References:
        Hu, Shen, Wallis, Allen-Zhu, Li, Wang, Wang, Chen (2022), LoRA: low-rank
        adaptation of large language models, ICLR, section 4.1.
    """
    hooks, layout = phase.hooks, phase.layout
    adapted = tuple(i for i in layout.passed if i not in layout.last)

    def product(weights: _Weights) -> tuple[Any, Product]:
        coming = iter((*weights.adapters, None))

        def multiply(x: Any, kernel: Any, bias: Any) -> Any:
            out = x @ kernel + bias[None]
            adapter = next(coming)
            return out if adapter is None else out + (x @ adapter.down) @ adapter.up

        return weights.params, multiply

    def fresh(key: jax.Array, leaves: Sequence[Any]) -> tuple[Adapter, ...]:
        made = []
        for number, position in enumerate(adapted):
            num_in, num_out = leaves[position].shape
            inner = min(rank, num_in, num_out)
            draw = jax.random.normal(jax.random.fold_in(key, number), (num_in, inner))
            made.append(Adapter(draw * num_in**-0.5, jnp.zeros((inner, num_out))))
        return tuple(made)

    def start(key: jax.Array) -> tuple[Adapted, Any]:
        leaves = phase.leaves(*hooks.start(key))
        last, rest = layout.split(leaves)
        return Adapted(fresh(jax.random.fold_in(key, 1), leaves), last), rest

    def weights(trained: Adapted, frozen: Any) -> _Weights:
        leaves = layout.join(trained.last, frozen)
        return _Weights(layout.unflatten(leaves), trained.adapters)

    def merged(trained: Adapted, frozen: Any) -> Any:
        leaves = layout.join(trained.last, frozen)
        for position, adapter in zip(adapted, trained.adapters, strict=True):
            leaves[position] = leaves[position] + adapter.down @ adapter.up
        return layout.unflatten(leaves)

    network = build_network(phase.config, *sizes, product)
    changed = hooks._replace(start=start, weights=weights, deploy=merged, plain=merged)
    return network._replace(hooks=changed)
