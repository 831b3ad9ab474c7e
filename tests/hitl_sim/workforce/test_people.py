import dataclasses
import math

import numpy as np
import pytest

from hitl_sim.workforce import Duration, People, with_half_life
from hitl_sim.workforce.people import (
    arrival_rate,
    check_people,
    draw_roster,
)
from hitl_sim.workforce.roster import next_work, onboarding_worked
from hitl_sim.workforce.team import DAY_S

H = 3_600.0
RUNS = 250


def rosters(people, horizon_s, runs=RUNS):
    for seed in range(runs):
        yield draw_roster(people, horizon_s, np.random.default_rng(seed))


@pytest.mark.parametrize(
    "stay", [Duration(2 * DAY_S), with_half_life(DAY_S, "weibull", 0.7)]
)
def test_people_who_come_and_go_are_poisson_once_it_is_steady(stay):
    people = People(team=0, arrivals_per_day=30.0, stay=stay)
    mean = 30.0 * stay.mean_s / DAY_S
    # a Weibull of this shape has outstayed 30 days with probability 4e-6
    found = np.array([r.present(30 * DAY_S) for r in rosters(people, 31 * DAY_S)])
    error = math.sqrt(mean / RUNS)
    assert error <= 0.01 * mean
    assert found.mean() == pytest.approx(mean, abs=4 * error)
    # variance equals mean: its standard error is about sqrt(2/runs) of it
    assert found.var(ddof=1) == pytest.approx(mean, rel=4 * math.sqrt(2 / RUNS))


@pytest.mark.parametrize("hour", [6 * 24 + 3, 8 * 24 + 15, 11 * 24 + 20])
def test_with_a_rhythm_people_present_are_what_came_and_stayed(hour):
    people = People(
        team=0,
        arrivals_per_day=80.0,
        by_hour=tuple(1.0 + math.sin(h / 24 * 2 * math.pi) for h in range(24)),
        by_day=(2.0, 1.0, 1.0, 1.0, 1.0, 0.5, 0.0),
        stay=Duration(1.5 * DAY_S),
    )
    # midpoints of half-minutes: the integral of rate(u) S(t - u)
    step = 30.0
    u = np.arange(0.5, hour * 120.0) * step
    rate = arrival_rate(people)[(u // H).astype(int) % 168]
    mean = float((rate * people.stay.survival(hour * H - u)).sum() * step)
    found = [r.present(hour * H) for r in rosters(people, hour * H + 1)]
    error = math.sqrt(mean / RUNS)
    assert error <= 0.01 * mean
    assert np.mean(found) == pytest.approx(mean, abs=4 * error)


def test_the_place_of_who_leaves_is_filled_after_the_lag():
    people = People(
        team=1,
        stay=Duration(DAY_S, "fixed"),
        lag=Duration(H, "fixed"),
        is_replaced=True,
    )
    roster = next(rosters(people, 3 * DAY_S))
    assert roster.arrive_s.tolist() == [H, DAY_S + 2 * H, 2 * DAY_S + 3 * H]
    assert roster.leave_s.tolist() == [DAY_S + H, 2 * DAY_S + 2 * H, 3 * DAY_S + 3 * H]


def test_who_leaves_is_missing_where_nobody_is_recruited_again():
    people = People(team=5, stay=Duration(DAY_S, "fixed"))
    assert len(next(rosters(people, 9 * DAY_S))) == 5


def test_onboarding_is_worked_within_shifts_and_weekends_are_off():
    people = People(
        team=1, hours_per_day=4, days_per_week=1, starts_h=9.0, onboarding_s=6 * H
    )
    roster = next(rosters(people, 99 * DAY_S))
    # four hours on the first Monday and two on the next
    assert roster.ready_s.tolist() == [7 * DAY_S + 11 * H]
    assert onboarding_worked(roster, 6 * H, 10 * H) == H
    assert onboarding_worked(roster, 6 * H, 3 * DAY_S) == 4 * H
    assert onboarding_worked(roster, 6 * H, 99 * DAY_S) == 6 * H


def test_who_leaves_during_onboarding_is_never_ready():
    stay = Duration(10 * H, "fixed")
    people = People(team=1, stay=stay, onboarding_s=6 * H)
    roster = next(rosters(people, 9 * DAY_S))
    assert roster.ready_s.tolist() == [math.inf]
    assert onboarding_worked(roster, 6 * H, 9 * DAY_S) == H


def test_a_shift_may_go_over_midnight():
    people = People(team=1, hours_per_day=8, starts_h=22.0, days_per_week=7)
    roster = next(rosters(people, DAY_S))
    begin_s, end_s = next_work(roster, slice(None), np.array([25 * H]))
    assert (begin_s.tolist(), end_s.tolist()) == ([25 * H], [30 * H])
    begin_s, end_s = next_work(roster, slice(None), np.array([30 * H]))
    assert (begin_s.tolist(), end_s.tolist()) == ([46 * H], [54 * H])


def test_people_differ_in_pace_and_hours_but_not_on_average():
    people = People(team=100_000, pace_spread=0.8, hours_per_day=4, hours_spread=0.5)
    roster = next(rosters(people, DAY_S))
    error = roster.pace.std() / math.sqrt(len(roster))
    assert roster.pace.mean() == pytest.approx(1.0, abs=5 * error)
    assert np.log(roster.pace).std() == pytest.approx(0.8, rel=0.01)
    error = roster.shift_s.std() / math.sqrt(len(roster))
    assert roster.shift_s.mean() == pytest.approx(4 * H, abs=5 * error)
    assert roster.shift_s.max() <= DAY_S


@pytest.mark.parametrize(
    ("field", "value", "condition"),
    [
        ("team", -1, ">= 0"),
        ("arrivals_per_day", math.nan, ">= 0"),
        ("by_hour", (1.0,), "24 weights >= 0, some > 0"),
        ("by_day", (0.0,) * 7, "7 weights >= 0, some > 0"),
        ("hours_per_day", 25.0, r"in \(0, 24\] h"),
        ("days_per_week", 0, "in 1 to 7"),
        ("starts_h", 24.0, r"in \[0, 24\) h"),
        ("onboarding_s", -1.0, "finite and >= 0 s"),
        ("pace_spread", -0.1, "finite and >= 0"),
        ("team", 0, "have a `team` or `arrivals_per_day` above 0, got nobody"),
    ],
)
def test_impossible_people_are_refused(field, value, condition):
    bad = dataclasses.replace(People(), **{field: value})
    with pytest.raises(ValueError, match=rf"`people.*` must .*{condition}"):
        check_people(bad)
