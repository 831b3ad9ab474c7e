"""Few people are fitted and most held out, so that policies can be played on these."""

import numpy as np
from known_crowd import make_design
from sim_to_real import hold_most_people

from hitl_sim.participants.record import Record, select


def named(record: Record) -> Record:
    """Let answers say who and what, so that these can be found after a cut."""
    answer = record.person * record.num_items + record.item
    return Record(**{**vars(record), "answer": answer})


def test_most_people_are_held_out_and_share_nothing_with_the_fitted():
    record = named(make_design(num_people=42))
    halves = hold_most_people(record, 0)
    people = [set(h.answer // record.num_items) for h in (halves.fitted, halves.held)]
    assert len(people[0]) == 14
    assert len(people[1]) == 28
    assert not people[0] & people[1]
    items = halves.fitted.answer % record.num_items
    assert not halves.held_items[items].any()
    old = halves.held.answer % record.num_items
    np.testing.assert_array_equal(halves.old_items[halves.held.item], old)


def test_people_held_out_work_as_much_as_the_fitted():
    record = make_design(num_people=42)
    busy = record.person < 21  # these give nine in ten answers
    lots = np.random.default_rng(0).random(record.person.size)
    unequal = select(record, busy | (lots < 0.1))
    halves = hold_most_people(unequal, 0)
    answers = [np.bincount(h.person).mean() for h in (halves.fitted, halves.held)]
    assert 0.9 < answers[1] / answers[0] < 1.1
