"""Label: which of `K` classes is this item? The best option is the answer."""

import jax
from jax import Array
from jaxtyping import Float

from oracles.annotators import Annotators
from oracles.contract import Query
from oracles.respond import Kind, ReadOut, Realised, clarity
from oracles.utility import choose, confused_utility, draw_signal, suggested_utility


def label_utility(params: Annotators, query: Query) -> Float[Array, "K A T"]:
    """Return the systematic utility of every class, `[K, A, T]`."""
    is_truth = jax.nn.one_hot(query.truth, query.utility.shape[0], axis=0)
    signal = draw_signal(params, query)[None] * is_truth
    bias = confused_utility(params, query) + suggested_utility(params, query)
    return signal + query.utility + bias


def _read(seen: Realised) -> ReadOut:
    answer, margin = choose(seen.utility)
    return ReadOut(answer, *clarity(margin), margin)


KIND = Kind(
    words="which of its classes an item is",
    space=1,
    systematic=label_utility,
    read=_read,
    options="classes",
    is_of_class=True,
    is_anchored=True,
    recorded_as="label",
)
LABEL = KIND.oracle
