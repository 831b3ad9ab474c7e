"""Cut a record: other people and other items, or other cells of both."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hitl_sim.participants.record import Record, select, take_half

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
    half = np.where(person == item, person, -1)
    marked = select(record, half >= 0)
    marked = replace(marked, half=half[half >= 0])
    return Halves(
        fitted=take_half(marked, 0),
        held=take_half(marked, 1),
        held_items=half_of_item == 1,
        old_items=np.unique(record.item[half == 1]),
    )


def take_items(
    record: Record, wanted: NDArray[np.bool_]
) -> tuple[Record, NDArray[np.int64]]:
    """Keep what all people said of some items; both are numbered anew.

    Returns:
        The record, and the items' old numbers.
    """
    chosen = wanted[record.item]
    kept = replace(record, half=np.where(chosen, 0, 1))
    return take_half(kept, 0), np.unique(record.item[chosen])


def alternate(rng: np.random.Generator, by: NDArray[np.float64]) -> NDArray[np.int64]:
    """Give the first of every two neighbours in some order one half by lot."""
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
