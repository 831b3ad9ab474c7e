import dataclasses
import math
from collections import Counter

import numpy as np
import pytest
from any_project import CHECKED, PEOPLE, PLAIN
from hypothesis import given, settings, strategies as st

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
from hitl_sim.workforce.account import check_account
from hitl_sim.workforce.behaviour import SimulatedAnswers
from hitl_sim.workforce.people import draw_roster
from hitl_sim.workforce.project import check_project
from hitl_sim.workforce.team import DAY_S
from hitl_sim.workforce.timeline import ConservationError

H = 3_600.0
TEN = Duration(10.0, "fixed")
ALWAYS = People(team=1, hours_per_day=24, days_per_week=7, seconds=TEN)


def people(**fields):
    return dataclasses.replace(ALWAYS, **fields)


class Log:
    """Everything that happened, in order."""

    def __init__(self):
        self.events = []

    def __call__(self, what, time_s, person, item):
        self.events.append((what, time_s, person, item))

    def of(self, *whats):
        return [event for event in self.events if event[0] in whats]


def test_one_person_answers_one_item_after_the_other():
    account = simulate_project(Project(3, ALWAYS, Fixed(1)), 0)
    assert account.end_s == 30.0
    assert (account.asked, account.answered, account.worked_s) == (3, 3, 30.0)
    assert account.utilisation == 1.0


def test_an_answer_is_finished_past_the_end_of_the_shift_and_none_begun_after_it():
    team = people(hours_per_day=25 / H, starts_h=0.0)
    log = Log()
    simulate_project(Project(4, team, Fixed(1)), 0, look=log)
    begun = [time_s for _, time_s, _, _ in log.of("begin")]
    assert begun == [0.0, 10.0, 20.0, DAY_S]


def test_who_leaves_abandons_the_question_and_somebody_else_is_asked():
    team = people(team=1, stay=Duration(25.0, "fixed"), is_replaced=True)
    log = Log()
    account = simulate_project(Project(4, team, Fixed(1), horizon_s=99.0), 0, look=log)
    assert log.of("abandon") == [("abandon", 25.0, 0, 2)]
    assert ("begin", 25.0, 1, 2) in log.events
    assert (account.asked, account.answered, account.abandoned) == (5, 4, 1)
    assert account.worked_s == 45.0


def test_an_answer_that_takes_too_long_expires_and_somebody_else_is_asked():
    project = Project(1, people(team=2), Fixed(1), answer_limit_s=5.0, horizon_s=60.0)
    account = simulate_project(project, 0)
    assert not account.is_finished
    # both were asked once, and the third question finds nobody
    assert (account.asked, account.expired, account.open) == (3, 2, 1)
    assert account.worked_s == 10.0


def test_the_first_of_many_close_an_item_and_the_rest_are_withdrawn():
    project = Project(1, people(team=2), First(4, 2))
    account = simulate_project(project, 0)
    assert (account.asked, account.answered, account.expired) == (4, 2, 2)
    assert account.end_s == 10.0


def test_what_is_begun_when_enough_are_in_is_finished_and_not_used():
    project = Project(2, people(team=3, seconds=Duration(10.0)), First(3, 1))
    account = simulate_project(project, 0)
    assert account.surplus >= 1
    assert account.answered + account.expired + account.open == account.asked == 6


def test_a_question_that_nobody_begins_in_time_expires_for_good():
    project = Project(
        50,
        people(team=1),
        Fixed(1),
        items_per_day=DAY_S / 5.0,
        wait_limit=Duration(0.0, "fixed"),
    )
    account = simulate_project(project, 0)
    assert account.expired > 10
    assert account.items_closed == account.answered + account.expired == 50
    assert account.wait.total == 0.0


def test_an_item_that_lost_a_question_is_not_asked_about_again():
    project = Project(
        40,
        people(team=2),
        Fixed(3),
        items_per_day=DAY_S / 30.0,
        wait_limit=Duration(1.0, "fixed"),
    )
    # two people are there for three questions, so that of each item one is lost
    account = simulate_project(project, 0)
    assert account.asked == 3 * 40
    assert account.items_closed == 40


def test_who_is_twice_as_slow_takes_twice_as_long():
    roster = draw_roster(ALWAYS, DAY_S, np.random.default_rng(0))
    slow = dataclasses.replace(roster, pace=np.array([2.0]))
    assert simulate_project(Project(3, ALWAYS, Fixed(1)), 0, roster=slow).end_s == 60.0


def test_nobody_need_be_recruited_where_somebody_is_there():
    roster = draw_roster(ALWAYS, DAY_S, np.random.default_rng(0))
    nobody = Project(3, people(team=0), Fixed(1))
    assert simulate_project(nobody, 0, roster=roster).end_s == 30.0
    with pytest.raises(ValueError, match="got nobody"):
        simulate_project(nobody, 0)


def test_a_project_may_start_on_any_day():
    team = people(team=2, hours_per_day=8, days_per_week=5, starts_h=9.0)
    project = Project(4, team, Fixed(1), start_s=5 * DAY_S)
    account = simulate_project(project, 0)
    assert account.end_s == 7 * DAY_S + 9 * H + 20.0


def test_who_is_in_the_middle_of_an_answer_at_the_end_has_worked_so_far():
    slow = people(seconds=Duration(100.0, "fixed"))
    account = simulate_project(Project(1, slow, Fixed(1), horizon_s=30.0), 0)
    assert (account.worked_s, account.paid_s, account.open) == (30.0, 30.0, 1)


def test_what_is_known_of_an_item_is_forgotten_once_it_is_closed():
    source = SimulatedAnswers(Behaviour(), np.zeros(3), np.random.default_rng(0))
    simulate_project(Project(50, people(team=3), Fixed(3)), 0, source=source)
    assert not source._open


def test_a_weekend_is_off():
    team = people(hours_per_day=15 / H, days_per_week=5, starts_h=0.0)
    log = Log()
    simulate_project(Project(11, team, Fixed(1)), 0, look=log)
    begun = [time_s for _, time_s, _, _ in log.of("begin")]
    assert begun[8:] == [4 * DAY_S, 4 * DAY_S + 10.0, 7 * DAY_S]


def test_a_device_that_learns_holds_its_person_up():
    project = Project(3, ALWAYS, Fixed(1), update=Duration(4.0, "fixed"))
    account = simulate_project(project, 0)
    assert account.end_s == 10 + 14 + 14
    assert account.waited_s == 8.0
    assert account.paid_s == account.worked_s == 30.0


def test_nobody_answers_twice_so_an_item_may_wait_for_people():
    account = simulate_project(Project(2, ALWAYS, Fixed(2), horizon_s=100.0), 0)
    assert (account.is_finished, account.answered, account.open) == (False, 2, 2)
    assert account.idle_s == 80.0


def test_onboarding_is_paid_and_comes_first():
    account = simulate_project(Project(1, people(onboarding_s=50.0), Fixed(1)), 0)
    assert (account.end_s, account.paid_s, account.worked_s) == (60.0, 60.0, 10.0)


def test_labels_and_claims_are_those_of_the_answers():
    class Told:
        num_classes = 2

        def answer(self, item, person):
            return int(item == 1 and person > 0)

        def close(self, item):
            pass

    account = simulate_project(Project(2, people(team=3), Fixed(3)), 0, source=Told())
    assert (account.items_right, account.accuracy) == (1, 0.5)
    three, two = 1 / (1 + (0.15 / 0.85) ** 3), 0.85
    assert account.claimed == pytest.approx((three + two) / 2)


def test_an_account_that_does_not_add_up_is_refused():
    account = simulate_project(Project(3, ALWAYS, Fixed(1)), 0)
    for field, value, words in (
        ("open", 1, "`asked` must be answered"),
        ("paid_s", 1.0, "`paid_s` must be >= `worked_s`"),
        ("surplus", 4, "`surplus` must be in 0 to"),
        ("answered_by_hour", np.zeros(1, int), "`answered_by_hour` must add up to 3"),
    ):
        with pytest.raises(ConservationError, match=words):
            check_account(dataclasses.replace(account, **{field: value}))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("items", 0),
        ("items_per_day", 0.0),
        ("answer_limit_s", math.inf),
        ("devices", 0),
        ("horizon_s", -1.0),
    ],
)
def test_an_impossible_project_is_refused(field, value):
    bad = dataclasses.replace(Project(1), **{field: value})
    with pytest.raises(ValueError, match=f"`project.{field}` must be "):
        check_project(bad)


def balanced(project, seed):
    """Run a project, and hold its account against every event of it."""
    log = Log()
    account = simulate_project(project, seed, look=log)
    check_account(account)
    times = [time_s for _, time_s, _, _ in log.events]
    assert times == sorted(times)
    assert all(0 <= time_s <= account.end_s for time_s in times)
    begun = [(person, item) for _, _, person, item in log.of("begin")]
    assert len(begun) == len(set(begun))
    done = log.of("answer", "abandon")
    done += [event for event in log.of("expire") if event[2] >= 0]
    ended = [(person, item) for _, _, person, item in done]
    assert set(ended) <= set(begun)
    assert len(ended) == len(set(ended))
    assert account.answered == len(log.of("answer"))
    assert account.abandoned == len(log.of("abandon"))
    closed = len(log.of("close")) - len(log.of("reopen"))
    assert account.items_closed == closed <= project.items
    assert account.reopened == len(log.of("reopen"))
    assert len(log.of("refuse")) == sum(group.refused for group in account.groups)
    assert account.paid_s >= account.worked_s + account.gold_s
    assert int(account.closed_by_hour.sum()) == account.items_closed
    assert account.expired >= len(log.of("expire"))
    assert account.open >= len(begun) - len(ended) >= 0
    assert account.is_finished == (account.items_closed == project.items)
    return account


@settings(max_examples=100, deadline=None, derandomize=True)
@given(PLAIN, st.integers(0, 2**31))
def test_nothing_is_lost_or_invented_whatever_the_project(project, seed):
    balanced(project, seed)


def test_nor_with_tests_known_questions_refusal_experts_and_further_groups():
    found = Counter()

    @settings(max_examples=100, deadline=None, derandomize=True, database=None)
    @given(CHECKED, st.integers(0, 2**31))
    def look(project, seed):
        account = balanced(project, seed)
        found.update(
            tested=account.tested_s > 0,
            gold=account.gold_s > 0,
            removed=any(group.removed for group in account.groups),
            refused=any(group.refused for group in account.groups),
            reopened=account.reopened > 0,
            adjudicated=account.adjudicated > 0,
            finished=account.is_finished,
        )

    look()
    # nothing is said of what was never met
    assert min(found.values()) >= 3, found


@settings(max_examples=50, deadline=None, derandomize=True)
@given(PEOPLE, st.integers(0, 2**31))
def test_nobody_answers_before_being_ready_or_after_leaving(people, seed):
    horizon_s = 10 * DAY_S
    roster = draw_roster(people, horizon_s, np.random.default_rng(seed))
    project = Project(40, people, Fixed(2), horizon_s=horizon_s)
    log = Log()
    simulate_project(project, seed, roster=roster, look=log)
    for what, time_s, person, _ in log.of("begin", "answer"):
        assert roster.ready_s[person] <= time_s <= roster.leave_s[person]
        if what == "begin":
            since_s = (time_s - roster.start_s[person]) % DAY_S
            assert since_s <= roster.shift_s[person] + 1e-6 or since_s > DAY_S - 1e-6


def test_equal_seeds_give_equal_accounts_and_other_seeds_others():
    team = people(team=5, stay=Duration(H), is_replaced=True, seconds=Duration(60.0))
    project = Project(200, team, Lead(2), horizon_s=DAY_S)
    one, two, other = (simulate_project(project, seed) for seed in (1, 1, 2))
    assert repr(one) == repr(two)
    assert one.end_s != other.end_s
