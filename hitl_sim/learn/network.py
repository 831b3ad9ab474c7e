"""Networks as pairs of pure functions; the only file that knows flax."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
from flax import nnx
from jaxtyping import Array, Float, Key


@dataclass(frozen=True)
class NetworkConfig:
    """What fixes a network's program.

    Attributes:
        hidden: widths of the hidden layers; empty for a linear model.
    """

    hidden: tuple[int, ...] = (64,)


class Network(NamedTuple):
    """A network as pure functions.

    Attributes:
        init: `key -> params`.
        apply: `(params, [B, D] features) -> [B, K] logits`.
    """

    init: Callable[[Key[Array, ""]], Any]
    apply: Callable[
        [Any, Float[Array, "batch features"]], Float[Array, "batch classes"]
    ]


class _Dense(nnx.Module):
    """Fully connected layers with rectifiers between them."""

    def __init__(self, widths: tuple[int, ...], rngs: nnx.Rngs) -> None:
        pairs = itertools.pairwise(widths)
        self.layers = nnx.List(
            [
                nnx.Linear(
                    num_in,
                    num_out,
                    kernel_init=nnx.initializers.glorot_uniform(),
                    rngs=rngs,
                )
                for num_in, num_out in pairs
            ]
        )

    def __call__(self, x: Float[Array, "batch features"]) -> jax.Array:
        for layer in self.layers[:-1]:
            x = nnx.relu(layer(x))
        out: jax.Array = self.layers[-1](x)
        return out


def build_network(
    config: NetworkConfig, num_features: int, num_classes: int
) -> Network:
    """Build a linear model or a multilayer perceptron.

    Weights start Glorot-uniform and biases at zero, as scikit-learn's `MLPClassifier`
    does for its weights.

    Args:
        config: the hidden widths.
        num_features: input width D.
        num_classes: output width K.

    Returns:
        The network's `init` and `apply`.

    References:
        Glorot and Bengio (2010), Understanding the difficulty of training deep
        feedforward neural networks, equation 16.
    """
    widths = (num_features, *config.hidden, num_classes)
    graph = nnx.graphdef(nnx.eval_shape(lambda: _Dense(widths, nnx.Rngs(0))))

    def init(key: Key[Array, ""]) -> Any:
        return nnx.state(_Dense(widths, nnx.Rngs(params=key)), nnx.Param)

    def apply(params: Any, x: Float[Array, "batch features"]) -> jax.Array:
        out: jax.Array = nnx.merge(graph, params)(x)
        return out

    return Network(init, apply)
