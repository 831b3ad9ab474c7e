"""A small transformer over the words of a text."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Bool, Float

from hitl_sim.learn.network.base import (
    Count,
    Inputs,
    Network,
    Precision,
    Rate,
    Size,
)
from hitl_sim.learn.network.build import NetworkConfig, build_network
from hitl_sim.learn.network.dense import Product, apply_linear
from hitl_sim.learn.network.word import TextConfig, Words, is_word, read_ids
from oracles import part

FEED_FORWARD = 4
"""Width of the feed-forward layer, in widths of a word's vector (Vaswani 2017)."""
_FAR = -1e9


@part.network(version=1)
def transformer(
    inputs: Inputs,
    *,
    embedding: Count = 32,
    heads: Count = 4,
    layers: Count = 1,
    hidden: tuple[Count, ...] = (),
    dropout: Rate = 0.0,
    precision: Precision = "float32",
) -> Network:
    """Blocks of self-attention over a text, and dense layers on their mean.

    The defaults are small enough for one core; assumed.

    Args:
        inputs: a text as ids of words.
        embedding: width of a word's vector.
        heads: attention heads, a divisor of `embedding`.
        layers: blocks.
        hidden: widths of the hidden dense layers.
        dropout: in training, share of what each dense layer reads that is set to zero;
            inside the blocks there is none.
        precision: of the factors of products.
    """
    inputs.require("transformer", words=True)
    encoder = TransformerConfig(
        inputs.vocabulary or 0, inputs.num_features, embedding, heads, layers
    )
    config = NetworkConfig(tuple(hidden), encoder, precision, dropout)
    return build_network(config, inputs.num_features, inputs.num_classes)


@dataclass(frozen=True)
class TransformerConfig(TextConfig):
    """Self-attention over the words of a text, averaged over it.

    Attributes:
        heads: attention heads, a divisor of `embedding`.
        layers: blocks of attention and feed-forward layers.
    """

    heads: int = 4
    layers: int = 1

    def __post_init__(self) -> None:
        """Refuse heads that do not divide the width of a word's vector."""
        if self.embedding % self.heads:
            raise ValueError(
                "`network.heads` must divide `network.embedding` "
                f"({self.embedding}), got {self.heads}."
            )

    def describe(self) -> str:
        """Name the program."""
        words = f"{self.length}of{self.vocabulary}"
        return f"{words}-e{self.embedding}-h{self.heads}a{self.layers}"

    def build(self, rngs: nnx.Rngs) -> "Transformer":
        """Draw its weights."""
        return Transformer(self, rngs)

    def size(self) -> tuple[Size, int]:
        """Count its own sizes, and the numbers that it gives out per item."""
        num_out, length = self.embedding, self.length
        # 3 + 1 widths squared in attention, 4 + 4 in the feed-forward layers
        block = 12 * num_out**2
        mixing = 2 * length**2 * num_out
        weights = self.layers * block + (length + self.vocabulary) * num_out
        widest = max(2 * self.heads * length**2, 5 * length * num_out)
        products = self.layers * (length * block + mixing)
        return Size(products, weights, widest), num_out


def _linear(num_in: int, num_out: int, rngs: nnx.Rngs) -> nnx.Linear:
    start = nnx.initializers.glorot_uniform()
    return nnx.Linear(num_in, num_out, kernel_init=start, rngs=rngs)


class _Block(nnx.Module):
    """Attention and a feed-forward layer, each normalised before and added after.

    Words of all texts stand in one matrix, `[B L, E]`, but for the attention itself.
    """

    def __init__(self, width: int, heads: int, rngs: nnx.Rngs) -> None:
        self.heads = heads
        self.before_attention = nnx.LayerNorm(width, rngs=rngs)
        self.before_feed = nnx.LayerNorm(width, rngs=rngs)
        self.parts = _linear(width, 3 * width, rngs)
        self.joined = _linear(width, width, rngs)
        self.up = _linear(width, FEED_FORWARD * width, rngs)
        self.down = _linear(FEED_FORWARD * width, width, rngs)

    def __call__(
        self,
        x: Float[Array, "words width"],
        is_there: Bool[Array, "batch length"],
        product: Product | None,
    ) -> jax.Array:
        x = x + self._attend(self.before_attention(x), is_there, product)
        risen = nnx.relu(apply_linear(self.up, self.before_feed(x), product))
        return x + apply_linear(self.down, risen, product)

    def _attend(
        self, x: jax.Array, is_there: jax.Array, product: Product | None
    ) -> jax.Array:
        """Mix the words of each text; places without a word give nothing."""
        num_items, length = is_there.shape
        num_words, width = x.shape
        depth = width // self.heads
        parts = apply_linear(self.parts, x, product)
        parts = parts.reshape(num_items, length, 3, self.heads, depth)
        query, key, value = (parts[:, :, i] for i in range(3))
        fit = jnp.einsum("bqhd,bkhd->bhqk", query, key) * depth**-0.5
        fit = jnp.where(is_there[:, None, None, :], fit, _FAR)
        weight = jax.nn.softmax(fit, axis=3)
        mixed = jnp.einsum("bhqk,bkhd->bqhd", weight, value)
        return apply_linear(self.joined, mixed.reshape(num_words, width), product)


class Transformer(nnx.Module):
    """Blocks of self-attention, then the mean over the words of a text.

    Positions have vectors of their own, learned like those of words. Weights start
    Glorot-uniform and biases at zero.

    References:
        Vaswani et al. (2017), Attention is all you need.
        Xiong et al. (2020), On layer normalization in the transformer architecture
        (normalising before each layer, which needs no warm-up).
        Glorot and Bengio (2010), Understanding the difficulty of training deep
        feedforward neural networks, equation 16.
    """

    def __init__(self, config: TransformerConfig, rngs: nnx.Rngs) -> None:
        """Draw the weights."""
        width = config.embedding
        self.words = Words(config.vocabulary, width, rngs)
        draw = nnx.initializers.normal(width**-0.5)
        self.places = nnx.Param(draw(rngs.params(), (config.length, width)))
        self.blocks = nnx.List(
            [_Block(width, config.heads, rngs) for _ in range(config.layers)]
        )
        self.last = nnx.LayerNorm(width, rngs=rngs)
        self.num_out = width

    def __call__(
        self, x: Float[Array, "batch length"], product: Product | None = None
    ) -> jax.Array:
        """Return `[B, E]`: the mean over the words."""
        ids = read_ids(x)
        is_there = is_word(ids)
        h = (self.words(ids) + self.places[...][None]).reshape(ids.size, self.num_out)
        for block in self.blocks:
            h = block(h, is_there, product)
        weight = is_there.astype(jnp.float32)[:, :, None]
        total = (self.last(h).reshape(*ids.shape, self.num_out) * weight).sum(axis=1)
        mean: jax.Array = total / jnp.maximum(weight.sum(axis=1), 1.0)
        return mean
