"""Relevance: keep or drop this item, or unsure?

Two options, 0 drop and 1 keep, and an ordered read-out with thresholds at plus and
minus `band` on the difference of their utilities (ordered logit). A lapse may also say
unsure.

References:
    McCullagh (1980), Regression models for ordinal data, JRSS B 42(2), 109-142.
"""

import jax
from jax import Array
from jaxtyping import Float

from oracles.annotators import Annotators
from oracles.contract import Query
from oracles.respond import Kind, build_oracle, read_band
from oracles.utility import draw_signal, suggested_utility

RELEVANCE_SPACE = 2
DROP, UNSURE, KEEP = 0, 1, 2


def _systematic(params: Annotators, query: Query) -> Float[Array, "2 A T"]:
    is_truth = jax.nn.one_hot(query.truth, 2, axis=0)
    signal = draw_signal(params, query)[None] * is_truth
    return signal + query.utility + suggested_utility(params, query)


RELEVANCE = build_oracle(RELEVANCE_SPACE, _systematic, read_band)
KIND = Kind(
    oracle=RELEVANCE,
    words="whether an item is to be kept",
    space=RELEVANCE_SPACE,
    options="pair",
    is_of_class=True,
    has_band=True,
    recorded_as="rating",
)
