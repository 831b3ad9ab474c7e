"""A small convolution over the words of a text."""

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float

from hitl_sim.learn.network.affine import Product
from hitl_sim.learn.network.config import TextConvolutionConfig
from hitl_sim.learn.network.linear import apply_linear
from hitl_sim.learn.network.word import Words, read_ids


class TextConvolution(nnx.Module):
    """Filters over neighbouring words, rectified, and each one's maximum over the text.

    Each width is one product of the matrix of word windows and the matrix of filters,
    as for images. Filters start He-normal, biases at zero; there is no dropout.

    References:
        Kim (2014), Convolutional neural networks for sentence classification, with
        randomly initialised vectors ("CNN-rand").
        He et al. (2015), Delving deep into rectifiers, equation 10.
    """

    def __init__(self, config: TextConvolutionConfig, rngs: nnx.Rngs) -> None:
        """Draw the weights."""
        if max(config.widths) > config.length:
            raise ValueError(
                f"`widths` must be <= the {config.length} words of a text, got "
                f"{max(config.widths)}."
            )
        self.widths = config.widths
        self.words = Words(config.vocabulary, config.embedding, rngs)
        self.layers = nnx.List(
            [
                nnx.Linear(
                    width * config.embedding,
                    config.filters,
                    kernel_init=nnx.initializers.he_normal(),
                    rngs=rngs,
                )
                for width in config.widths
            ]
        )
        self.num_out = config.filters * len(config.widths)

    def __call__(
        self, x: Float[Array, "batch length"], product: Product | None = None
    ) -> jax.Array:
        """Return `[B, num_out]`: the largest response of each filter."""
        num_items, length = x.shape
        vectors = self.words(read_ids(x))
        found = []
        for width, layer in zip(self.widths, self.layers, strict=True):
            places = length - width + 1
            parts = [vectors[:, i : i + places] for i in range(width)]
            windows = jnp.concatenate(parts, axis=2).reshape(num_items * places, -1)
            response = nnx.relu(apply_linear(layer, windows, product))
            found.append(response.reshape(num_items, places, -1).max(axis=1))
        return jnp.concatenate(found, axis=1)
