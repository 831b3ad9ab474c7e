"""Label: which of `K` classes is this item? The best option is the answer."""

import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Float

from oracles.annotators import Annotators
from oracles.contract import Query
from oracles.feedback.respond import ReadOut, build_oracle, clarity
from oracles.utility import choose, draw_signal

LABEL_SPACE = 1


def _systematic(params: Annotators, query: Query) -> Float[Array, "T A K"]:
    is_truth = jax.nn.one_hot(query.truth, query.utility.shape[-1], dtype=jnp.float32)
    return draw_signal(params, query)[:, :, None] * is_truth + query.utility


def _read(params: Annotators, utility: Float[Array, "T A K"]) -> ReadOut:
    del params
    answer, margin = choose(utility)
    return ReadOut(answer, *clarity(margin))


LABEL = build_oracle(LABEL_SPACE, _systematic, _read)
