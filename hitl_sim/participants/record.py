"""Answers of real or simulated people, numbered, one row per answer."""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, sparse
from scipy.sparse import csgraph

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Record:
    """Answers of real or simulated people, `L` rows in order of person and work.

    Attributes:
        name: name of the set.
        num_options: number of options K; a preference has 3, the second is a tie.
        person: `[L]` person 0 ... A - 1.
        item: `[L]` item 0 ... N - 1.
        occasion: `[L]` 0 at the person's first look at the item.
        answer: `[L]` option, -1 where there is none.
        truth: `[N]` right option.
        size: `[N]` length of the item relative to the median item.
        sizes: people per item of the redundancy curve; empty where the truth is a
            consensus of the same answers.
        is_ordered: whether rows stand in the order of work.
        seconds: `[L]` time of the answer, s; nan where unknown. Of a unit of several
            answers each has an equal share.
        unit: `[L]` page or form whose seconds the row shares; None where each answer
            has its own.
        unit_size: `[L]` answers that share them.
        objects: `[N, 2]` what a preference compares.
        marks: `[L, S]` marked parts.
        num_parts: `[N]` parts that the item has.
    """

    by_row: ClassVar[tuple[str, ...]] = (
        "person",
        "item",
        "occasion",
        "answer",
        "seconds",
        "unit",
        "unit_size",
        "marks",
    )
    by_item: ClassVar[tuple[str, ...]] = ("truth", "size", "objects", "num_parts")

    name: str
    num_options: int
    person: Ints
    item: Ints
    occasion: Ints
    answer: Ints
    truth: Ints
    size: Floats
    sizes: tuple[int, ...] = ()
    is_ordered: bool = False
    seconds: Floats | None = None
    unit: Ints | None = None
    unit_size: Ints | None = None
    objects: Ints | None = None
    marks: NDArray[np.bool_] | None = None
    num_parts: Ints | None = None

    @property
    def times(self) -> Floats:
        """Seconds of a set that has them."""
        if self.seconds is None:
            raise ValueError(f"`seconds` must be recorded, {self.name} has none.")
        return self.seconds

    @property
    def num_people(self) -> int:
        """Number of people A, those without a row included."""
        return int(self.person.max()) + 1

    @property
    def num_items(self) -> int:
        """Number of items N, those without a row included."""
        return int(self.truth.size)

    @property
    def work(self) -> Ints:
        """Rows of each person, `[A]`."""
        return np.bincount(self.person, minlength=self.num_people)

    @property
    def work_share(self) -> Floats:
        """Share of all rows that each person has, `[A]`."""
        return np.asarray(self.work / self.person.size)

    @property
    def per_item(self) -> Ints:
        """Rows of each item, `[N]`."""
        return np.bincount(self.item, minlength=self.num_items)


def select(record: Record, rows: NDArray[np.bool_]) -> Record:
    """Keep some rows; people and items keep their numbers."""
    kept = {name: getattr(record, name) for name in record.by_row}
    return replace(
        record, **{name: v[rows] for name, v in kept.items() if v is not None}
    )


def first_answers(record: Record) -> Record:
    """Keep first looks that were answered, of items whose truth is known."""
    known = (record.answer >= 0) & (record.occasion == 0)
    return select(record, known & (record.truth[record.item] >= 0))


def pair_looks(record: Record, chosen: NDArray[np.bool_]) -> tuple[Ints, Ints]:
    """Return the rows of first and of second looks at an item, among those chosen."""
    cell = record.person * record.num_items + record.item
    looks = [np.nonzero((record.occasion == look) & chosen)[0] for look in (0, 1)]
    again = cell[looks[1]]
    _, first, second = np.intersect1d(cell[looks[0]], again, return_indices=True)
    return looks[0][first], looks[1][second]


def share_seconds(record: Record, seconds: Floats) -> Floats:
    """Return each answer's equal share of the seconds of its unit, `[L]`.

    `seconds` are those of answers, `[L]`; they stay where each answer has its own.
    """
    if record.unit is None:
        return seconds
    total = np.bincount(record.unit, weights=seconds)
    shared: Floats = (total / np.bincount(record.unit).clip(1))[record.unit]
    return shared


def renumber(record: Record) -> Record:
    """Number the people and items anew that have a row; the others are left out."""
    _, person = np.unique(record.person, return_inverse=True)
    items, item = np.unique(record.item, return_inverse=True)
    kept = {name: getattr(record, name) for name in record.by_item}
    by_item = {name: v[items] for name, v in kept.items() if v is not None}
    return replace(record, person=person, item=item, **by_item)


def components(person: Ints, item: Ints) -> Ints:
    """Number, per row, the groups of people and items that never meet another group."""
    people = int(person.max()) + 1
    size = people + int(item.max()) + 1
    meet = sparse.coo_array((np.ones(item.size), (person, people + item)), (size, size))
    label = csgraph.connected_components(meet, directed=False)[1][:people]
    return np.unique(label, return_inverse=True)[1][person]


def starts(count: Ints) -> Ints:
    """Return where each group begins, when groups of these sizes follow each other."""
    first: Ints = np.cumsum(count) - count
    return first


def places(group: Ints) -> Ints:
    """Return the place of each row among the rows of its group, from 0, `[L]`."""
    order = np.argsort(group, kind="stable")
    place = np.empty_like(order)
    place[order] = np.arange(order.size) - starts(np.bincount(group))[group[order]]
    return place


def medians(values: Floats, group: Ints) -> Floats:
    """Return the median of every group, nan of an empty one.

    Of values and groups `[L]`, groups from 0; the medians are `[G]`.
    """
    found = np.full(int(group.max(initial=-1)) + 1, np.nan)
    there = np.unique(group)
    if there.size:
        found[there] = ndimage.median(values, group, there)
    return found
