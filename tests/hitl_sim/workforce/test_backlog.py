"""The second engine beside the first, and beside exact results."""

import dataclasses
import math

import numpy as np
import pytest
from any_project import PEOPLE
from hypothesis import given, settings
from queueing_theory import erlang_c_wait, queue_waits

from hitl_sim.workforce import (
    Behaviour,
    Duration,
    First,
    Fixed,
    Lead,
    People,
    Posterior,
    Project,
    simulate_project,
    with_half_life,
)
from hitl_sim.workforce.backlog import simulate_backlog
from hitl_sim.workforce.team import DAY_S

CROWD = People(
    team=25,
    arrivals_per_day=3.0,
    lag=Duration(0.3 * DAY_S),
    stay=with_half_life(3 * DAY_S),
    is_replaced=True,
    hours_per_day=5.0,
    hours_spread=0.3,
    starts_over_h=2.0,
    onboarding_s=1_800.0,
    pace_spread=0.4,
    behaviour=Behaviour(0.8, 3, skill_spread=0.5, shared=0.7),
)
SAME = ("end_s", "worked_s", "paid_s", "abandoned", "expired", "accuracy", "claimed")
RUNS = 30


def beside(project, runs=RUNS):
    """Run the same people by both engines; return paired differences by name."""
    pairs = [
        (simulate_project(project, seed), simulate_backlog(project, seed))
        for seed in range(runs)
    ]
    assert all(one.is_finished and other.is_finished for one, other in pairs)
    return {
        name: np.array([getattr(a, name) - getattr(b, name) for a, b in pairs])
        for name in (*SAME, "answered", "people_came", "people_left")
    }


@pytest.mark.parametrize("fields", [{}, {"answer_limit_s": 60.0}], ids=str)
def test_both_engines_come_to_the_same_with_a_fixed_number_of_answers(fields):
    found = beside(Project(2_500, CROWD, Fixed(3), horizon_s=20 * DAY_S, **fields))
    assert not found["answered"].any()
    for name in SAME:
        error = found[name].std(ddof=1) / math.sqrt(RUNS)
        # four standard errors over seven numbers: one false alarm in 2,000
        assert found[name].mean() == pytest.approx(0.0, abs=4 * error + 1e-9), name


def test_both_engines_cross_a_weekend_alike():
    people = dataclasses.replace(CROWD, team=2, arrivals_per_day=0.0, stay=None)
    people = dataclasses.replace(people, days_per_week=2, lag=None)
    project = Project(3_000, people, Fixed(1), horizon_s=50 * DAY_S)
    found = beside(project)
    ends = found["end_s"]
    assert ends.mean() == pytest.approx(0.0, abs=4 * ends.std(ddof=1) / math.sqrt(RUNS))
    assert simulate_project(project, 0).end_s > 7 * DAY_S


@pytest.mark.parametrize("policy", [Lead(2, 9), Posterior(0.97, 0.8, 9)], ids=repr)
def test_policies_that_go_on_asking_take_as_many_answers_and_are_as_right(policy):
    people = dataclasses.replace(CROWD, team=60, stay=None, arrivals_per_day=0.0)
    found = beside(Project(1_200, people, policy, horizon_s=20 * DAY_S))
    for name in ("answered", "accuracy", "claimed"):
        error = found[name].std(ddof=1) / math.sqrt(RUNS)
        assert found[name].mean() == pytest.approx(0.0, abs=4 * error), name
    # people who have seen the last items wait for others: never early, by much
    assert found["end_s"].mean() > 0


@settings(max_examples=60, deadline=None, derandomize=True)
@given(PEOPLE)
def test_the_second_engine_loses_and_invents_nothing(people):
    project = Project(60, people, Fixed(2), horizon_s=6 * DAY_S)
    account = simulate_backlog(project, 3)
    assert account.answered <= 120
    assert account.is_finished == (account.answered == 120)
    assert account.end_s <= 6 * DAY_S
    assert int(account.closed_by_hour.sum()) == account.items_closed


def test_people_who_are_there_day_and_night_are_not_held_up_at_midnight():
    people = People(team=1, hours_per_day=24, days_per_week=7)
    slow = dataclasses.replace(people, seconds=Duration(50_000.0, "fixed"))
    assert simulate_backlog(Project(4, slow, Fixed(1)), 0).end_s == 200_000.0


def test_equal_seeds_give_equal_accounts():
    project = Project(500, CROWD, Lead(2))
    assert repr(simulate_backlog(project, 4)) == repr(simulate_backlog(project, 4))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"items_per_day": 9.0}, "items that come in"),
        ({"wait_limit": Duration(1.0)}, "questions that expire unbegun"),
        ({"update": Duration(1.0)}, "a device that people wait for"),
        ({"policy": First(3, 2)}, "the first of many answers"),
    ],
)
def test_what_only_the_clock_can_do_is_refused(fields, words):
    with pytest.raises(ValueError, match=f"`project` must be without {words}"):
        simulate_backlog(Project(1, **fields), 0)


@pytest.mark.parametrize("servers", [1, 3])
def test_the_clock_follows_the_recursion_question_by_question(servers):
    begun = []

    def look(what, time_s, person, item):
        if what == "begin":
            begun.append(time_s)

    people = People(
        team=servers, hours_per_day=24, days_per_week=7, seconds=Duration(20.0)
    )
    rate = 0.8 * servers / 20.0 * DAY_S
    project = Project(5_000, people, Fixed(1), items_per_day=rate, horizon_s=1e9)
    account = simulate_project(project, 5, look=look)
    # the draws of the clock, in their order
    _, times, _, waits = np.random.default_rng([5]).spawn(4)
    gaps = [Duration(DAY_S / rate).draw(waits, 4_096) for _ in range(2)]
    takes = [people.seconds.draw(times, 4_096) for _ in range(2)]
    asked = np.cumsum(np.concatenate(gaps)[:5_000])
    expected = queue_waits(asked, np.concatenate(takes)[:5_000], servers)
    np.testing.assert_allclose(np.array(begun) - asked, expected, atol=1e-6)
    assert account.wait.mean == pytest.approx(expected.mean())


@pytest.mark.parametrize(
    ("load", "servers", "num"),
    [(0.5, 3, 35_000), (0.7, 3, 40_000), (0.9, 1, 200_000)],
)
def test_the_recursion_waits_as_erlang_c_says(load, servers, num):
    means = []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        arrive_s = np.cumsum(rng.exponential(20.0 / load / servers, num))
        service_s = rng.exponential(20.0, num)
        means.append(queue_waits(arrive_s, service_s, servers)[1_000:].mean())
    expected = erlang_c_wait(servers, load * servers, 20.0)
    error = np.std(means, ddof=1) / math.sqrt(30)
    assert error <= 0.01 * expected
    assert np.mean(means) == pytest.approx(expected, abs=4 * error)
