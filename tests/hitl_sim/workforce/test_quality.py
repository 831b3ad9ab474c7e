"""Tests, known questions, refusal, experts, further groups, breaks and holidays."""

import dataclasses
import math

import numpy as np
import pytest
from scipy.stats import binom

from hitl_sim.workforce import (
    Adjudication,
    Behaviour,
    Duration,
    Fixed,
    Gold,
    Group,
    Lead,
    People,
    Project,
    Qualification,
    simulate_project,
)
from hitl_sim.workforce.account import check_account
from hitl_sim.workforce.backlog import simulate_backlog
from hitl_sim.workforce.behaviour import mean_skill
from hitl_sim.workforce.people import draw_roster
from hitl_sim.workforce.project import check_project
from hitl_sim.workforce.quality import pass_rate
from hitl_sim.workforce.roster import next_work, stretches_of
from hitl_sim.workforce.team import DAY_S
from hitl_sim.workforce.timeline import ConservationError

H = 3_600.0
TEN = Duration(10.0, "fixed")
ALWAYS = People(team=1, hours_per_day=24, days_per_week=7, seconds=TEN)
MIXED = Behaviour(0.75, 2, skill_spread=1.0)


def people(**fields):
    return dataclasses.replace(ALWAYS, **fields)


def roster_of(team, seed=0, horizon_s=60 * DAY_S):
    return draw_roster(team, horizon_s, np.random.default_rng(seed))


# --- breaks and holidays ---


def test_a_day_is_cut_by_breaks_and_nobody_works_on_a_holiday():
    team = people(
        hours_per_day=8,
        days_per_week=5,
        starts_h=9.0,
        break_every_s=2 * H,
        break_s=H,
        holidays=(1,),
    )
    roster = roster_of(team)
    stretch = stretches_of(roster, 0)
    expected = {
        0.0: (9, 11),
        10.0: (10, 11),
        11.0: (12, 14),
        13.0: (13, 14),
        15.5: (15.5, 17),
        # the second day is a holiday, and the sixth a Saturday
        17.0: (2 * 24 + 9, 2 * 24 + 11),
        4 * 24 + 17.0: (7 * 24 + 9, 7 * 24 + 11),
    }
    for hour, stretch_h in expected.items():
        found = tuple(s / H for s in stretch(hour * H))
        assert found == pytest.approx(stretch_h)
        at = next_work(roster, slice(None), np.array([hour * H]))
        assert [float(s[0]) / H for s in at] == pytest.approx(stretch_h)


def test_no_break_ends_a_day_and_none_begins_it():
    # the third stretch of two hours would begin with the end of the day
    team = people(hours_per_day=6, starts_h=0.0, break_every_s=2 * H, break_s=H)
    roster = roster_of(dataclasses.replace(team, days_per_week=7))
    begin_s, end_s = next_work(roster, slice(None), np.array([5 * H]))
    assert (begin_s[0], end_s[0]) == (DAY_S, DAY_S + 2 * H)


def test_both_engines_take_the_same_breaks_and_holidays():
    team = People(
        team=12,
        hours_per_day=6.0,
        starts_over_h=3.0,
        break_every_s=5_000.0,
        break_s=1_500.0,
        holidays=(1, 2),
    )
    project = Project(6_000, team, Fixed(3), horizon_s=30 * DAY_S)
    pairs = [
        (simulate_project(project, seed), simulate_backlog(project, seed))
        for seed in range(12)
    ]
    ends = np.array([one.end_s - other.end_s for one, other in pairs])
    error = ends.std(ddof=1) / math.sqrt(len(pairs))
    # five standard errors of twelve runs: one false alarm in 2,000
    assert ends.mean() == pytest.approx(0.0, abs=5 * error)
    assert pairs[0][0].end_s > 3 * DAY_S
    without = dataclasses.replace(team, break_every_s=None, holidays=())
    sooner = simulate_project(dataclasses.replace(project, people=without), 0)
    assert sooner.end_s < pairs[0][0].end_s - DAY_S


# --- the test before the work ---


def test_who_passes_is_what_people_of_that_skill_answer():
    test = Qualification(10, 8)
    team = People(team=20_000, test=test, behaviour=MIXED, is_replaced=False)
    roster = roster_of(team)
    rate = pass_rate(test, MIXED)
    # by hand: the mean over skill of a binomial tail
    skill = np.linspace(-8, 8, 40_001)
    right = 1 / (1 + np.exp(-(skill + mean_skill(MIXED))))
    weight = np.exp(-(skill**2) / 2)
    by_hand = (weight * binom.sf(7, 10, right)).sum() / weight.sum()
    # 41 nodes resolve a smooth function; the tail is one
    assert rate == pytest.approx(by_hand, abs=1e-6)
    error = math.sqrt(rate * (1 - rate) / 20_000)
    assert roster.has_passed.mean() == pytest.approx(rate, abs=4 * error)
    assert roster.skill[roster.has_passed].mean() > roster.skill.mean() + 0.3


def test_shared_error_makes_a_test_hard_or_easy_for_all():
    test = Qualification(3, 2)
    together = dataclasses.replace(MIXED, shared=0.3)
    shares = {
        behaviour: np.array(
            [
                roster_of(
                    People(team=400, test=test, behaviour=behaviour, is_replaced=False),
                    seed,
                ).has_passed.mean()
                for seed in range(40)
            ]
        )
        for behaviour in (MIXED, together)
    }
    assert shares[together].std() > 3 * shares[MIXED].std()


def test_who_fails_is_paid_for_the_test_and_makes_room_for_another():
    test = Qualification(5, 4)
    team = people(team=3, test=test, onboarding_s=50.0, is_replaced=True)
    team = dataclasses.replace(team, behaviour=MIXED)
    roster = roster_of(team, seed=1, horizon_s=DAY_S)
    failed = ~roster.has_passed
    assert failed.any()
    assert (roster.leave_s[failed] == roster.arrive_s[failed] + 50.0).all()
    assert np.isinf(roster.ready_s[failed]).all()
    passed = roster.has_passed
    assert (roster.ready_s[passed] == roster.arrive_s[passed] + 100.0).all()
    assert passed.sum() == 3
    account = simulate_project(Project(40, team, Fixed(1), horizon_s=DAY_S), 1)
    assert account.tested_s == 50.0 * account.people_came
    assert account.onboarding_s == 150.0
    assert account.paid_s == account.worked_s + account.tested_s + 150.0
    unpaid = dataclasses.replace(team, test=dataclasses.replace(test, is_paid=False))
    other = simulate_project(Project(40, unpaid, Fixed(1), horizon_s=DAY_S), 1)
    assert other.paid_s == account.paid_s - account.tested_s


def test_a_test_raises_accuracy_in_both_engines():
    def right(test, simulate):
        team = people(team=40, behaviour=MIXED, test=test, is_replaced=True)
        return simulate(Project(4_000, team, Fixed(1)), 0).accuracy

    for simulate in (simulate_project, simulate_backlog):
        assert right(Qualification(10, 9), simulate) > right(None, simulate) + 0.05


# --- known questions ---


def test_known_questions_are_their_share_of_all_and_are_paid():
    project = Project(4_000, people(team=5), Fixed(2), gold=Gold(0.2))
    account = simulate_project(project, 0)
    (crowd,) = account.groups
    total = crowd.gold + crowd.answered
    error = math.sqrt(0.2 * 0.8 / total)
    assert crowd.gold / total == pytest.approx(0.2, abs=4 * error)
    assert account.answered == 8_000
    assert account.gold_s == pytest.approx(10.0 * crowd.gold, abs=50.0)
    assert account.paid_s == account.worked_s + account.gold_s


def test_being_told_the_right_answers_makes_people_better():
    def right(gain):
        team = people(team=5, behaviour=Behaviour(0.7))
        gold = Gold(0.3, gain=gain, halfway=5.0)
        return simulate_project(Project(4_000, team, Fixed(1), gold=gold), 0).accuracy

    # odds of 7 to 3 times e
    skilled = 1 / (1 + 3 / 7 / math.e)
    assert right(0.0) == pytest.approx(0.7, abs=4 * math.sqrt(0.21 / 4_000))
    assert right(1.0) == pytest.approx(skilled, abs=0.03)
    assert right(1.0) > right(0.0) + 0.08


def test_who_is_wrong_too_often_is_sent_away_and_the_place_filled():
    team = people(team=10, behaviour=MIXED, is_replaced=True)
    gold = Gold(0.2, least_right=0.7, after=10)
    plain = simulate_project(Project(3_000, team, Fixed(1)), 0)
    account = simulate_project(Project(3_000, team, Fixed(1), gold=gold), 0)
    (crowd,) = account.groups
    assert crowd.removed > 0
    assert crowd.refused == account.reopened == 0
    assert account.people_came == 10 + crowd.removed
    assert account.people_left == crowd.removed
    assert account.accuracy > plain.accuracy + 0.03
    # a place is filled until its holder would have left anyway
    fixed = people(team=4, behaviour=MIXED, stay=Duration(H, "fixed"))
    fixed = dataclasses.replace(fixed, is_replaced=True)
    project = Project(10_000, fixed, Fixed(1), gold=gold, horizon_s=3 * H)
    checked = simulate_project(project, 0)
    # four people each hour, and one more for each who is sent away
    assert checked.people_came == 12 + checked.groups[0].removed


def test_where_places_are_not_filled_anew_a_crowd_may_run_out():
    team = people(team=3, behaviour=Behaviour(0.55), is_replaced=False)
    gold = Gold(0.5, least_right=1.0, after=5)
    project = Project(500, team, Fixed(1), gold=gold, horizon_s=DAY_S)
    account = simulate_project(project, 0)
    assert not account.is_finished
    assert account.groups[0].removed == account.people_left == 3


def test_refused_answers_are_asked_anew_of_others():
    gold = Gold(0.2, least_right=0.75, after=10)
    team = people(team=10, behaviour=MIXED, is_replaced=True)
    project = Project(3_000, team, Fixed(1), gold=gold)
    kept = simulate_project(project, 0)
    redo = dataclasses.replace(gold, is_redone=True)
    redone = simulate_project(dataclasses.replace(project, gold=redo), 0)
    (crowd,) = redone.groups
    assert crowd.refused == redone.reopened > 50
    assert redone.answered == 3_000 + crowd.refused
    assert crowd.refused_s == 10.0 * crowd.refused
    assert int(redone.closed_by_hour.sum()) == redone.items_closed == 3_000
    assert redone.accuracy > kept.accuracy
    assert redone.paid_s > kept.paid_s


def test_answers_cannot_be_refused_of_a_recording():
    class Told:
        num_classes = 2

    with pytest.raises(ValueError, match="gold` must be left out with a"):
        simulate_project(Project(1, ALWAYS, gold=Gold(0.1)), 0, source=Told())


# --- experts and further groups ---


EXPERT = Group("experts", people(team=2, behaviour=Behaviour(0.99)), is_expert=True)


def test_experts_decide_what_is_unclear_and_nothing_else():
    team = people(team=10, behaviour=Behaviour(0.8))
    rule = Adjudication(0.9)
    base = Project(4_000, team, Fixed(2))
    project = dataclasses.replace(base, groups=(EXPERT,), adjudication=rule)
    account = simulate_project(project, 0)
    crowd, experts = account.groups
    # two of accuracy .8 agree in .68 and are then right with odds 16 to 1
    error = math.sqrt(0.32 * 0.68 / 4_000)
    assert account.adjudicated / 4_000 == pytest.approx(0.32, abs=4 * error)
    assert experts.answered == account.adjudicated
    assert crowd.answered == 8_000
    right = 0.64 + 0.32 * 0.99
    error = math.sqrt(right * (1 - right) / 4_000)
    assert account.accuracy == pytest.approx(right, abs=4 * error)
    assert account.accuracy > simulate_project(base, 0).accuracy + 0.1
    assert experts.name == "experts"
    assert experts.paid_s == pytest.approx(10.0 * experts.answered)


def test_two_experts_are_two_people():
    seen = []
    rule = Adjudication(1.0, answers=2)
    project = Project(50, people(team=2), Fixed(1), groups=(EXPERT,), adjudication=rule)
    account = simulate_project(
        project, 0, look=lambda what, _, who, item: seen.append((what, who, item))
    )
    begun = [(who, item) for what, who, item in seen if what == "begin"]
    assert account.adjudicated == 50
    assert len(begun) == len(set(begun)) == 150
    assert {who for who, _ in begun} == {0, 1, 2, 3}


def test_machines_beside_a_crowd_take_the_share_that_their_pace_gives_them():
    machine = Group("machines", people(team=2, seconds=Duration(2.0, "fixed")))
    project = Project(1_200, people(team=2), Fixed(1), groups=(machine,))
    crowd, machines = simulate_project(project, 0).groups
    assert machines.answered == pytest.approx(5 * crowd.answered, rel=0.02)


def test_groups_of_equal_answers_err_apart():
    # of one group two answers agree with each other more than with another group's
    together = people(team=1, behaviour=Behaviour(0.7, 2, shared=0.1))
    same = dataclasses.replace(together, team=2)

    def unanimous(team, groups):
        project = Project(3_000, team, Fixed(2), groups=groups)
        return simulate_project(project, 0).claimed

    assert unanimous(same, ()) > unanimous(together, (Group("b", together),)) + 0.05


# --- what cannot be ---


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"gold": Gold(1.0)}, r"`gold.share` must be in \[0, 1\), for with 1 nobody"),
        ({"gold": Gold(0.1, gain=-1.0)}, "`gold.gain` must be finite and >= 0"),
        ({"gold": Gold(0.1, halfway=0.0)}, "`gold.halfway` must be finite and > 0"),
        ({"gold": Gold(0.1, least_right=0.0)}, r"`gold.least_right` must be in \(0, 1"),
        ({"gold": Gold(0.1, after=0)}, "`gold.after` must be >= 1"),
        ({"gold": Gold(0.1, is_redone=True)}, "`gold.least_right` must be given with"),
        ({"adjudication": Adjudication(0.9)}, "needs expertise that nobody has"),
        ({"groups": (EXPERT,)}, "`adjudication` must say what experts are asked"),
        (
            {"groups": (EXPERT,), "adjudication": Adjudication(0.9, 3)},
            r"`adjudication.answers` \(3\) must be at most the experts that there",
        ),
        (
            {"groups": (EXPERT,), "adjudication": Adjudication(0.0)},
            r"`adjudication.below` must be in \(0, 1\], got 0.0",
        ),
        (
            {"groups": (EXPERT,), "adjudication": Adjudication(0.9, 0)},
            "`adjudication.answers` must be >= 1",
        ),
        ({"groups": (Group("a", ALWAYS),) * 2}, "different names, got 'a' twice"),
        (
            {"groups": (Group("a", people(behaviour=Behaviour(0.9, 3))),)},
            "`groups` must know the 2 classes of the others, got 3 of 'a'",
        ),
        (
            {"people": people(test=Qualification(40, 40), behaviour=Behaviour(0.6))},
            r"`people.test.least_right` \(40 of 40\) must be lower: of people",
        ),
        (
            {"people": people(test=Qualification(4, 5))},
            r"`people.test.least_right` must be in 1 to `questions` \(4\), got 5",
        ),
        ({"people": people(test=Qualification(0, 1))}, "`people.test.questions` must"),
        ({"people": people(holidays=(-1,))}, "`people.holidays` must be days from 0"),
        ({"people": people(break_every_s=0.0)}, "`people.break_every_s` must be"),
        ({"people": people(break_s=-1.0)}, "`people.break_s` must be"),
    ],
    ids=str,
)
def test_what_cannot_be_is_refused_in_one_line(fields, words):
    project = dataclasses.replace(Project(1, ALWAYS), **fields)
    with pytest.raises(ValueError, match=words):
        check_project(project)


def test_groups_that_do_not_add_up_are_refused():
    account = simulate_project(Project(3, ALWAYS, Lead(1)), 0)
    (crowd,) = account.groups
    for field, value, words in (
        ("answered", 2, "`answered` of the groups must add up to 3, got 2"),
        ("refused", 4, "`refused` must be in 0 to `answered`"),
    ):
        wrong = (dataclasses.replace(crowd, **{field: value}),)
        with pytest.raises(ConservationError, match=words):
            check_account(dataclasses.replace(account, groups=wrong))
