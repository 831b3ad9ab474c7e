"""Statistics of recorded sets: those of labels, and of what else the sets recorded.

Marks, preferences with ties, answers lost to a deadline and times of whole work units
are here; labels and their times are described as `hitl-sim validate` does.
"""

from dataclasses import replace
from itertools import pairwise

import numpy as np
from recorded import RecordedSet

from hitl_sim.participants.describing import statistic
from hitl_sim.participants.describing.redundancy import slots
from hitl_sim.participants.describing.statistic import (
    MIN_ANSWERS,
    PLAIN,
    RATE,
    TIME,
    Statistic,
    Table,
    on_scale,
    quantiles,
)
from hitl_sim.participants.record import places, select
from oracles.agreement import krippendorff_alpha, mark_agreement

# Times that a median of the practice curve must have.
MIN_CASES = 20
# Workloads differ a hundredfold: the number of a unit says more than a share.
UNIT_EDGES = (0, 1, 4, 10, 30, 100, 10**6)


def describe(
    record: RecordedSet,
    rng: np.random.Generator,
    num_draws: int = 8,
    num_em_draws: int = 4,
) -> Table:
    """Return every statistic that a recorded set identifies; draws as for labels."""
    of_labels = record if record.unit is None else replace(record, seconds=None)
    table = statistic.describe(of_labels, rng, num_draws, num_em_draws)
    if record.objects is not None:
        of_classes = ("confusion", "P(same wrong")
        table = {n: s for n, s in table.items() if not n.startswith(of_classes)}
        table |= _preferences(record)
    if record.unit is not None and record.seconds is not None:
        table |= _unit_times(by_unit(select(record, record.occasion == 0)))
    if record.deadline_s is not None:
        missed = float((record.answer < 0).mean())
        table["missed the deadline"] = Statistic(RATE, missed)
    if record.marks is not None:
        table |= _marks(record)
    return {n: s for n, s in table.items() if np.isfinite(s.value)}


def by_unit(record: RecordedSet) -> RecordedSet:
    """Merge rows of one work unit: right where all its judged answers are."""
    _, head, unit = np.unique(record.unit, return_index=True, return_inverse=True)
    order = np.argsort(head)
    rank = np.empty_like(order)
    rank[order] = np.arange(order.size)
    judged = (record.answer != 1) & (record.truth[record.item] >= 0)
    wrong = judged & (record.answer != record.truth[record.item])
    is_wrong = np.bincount(rank[unit], weights=wrong) > 0
    merged = select(record, np.isin(np.arange(record.person.size), head))
    if merged.seconds is None or merged.unit_size is None:
        raise ValueError(f"`seconds` must be of units, got {record.name} without.")
    # One made-up item whose truth is 0: 1 stands for a unit with an error.
    return replace(
        merged,
        item=np.zeros(merged.item.size, np.int64),
        truth=np.zeros(1, np.int64),
        answer=is_wrong.astype(np.int64),
        seconds=merged.seconds * merged.unit_size,
        unit=None,
        unit_size=None,
    )


def _unit_times(units: RecordedSet) -> Table:
    """Describe times of units; practice is told by their number, not by tenths."""
    table = statistic.describe_times(units)
    place = places(units.person)
    known = np.isfinite(units.times)
    for low, high in pairwise(UNIT_EDGES):
        times = units.times[known & (place >= low) & (place < high)]
        if times.size >= MIN_CASES:
            name = f"practice: median seconds, units {low + 1} to {high}"
            table[name] = Statistic(TIME, float(np.median(times)))
    return {n: s for n, s in table.items() if ", tenth " not in n}


def _preferences(record: RecordedSet) -> Table:
    first = select(record, (record.occasion == 0) & (record.answer >= 0))
    ordinal = krippendorff_alpha(slots(first)[0], "ordinal")
    tie = record.answer == 1
    count = record.work
    ties = np.bincount(record.person, weights=tie, minlength=record.num_people)
    many = count >= MIN_ANSWERS
    return (
        on_scale(PLAIN, {"Krippendorff alpha, ordinal": ordinal})
        | on_scale(RATE, {"tie share": tie.mean()})
        | quantiles(
            "tie share by person", ties[many] / count[many], (5, 25, 50, 75, 95)
        )
    )


def _marks(record: RecordedSet) -> Table:
    parts = record.num_parts[record.item]
    share = record.marks.sum(axis=1) / parts
    people = statistic.own_mean(record, share)[record.work > 0]
    place = slots(record, np.arange(record.person.size))[0]
    given = place >= 0
    marks = record.marks[np.maximum(place, 0)] & given[:, :, None]
    items = np.unique(record.item)
    is_part = np.arange(marks.shape[2])[None, :] < record.num_parts[items][:, None]
    found = mark_agreement(marks, given, is_part)
    table = {
        "mark share": record.marks.sum() / parts.sum(),
        "mark overlap, Jaccard": found.jaccard,
        "mark overlap, F1": found.f1,
        "answers without a mark": (share == 0).mean(),
    }
    return on_scale(RATE, table) | quantiles(
        "mark share by person", people, (5, 25, 50, 75, 95)
    )
