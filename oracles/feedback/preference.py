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

from jax import Array
from jaxtyping import Float

from oracles.annotators import Annotators
from oracles.contract import Query
from oracles.respond import Kind, read_band
from oracles.utility import scaled_utility, suggested_utility

FIRST, TIE, SECOND = 0, 1, 2


def _systematic(params: Annotators, query: Query) -> Float[Array, "2 A T"]:
    return scaled_utility(params, query) + suggested_utility(params, query)


KIND = Kind(
    words="which of two objects is better",
    space=4,
    systematic=_systematic,
    read=read_band,
    options="pair",
    has_band=True,
)
