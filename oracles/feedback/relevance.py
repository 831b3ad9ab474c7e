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
from oracles.respond import Kind, read_band
from oracles.utility import draw_signal, suggested_utility

DROP, UNSURE, KEEP = 0, 1, 2


def _systematic(params: Annotators, query: Query) -> Float[Array, "2 A T"]:
    is_truth = jax.nn.one_hot(query.truth, 2, axis=0)
    signal = draw_signal(params, query)[None] * is_truth
    return signal + query.utility + suggested_utility(params, query)


KIND = Kind(
    words="whether an item is to be kept",
    space=2,
    systematic=_systematic,
    read=read_band,
    options="pair",
    is_of_class=True,
    has_band=True,
    recorded_as="rating",
)
RELEVANCE = KIND.oracle
