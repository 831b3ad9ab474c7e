"""Statistics of response times: how long, how slow errors are, how people speed up."""

from dataclasses import replace
from itertools import pairwise

import numpy as np

from hitl_sim.participants.group import medians, starts
from hitl_sim.participants.record import Floats, Record, select
from hitl_sim.participants.scale import (
    MIN_ANSWERS,
    PLAIN,
    RATE,
    TIME,
    Statistic,
    Table,
    quantiles,
)
from oracles.agreement import practice_curve, time_by_correctness

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
    count = np.bincount(units.person, minlength=units.num_people)
    many = count[units.person] >= MIN_ANSWERS
    own = own_mean(units, log_time)
    spread = (log_time - own[units.person])[count[units.person] >= 2]
    freedom = spread.size - (count >= 2).sum()
    within = float(np.sqrt((spread**2).sum() / freedom))
    between = float(own[count >= MIN_ANSWERS].std())
    table = quantiles("seconds", seconds, (5, 25, 50, 75, 95, 99), TIME)
    table["sd of log seconds within people"] = Statistic(TIME, within)
    table["sd of log seconds between people"] = Statistic(TIME, max(between, 1e-6))
    if many.any():
        ratio = (seconds / medians(seconds, units.person)[units.person])[many]
        paused, rushed = float((ratio > 10).mean()), float((ratio < 1 / 3).mean())
        table["answers over 10 x the own median"] = Statistic(RATE, paused)
        table["answers under a third of the own median"] = Statistic(RATE, rushed)
    table |= _by_correctness(units)
    if record.size.std() > 0:
        table["correlation of log time and log length"] = Statistic(
            PLAIN, _length_correlation(units, log_time - own[units.person])
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
    count = np.bincount(record.person, minlength=record.num_people)
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
    count = np.bincount(record.item, minlength=record.num_items)
    start = starts(count)
    has = count >= 5
    middle = centred[order][start[has] + count[has] // 2]
    return float(np.corrcoef(middle, np.log(record.size[has]))[0, 1])


def _order(record: Record) -> Table:
    seconds, _, given = _grid(record)
    if record.objects is not None:
        # Workloads differ a hundredfold: the number of the unit says more than a share.
        edges = (0, 1, 4, 10, 30, 100, 10**6)
        bins = [seconds[a:b][given[a:b]] for a, b in pairwise(edges)]
        table = {
            f"practice: median seconds, units {a + 1} to {b}": Statistic(
                TIME, float(np.median(bin_))
            )
            for a, b, bin_ in zip(edges, edges[1:], bins, strict=False)
            if bin_.size >= MIN_CASES
        }
    else:
        medians = practice_curve(seconds, given)
        table = {
            f"practice: median seconds, tenth {tenth}": Statistic(
                TIME, float(medians[tenth - 1])
            )
            for tenth in (1, 2, 5, 10)
        }
    centred = np.where(given, np.log(seconds), np.nan)
    centred = centred - np.nanmean(centred, axis=0)
    both = given[1:] & given[:-1]
    now, before = centred[1:][both], centred[:-1][both]
    table["lag-1 correlation of log seconds"] = Statistic(
        PLAIN, float((now * before).mean() / np.nanmean(centred**2))
    )
    return table
