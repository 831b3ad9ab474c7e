"""One layer's product where the layer's own is to stand unless another is given."""

import jax
from flax import nnx

from hitl_sim.learn.network.affine import Product


def apply_linear(layer: nnx.Linear, x: jax.Array, product: Product | None) -> jax.Array:
    """Return `[N, out]` of one layer for `[N, in]` rows.

    Args:
        layer: with weights and bias.
        x: rows.
        product: in place of the layer's own; None keeps that.
    """
    if layer.bias is None:
        raise TypeError("a layer must have a bias.")
    out: jax.Array = (
        layer(x) if product is None else product(x, layer.kernel[...], layer.bias[...])
    )
    return out
