"""Preference: which of these two objects is better, or are they equal?

The first wins when its utility exceeds the other's by more than the band, and within
the band they tie: with Gumbel noise this is the model of Rao and Kupper, and without a
band that of Bradley and Terry. `Query.options` names the two objects; what a person
sees in an object is the same in every comparison, so swapping the two swaps the answer
and preferences hang together as far as noise persists.

References:
    Bradley, Terry (1952), Rank analysis of incomplete block designs I, Biometrika 39.
    Rao, Kupper (1967), Ties in paired-comparison experiments: a generalization of the
    Bradley-Terry model, Journal of the American Statistical Association 62, 194-204.
"""

import jax.numpy as jnp
from jax import Array
from jaxtyping import Bool, Float

from oracles.annotators import Annotators
from oracles.contract import Query
from oracles.feedback.respond import ReadOut, build_oracle, clarity
from oracles.utility import draw_signal, suggested_utility

PREFERENCE_SPACE = 4
FIRST, TIE, SECOND = 0, 1, 2


def _systematic(params: Annotators, query: Query) -> Float[Array, "2 A T"]:
    worth = draw_signal(params, query)[None] * query.utility
    return worth + suggested_utility(params, query)


def _read(
    params: Annotators,
    query: Query,
    utility: Float[Array, "2 A T"],
    is_lapse: Bool[Array, "A T"],
) -> ReadOut:
    del query, is_lapse
    lead = utility[0] - utility[1]
    decided = jnp.where(lead > 0, FIRST, SECOND)
    answer = jnp.where(jnp.abs(lead) < params.band[:, None], TIE, decided)
    return ReadOut(answer, *clarity(jnp.abs(lead)), jnp.abs(lead))


PREFERENCE = build_oracle(PREFERENCE_SPACE, _systematic, _read)
