"""Fully connected layers."""

import itertools
from collections.abc import Callable
from typing import Any

import jax
from flax import nnx
from jaxtyping import Array, Float

from hitl_sim.learn.network.affine import Product, Rows, affine

Drop = Callable[[int, jax.Array], jax.Array]
"""`(number of the layer, what it reads) -> what is left of it`."""


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
        drop: Drop | None = None,
    ) -> jax.Array:
        """Return `[B, K]` logits."""
        hidden = self.embed(x, product, drop)
        return apply_linear(self.layers[-1], hidden, product or affine)

    def embed(
        self,
        x: Float[Array, "batch features"] | Rows,
        product: Product | None = None,
        drop: Drop | None = None,
    ) -> Any:
        """Return what the last layer reads; inputs where there is no other layer."""
        for number, layer in enumerate(self.layers[:-1]):
            x = nnx.relu(apply_linear(layer, x, product or affine))
            if drop is not None:
                x = drop(number + 1, x)
        return x


def apply_linear(layer: nnx.Linear, x: Any, product: Product | None) -> jax.Array:
    """Return `[N, out]` of one layer for `[N, in]` rows.

    Args:
        layer: with weights and bias.
        x: rows, laid out where the product takes them so.
        product: in place of the layer's own; None keeps that.
    """
    if layer.bias is None:
        raise TypeError("a layer must have a bias.")
    out: jax.Array = (
        layer(x) if product is None else product(x, layer.kernel[...], layer.bias[...])
    )
    return out
