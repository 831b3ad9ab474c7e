"""Halves share neither people nor items; cells leave everybody known."""

import numpy as np
from known_crowd import make_design

from hitl_sim.participants.record import Record
from hitl_sim.participants.validating.predict import (
    cut_in_halves,
    hold_cells,
    take_items,
)


def named(record: Record) -> Record:
    """Let answers say who and what, so that these can be found after a cut."""
    answer = record.person * record.num_items + record.item
    return Record(**{**vars(record), "answer": answer})


def test_the_halves_share_neither_people_nor_items():
    record = named(make_design())
    halves = cut_in_halves(record, 0)
    people = [set(h.answer // record.num_items) for h in (halves.fitted, halves.held)]
    items = [set(h.answer % record.num_items) for h in (halves.fitted, halves.held)]
    assert not people[0] & people[1]
    assert not items[0] & items[1]
    assert len(people[0]) == len(people[1]) == 20
    assert abs(len(items[0]) - len(items[1])) <= 2
    assert items[1] == set(np.nonzero(halves.held_items)[0])


def test_classes_are_cut_evenly():
    record = make_design()
    halves = cut_in_halves(record, 1)
    shares = [np.bincount(half.truth) for half in (halves.fitted, halves.held)]
    assert np.abs(shares[0] - shares[1]).max() <= 2


def test_held_out_cells_leave_everybody_known():
    record = make_design()
    held = hold_cells(record, 0)
    assert 0.07 < held.mean() < 0.13  # 4 standard errors of 4,600 at .1, and more
    assert set(record.person[~held]) == set(range(record.num_people))


def test_taking_items_keeps_all_people():
    record = named(make_design())
    wanted = np.arange(record.num_items) % 3 == 0
    kept, old = take_items(record, wanted)
    np.testing.assert_array_equal(old, np.nonzero(wanted)[0])
    np.testing.assert_array_equal(kept.answer % record.num_items, old[kept.item])
    assert kept.num_people == record.num_people
