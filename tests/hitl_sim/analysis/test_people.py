"""Recorded answers and times are measured, and no stronger than what they lack."""

import dataclasses

import numpy as np
import pytest

from hitl_sim.analysis.bill import usage_at
from hitl_sim.analysis.decision import resting_on
from hitl_sim.analysis.label import label_seconds
from hitl_sim.analysis.people import describe_people, kinds_of
from hitl_sim.analysis.record import read_groups
from hitl_sim.analysis.target import Stop
from hitl_sim.energy import Kind, Scope, exact

MEASURED, SIMULATED = Kind.MEASURED_COUNTER, Kind.SIMULATED
CLOCK = Kind.MODELLED_ANALYTIC


@pytest.fixture
def replayed(synthetic):
    """Return a labelling arm of two runs whose answers were replayed."""

    def build(**counts):
        table, _ = synthetic.make_study([synthetic.labelling()], num_replicates=2)
        group = next(g for g in read_groups(table) if g.kind == "labelling")
        whole = {"replayed": 300, "modelled": 0, "untimed": 0, "left_out": 0} | counts
        replay = {name: np.full(2, float(n)) for name, n in whole.items()}
        return dataclasses.replace(group, replay=replay)

    return build


@pytest.mark.parametrize(
    ("counts", "answers", "worked", "clock"),
    [
        ({}, MEASURED, MEASURED, CLOCK),
        ({"left_out": 5}, MEASURED, MEASURED, CLOCK),
        ({"untimed": 1}, MEASURED, SIMULATED, SIMULATED),
        ({"modelled": 1}, SIMULATED, SIMULATED, SIMULATED),
    ],
)
def test_one_answer_or_time_that_is_modelled_makes_all_simulated(
    replayed, counts, answers, worked, clock
):
    kinds = kinds_of(replayed(**counts))
    assert (kinds.answers, kinds.worked, kinds.clock) == (answers, worked, clock)


def test_pay_beyond_the_answers_rests_on_the_model_of_a_shift(replayed):
    group = replayed()
    assert kinds_of(group).paid is CLOCK
    plain = dataclasses.replace(group, paid_s=group.worked_s)
    assert kinds_of(plain).paid is MEASURED


def test_recorded_seconds_are_measured_and_cite_the_recording(replayed):
    group = replayed()
    stop = Stop(np.array([4, 4]), np.array([True, True]))
    plain = dataclasses.replace(group, paid_s=group.worked_s)
    paid_s = usage_at(plain, stop).shared_among(2.0).seconds("paid_s")
    assert paid_s.kind is MEASURED
    assert paid_s.source == describe_people(group)
    assert paid_s.source.startswith("recorded people: ")
    assert label_seconds([group], {}).kind is CLOCK


def test_outcomes_of_measured_answers_stay_measured(replayed):
    stop = Stop(np.array([4, 4]), np.array([True, True]))
    outcome = exact(0.5, "1", MEASURED, Scope.CONSTANT, "a test set")
    for counts, kind in (({}, MEASURED), ({"modelled": 1}, SIMULATED)):
        usage = usage_at(replayed(**counts), stop)
        assert resting_on(outcome, usage).kind is kind


def test_runs_that_are_selected_keep_their_counts(replayed):
    group = replayed()
    group.replay["modelled"][:] = [3.0, 4.0]
    assert group.select(np.array([1])).replay["modelled"].tolist() == [4.0]
