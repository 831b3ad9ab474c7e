import dataclasses
import math

import numpy as np
import pytest
from first_answers import run_and_log

from hitl_sim.workforce import (
    Behaviour,
    Duration,
    Fixed,
    People,
    Project,
    progress,
    staffing,
)
from hitl_sim.workforce.progress import draw_situation, look_at, shift_between
from hitl_sim.workforce.remaining import interval_of
from hitl_sim.workforce.staffing import Plan, Situation, forecast
from hitl_sim.workforce.team import DAY_S

H = 3_600.0
TEAM = People(
    team=12,
    hours_per_day=2.0,
    days_per_week=7,
    seconds=Duration(45.0, "lognormal", 0.6),
    pace_spread=0.4,
    behaviour=Behaviour(0.8, 3, 0.3, 0.7),
)
# ten answers a day each: a first tenth lasts some days, in which people come and leave
SLOW = dataclasses.replace(
    TEAM, hours_per_day=0.5, seconds=Duration(180.0, "lognormal", 0.6)
)
LEAVING = dataclasses.replace(
    SLOW, team=20, stay=Duration(8 * DAY_S), lag=Duration(DAY_S), is_replaced=True
)
COMING = dataclasses.replace(
    SLOW, team=6, arrivals_per_day=2.0, stay=Duration(6 * DAY_S)
)
PROJECTS = {
    "a team": Project(4_000, TEAM, Fixed(3), horizon_s=120 * DAY_S),
    "a team whose people are replaced": Project(
        2_000, LEAVING, Fixed(3), horizon_s=240 * DAY_S
    ),
    "people who come and go": Project(1_200, COMING, Fixed(3), horizon_s=240 * DAY_S),
}


def as_they_are(told, rng):
    """Draw how people really leave and come, as far from a project's word as is taken.

    It counts as one person who left and one day of arrivals.
    """
    stay, daily = told.stay, told.arrivals_per_day
    if stay is not None:
        stay = Duration(stay.mean_s / rng.gamma(1.0))
    daily = float(rng.gamma(daily)) if daily else 0.0
    return dataclasses.replace(told, stay=stay, arrivals_per_day=daily)


def foretell(project, seed, draws):
    """Return when a project ends, and when its first tenth says that it does."""
    people = as_they_are(project.people, np.random.default_rng([seed, 9]))
    account, log = run_and_log(dataclasses.replace(project, people=people), seed)
    known = dataclasses.replace(
        project.people,
        seconds=Duration(1.0),
        pace_spread=0.0,
        behaviour=Behaviour(0.7, 3, 0.3, 0.9),
    )
    rng = np.random.default_rng([seed, 5])
    tenth = project.items * project.policy.at_most // 10
    seen = look_at(log.rows(np.arange(min(tenth, log.person.size))), known)
    given = dataclasses.replace(project, people=known)
    situations = [draw_situation(seen, given, rng) for _ in range(draws)]
    # no two replays have a draw in common
    found = forecast(
        Plan(0, project.policy),
        situations,
        lambda a: a.paid_s,
        draws,
        10_000 + seed * draws,
    )
    end_s = account.end_s if account.is_finished else math.inf
    return end_s, found.end_s + seen.now_s


def coverage(project, replays, draws):
    inside = 0
    for seed in range(replays):
        end_s, told_s = foretell(project, seed, draws)
        low, high = interval_of(told_s, 0.9)
        inside += low <= end_s <= high
    return inside


@pytest.fixture
def dates_only(monkeypatch):
    """Spend little on labels, which are not looked at and change no date."""
    monkeypatch.setattr(staffing, "_LABELS", 40)
    monkeypatch.setattr(progress, "_PAIRS", 100)


@pytest.mark.slow
@pytest.mark.parametrize("name", PROJECTS)
def test_the_end_is_within_what_its_first_tenth_tells(name, dates_only):
    # of 200 replays at 90 %: 169 or fewer, or 191 or more, in one run of 75
    assert 170 <= coverage(PROJECTS[name], 200, 19) <= 190


def test_the_end_is_within_what_a_tenth_tells_of_most_small_projects(dates_only):
    project = dataclasses.replace(PROJECTS["a team"], items=1_000)
    # of 16 replays at 90 %: 10 or fewer in one run of 300
    assert coverage(project, 16, 19) >= 11


def test_pace_activity_and_quality_are_found():
    _, log = run_and_log(PROJECTS["a team"], 4)
    known = dataclasses.replace(
        TEAM, seconds=Duration(1.0), behaviour=Behaviour(0.6, 3)
    )
    seen = look_at(log, known)
    given = dataclasses.replace(PROJECTS["a team"], people=known)
    rng = np.random.default_rng(0)
    people = [draw_situation(seen, given, rng).project.people for _ in range(200)]

    def close(read, value):
        found = [read(one) for one in people]
        # draws stand around the value as far as twelve people can tell
        assert np.mean(found) == pytest.approx(value, abs=3 * np.std(found) + 1e-3)

    close(lambda p: p.seconds.mean_s, 45.0)
    close(lambda p: p.seconds.spread, 0.6)
    close(lambda p: p.pace_spread, 0.4)
    close(lambda p: p.hours_per_day, 2.0)
    close(lambda p: p.behaviour.accuracy, 0.8)
    assert seen.behaviour.shared == pytest.approx(0.7, abs=0.08)
    assert all(one.stay is None for one in people)


def test_without_gold_accuracy_is_what_agreement_says():
    _, log = run_and_log(PROJECTS["a team"], 4)
    blind = dataclasses.replace(log, truth=np.full(log.person.size, -1))
    found = look_at(
        blind, dataclasses.replace(TEAM, behaviour=Behaviour(0.5, 3, 0.3, 0.7))
    )
    assert found.behaviour.accuracy == pytest.approx(0.8, abs=0.03)


def log_of_days(*days):
    """Twelve answers in the first minutes of some days, of one person after another."""
    start = [
        [d * DAY_S + TEAM.starts_h * H + 60.0 * i for d in each for i in range(12)]
        for each in days
    ]
    person = np.repeat(np.arange(len(days)), [len(each) for each in start])
    num = person.size
    return dataclasses.replace(
        run_and_log(Project(30, TEAM, Fixed(1)), 0)[1],
        person=person,
        item=np.arange(num),
        start_s=np.concatenate(start),
        seconds=np.full(num, 5.0),
        answer=np.zeros(num, int),
        truth=np.full(num, -1),
    )


def test_who_was_away_for_a_working_day_is_gone():
    seen = look_at(log_of_days(range(4), range(2), range(4)), TEAM)
    assert seen.is_gone.tolist() == [False, True, False]
    given = Project(1_000, TEAM, Fixed(1))
    situation = draw_situation(seen, given, np.random.default_rng(0))
    # of a team of twelve three were seen, of whom two are there
    assert len(situation.present) == 2 + 9
    assert situation.project.people.stay is not None


def close_to_gamma(draws, shape, rate):
    """Whether mean and variance are within 4 standard errors, if normal."""
    error = 4.0 / np.sqrt(draws.size)
    assert draws.mean() == pytest.approx(shape / rate, rel=error / np.sqrt(shape))
    # the excess kurtosis of a Gamma is 6 / shape
    spread = error * np.sqrt(2.0 + 6.0 / shape)
    assert draws.var() == pytest.approx(shape / rate**2, rel=spread)


def test_leaving_and_coming_are_drawn_by_who_left_and_who_came():
    log = log_of_days(range(4), range(2), range(1, 4), range(2, 4))
    said = dataclasses.replace(COMING, hours_per_day=2.0)
    seen = look_at(log, said)
    rng = np.random.default_rng(3)
    situations = [draw_situation(seen, Project(99, said), rng) for _ in range(400)]
    drawn = [one.project.people for one in situations]
    # days on which people could have been seen to leave; who did was last seen before
    # a night of 22 h, within which most leave
    minutes = (11 * 60.0 + 5.0) / DAY_S
    there = 2 + 1 + 1 + 0 + 4 * minutes + 22.0**2 / 2 / 24**2
    left = np.array([DAY_S / one.stay.mean_s for one in drawn])
    close_to_gamma(left, 1.0 + 1.0, there + 6.0)
    # from the end of the first day on, two came
    days = 3 + minutes - 2.0 / 24.0
    came = np.array([one.arrivals_per_day for one in drawn])
    close_to_gamma(came, 2.0 + 2.0, days + 1.0)


def test_begun_items_count_for_what_they_lack():
    situation = Situation(Project(10, TEAM), None, np.array([3, 3, 1, 1, 1]))
    assert situation.items_left(Fixed(3)) == 10 - 2 - 1
    assert situation.items_left(Fixed(1)) == 5


def test_working_time_leaves_out_nights_and_weekends():
    people = dataclasses.replace(TEAM, days_per_week=5, starts_h=9.0)
    ends = np.array([9.5, 12.0, 24 + 10.0, 24 * 7 + 8.0, 24 * 7 + 10.0]) * H
    found = shift_between(people, np.zeros(5), ends) / H
    assert found.tolist() == [0.5, 2.0, 3.0, 10.0, 11.0]


@pytest.mark.parametrize(
    ("rows", "seconds", "message"),
    [
        (range(20), 1.0, "`from` must hold 30 answers of 3 people or more"),
        (range(100), 0.0, "`from` must hold seconds above 0, got 0"),
    ],
)
def test_answers_that_tell_too_little_are_refused(rows, seconds, message):
    _, log = run_and_log(Project(100, TEAM, Fixed(1)), 0)
    bad = dataclasses.replace(log, seconds=log.seconds * seconds).rows(list(rows))
    with pytest.raises(ValueError, match=message):
        look_at(bad, TEAM)
