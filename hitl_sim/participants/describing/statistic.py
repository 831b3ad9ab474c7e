"""Statistics of a record, the same for real and for simulated people.

`describe` returns whatever the record can give: a statistic that it cannot is absent.
Rates are compared on the logit scale, times on the log scale, coefficients (kappa,
alpha, correlations, log differences) as they are.
"""

import copy
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple, SupportsFloat

import numpy as np
from scipy import sparse

from hitl_sim.participants.describing.redundancy import curve, slots
from hitl_sim.participants.record import (
    Floats,
    Ints,
    Record,
    medians,
    pair_looks,
    select,
    starts,
)
from oracles.agreement import (
    confusion,
    fleiss_kappa,
    krippendorff_alpha,
    mark_agreement,
    practice_curve,
    retest,
    shared_error,
    time_by_correctness,
)
from oracles.agreement.redundancy import by_lot

RATE, TIME, PLAIN = "logit", "log", "plain"

# Rates are kept this far from 0 and 1, so that a quantile at the edge has a logit.
EDGE = 0.005
_FARTHEST = np.log((1.0 - EDGE) / EDGE) - 1e-9
MIN_ANSWERS = 10


class Statistic(NamedTuple):
    """A number and the scale on which it is compared."""

    scale: str
    value: float

    @property
    def place(self) -> float:
        """The number on its scale."""
        if self.scale == RATE:
            share = min(max(self.value, EDGE), 1.0 - EDGE)
            return float(np.log(share / (1.0 - share)))
        return float(np.log(self.value)) if self.scale == TIME else self.value

    @classmethod
    def from_place(cls, scale: str, place: float) -> "Statistic":
        """Return the statistic that lies at a place of its scale."""
        if scale == RATE and abs(place) >= _FARTHEST:
            return cls(scale, float(place > 0.0))
        if scale == RATE:
            return cls(scale, float(1.0 / (1.0 + np.exp(-place))))
        return cls(scale, float(np.exp(place)) if scale == TIME else place)


Table = dict[str, Statistic]


def on_scale(scale: str, values: Mapping[str, SupportsFloat]) -> Table:
    """Put values by name on a scale."""
    return {name: Statistic(scale, float(value)) for name, value in values.items()}


def quantiles(
    name: str, values: Floats, levels: tuple[int, ...], scale: str = RATE
) -> Table:
    """Return quantiles at levels in percent; none of fewer than ten values."""
    if values.size < MIN_ANSWERS:
        return {}
    found = zip(levels, np.percentile(values, levels), strict=True)
    return on_scale(scale, {f"{name}, {level} %": value for level, value in found})


# Times that a median of the practice curve must have.
MIN_CASES = 20


def own_mean(record: Record, values: Floats) -> Floats:
    """Return the mean of every person's known values, `[A]`."""
    known = np.isfinite(values)
    total = np.bincount(
        record.person[known], weights=values[known], minlength=record.num_people
    )
    count = np.bincount(record.person[known], minlength=record.num_people)
    return total / np.maximum(count, 1)


def _by_unit(record: Record) -> Record:
    """Merge rows of one work unit: right where all its judged answers are."""
    if record.unit is None:
        return record
    _, head, unit = np.unique(record.unit, return_index=True, return_inverse=True)
    order = np.argsort(head)
    rank = np.empty_like(order)
    rank[order] = np.arange(order.size)
    judged = (record.answer != 1) & (record.truth[record.item] >= 0)
    wrong = judged & (record.answer != record.truth[record.item])
    is_wrong = np.bincount(rank[unit], weights=wrong) > 0
    rows = np.isin(np.arange(record.person.size), head)
    merged = select(record, rows)
    # One made-up item whose truth is 0: 1 stands for a unit with an error.
    return replace(
        merged,
        item=np.zeros(merged.item.size, np.int64),
        truth=np.zeros(1, np.int64),
        answer=is_wrong.astype(np.int64),
        unit=None,
    )


def describe_times(record: Record) -> Table:
    """Return every statistic of the times of first looks."""
    units = _by_unit(record)
    units = select(units, np.isfinite(units.times) & (units.answer >= 0))
    seconds = units.times
    log_time = np.log(seconds)
    count = units.work
    many = count[units.person] >= MIN_ANSWERS
    own = own_mean(units, log_time)
    spread = (log_time - own[units.person])[count[units.person] >= 2]
    freedom = spread.size - (count >= 2).sum()
    within = float(np.sqrt((spread**2).sum() / freedom))
    between = float(own[count >= MIN_ANSWERS].std())
    table = quantiles("seconds", seconds, (5, 25, 50, 75, 95, 99), TIME)
    spreads = {"within people": within, "between people": max(between, 1e-6)}
    table |= on_scale(TIME, {f"sd of log seconds {n}": v for n, v in spreads.items()})
    if many.any():
        ratio = (seconds / medians(seconds, units.person)[units.person])[many]
        shares = {"over 10 x the": ratio > 10, "under a third of the": ratio < 1 / 3}
        table |= on_scale(
            RATE, {f"answers {n} own median": v.mean() for n, v in shares.items()}
        )
    table |= _by_correctness(units)
    if record.size.std() > 0:
        with_length = _length_correlation(units, log_time - own[units.person])
        table |= on_scale(
            PLAIN, {"correlation of log time and log length": with_length}
        )
    return table | (_order(units) if record.is_ordered else {})


def _grid(record: Record) -> tuple[Floats, np.ndarray, np.ndarray]:
    """Lay seconds, rightness and what exists out as `[T, A]`, in the order of work."""
    _, person = np.unique(record.person, return_inverse=True)
    count = np.bincount(person)
    start = starts(count)
    order = np.argsort(person, kind="stable")
    place = np.empty_like(order)
    place[order] = np.arange(order.size) - start[person[order]]
    seconds = np.ones((count.max(), count.size))
    right = np.zeros(seconds.shape, bool)
    given = np.zeros(seconds.shape, bool)
    seconds[place, person] = record.times
    right[place, person] = record.answer == record.truth[record.item]
    given[place, person] = True
    return seconds, right, given


def _by_correctness(record: Record) -> Table:
    count = record.work
    found = time_by_correctness(*_grid(select(record, count[record.person] >= 2)))
    shares = found.accuracy_by_time
    return {
        "log time of errors over right answers": Statistic(PLAIN, found.log_gap),
        "accuracy, fastest tenth": Statistic(RATE, float(shares[0])),
        "accuracy, slowest tenth": Statistic(RATE, float(shares[-1])),
    }


def _length_correlation(record: Record, centred: Floats) -> float:
    """Correlate an item's median log time, people's means out, with its length."""
    order = np.lexsort((centred, record.item))
    count = record.per_item
    start = starts(count)
    has = count >= 5
    middle = centred[order][start[has] + count[has] // 2]
    return float(np.corrcoef(middle, np.log(record.size[has]))[0, 1])


def _order(record: Record) -> Table:
    seconds, _, given = _grid(record)
    if record.objects is not None:
        # Workloads differ a hundredfold: the number of the unit says more than a share.
        edges = (0, 1, 4, 10, 30, 100, 10**6)
        bins = {
            f"units {a + 1} to {b}": seconds[a:b][given[a:b]]
            for a, b in pairwise(edges)
        }
        found = {
            n: np.median(bin_) for n, bin_ in bins.items() if bin_.size >= MIN_CASES
        }
    else:
        tenths = practice_curve(seconds, given)
        found = {f"tenth {tenth}": tenths[tenth - 1] for tenth in (1, 2, 5, 10)}
    table = on_scale(
        TIME, {f"practice: median seconds, {n}": value for n, value in found.items()}
    )
    centred = np.where(given, np.log(seconds), np.nan)
    centred = centred - np.nanmean(centred, axis=0)
    both = given[1:] & given[:-1]
    now, before = centred[1:][both], centred[:-1][both]
    lag = (now * before).mean() / np.nanmean(centred**2)
    return table | on_scale(PLAIN, {"lag-1 correlation of log seconds": lag})


# Items that two people must share for a kappa of the pair.
MIN_COMMON = 10
EM_GAIN = "Dawid-Skene's gain over majority"


def describe(
    record: Record, rng: np.random.Generator, num_draws: int = 8, num_em_draws: int = 4
) -> Table:
    """Return every statistic that a record identifies.

    Draws are those of people for the majority and the Dawid-Skene curves.
    """
    table: Table = {}
    first = select(record, record.occasion == 0)
    judged = _judged(first)
    table |= _accuracy(judged) | _confusion(judged) | _agreement(first, rng)
    table |= _shared(judged) | _redundancy(judged, rng, num_draws, num_em_draws)
    if record.occasion.any():
        table |= _looks(record)
    if record.seconds is not None:
        table |= describe_times(first)
    if record.deadline_s is not None:
        missed = float((record.answer < 0).mean())
        table["missed the deadline"] = Statistic(RATE, missed)
    if record.marks is not None:
        table |= _marks(record)
    if record.objects is not None:
        table |= _ties(record)
    return {k: s for k, s in table.items() if np.isfinite(s.value)}


def _judged(record: Record) -> Record:
    """Keep the answers that are right or wrong: not ties, nor items without truth."""
    known = record.truth[record.item] >= 0
    if record.objects is not None:
        known &= record.answer != 1
    return select(record, known & (record.answer >= 0))


def _share_by(index: Ints, flag: np.ndarray, size: int, least: int) -> Floats:
    """Return the share of rows with a flag, of every index with `least` rows."""
    count = np.bincount(index, minlength=size)
    hits = np.bincount(index, weights=flag, minlength=size)
    return hits[count >= least] / count[count >= least]


def _accuracy(record: Record) -> Table:
    right = record.answer == record.truth[record.item]
    people = _share_by(record.person, right, record.num_people, MIN_ANSWERS)
    items = _share_by(record.item, right, record.num_items, 2)
    lost = np.where(items == 0.5, 0.5, items < 0.5)
    shares = {"nobody errs": items == 1.0, "most err": lost}
    return (
        on_scale(RATE, {"accuracy": right.mean()})
        | quantiles("accuracy by person", people, (5, 25, 50, 75, 95))
        | quantiles("accuracy by item", items, (5, 25, 50))
        | on_scale(RATE, {f"items that {n} on": v.mean() for n, v in shares.items()})
    )


def _confusion(record: Record) -> Table:
    """Cells of a small confusion, a summary of a large one."""
    if record.objects is not None:
        return {}
    k = record.num_options
    cells = confusion(record.answer[:, None], record.truth[record.item], k)
    cells = cells[cells.sum(axis=1) > 0]
    truths = np.unique(record.truth[record.item])
    rates = cells / cells.sum(axis=1, keepdims=True)
    if k <= 3:
        return {
            f"confusion: says {option} of {truth}": Statistic(RATE, rates[row, option])
            for row, truth in enumerate(truths)
            for option in range(k)
            if option != truth
        }
    recall = rates[np.arange(truths.size), truths]
    wrong = cells.astype(float)
    wrong[np.arange(truths.size), truths] = 0.0
    top = wrong.max(axis=1).sum() / wrong.sum()
    named = cells.sum(axis=0) / cells.sum()
    return {
        "confusion: recall of the worst class": Statistic(RATE, recall.min()),
        "confusion: recall of the median class": Statistic(RATE, np.median(recall)),
        "confusion: recall of the best class": Statistic(RATE, recall.max()),
        "confusion: errors in the commonest wrong class": Statistic(RATE, top),
        "confusion: share of the class named most": Statistic(RATE, named.max()),
    }


def _agreement(record: Record, rng: np.random.Generator) -> Table:
    given, _ = slots(select(record, record.answer >= 0))
    table = {"Krippendorff alpha": Statistic(PLAIN, krippendorff_alpha(given))}
    if record.objects is not None:
        ordinal = krippendorff_alpha(given, "ordinal")
        table["Krippendorff alpha, ordinal"] = Statistic(PLAIN, ordinal)
    table["Fleiss kappa"] = Statistic(PLAIN, _fleiss(given, rng))
    table["Cohen kappa"] = Statistic(PLAIN, _cohen(record))
    return table


def _fleiss(given: Ints, rng: np.random.Generator) -> float:
    """Return Fleiss' kappa of as many answers, drawn, as nine in ten items have."""
    count = (given >= 0).sum(axis=1)
    count = count[count >= 2]
    if not count.size:
        return float("nan")
    depth = max(int(np.quantile(count, 0.1, method="lower")), 2)
    enough = given[(given >= 0).sum(axis=1) >= depth]
    drawn = by_lot(rng, enough)[:, :depth]
    return fleiss_kappa(np.take_along_axis(enough, drawn, axis=1))


def _cohen(record: Record) -> float:
    """Return the mean of Cohen's kappa over pairs of people with enough in common.

    Pairs are weighted by their common items. People who meet are few among those who
    could, so the pairs are counted by sparse products.
    """
    kept = select(record, record.answer >= 0)
    shape = (kept.num_items, record.num_people)
    ones = np.ones(kept.item.size)
    took = sparse.csr_array((ones, (kept.item, kept.person)), shape)
    common = took.T @ took
    agreed, by_chance = 0.0 * common, 0.0 * common
    for option in range(record.num_options):
        hit = kept.answer == option
        named = sparse.csr_array((ones[hit], (kept.item[hit], kept.person[hit])), shape)
        margin = named.T @ took
        agreed = agreed + named.T @ named
        by_chance = by_chance + margin.multiply(margin.T)
    pairs = sparse.triu(common, k=1).tocoo()
    enough = pairs.data >= MIN_COMMON
    if enough.sum() < 3:
        return float("nan")
    row, column, size = pairs.row[enough], pairs.col[enough], pairs.data[enough]
    observed = np.asarray(agreed.tocsr()[row, column]).ravel() / size
    chance = np.asarray(by_chance.tocsr()[row, column]).ravel() / size**2
    open_ = chance < 1.0 - 1e-9
    kappa = (observed[open_] - chance[open_]) / (1.0 - chance[open_])
    return float(np.average(kappa, weights=size[open_]))


def _shared(record: Record) -> Table:
    given, item = slots(record)
    found = shared_error(given, record.truth[item])
    table = {
        "P(second errs | first errs)": Statistic(RATE, found.second_errs_if_first),
        "kappa of being right": Statistic(PLAIN, found.kappa),
    }
    if record.num_options > 2 and record.objects is None:
        same = Statistic(RATE, found.same_if_both)
        table["P(same wrong | both wrong)"] = same
    return table


def _redundancy(
    record: Record, rng: np.random.Generator, num_draws: int, num_em_draws: int
) -> Table:
    if not record.sizes:
        return {}
    majority = curve(rng, record, "majority", record.sizes, num_draws)
    more = tuple(size for size in record.sizes if size > 1)
    # A gain is of the same people, whatever joins their answers.
    same_people = copy.deepcopy(rng)
    weighed = curve(rng, record, "dawid_skene", more, num_em_draws)
    gain = weighed - curve(same_people, record, "majority", more, num_em_draws)
    return {
        f"{name} of {size}": Statistic(scale, value)
        for name, scale, sizes, values in (
            ("majority", RATE, record.sizes, majority),
            ("Dawid-Skene", RATE, more, weighed),
            (EM_GAIN, PLAIN, more, gain),
        )
        for size, value in zip(sizes, values, strict=True)
    }


def _looks(record: Record) -> Table:
    """Compare second looks with the first."""
    first, second = pair_looks(record, record.occasion >= 0)
    truth = record.truth[record.item[first]]
    found = retest(record.answer[first], record.answer[second], truth)
    shares = (found.same, found.same_if_right, found.same_if_wrong)
    same_look = zip(("", " if right", " if wrong"), shares, strict=True)
    table = on_scale(
        RATE, {f"second look the same{n}": value for n, value in same_look}
    )
    table |= on_scale(PLAIN, {"Cohen kappa of two looks": found.kappa})
    if record.seconds is not None:
        log_time = np.log(record.times)
        same = record.answer[first] == record.answer[second]
        centred = log_time[first] - own_mean(record, log_time)[record.person[first]]
        ratio = float(np.exp(np.median(log_time[second] - log_time[first])))
        table["time of the second look over the first"] = Statistic(TIME, ratio)
        if same.any() and not same.all():
            changed = float(centred[~same].mean() - centred[same].mean())
            table["log time of answers later changed"] = Statistic(PLAIN, changed)
    return table


def _marks(record: Record) -> Table:
    if record.num_parts is None or record.marks is None:
        return {}
    parts = record.num_parts[record.item]
    share = record.marks.sum(axis=1) / parts
    people = own_mean(record, share)[record.work > 0]
    place = slots(record, np.arange(record.person.size))[0]
    given = place >= 0
    marks = record.marks[np.maximum(place, 0)] & given[:, :, None]
    items = np.unique(record.item)
    is_part = np.arange(marks.shape[2])[None, :] < record.num_parts[items][:, None]
    found = mark_agreement(marks, given, is_part)
    table = {
        "mark share": Statistic(RATE, float(record.marks.sum() / parts.sum())),
        "mark overlap, Jaccard": Statistic(RATE, found.jaccard),
        "mark overlap, F1": Statistic(RATE, found.f1),
        "answers without a mark": Statistic(RATE, float((share == 0).mean())),
    }
    return table | quantiles("mark share by person", people, (5, 25, 50, 75, 95))


def _ties(record: Record) -> Table:
    tie = record.answer == 1
    people = _share_by(record.person, tie, record.num_people, MIN_ANSWERS)
    table = {"tie share": Statistic(RATE, float(tie.mean()))}
    return table | quantiles("tie share by person", people, (5, 25, 50, 75, 95))
