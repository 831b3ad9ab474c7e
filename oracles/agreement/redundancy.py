"""What asking more people buys, and what it would buy if no error were shared."""

from collections.abc import Sequence
from functools import partial

import jax
import numpy as np
from numpy.typing import ArrayLike

from oracles.aggregate.dawid_skene import fit_dawid_skene
from oracles.agreement.answers import (
    Answers,
    Floats,
    accuracy_by_person,
    count_options,
    mean,
    options_in,
)

METHODS = ("majority", "dawid_skene")

_EM_STEPS = 20
# Posteriors of single precision closer than this count as tied.
_TIE = 1e-6

_dawid_skene = partial(jax.jit, static_argnums=(3, 4, 5))(fit_dawid_skene)


def redundancy_curve(
    rng: np.random.Generator,
    answers: ArrayLike,
    truth: ArrayLike,
    sizes: Sequence[int] = (1, 3, 5, 10),
    *,
    method: str = "majority",
    num_draws: int = 20,
) -> Floats:
    """Return the accuracy of labels aggregated from m people per item.

    Only items with at least `max(sizes)` answers count, so that every size is judged on
    the same items; a draw takes people at random for each item and the smaller sizes
    are the first of the larger. A tie counts as the chance that a random choice among
    the tied options is right.

    Args:
        rng: draws the people.
        answers: `[N, M]` answers, one column per person, -1 where there is none.
        truth: `[N]` right options.
        sizes: people per item.
        method: "majority" or "dawid_skene" (20 EM steps on all drawn answers).
        num_draws: draws averaged over.

    Returns:
        One accuracy per size; nan where no item has enough answers.

    Raises:
        ValueError: another method, or a size below 1.
    """
    if method not in METHODS:
        allowed = ", ".join(repr(known) for known in METHODS)
        raise ValueError(f"`method` must be one of {allowed}, got {method!r}.")
    if min(sizes) < 1:
        raise ValueError(f"`sizes` must be >= 1, got {min(sizes)}.")
    given, right = np.asarray(answers), np.asarray(truth)
    is_enough = (given >= 0).sum(axis=1) >= max(sizes)
    given, right = given[is_enough], right[is_enough]
    if not right.size:
        return np.full(len(sizes), np.nan)
    num_options = options_in(given, right)
    curve = np.empty((num_draws, len(sizes)))
    for draw in range(num_draws):
        lots = np.where(given >= 0, rng.random(given.shape), np.inf)
        people = np.argsort(lots, axis=1)
        for column, size in enumerate(sizes):
            score = _score(given, people[:, :size], num_options, method)
            is_top = score >= score.max(axis=1, keepdims=True) - _TIE
            is_right = np.take_along_axis(is_top, right[:, None], axis=1)[:, 0]
            curve[draw, column] = mean(is_right / is_top.sum(axis=1))
    averaged: Floats = curve.mean(axis=0)
    return averaged


def one_coin_answers(
    rng: np.random.Generator, answers: ArrayLike, truth: ArrayLike, num_options: int
) -> Answers:
    """Draw the answers of independent people with the accuracies of those recorded.

    Whoever answered an item answers it again, right with the share of their own right
    answers and otherwise evenly over the wrong options: the yardstick beside a
    redundancy curve, for what is below it is error that people share.

    Args:
        rng: draws the answers.
        answers: `[N, M]` answers, one column per person, -1 where there is none.
        truth: `[N]` right options.
        num_options: number of options K >= 2.

    Returns:
        `[N, M]` answers, -1 where there was none.
    """
    given, right = np.asarray(answers), np.asarray(truth)[:, None]
    skill = np.nan_to_num(accuracy_by_person(given, right[:, 0]))
    wrong = (right + rng.integers(1, num_options, given.shape)) % num_options
    drawn = np.where(rng.random(given.shape) < skill[None, :], right, wrong)
    return np.where(given >= 0, drawn, -1)


def _score(given: Answers, people: Answers, num_options: int, method: str) -> Floats:
    """Return what each option of each item has in its favour, `[N, K]`."""
    drawn = np.take_along_axis(given, people, axis=1)
    if method == "majority":
        return count_options(drawn, num_options)
    everybody = np.ones(drawn.shape, bool)
    posterior, _, _ = _dawid_skene(
        drawn, people, everybody, num_options, given.shape[1], _EM_STEPS
    )
    return np.asarray(posterior, float)
