"""Statistics of a record, the same for real and for simulated people.

`describe` returns whatever the record can give: a statistic that it cannot is absent.
Rates are compared on the logit scale, times on the log scale, coefficients (kappa,
alpha, correlations, log differences) as they are.
"""

import copy
from collections.abc import Mapping
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
    places,
    select,
    starts,
)
from oracles.agreement import (
    confusion,
    fleiss_kappa,
    krippendorff_alpha,
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


def own_mean(record: Record, values: Floats) -> Floats:
    """Return the mean of every person's known values, `[A]`."""
    known = np.isfinite(values)
    total = np.bincount(
        record.person[known], weights=values[known], minlength=record.num_people
    )
    count = np.bincount(record.person[known], minlength=record.num_people)
    return total / np.maximum(count, 1)


def describe_times(record: Record) -> Table:
    """Return every statistic of the times of first looks."""
    units = select(record, np.isfinite(record.times) & (record.answer >= 0))
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
    place = places(person)
    seconds = np.ones((place.max() + 1, person.max() + 1))
    right, given = np.zeros((2, *seconds.shape), bool)
    seconds[place, person] = record.times
    right[place, person] = record.answer == record.truth[record.item]
    given[place, person] = True
    return seconds, right, given


def _by_correctness(record: Record) -> Table:
    count = record.work
    found = time_by_correctness(*_grid(select(record, count[record.person] >= 2)))
    shares = found.accuracy_by_time
    ends = {"accuracy, fastest tenth": shares[0], "accuracy, slowest tenth": shares[-1]}
    slow = {"log time of errors over right answers": found.log_gap}
    return on_scale(PLAIN, slow) | on_scale(RATE, ends)


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
    """Return every statistic of labels that a record identifies.

    Draws are those of people for the majority and the Dawid-Skene curves.
    """
    first = select(record, record.occasion == 0)
    judged = _judged(first)
    table = _accuracy(judged) | _confusion(judged) | _agreement(first, rng)
    table |= _shared(judged) | _redundancy(judged, rng, num_draws, num_em_draws)
    if record.occasion.any():
        table |= _looks(record)
    if record.seconds is not None:
        table |= describe_times(first)
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
    found = {
        "recall of the worst class": recall.min(),
        "recall of the median class": np.median(recall),
        "recall of the best class": recall.max(),
        "errors in the commonest wrong class": top,
        "share of the class named most": named.max(),
    }
    return on_scale(
        RATE, {f"confusion: {name}": value for name, value in found.items()}
    )


def _agreement(record: Record, rng: np.random.Generator) -> Table:
    given, _ = slots(select(record, record.answer >= 0))
    found = {
        "Krippendorff alpha": krippendorff_alpha(given),
        "Fleiss kappa": _fleiss(given, rng),
        "Cohen kappa": _cohen(record),
    }
    return on_scale(PLAIN, found)


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
    table = on_scale(RATE, {"P(second errs | first errs)": found.second_errs_if_first})
    table |= on_scale(PLAIN, {"kappa of being right": found.kappa})
    if record.num_options > 2:
        table |= on_scale(RATE, {"P(same wrong | both wrong)": found.same_if_both})
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
