"""Fully connected layers."""

import itertools

import jax
from flax import nnx
from jaxtyping import Array, Float

from hitl_sim.learn.network.affine import Product, Rows, affine


class Dense(nnx.Module):
    """Fully connected layers with rectifiers between them.

    Weights start Glorot-uniform and biases at zero, as scikit-learn's `MLPClassifier`
    does for its weights.

    References:
        Glorot and Bengio (2010), Understanding the difficulty of training deep
        feedforward neural networks, equation 16.
    """

    def __init__(self, widths: tuple[int, ...], rngs: nnx.Rngs) -> None:
        """Draw the weights."""
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

    def __call__(
        self,
        x: Float[Array, "batch features"] | Rows,
        product: Product | None = None,
    ) -> jax.Array:
        """Return `[B, K]` logits."""
        *inner, last = self.layers
        for layer in inner:
            x = nnx.relu(_apply(layer, x, product))
        return _apply(last, x, product)


def _apply(
    layer: nnx.Linear,
    x: Float[Array, "batch features"] | Rows,
    product: Product | None,
) -> Float[Array, "batch out"]:
    if layer.bias is None:
        raise TypeError("a dense layer must have a bias.")
    multiply = product or affine
    out: jax.Array = multiply(x, layer.kernel[...], layer.bias[...])
    return out
