"""Hold a crowd fitted to ratings, marks or preferences against people left out.

Rivals know less of people: the pooled answers know nothing but how often each is given;
an ordered logit knows what a rating should have been and, of people and items seen,
one number each; Bradley and Terry know the worth of objects and nothing of people.
"""

from dataclasses import dataclass

import numpy as np

from hitl_sim.participants.answers import MARKS, PREFERENCE, RATING
from hitl_sim.participants.fitting.comparison import (
    compared,
    fit_comparisons,
    score_anybody,
)
from hitl_sim.participants.fitting.comparison import score_known as score_comparisons
from hitl_sim.participants.fitting.quality import fit_quality, split_marks
from hitl_sim.participants.fitting.quality_model import level_places
from hitl_sim.participants.record import Floats, Ints, Record, select
from hitl_sim.participants.validating.predict import (
    CELLS,
    NEW,
    PEOPLE_DRAWN,
    Gain,
    Halves,
    by_item,
    cut_in_halves,
    gains_over,
    hold_cells,
    score_cells,
    score_items,
    sum_by,
)
from hitl_sim.participants.validating.rival import Term, fit_ordered, score_ordered

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
    if kind not in GRADED:
        raise ValueError(f"`kind` must be one of {', '.join(GRADED)}, got {kind!r}.")
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
    cells = select(given, ~is_held), select(given, is_held)
    if kind == PREFERENCE:
        gains = _preferences(rng, halves, *cells)
    else:
        gains = _levels(rng, halves, *cells, kind, seed)
    return Grades(
        name=record.name,
        kind=kind,
        num_people=int(np.unique(given.person).size),
        num_items=int(np.unique(given.item).size),
        num_answers=given.answer.size,
        gains=gains,
    )


def _levels(
    rng: np.random.Generator,
    halves: Halves,
    seen: Record,
    cells: Record,
    kind: str,
    seed: int,
) -> list[Gain]:
    def parts(*records: Record) -> list[Record]:
        return [split_marks(r) if kind == MARKS else r for r in records]

    known, asked = parts(halves.fitted, halves.held)
    fit = fit_quality(known, kind, seed=seed)
    ours = score_items(rng, fit, asked, known.work_share)
    theirs = {POOLED: _pooled(known, asked)}
    if kind == RATING:
        logit = fit_ordered(known.answer, known.num_options, _place(known))
        theirs[LOGIT] = score_ordered(logit, asked.answer, _place(asked))
    gains = gains_over(rng, NEW, asked, ours, by_item(asked, theirs))
    known, asked = parts(seen, cells)
    ours = score_cells(fit_quality(known, kind, seed=seed), known, asked)
    place = [
        _place(r) if kind == RATING else np.zeros(r.item.size) for r in (known, asked)
    ]
    terms = [
        (Term(r.person, None, known.num_people), Term(r.item, None, known.num_items))
        for r in (known, asked)
    ]
    logit = fit_ordered(known.answer, known.num_options, place[0], terms[0])
    score = score_ordered(logit, asked.answer, place[1], terms[1])
    theirs = {POOLED: _pooled(known, asked), LOGIT: score}
    return gains + gains_over(rng, CELLS, asked, ours, by_item(asked, theirs))


def _preferences(
    rng: np.random.Generator, halves: Halves, seen: Record, cells: Record
) -> list[Gain]:
    fitted, held = halves.fitted, halves.held
    fit, share = fit_comparisons(fitted), fitted.work_share
    each = score_anybody(rng, fit, compared(held), share, PEOPLE_DRAWN)
    summed = np.array([sum_by(held.item, row, held.num_items) for row in each])
    ours = np.logaddexp.reduce(summed, axis=0) - np.log(PEOPLE_DRAWN)
    gains = gains_over(rng, NEW, held, ours, _rivals(fitted, held))
    score = score_comparisons(fit_comparisons(seen), compared(cells))
    ours = sum_by(cells.item, score, cells.num_items)
    return gains + gains_over(rng, CELLS, cells, ours, _rivals(seen, cells))


def _rivals(known: Record, asked: Record) -> dict[str, Floats]:
    """Return log probabilities of preferences by rivals that know nobody, `[N]`."""
    size = int(np.asarray(known.objects).max()) + 1

    def columns(record: Record) -> tuple[Ints, Floats, tuple[Term, ...]]:
        both = np.asarray(record.objects)[record.item]
        term = Term(both[:, 0], both[:, 1], size)
        return 2 - record.answer, np.zeros(record.item.size), (term,)

    level, place, terms = columns(known)
    model = fit_ordered(level, known.num_options, place, terms)
    score = score_ordered(model, *columns(asked))
    return by_item(asked, {POOLED: _pooled(known, asked), BRADLEY_TERRY: score})


def _pooled(known: Record, asked: Record) -> Floats:
    """Return log shares of the fitted answers, `[L]`."""
    count = np.bincount(known.answer, minlength=known.num_options) + 0.5
    return np.asarray(np.log(count / count.sum())[asked.answer])


def _place(record: Record) -> Floats:
    """Return where the right level lies, `[L]`."""
    place = np.asarray(level_places(record.num_options), float)
    return np.asarray(place[record.truth[record.item]])
