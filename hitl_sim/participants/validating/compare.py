"""Hold simulated people against real ones: statistic by statistic, and log by log.

The yardstick of a statistic is the root-mean-square distance, on the statistic's scale,
between two random halves of the real people. Simulated and real agree when they are no
further apart than `TOLERANCE` yardsticks.

A classifier two-sample test asks whether a model can tell the two by their whole logs:
every person becomes a row of summaries, and a random forest learns to tell real from
simulated ones. Each real person stands beside the simulated ones who were asked the
same, and all of these in one fold, so who was asked what tells nothing. An area under
the curve of .5 is chance; what the same test says of real people in random halves, and
of simulated ones of one crowd and the others, stands beside it.

References:
    Lopez-Paz, Oquab (2017), Revisiting classifier two-sample tests, ICLR.
    Efron, Tibshirani (1993), An introduction to the bootstrap, chapter 13: intervals,
    here over people.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier

from hitl_sim.participants.describing.statistic import Statistic, Table, describe
from hitl_sim.participants.record import Floats, Ints, Record, select
from hitl_sim.participants.validating.equivalence import Equivalence, judge

TOLERANCE = 1.5
NUM_HALVINGS = 200
# A yardstick needs the statistic in both halves of this share of the halvings.
MIN_SHARE = 0.5


class Line(NamedTuple):
    """One statistic of one set.

    Attributes:
        name: the statistic.
        scale: scale of comparison.
        real: its value among the recorded people.
        simulated: mean over simulated crowds, taken on the scale.
        spread: standard deviation over simulated crowds, on the scale.
        halves: yardstick, on the scale; nan where halves do not identify it.
        distance: simulated from real, in limits (`TOLERANCE` yardsticks).
        single: share of single simulated crowds within the limit.
        other: the recorded people's value in the half that was tuned on.
        other_distance: its distance from `real`, in limits: how well the recorded
            answers of one half predict those of the other.
        note: what the yardstick is taken from, if not from halves of this statistic.
        equivalence: whether the two are alike as far as it matters; None where it
            cannot be asked.
    """

    name: str
    scale: str
    real: float
    simulated: float
    spread: float
    halves: float
    distance: float
    single: float
    other: float
    other_distance: float
    note: str = ""
    equivalence: Equivalence | None = None

    @property
    def is_scored(self) -> bool:
        """Whether the set identifies the statistic."""
        return bool(np.isfinite(self.distance))

    @property
    def passes(self) -> bool:
        """Whether simulated and real people agree."""
        return self.is_scored and self.distance <= 1.0


def halve_distances(
    record: Record,
    rng: np.random.Generator,
    num_halvings: int = NUM_HALVINGS,
    told_by: Callable[..., Table] = describe,
) -> dict[str, float]:
    """Return the RMS distance of every statistic between random halves of the people.

    Args:
        record: the recorded people.
        rng: draws the halves.
        num_halvings: number of random halvings.
        told_by: returns the statistics of a record, as `describe` does.
    """
    people = np.unique(record.person)
    gaps: dict[str, list[float]] = {}
    for _ in range(num_halvings):
        chosen = np.zeros(record.num_people, bool)
        chosen[rng.permutation(people)[: people.size // 2]] = True
        in_first = chosen[record.person]
        first, second = (
            told_by(select(record, rows), rng, num_draws=4, num_em_draws=1)
            for rows in (in_first, ~in_first)
        )
        for name in first.keys() & second.keys():
            gap = first[name].place - second[name].place
            gaps.setdefault(name, []).append(gap)
    return {
        name: float(np.sqrt(np.mean(np.square(found))))
        for name, found in gaps.items()
        if len(found) >= MIN_SHARE * num_halvings
    }


def compare(
    real: Table, crowds: list[Table], halves: dict[str, float], other: Table
) -> list[Line]:
    """Compare the statistics of recorded people with those of simulated crowds.

    Args:
        real: statistics of the recorded people.
        crowds: statistics of every simulated crowd.
        halves: yardsticks.
        other: statistics of the recorded people in the half that was tuned on.

    Returns:
        One line per statistic that the record identifies.
    """
    lines = []
    for name, found in real.items():
        places = np.array([t[name].place for t in crowds if name in t])
        half_distance = halves.get(name, float("nan"))
        equivalence = judge(name, found, places, half_distance)
        yardstick, note = _yardstick(name, halves)
        limit = TOLERANCE * yardstick
        places = places if places.size else np.array([np.nan])
        centre, is_near = float(places.mean()), np.abs(places - found.place) <= limit
        half = other.get(name, Statistic(found.scale, np.nan))
        lines.append(
            Line(
                name=name,
                scale=found.scale,
                real=found.value,
                simulated=Statistic.from_place(found.scale, centre).value,
                spread=float(places.std()),
                halves=yardstick,
                distance=abs(centre - found.place) / limit,
                single=float(is_near.mean()) if np.isfinite(centre) else np.nan,
                other=half.value,
                other_distance=abs(half.place - found.place) / limit,
                note=note,
                equivalence=equivalence,
            )
        )
    return lines


def _yardstick(name: str, halves: dict[str, float]) -> tuple[float, str]:
    """Return a yardstick; a size that halves cannot reach borrows the next smaller."""
    if halves.get(name, 0.0) > 1e-9:
        return halves[name], ""
    stem, _, size = name.rpartition(" of ")
    if name not in halves and size.isdigit():
        smaller = [s for s in range(1, int(size)) if f"{stem} of {s}" in halves]
        if smaller:
            return halves[f"{stem} of {smaller[-1]}"], f"limit of {smaller[-1]} people"
    return float("nan"), "halves never differ" if name in halves else "not in halves"


_LEAST_ANSWERS = 5
_LEAST_PEOPLE = 20
_TREES, _FOLDS = 50, 5
_HALVES, _REDRAWN = 5, 400


class TwoSampleTest(NamedTuple):
    """How well real and simulated people are told apart.

    Attributes:
        auc: area under the curve; nan with fewer than twenty people.
        low: lower end of the 95 % interval, people resampled.
        high: upper end.
        num_people: real people with five answers or more.
        real: area for real people in random halves.
        simulated: area for one simulated crowd beside the others.
    """

    auc: float
    low: float
    high: float
    num_people: int
    real: float = float("nan")
    simulated: float = float("nan")


def two_sample_test(
    real: Record,
    crowds: Sequence[Record],
    seed: int,
    num_halves: int = _HALVES,
    num_redrawn: int = _REDRAWN,
    control: float | None = None,
) -> TwoSampleTest:
    """Test whether real and simulated people can be told apart.

    Args:
        real: the recorded people.
        crowds: simulated ones who were asked the same, two crowds or more.
        seed: of folds, trees and resamples.
        num_halves: random halves of real people in the control; without any, neither
            control is asked.
        num_redrawn: resamples of people; without any there is no interval.
        control: area for random halves of these real people, where it is known from a
            test of other simulated ones.
    """
    person, rows = summarise_people(real)
    size = person.size
    if size < _LEAST_PEOPLE:
        nothing = float("nan")
        return TwoSampleTest(nothing, nothing, nothing, size)
    each = [summarise_people(crowd) for crowd in crowds]
    people, drawn = map(np.concatenate, zip(*each, strict=True))
    rng = np.random.default_rng(seed)

    def tell(first: Floats, whose: Ints, second: Floats, theirs: Ints) -> Scored:
        return _tell_apart(rng, np.concatenate([first, second]), whose, theirs)

    scored = tell(rows, person, drawn, people)
    halves = [] if control is None else [control]
    for _ in range(num_halves if control is None else 0):
        is_in = rng.permutation(size) < size // 2
        halves.append(
            tell(rows[is_in], person[is_in], rows[~is_in], person[~is_in]).auc()
        )
    low = high = np.nan
    if num_redrawn:
        drawn_people = [rng.choice(person, size) for _ in range(num_redrawn)]
        low, high = np.nanquantile(scored.areas(drawn_people), [0.025, 0.975])
    found = TwoSampleTest(scored.auc(), float(low), float(high), size)
    if not halves:
        return found
    (whose, first), others = each[0], each[1:]
    theirs, second = map(np.concatenate, zip(*others, strict=True))
    among = tell(first, whose, second, theirs).auc()
    return found._replace(real=float(np.mean(halves)), simulated=among)


class Scored(NamedTuple):
    """Scores of a classifier by people of two kinds, each left out when scored.

    Attributes:
        score: `[R]` how likely each row is of the first kind.
        is_first: `[R]`.
        person: `[R]` whose row it is.
    """

    score: Floats
    is_first: NDArray[np.bool_]
    person: Ints

    def auc(self) -> float:
        """Return the area under the curve."""
        return float(self._areas(np.ones((1, self.person.size)))[0])

    def areas(self, drawn: Sequence[Ints]) -> Floats:
        """Return areas of people drawn, each as often as they were; nan of one kind."""
        size = int(self.person.max()) + 1
        count = np.array([np.bincount(people, minlength=size) for people in drawn])
        return self._areas(count[:, self.person].astype(float))

    def _areas(self, weight: Floats) -> Floats:
        """Return how often a first one scores higher, a tie counting half; `[R]`."""
        order = np.argsort(self.score, kind="stable")
        level = np.flatnonzero(np.diff(self.score[order], prepend=-np.inf))
        first, second = (
            np.add.reduceat((weight * is_in)[:, order], level, axis=1)
            for is_in in (self.is_first, ~self.is_first)
        )
        below = np.cumsum(second, axis=1) - second / 2.0
        pairs = first.sum(axis=1) * second.sum(axis=1)
        won = (first * below).sum(axis=1)
        return np.asarray(np.where(pairs > 0, won / np.maximum(pairs, 1e-9), np.nan))


def _tell_apart(
    rng: np.random.Generator, features: Floats, whose: Ints, theirs: Ints
) -> Scored:
    """Score rows by forests that have not seen their people."""
    person = np.concatenate([whose, theirs])
    is_first = np.arange(person.size) < whose.size
    features = np.nan_to_num(features)
    names = rng.permutation(np.unique(person))
    fold = np.empty(int(person.max()) + 1, int)
    fold[names] = np.arange(names.size) % _FOLDS
    score = np.zeros(person.size)
    for number in range(_FOLDS):
        out = fold[person] == number
        forest = RandomForestClassifier(
            _TREES,
            min_samples_leaf=3,
            class_weight="balanced",
            random_state=int(rng.integers(2**31)),
        )
        forest.fit(features[~out], is_first[~out])
        score[out] = forest.predict_proba(features[out])[:, 1]
    return Scored(score, is_first, person)


def summarise_people(record: Record) -> tuple[Ints, Floats]:
    """Return people with five answers or more, and a row of each: what, how long.

    Accuracy, agreement with the others, use of every option, and the mean, spread and
    tails of log seconds, and how much more errors take, where times are recorded. Where
    rows stand in the order of work: errors and answers in a row, trend and memory of
    log seconds.
    """
    order = np.argsort(record.person, kind="stable")
    edges = np.searchsorted(record.person[order], np.arange(record.num_people + 1))
    others = _others_share(record)
    people, rows = [], []
    for person, (start, stop) in enumerate(pairwise(edges)):
        own = order[start:stop]
        own = own[record.answer[own] >= 0]
        if own.size >= _LEAST_ANSWERS:
            people.append(person)
            rows.append(_summary(record, own, others))
    return np.array(people, np.int64), np.array(rows).reshape(len(rows), -1)


def _summary(record: Record, own: np.ndarray, others: Floats) -> list[float]:
    answer = record.answer[own]
    wrong = answer != record.truth[record.item[own]]
    found = [
        float(wrong.mean()),
        float(np.nanmean(np.append(others[own], 0.5))),
        *(np.bincount(answer, minlength=record.num_options) / own.size).tolist(),
    ]
    if record.is_ordered:
        found.append(float((wrong[1:] & wrong[:-1]).mean()))
        found.append(float((answer[1:] == answer[:-1]).mean()))
    if record.seconds is not None:
        found += _summary_of_times(record.seconds[own], wrong, record.is_ordered)
    return found


def _summary_of_times(
    seconds: Floats, wrong: NDArray[np.bool_], is_ordered: bool
) -> list[float]:
    known = np.isfinite(seconds) & (seconds > 0)
    if known.sum() < _LEAST_ANSWERS:
        return [float("nan")] * (7 if is_ordered else 5)
    logs, slow = np.log(seconds[known]), wrong[known]
    gap = logs[slow].mean() - logs[~slow].mean() if 0 < slow.sum() < slow.size else 0.0
    centred = logs - logs.mean()
    low, high = np.percentile(centred, [10, 90])
    found = [*map(float, (logs.mean(), logs.std(), low, high, gap))]
    if is_ordered:
        found.append(float(np.polyfit(np.linspace(-1, 1, logs.size), logs, 1)[0]))
        found.append(
            float((centred[1:] * centred[:-1]).mean() / max(centred.var(), 1e-9))
        )
    return found


def _others_share(record: Record) -> Floats:
    """Return the share of others who gave the same answer to the item, `[L]`."""
    counts = np.zeros((record.num_items, record.num_options))
    given = record.answer >= 0
    np.add.at(counts, (record.item[given], record.answer[given]), 1.0)
    same = counts[record.item, np.maximum(record.answer, 0)] - 1.0
    rest = counts.sum(axis=1)[record.item] - 1.0
    share = np.full(record.person.size, np.nan)
    np.divide(same, rest, out=share, where=rest > 0)
    return share
