"""Networks that are used in two halves, with few bits for what goes between them."""

import itertools
from collections.abc import Callable
from typing import Any

import jax

from hitl_sim.learn.arithmetic import (
    decode_features,
    encode_features,
    quantise_features,
)
from hitl_sim.learn.arithmetic.feature import Coded
from hitl_sim.learn.lever.config import SplitConfig
from hitl_sim.learn.network import Network, NetworkConfig, Product, build_network

_Pass = Callable[[Any, jax.Array], Any]


def split_network(
    network: Network, config: NetworkConfig, sizes: tuple[int, int], split: SplitConfig
) -> Network:
    """Let a network in use answer from rounded features; training stays as it is.

    Args:
        network: with hooks of other levers, whose products are plain.
        config: its shapes; dense layers alone.
        sizes: input width D and output width K.
        split: where it is cut.
    """
    if network.hooks is None:
        raise TypeError("`network` must have hooks.")
    rounding = _passing(
        config, sizes, split, lambda x: quantise_features(x, split.bits)
    )
    return network._replace(hooks=network.hooks._replace(answer=rounding))


def device_half(
    config: NetworkConfig, sizes: tuple[int, int], split: SplitConfig
) -> Callable[[Any, jax.Array], Coded]:
    """Return `(params, [N, D] features) -> what is sent`."""

    def half(params: Any, x: jax.Array) -> Coded:
        sent: list[Coded] = []

        def send(features: jax.Array) -> jax.Array:
            sent.append(encode_features(features, split.bits))
            return features

        _passing(config, sizes, split, send)(params, x)
        return sent[0]

    return half


def server_half(
    config: NetworkConfig, sizes: tuple[int, int], split: SplitConfig
) -> Callable[[Any, Coded], jax.Array]:
    """Return `(params, what was sent) -> [N, K] logits`."""

    def half(params: Any, sent: Coded) -> jax.Array:
        # what the layers before the cut make of it is not read
        nothing = jax.numpy.zeros((sent.level.shape[0], sizes[0]))
        whole = _passing(config, sizes, split, lambda _: decode_features(sent))
        logits: jax.Array = whole(params, nothing)
        return logits

    return half


def _passing(
    config: NetworkConfig,
    sizes: tuple[int, int],
    split: SplitConfig,
    at_cut: Callable[[jax.Array], jax.Array],
) -> _Pass:
    """Return a pass that does something to what the layer after the cut reads."""

    def product(params: Any) -> tuple[Any, Product]:
        places = itertools.count()

        def multiply(x: Any, kernel: Any, bias: Any) -> Any:
            read = at_cut(x) if next(places) == split.after else x
            return read @ kernel + bias[None]

        return params, multiply

    return build_network(config, *sizes, product).apply
