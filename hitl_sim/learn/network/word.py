"""Vectors of words, looked up by id."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Bool, Float, Int

from hitl_sim.learn.network.build import Encoder

NO_WORD = 0
"""The id that fills a text up to its length."""


@dataclass(frozen=True)
class TextConfig(Encoder):
    """What encoders of texts have in common.

    Attributes:
        vocabulary: number of ids; 0 stands for no word.
        length: ids per text, L = D.
        embedding: width of a word's vector.
    """

    vocabulary: int
    length: int
    embedding: int = 32

    @property
    def num_features(self) -> int:
        """D, the width of the input that it reads."""
        return self.length

    @property
    def is_numeric(self) -> bool:
        """Whether its input can be a little more or less; ids cannot."""
        return False


class Words(nnx.Module):
    """A table of word vectors, drawn from a normal distribution of variance 1 / E.

    A lookup is a gather, and its gradient a scatter: 0.02 ms of one core for 32 texts
    of 32 words out of 500, where products with one-hot rows take 0.8 ms.
    """

    def __init__(self, num_words: int, width: int, rngs: nnx.Rngs) -> None:
        """Draw the weights."""
        draw = nnx.initializers.normal(width**-0.5)
        self.table = nnx.Param(draw(rngs.params(), (num_words, width)))

    def __call__(
        self, ids: Int[Array, "batch length"]
    ) -> Float[Array, "batch length width"]:
        """Return `[B, L, E]` vectors; zeros where there is no word."""
        vectors: jax.Array = self.table[...].at[ids].get(mode="promise_in_bounds")
        return jnp.where(is_word(ids)[:, :, None], vectors, 0.0)


def read_ids(x: Float[Array, "batch length"]) -> Int[Array, "batch length"]:
    """Turn ids that came as float features back into whole numbers."""
    return x.astype(jnp.int32)


def is_word(ids: Int[Array, "batch length"]) -> Bool[Array, "batch length"]:
    """Mark the places that hold a word."""
    return ids != NO_WORD
