import dataclasses
import math

import numpy as np
import pytest

from hitl_sim.workforce import Behaviour, Duration, First, Fixed, Lead, People, Project
from hitl_sim.workforce.people import draw_roster
from hitl_sim.workforce.staffing import (
    Goal,
    ImpossiblePlanError,
    Plan,
    Situation,
    check_first_answer,
    check_goal,
    confirmed,
    forecast,
    is_on_frontier,
    smallest_team,
)
from hitl_sim.workforce.team import DAY_S

H = 3_600.0
PEOPLE = People(
    hours_per_day=10 / 6,
    days_per_week=7,
    starts_h=0.0,
    seconds=Duration(60.0, "fixed"),
    behaviour=Behaviour(0.8, 2),
)
HERE = (Situation(Project(1_000, PEOPLE, horizon_s=100 * DAY_S)),)


def hours(account):
    return account.paid_s / H


def test_the_smallest_team_is_the_one_that_arithmetic_says():
    # 3,000 answers of a minute; a person gives 100 a day: 5 days take 6 people
    goal = Goal(4.5 * DAY_S, 0.9)
    found = smallest_team(Fixed(3), HERE, hours, goal, 30, 0)
    assert found.plan == Plan(6, Fixed(3))
    assert found.on_time(goal.deadline_s) == 1.0
    assert found.mean_cost_usd == pytest.approx(50.0)
    assert found.ends_s[1] == pytest.approx(4 * DAY_S + 100 * 60.0)


def test_too_few_people_who_can_be_had_give_no_team():
    assert smallest_team(
        Fixed(3), HERE, hours, Goal(2 * DAY_S, 0.9, None, 9), 30, 0
    ) is (None)
    goal = Goal(99 * DAY_S, 0.9, None, 2)
    assert smallest_team(Fixed(3), HERE, hours, goal, 30, 0) is None


def test_people_who_are_there_count():
    there = draw_roster(
        dataclasses.replace(PEOPLE, team=4), DAY_S, np.random.default_rng(0)
    )
    situations = (Situation(HERE[0].project, there),)
    found = smallest_team(Fixed(3), situations, hours, Goal(4.5 * DAY_S), 30, 0)
    assert found.plan.team == 2


def test_what_only_the_clock_can_run_is_run_by_it():
    small = (Situation(dataclasses.replace(HERE[0].project, items=20)),)
    found = smallest_team(First(3, 2), small, hours, Goal(DAY_S), 30, 0)
    assert found.engine == "clock"
    assert found.plan.team == 3


def test_the_clock_asks_for_more_people_where_the_last_items_wait():
    # of two people, one on at a time: the last item waits a day for somebody else
    people = dataclasses.replace(PEOPLE, hours_per_day=1.0, starts_over_h=23.0)
    small = Project(40, people, Lead(3, 9), horizon_s=100 * DAY_S)
    situations, goal = (Situation(small),), Goal(0.6 * DAY_S, 0.9)
    fast = smallest_team(Lead(3, 9), situations, hours, goal, 30, 0)
    slow = confirmed(fast, situations, hours, goal, 30, 0)
    assert slow.plan.team > fast.plan.team
    assert slow.on_time(goal.deadline_s) >= 0.9


def test_a_run_of_a_forecast_depends_on_its_number_alone():
    noisy = dataclasses.replace(PEOPLE, seconds=Duration(60.0))
    situations = (Situation(Project(200, noisy, horizon_s=99 * DAY_S)),)
    few, many = (
        forecast(Plan(4, Fixed(1)), situations, hours, runs, 5) for runs in (3, 6)
    )
    assert few.end_s.tolist() == many.end_s[:3].tolist()
    assert len(set(many.end_s.tolist())) == 6


def test_who_is_broken_off_never_ends():
    found = forecast(
        Plan(1, Fixed(3)),
        (Situation(Project(9_000, PEOPLE, horizon_s=H)),),
        hours,
        3,
        0,
    )
    assert found.ends_s == (math.inf,) * 3
    assert found.on_time(1e9) == 0.0


def test_the_frontier_holds_what_nothing_beats():
    cost = np.array([1.0, 2.0, 2.0, 3.0, 1.0])
    ends = np.array([5.0, 4.0, 6.0, 4.0, 5.0])
    right = np.array([0.8, 0.8, 0.8, 0.9, 0.8])
    kept = is_on_frontier(cost, ends, right)
    assert kept.tolist() == [True, True, False, True, True]


def test_a_deadline_before_anybody_is_through_onboarding_is_refused():
    slow = dataclasses.replace(PEOPLE, onboarding_s=4 * H)
    situations = (Situation(Project(9, slow)),)
    check_first_answer(situations, Goal(2.2 * DAY_S), 0)
    with pytest.raises(
        ImpossiblePlanError, match=r"`deadline` \(48 h\) must be after .*"
    ):
        check_first_answer(situations, Goal(1.9999 * DAY_S), 0)
    late = dataclasses.replace(PEOPLE, lag=Duration(9 * DAY_S, "fixed"))
    with pytest.raises(ImpossiblePlanError, match="later than twice that"):
        check_first_answer((Situation(Project(9, late)),), Goal(DAY_S), 0)


@pytest.mark.parametrize(
    ("goal", "message"),
    [
        (Goal(0.0), "`deadline` must be above 0"),
        (Goal(1.0, 1.0), r"`confidence` must be in \(0, 1\), got 1.0"),
        (Goal(1.0, 0.9, 1.0), r"`accuracy` must be in \(0, 1\), got 1.0"),
        (Goal(1.0, 0.9, None, 0), "`people.at_most` must be >= 1, got 0"),
    ],
)
def test_a_goal_that_says_nothing_is_refused(goal, message):
    with pytest.raises(ValueError, match=message):
        check_goal(goal)
