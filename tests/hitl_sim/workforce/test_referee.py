"""The clock beside exact results of queueing theory.

Each holds by independent runs, the first questions of each dropped, whose standard
error is at most 1 % of the value, and within four of them: a false alarm in 16,000.
"""

import math

import numpy as np
import pytest
from queueing_theory import (
    erlang_a_lost,
    erlang_b,
    erlang_c_wait,
    harmonic,
    repairman_wait,
)

from hitl_sim.workforce import (
    Behaviour,
    Duration,
    First,
    Fixed,
    Lead,
    People,
    Project,
    simulate_project,
)
from hitl_sim.workforce.team import DAY_S

SERVE_S = 20.0
SERVERS = 3
WARM_UP = 500


def slow(load):
    """Keep a load out of the gate; of each result the quickest stays in."""
    return pytest.param(load, marks=pytest.mark.slow)


def always(team, mean_s=SERVE_S, **fields):
    return People(
        team=team,
        hours_per_day=24,
        days_per_week=7,
        seconds=Duration(mean_s),
        **fields,
    )


def holds(values, expected):
    """Hold independent runs against an exact value."""
    values = np.asarray(values)
    assert values.size >= 30
    error = values.std(ddof=1) / math.sqrt(values.size)
    assert error <= 0.01 * expected
    assert values.mean() == pytest.approx(expected, abs=4 * error)


def queue(load, items, seed, **fields):
    """Run items that come in as a Poisson process to a team that is always there."""
    project = Project(
        items,
        always(SERVERS),
        Fixed(1),
        items_per_day=load * SERVERS / SERVE_S * DAY_S,
        horizon_s=1e9,
        **fields,
    )
    return simulate_project(project, seed, warm_up_items=WARM_UP)


def rounds(people, policy, items, seed):
    """Open one item after the other, so far apart that each finds everybody free."""
    project = Project(
        items, always(people), policy, items_per_day=DAY_S / 1e7, horizon_s=1e15
    )
    return simulate_project(project, seed, warm_up_items=10).sojourn.mean


@pytest.mark.parametrize(("people", "items"), [(1, 450), (5, 130), (12, 80)])
def test_a_round_lasts_as_long_as_its_slowest_person(people, items):
    found = [rounds(people, Fixed(people), items, seed) for seed in range(30)]
    holds(found, harmonic(people) * SERVE_S)


@pytest.mark.parametrize(
    ("asked", "kept", "items"), [(3, 2, 250), (8, 3, 200), (5, 5, 130)]
)
def test_the_first_few_of_many_are_in_sooner(asked, kept, items):
    found = [rounds(asked, First(asked, kept), items, seed) for seed in range(30)]
    holds(found, (harmonic(asked) - harmonic(asked - kept)) * SERVE_S)


@pytest.mark.parametrize("accuracy", [0.65, 0.8])
def test_a_lead_is_as_right_and_as_long_on_the_clock(accuracy):
    p, q, lead = accuracy, 1 - accuracy, 2
    team = always(150, behaviour=Behaviour(accuracy))
    project = Project(1_200, team, Lead(lead, 150))
    found = [simulate_project(project, seed) for seed in range(30)]
    assert all(one.is_finished for one in found)
    holds([one.accuracy for one in found], 1 / (1 + (q / p) ** lead))
    number = lead / (p - q) * (p**lead - q**lead) / (p**lead + q**lead)
    holds([one.answered / 1_200 for one in found], number)


@pytest.mark.parametrize("load", [slow(0.5), slow(0.7), slow(0.9)])
def test_questions_wait_as_erlang_c_says(load):
    items = {0.5: 26_000, 0.7: 40_000, 0.9: 260_000}[load]
    waits = [queue(load, items, seed).wait.mean for seed in range(30)]
    holds(waits, erlang_c_wait(SERVERS, load * SERVERS, SERVE_S))


@pytest.mark.parametrize("load", [slow(0.5), slow(0.7), 0.9])
def test_questions_expire_as_erlang_a_says(load):
    items = {0.5: 40_000, 0.7: 14_000, 0.9: 4_500}[load]
    limit = Duration(SERVE_S)
    lost = [
        queue(load, items, seed, wait_limit=limit).expiry.mean for seed in range(30)
    ]
    holds(lost, erlang_a_lost(SERVERS, load * SERVERS, SERVE_S, SERVE_S))


@pytest.mark.parametrize("load", [slow(0.5), slow(0.7), 0.9])
def test_questions_that_cannot_wait_are_lost_as_erlang_b_says(load):
    items = {0.5: 8_000, 0.7: 5_000, 0.9: 2_600}[load]
    limit = Duration(0.0, "fixed")
    lost = [
        queue(load, items, seed, wait_limit=limit).expiry.mean for seed in range(30)
    ]
    holds(lost, erlang_b(SERVERS, load * SERVERS))


@pytest.mark.parametrize("load", [slow(0.5), slow(0.7), 0.9])
def test_people_wait_for_one_device_as_machines_for_a_repairman(load):
    people = 4
    # at this share of thinking the device is about as busy as the load says
    think_s = SERVE_S * people / load
    update = Duration(SERVE_S)
    project = Project(2_600, always(people, think_s), Fixed(1), update=update)
    waits = [
        simulate_project(project, seed, warm_up_items=WARM_UP).device_wait.mean
        for seed in range(30)
    ]
    holds(waits, repairman_wait(people, think_s, SERVE_S))
