"""Verification: is the suggested class right? Yes when it is the best option.

It shares label's option space: what people see in an item is the same whether they are
asked to name its class or to check one, so on one occasion a person confirms exactly
what the same person would have named. A lapse says yes half the time.

The conflict is that of the suggestion against the best of the other options.
"""

import math

import jax.numpy as jnp

from oracles.feedback import label
from oracles.respond import Kind, ReadOut, Realised, clarity

NO, YES = 0, 1


def _read(seen: Realised) -> ReadOut:
    if seen.query.suggestion is None:
        raise ValueError("`query.suggestion` must be given for verification, got None.")
    num_options = seen.utility.shape[0]
    is_suggested = jnp.arange(num_options)[:, None, None] == seen.query.suggestion[None]
    own = jnp.max(jnp.where(is_suggested, seen.utility, -jnp.inf), axis=0)
    other = jnp.max(jnp.where(is_suggested, -jnp.inf, seen.utility), axis=0)
    # Of K Gumbel variables one leads the others by a logistic around -log(K - 1).
    lead = own - other + jnp.where(seen.is_lapse, math.log(num_options - 1.0), 0.0)
    return ReadOut(jnp.where(lead > 0, YES, NO), *clarity(jnp.abs(lead)), jnp.abs(lead))


KIND = Kind(
    words="whether a suggested class is right",
    space=label.KIND.space,
    systematic=label.label_utility,
    read=_read,
    options="classes",
    is_of_class=True,
    is_check=True,
)
