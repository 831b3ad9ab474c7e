"""Label: which of `K` classes is this item? The best option is the answer."""

import jax
from jax import Array
from jaxtyping import Float

from oracles.annotators import Annotators
from oracles.contract import Query
from oracles.respond import Kind, ReadOut, Realised, build_oracle, clarity
from oracles.utility import choose, confused_utility, draw_signal, suggested_utility

LABEL_SPACE = 1


def label_utility(params: Annotators, query: Query) -> Float[Array, "K A T"]:
    """Return the systematic utility of every class, `[K, A, T]`."""
    is_truth = jax.nn.one_hot(query.truth, query.utility.shape[0], axis=0)
    signal = draw_signal(params, query)[None] * is_truth
    bias = confused_utility(params, query) + suggested_utility(params, query)
    return signal + query.utility + bias


def _read(seen: Realised) -> ReadOut:
    answer, margin = choose(seen.utility)
    return ReadOut(answer, *clarity(margin), margin)


LABEL = build_oracle(LABEL_SPACE, label_utility, _read, is_anchored=True)
KIND = Kind(
    oracle=LABEL,
    words="which of its classes an item is",
    space=LABEL_SPACE,
    options="classes",
    is_of_class=True,
    recorded_as="label",
)
