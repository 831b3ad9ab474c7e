"""How probable a fit makes answers that it has not seen, beside the rivals.

A record is cut into other people and other items, or other cells of both.

Rivals of ratings, marks and preferences know less of people: the pooled answers know
nothing but how often each is given; an ordered logit knows what a rating should have
been and, of people and items seen, one number each; Bradley and Terry know the worth of
objects and nothing of people.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float
from numpy.typing import NDArray

from hitl_sim.participants.answers import LABEL, MARKS, PREFERENCE, RATING
from hitl_sim.participants.fitting.comparison import (
    compared,
    fit_comparisons,
    score_anybody,
    score_known as score_comparisons,
)
from hitl_sim.participants.fitting.padding import leaf
from hitl_sim.participants.fitting.quality import (
    QualityFit,
    fill,
    fill_people,
    fit_quality,
    lay_out,
    split_marks,
)
from hitl_sim.participants.fitting.quality_model import (
    Points,
    Quality,
    Rows,
    Shape,
    Traits,
    at_rows,
    item_evidence,
    level_places,
    log_chances,
    log_table,
    pick,
)
from hitl_sim.participants.record import (
    Floats,
    Ints,
    Record,
    first_answers,
    renumber,
    select,
)
from hitl_sim.participants.validating.rival import (
    Term,
    fit_ordered,
    fit_rivals,
    score_known,
    score_new,
    score_ordered,
)
from oracles.parameter import check_choice

CELL_SHARE = 0.1


class Halves(NamedTuple):
    """A record cut by person and by item; the off-diagonal quarters are left out.

    Attributes:
        fitted: people and items to fit.
        held: other people's answers to other items.
        held_items: `[N]` which items are the other ones.
        old_items: `[M]` old numbers of the items in `held`.
    """

    fitted: Record
    held: Record
    held_items: NDArray[np.bool_]
    old_items: NDArray[np.int64]


def cut_in_halves(record: Record, seed: int) -> Halves:
    """Cut people and items at random, so that the halves share neither.

    People are cut within pairs of like workload, items within classes.
    """
    rng = np.random.default_rng(seed)
    half_of_person = alternate(rng, record.work.astype(float))
    half_of_item = alternate(rng, record.truth.astype(float))
    return cut(record, half_of_person, half_of_item)


def cut(
    record: Record, half_of_person: NDArray[np.int64], half_of_item: NDArray[np.int64]
) -> Halves:
    """Keep what the people of a half said of the items of the same half."""
    person, item = half_of_person[record.person], half_of_item[record.item]
    fitted, held = (
        select(record, (person == half) & (item == half)) for half in (0, 1)
    )
    return Halves(
        fitted=renumber(fitted),
        held=renumber(held),
        held_items=half_of_item == 1,
        old_items=np.unique(held.item),
    )


def take_items(
    record: Record, wanted: NDArray[np.bool_]
) -> tuple[Record, NDArray[np.int64]]:
    """Keep what all people said of some items; both are numbered anew.

    Returns:
        The record, and the items' old numbers.
    """
    kept = select(record, wanted[record.item])
    return renumber(kept), np.unique(kept.item)


def alternate(rng: np.random.Generator, by: NDArray[np.float64]) -> NDArray[np.int64]:
    """Give the first of every two neighbours in some order one half at random."""
    order = np.lexsort((rng.random(by.size), by))
    lots = rng.integers(0, 2, (by.size + 1) // 2)
    half = np.empty(by.size, np.int64)
    half[order] = (np.arange(by.size) + np.repeat(lots, 2)[: by.size]) % 2
    return half


def hold_cells(record: Record, seed: int) -> NDArray[np.bool_]:
    """Draw cells of person and item to hold out, `[L]`; everybody stays known."""
    rng = np.random.default_rng(seed)
    held = (rng.random(record.person.size) < CELL_SHARE) & (record.answer >= 0)
    held[np.unique(record.person, return_index=True)[1]] = False
    return held


NEW, CELLS = "other people, other items", "cells"
PEOPLE_DRAWN = 256
_RESAMPLES = 2000


@dataclass(frozen=True)
class Gain:
    """Log likelihood per held-out answer, over a rival's.

    Attributes:
        where: "other people, other items" or "cells".
        rival: name of the rival.
        ours: log likelihood per answer, nats.
        theirs: the rival's.
        low: lower end of the 95 % interval of the difference, by resampled items.
        high: upper end.
    """

    where: str
    rival: str
    ours: float
    theirs: float
    low: float
    high: float

    @property
    def value(self) -> float:
        """Return what is gained, nats per answer."""
        return self.ours - self.theirs

    @property
    def verdict(self) -> str:
        """Say gain, loss or neither."""
        return "gain" if self.low > 0 else "loss" if self.high < 0 else "even"


def gains_on_new(fit: QualityFit, halves: Halves, seed: int) -> list[Gain]:
    """Score other people's answers to other items."""
    held = first_answers(halves.held)
    rng = np.random.default_rng(seed)
    ours = score_items(rng, fit, held, halves.fitted.work_share)
    rivals = score_new(fit_rivals(first_answers(halves.fitted)), held)
    return gains_over(rng, NEW, held, ours, rivals)


def gains_on_cells(record: Record, held: np.ndarray, seed: int) -> list[Gain]:
    """Score held-out cells of people and items that are otherwise known.

    `held` are the rows to hold out, `[L]`.
    """
    rng = np.random.default_rng(seed)
    known = first_answers(select(record, ~held))
    cells = first_answers(select(record, held))
    ours = score_cells(fit_quality(known, LABEL, seed=seed), known, cells)
    rivals = by_item(cells, score_known(fit_rivals(known), cells))
    return gains_over(rng, CELLS, cells, ours, rivals)


def score_cells(fit: QualityFit, known: Record, cells: Record) -> Floats:
    """Return log probabilities of answers by people and items seen, summed, `[N]`.

    `known` is what these people said of other items, and others of these.
    """
    kind = fit.shape.kind
    (rows, shape), laid = fill(*lay_out(known, kind)), lay_out(cells, kind)[0]
    asked, _ = fill(laid, fit.shape)
    people = fill_people(fit.people)
    chance = _chance_of_cells(shape, fit.points, fit.crowd, people, rows, asked)
    log_chance = np.log(np.asarray(chance, float)[: laid.item.size])
    return sum_by(np.asarray(laid.item), log_chance, cells.num_items)


@partial(jax.jit, static_argnums=0)
def _chance_of_cells(
    shape: Shape,
    points: Points,
    quality: Quality,
    people: Traits,
    rows: Rows,
    asked: Rows,
) -> Float[Array, "L"]:
    """Return the probability of answers asked of people and items seen in `rows`."""
    known = log_chances(shape, points, quality, people, rows)
    evidence = item_evidence(shape, points, known, rows, quality.classes)
    weight = jax.nn.softmax(evidence, axis=1)
    chance = jnp.exp(log_chances(shape, points, quality, people, asked))
    mean: Array = jnp.sum(at_rows(weight, asked.item) * chance, axis=1)
    return mean


def score_items(
    rng: np.random.Generator, fit: QualityFit, held: Record, share: Floats
) -> Floats:
    """Return log probabilities of every item's answers by people unknown, `[N]`.

    Args:
        rng: draws people from the fitted ones, at draws from what is known of each.
        fit: of the people.
        held: the answers.
        share: `[A]` share of the answers that each fitted person gave: who answers is
            more often somebody busy.
    """
    source = rng.choice(share.size, PEOPLE_DRAWN, p=share)
    noise = rng.standard_normal((PEOPLE_DRAWN, 1 + fit.shape.num_leans))
    skill = fit.skill[source] + fit.skill_sd[source] * noise[:, 0]
    lean = fit.lean[source] + fit.lean_sd[source] * noise[:, 1:]
    drawn = fit.shape._replace(num_people=1, num_items=held.num_items)
    people = Traits(leaf(skill), leaf(lean))
    rows, shape = fill(lay_out(held, fit.shape.kind)[0], drawn)
    found = _chance_of_items(shape, fit.points, fit.crowd, people, rows)
    return np.asarray(found, float)[: held.num_items]


@partial(jax.jit, static_argnums=0)
def _chance_of_items(
    shape: Shape, points: Points, quality: Quality, people: Traits, rows: Rows
) -> Float[Array, "N"]:
    """Return log probabilities of items' answers, each by anybody of some people."""
    each = log_table(shape, points, quality, people)
    anybody = jax.nn.logsumexp(each, axis=0) - np.log(PEOPLE_DRAWN)
    nobody = rows._replace(person=jnp.zeros_like(rows.person))
    chances = pick(shape, anybody[None], nobody)
    evidence = item_evidence(shape, points, chances, nobody, quality.classes)
    found: Array = jax.nn.logsumexp(evidence, axis=1)
    return found


def sum_by(item: Ints, values: Floats, size: int) -> Floats:
    """Sum values of rows by item, `[N]`."""
    return np.asarray(np.bincount(item, weights=values, minlength=size), float)


def by_item(asked: Record, scores: Mapping[str, Floats]) -> dict[str, Floats]:
    """Sum scores of answers, `[L]` each, by item, `[N]`."""
    size = asked.num_items
    return {name: sum_by(asked.item, score, size) for name, score in scores.items()}


def gains_over(
    rng: np.random.Generator,
    where: str,
    asked: Record,
    ours: Floats,
    rivals: Mapping[str, Floats],
) -> list[Gain]:
    """Compare log probabilities of items' answers with every rival's, `[N]` each.

    Args:
        rng: draws resamples of items.
        where: what is held out.
        asked: the answers; items without any are left out.
        ours: log probabilities by item.
        rivals: theirs.
    """
    size = asked.per_item.astype(float)
    total, there = size.sum(), size > 0
    gains = []
    for rival, theirs in rivals.items():
        lead, weight = (ours - theirs)[there], size[there]
        drawn = rng.integers(0, lead.size, (_RESAMPLES, lead.size))
        spread = lead[drawn].sum(axis=1) / weight[drawn].sum(axis=1)
        mine, other = (float(x[there].sum() / total) for x in (ours, theirs))
        low, high = np.quantile(spread, [0.025, 0.975])
        gains.append(Gain(where, rival, mine, other, float(low), float(high)))
    return gains


GRADED = (RATING, MARKS, PREFERENCE)
POOLED, LOGIT, BRADLEY_TERRY = "pooled answers", "ordered logit", "Bradley-Terry"
_LEAST_ANSWERS = 50


@dataclass(frozen=True)
class Grades:
    """How probable a fit makes ratings, marks or preferences that it has not seen.

    Attributes:
        name: of the set.
        kind: rating, marks or preference.
        num_people: people in all.
        num_items: items in all.
        num_answers: answers in all.
        gains: log likelihoods beside the rivals'.
    """

    name: str
    kind: str
    num_people: int
    num_items: int
    num_answers: int
    gains: list[Gain]


def validate_grades(record: Record, kind: str, seed: int = 0) -> Grades:
    """Fit half of a set and predict the other, then all but some cells and these.

    Of ratings and marks the halves share neither people nor items. Of preferences they
    share neither people nor pairs, but objects: of an object that nobody has compared
    nothing is known.

    Raises:
        ValueError: no such kind, ratings without gold, objects that are not named, or a
            half is left with too little.
    """
    check_choice("kind", kind, GRADED)
    given = select(record, (record.answer >= 0) & (record.occasion == 0))
    if kind == RATING and (given.truth[given.item] < 0).any():
        raise ValueError(
            f"{record.name}: every item must have gold for its ratings to be "
            "predicted, "
            f"got {np.unique(given.item[given.truth[given.item] < 0]).size} without."
        )
    halves = cut_in_halves(given, seed)
    least = min(half.person.size for half in (halves.fitted, halves.held))
    if least < _LEAST_ANSWERS:
        raise ValueError(
            f"{record.name}: each half must have {_LEAST_ANSWERS} answers, got {least}."
        )
    rng = np.random.default_rng(seed)
    is_held = hold_cells(given, seed)
    cuts = (
        (NEW, halves.fitted, halves.held),
        (CELLS, select(given, ~is_held), select(given, is_held)),
    )
    gains = []
    for where, *both in cuts:
        known, asked = map(split_marks, both) if kind == MARKS else both
        ours = _score_graded(rng, kind, where, known, asked, seed)
        theirs = by_item(asked, _rivals(kind, where, known, asked))
        gains += gains_over(rng, where, asked, ours, theirs)
    return Grades(
        name=record.name,
        kind=kind,
        num_people=int(np.unique(given.person).size),
        num_items=int(np.unique(given.item).size),
        num_answers=given.answer.size,
        gains=gains,
    )


def _score_graded(
    rng: np.random.Generator,
    kind: str,
    where: str,
    known: Record,
    asked: Record,
    seed: int,
) -> Floats:
    """Return log probabilities of items' answers by a fit to what is known, `[N]`."""
    if kind != PREFERENCE:
        fit = fit_quality(known, kind, seed=seed)
        if where == CELLS:
            return score_cells(fit, known, asked)
        return score_items(rng, fit, asked, known.work_share)
    found, rows = fit_comparisons(known), compared(asked)
    if where == CELLS:
        return sum_by(asked.item, score_comparisons(found, rows), asked.num_items)
    each = score_anybody(rng, found, rows, known.work_share, PEOPLE_DRAWN)
    summed = np.array([sum_by(asked.item, row, asked.num_items) for row in each])
    return np.asarray(np.logaddexp.reduce(summed, axis=0) - np.log(PEOPLE_DRAWN))


def _rivals(kind: str, where: str, known: Record, asked: Record) -> dict[str, Floats]:
    """Return log probabilities of answers by rivals that know less of people, `[L]`."""
    found = {POOLED: _pooled(known, asked)}
    if kind == MARKS and where == NEW:
        return found

    def columns(record: Record) -> tuple[Ints, Floats, tuple[Term, ...]]:
        nowhere = np.zeros(record.item.size)
        if kind == PREFERENCE:
            both = np.asarray(record.objects)[record.item]
            size = int(np.asarray(known.objects).max()) + 1
            return 2 - record.answer, nowhere, (Term(both[:, 0], both[:, 1], size),)
        person = Term(record.person, None, known.num_people)
        terms = (person, Term(record.item, None, known.num_items))
        place = _place(record) if kind == RATING else nowhere
        return record.answer, place, terms if where == CELLS else ()

    level, place, terms = columns(known)
    model = fit_ordered(level, known.num_options, place, terms)
    name = BRADLEY_TERRY if kind == PREFERENCE else LOGIT
    return found | {name: score_ordered(model, *columns(asked))}


def _pooled(known: Record, asked: Record) -> Floats:
    """Return log shares of the fitted answers, `[L]`."""
    count = np.bincount(known.answer, minlength=known.num_options) + 0.5
    return np.asarray(np.log(count / count.sum())[asked.answer])


def _place(record: Record) -> Floats:
    """Return where the right level lies, `[L]`."""
    place = np.asarray(level_places(record.num_options), float)
    return np.asarray(place[record.truth[record.item]])
