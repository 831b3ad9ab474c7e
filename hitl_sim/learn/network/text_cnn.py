"""A small convolution over the words of a text."""

from dataclasses import dataclass, replace
from typing import Annotated

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float
from msgspec import Meta

from hitl_sim.learn.network.base import (
    Count,
    Inputs,
    Network,
    Precision,
    Rate,
    Size,
    UnitLayer,
    kept_units,
)
from hitl_sim.learn.network.build import NetworkConfig, build_network
from hitl_sim.learn.network.dense import Product, apply_linear
from hitl_sim.learn.network.word import TextConfig, Words, read_ids
from oracles import part


@part.network(version=1)
def text_cnn(
    inputs: Inputs,
    *,
    embedding: Count = 32,
    filters: Count = 32,
    widths: Annotated[tuple[Count, ...], Meta(min_length=1)] = (2, 3, 4),
    hidden: tuple[Count, ...] = (),
    dropout: Rate = 0.0,
    precision: Precision = "float32",
) -> Network:
    """Filters over neighbouring words of a text, and dense layers on their maxima.

    The defaults are small enough for one core; assumed.

    Args:
        inputs: a text as ids of words.
        embedding: width of a word's vector.
        filters: filters of each width.
        widths: words that a filter spans.
        hidden: widths of the hidden dense layers.
        dropout: in training, share of what each dense layer reads that is set to zero.
        precision: of the factors of products.
    """
    inputs.require("text_cnn", words=True)
    encoder = TextConvolutionConfig(
        inputs.vocabulary or 0, inputs.num_features, embedding, filters, tuple(widths)
    )
    config = NetworkConfig(tuple(hidden), encoder, precision, dropout)
    return build_network(config, inputs.num_features, inputs.num_classes)


@dataclass(frozen=True)
class TextConvolutionConfig(TextConfig):
    """Filters of several widths over the words of a text, and their maximum over it.

    Attributes:
        filters: number of filters of each width.
        widths: words that a filter spans.
    """

    filters: int = 32
    widths: tuple[int, ...] = (2, 3, 4)

    def __post_init__(self) -> None:
        """Refuse a filter that spans more words than a text has."""
        if max(self.widths) > self.length:
            raise ValueError(
                f"`network.widths` must be <= the {self.length} words of a text, got "
                f"{max(self.widths)}."
            )

    def describe(self) -> str:
        """Name the program."""
        widths = "".join(f"w{width}" for width in self.widths)
        words = f"{self.length}of{self.vocabulary}"
        return f"{words}-e{self.embedding}-f{self.filters}{widths}"

    def build(self, rngs: nnx.Rngs) -> "TextConvolution":
        """Draw its weights."""
        return TextConvolution(self, rngs)

    def shrink(self, share: float) -> "TextConvolutionConfig":
        """Return what is left when a share of the filters goes."""
        return replace(self, filters=kept_units(self.filters, share))

    def units(self, head: str) -> tuple[UnitLayer, ...]:
        """List the filters of each width; the layer called `head` reads them all."""
        return tuple(
            UnitLayer(f"encoder.layers.{i}", self.filters, head)
            for i in range(len(self.widths))
        )

    def size(self) -> tuple[Size, int]:
        """Count its own sizes, and the numbers that it gives out per item."""
        products, weights = 0, self.vocabulary * self.embedding
        for span in self.widths:
            filters = span * self.embedding * self.filters
            products += (self.length - span + 1) * filters
            weights += filters
        reach = max(self.widths) * self.embedding + self.filters
        num_out = len(self.widths) * self.filters
        return Size(products, weights, self.length * reach), num_out


class TextConvolution(nnx.Module):
    """Filters over neighbouring words, rectified, and each one's maximum over the text.

    Each width is one product of the matrix of word windows and the matrix of filters,
    as for images. Filters start He-normal, biases at zero.

    References:
        Kim (2014), Convolutional neural networks for sentence classification, with
        randomly initialised vectors ("CNN-rand").
        He et al. (2015), Delving deep into rectifiers, equation 10.
    """

    def __init__(self, config: TextConvolutionConfig, rngs: nnx.Rngs) -> None:
        """Draw the weights."""
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
        self.num_out = config.size()[1]

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
