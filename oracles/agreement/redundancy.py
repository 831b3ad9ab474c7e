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
    options_in,
)
from oracles.parameter import check_choice

METHODS = ("majority", "dawid_skene")

_EM_STEPS = 20
# Slots and people without answers add nothing to EM.
_LEAST_SLOTS, _LEAST_PEOPLE = 4, 16
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
    check_choice("method", method, METHODS)
    if min(sizes) < 1:
        raise ValueError(f"`sizes` must be >= 1, got {min(sizes)}.")
    given, right = np.asarray(answers), np.asarray(truth)
    is_enough = (given >= 0).sum(axis=1) >= max(sizes)
    given, right = given[is_enough], right[is_enough]
    people = np.broadcast_to(np.arange(given.shape[1]), given.shape)
    shape = (options_in(given, right), given.shape[1], 0)
    return draw_curve(rng, given, people, right, sizes, method, num_draws, shape)


def draw_curve(
    rng: np.random.Generator,
    given: Answers,
    people: Answers,
    truth: Answers,
    sizes: Sequence[int],
    method: str,
    num_draws: int,
    shape: tuple[int, int, int],
    least: int = 1,
) -> Floats:
    """Return what `redundancy_curve` does of answers in slots, each size by itself.

    Args:
        rng: draws the people.
        given: `[N, S]` answers, -1 where an item has fewer.
        people: `[N, S]` who gave them.
        truth: `[N]` right options.
        sizes: people per item; each is judged on all items with that many answers.
        method: as for `redundancy_curve`.
        num_draws: draws averaged over.
        shape: see `label_chance`.
        least: items that a size needs; it is nan with fewer.
    """
    found = np.full((num_draws, len(sizes)), np.nan)
    count = (given >= 0).sum(axis=1)
    for draw in range(num_draws):
        order = by_lot(rng, given)
        for column, size in enumerate(sizes):
            enough = count >= size
            if enough.sum() < least:
                continue
            answers, named = (
                np.take_along_axis(laid[enough], order[enough, :size], axis=1)
                for laid in (given, people)
            )
            chance = label_chance(answers, named, method, shape)
            found[draw, column] = chance[np.arange(len(chance)), truth[enough]].mean()
    averaged: Floats = found.mean(axis=0)
    return averaged


def by_lot(rng: np.random.Generator, given: Answers) -> Answers:
    """Order the slots of every item at random, those without an answer last."""
    lots = np.where(given >= 0, rng.random(given.shape), np.inf)
    return np.asarray(np.argsort(lots, axis=1))


def label_chance(
    answers: Answers, people: Answers, method: str, shape: tuple[int, int, int]
) -> Floats:
    """Return the chance of each option to be the label, equal ones at random, `[N, K]`.

    Answers and people are `[N, S]`, answers -1 where there is none. The shape: options
    K, people A, and items to pad to so as to compile once, or 0.
    """
    num_options, num_people, num_rows = shape
    if method == "majority":
        score = count_options(answers, num_options)
    else:
        more = _rung(answers.shape[1], _LEAST_SLOTS) - answers.shape[1]
        padding = ((0, max(num_rows - len(answers), 0)), (0, more))
        padded = np.pad(answers, padding, constant_values=-1)
        posterior, _, _ = _dawid_skene(
            np.maximum(padded, 0).astype(np.int32),
            np.pad(np.maximum(people, 0), padding).astype(np.int32),
            padded >= 0,
            num_options,
            _rung(num_people, _LEAST_PEOPLE),
            _EM_STEPS,
        )
        score = np.asarray(posterior, float)[: len(answers)]
    top = score >= score.max(axis=1, keepdims=True) - _TIE
    return np.asarray(top / top.sum(axis=1, keepdims=True))


def _rung(size: int, least: int) -> int:
    """Return the next of `least`, four times that, and so on: few are compiled for."""
    while least < size:
        least *= 4
    return least


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
