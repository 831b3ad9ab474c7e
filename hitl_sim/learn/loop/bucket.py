"""Capacity buckets: sizes of training set for which training is compiled."""

import bisect
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple, TypeVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Int

from hitl_sim.learn.intervention import Intervention
from hitl_sim.learn.optimise import TrainConfig

Fitted = TypeVar("Fitted")


class Buckets(NamedTuple):
    """Sizes of training set for which training is compiled.

    Attributes:
        first: of the first stage where that is compiled apart, as a start is; None for
            no bound, here and below.
        each: of the others.
        of_stage: by stage, which of `each` has room for it; a start has 0.
    """

    first: int | None
    each: tuple[int | None, ...]
    of_stage: tuple[int, ...]


_WASTE = 1.05
"""Most items that may be computed per item that is there; see `buckets_of`."""


def buckets_of(intervention: Intervention, train: TrainConfig) -> Buckets:
    """Give the stages room for their training sets, where room is what costs.

    Padding to the largest training set computes 1.9 times the items that are there
    when it grows from 20 to 420 in 20 rounds; 7 buckets 1.09 times, 11 of them 1.04
    times. Each is a training loop that must be compiled, so the fewest are taken that
    keep padding below its bound.

    Args:
        intervention: what it can know at most in each stage.
        train: whether a step takes all of it.

    Returns:
        Buckets for equally many rounds each, as far as that divides them.
    """
    rounds, starts = intervention.num_rounds, (0,) * intervention.has_start
    if intervention.capacity is None or train.batch is not None:
        return Buckets(None, (None,), starts + (0,) * rounds)
    own = intervention.capacity[len(starts) :]
    for pieces in range(1, rounds + 1):
        ends = [rounds * (piece + 1) // pieces for piece in range(pieces)]
        of_round = tuple(bisect.bisect(ends, number) for number in range(rounds))
        each = tuple(own[end - 1] for end in ends)
        if sum(each[bucket] for bucket in of_round) <= _WASTE * sum(own):
            break
    return Buckets(intervention.capacity[0], each, starts + of_round)


def fit_in_bucket(
    buckets: Buckets,
    stage: Int[Array, ""] | None,
    fit: Callable[..., Fitted],
    *args: Any,
) -> Fitted:
    """Call `fit(capacity, *args)` for a stage; None is the first, compiled apart."""
    if stage is None:
        return fit(buckets.first, *args)
    if len(buckets.each) == 1:
        return fit(buckets.each[0], *args)
    fits = [partial(fit, capacity) for capacity in buckets.each]
    fitted: Fitted = jax.lax.switch(jnp.asarray(buckets.of_stage)[stage], fits, *args)
    return fitted
