"""Small worlds with exact clocks: H is an hour, one column is one person."""

import numpy as np

from hitl_sim.workforce import Round, Team, simulate_rounds
from hitl_sim.workforce.process import Span
from hitl_sim.workforce.team import DAY_S

H = 3_600.0
NO_BREAK = {"break_s": 0.0}


def ask(*rows, is_answered=None):
    """Build a round from rows of seconds; None where nothing is asked."""
    seconds = np.array(rows, dtype=float)
    is_asked = ~np.isnan(seconds)
    return Round(seconds, is_asked, is_asked if is_answered is None else is_answered)


def test_a_round_closes_when_the_slowest_person_is_done():
    timeline = simulate_rounds(Team(2, **NO_BREAK), [ask([10, 1], [20, 1])])
    assert timeline.elapsed_s.tolist() == [30.0]
    assert timeline.worked_s.tolist() == [32.0]


def test_the_next_round_opens_when_the_last_answer_is_in():
    timeline = simulate_rounds(Team(2, **NO_BREAK), [ask([10, 4]), ask([2, 3])])
    assert timeline.elapsed_s.tolist() == [10.0, 13.0]
    assert Span(1, 1, "work", 10.0, 13.0) in timeline.spans


def test_the_device_waits_for_people_through_the_night():
    team = Team(1, hours_per_day=1, **NO_BREAK)
    timeline = simulate_rounds(team, [ask([1 * H]), ask([60.0])])
    assert timeline.wait_s.tolist() == [1 * H, DAY_S + 60.0]
    assert timeline.elapsed_s.tolist() == timeline.wait_s.tolist()


def test_an_answer_begun_in_the_shift_is_finished_after_it_and_paid():
    team = Team(1, hours_per_day=1, **NO_BREAK)
    timeline = simulate_rounds(team, [ask([0.75 * H], [0.75 * H], [60.0])])
    assert timeline.spans == (
        Span(0, 0, "work", 0.0, 1.5 * H),
        Span(0, 0, "work", DAY_S, DAY_S + 60.0),
    )
    assert timeline.paid_s.tolist() == [1.5 * H + 60.0]


def test_nothing_is_begun_at_the_very_end_of_the_shift():
    team = Team(1, hours_per_day=1, **NO_BREAK)
    timeline = simulate_rounds(team, [ask([1 * H], [60.0])])
    assert timeline.elapsed_s.tolist() == [DAY_S + 60.0]


def test_work_left_on_the_last_day_of_the_week_waits_for_the_next_week():
    team = Team(1, hours_per_day=1, days_per_week=1, **NO_BREAK)
    timeline = simulate_rounds(team, [ask([1 * H], [60.0])])
    assert timeline.elapsed_s.tolist() == [7 * DAY_S + 60.0]


def test_a_break_comes_after_the_work_that_makes_it_due():
    team = Team(1, break_every_s=100.0, break_s=30.0)
    timeline = simulate_rounds(team, [ask([60.0], [60.0], [60.0])])
    assert timeline.spans == (
        Span(0, 0, "work", 0.0, 120.0),
        Span(0, 0, "break", 120.0, 150.0),
        Span(0, 0, "work", 150.0, 210.0),
    )


def test_a_break_that_is_due_does_not_delay_the_end_of_a_round():
    team = Team(1, break_every_s=100.0, break_s=30.0)
    timeline = simulate_rounds(team, [ask([120.0]), ask([10.0])])
    assert timeline.elapsed_s.tolist() == [120.0, 160.0]


def test_waiting_as_long_as_a_break_counts_as_one():
    team = Team(2, break_every_s=100.0, break_s=30.0)
    timeline = simulate_rounds(team, [ask([90, 60]), ask([10, 60], [np.nan, 10])])
    breaks = [span for span in timeline.spans if span.activity == "break"]
    assert breaks == []
    assert timeline.elapsed_s.tolist() == [90.0, 160.0]


def test_waiting_less_than_a_break_does_not_count_as_one():
    team = Team(2, break_every_s=100.0, break_s=30.0)
    timeline = simulate_rounds(team, [ask([90, 65]), ask([10, 60], [np.nan, 10])])
    breaks = [span for span in timeline.spans if span.activity == "break"]
    assert breaks == [Span(1, 1, "break", 150.0, 180.0)]


def test_a_night_makes_the_next_break_start_from_nothing():
    team = Team(1, hours_per_day=1, break_every_s=1.2 * H, break_s=300.0)
    timeline = simulate_rounds(team, [ask([1 * H], [0.5 * H], [0.4 * H])])
    assert [span.activity for span in timeline.spans] == ["work", "work"]


def test_the_end_of_the_shift_cuts_a_break_short():
    team = Team(1, hours_per_day=1, break_every_s=0.9 * H, break_s=0.5 * H)
    timeline = simulate_rounds(team, [ask([0.9 * H], [60.0])])
    assert Span(0, 0, "break", 0.9 * H, 1 * H) in timeline.spans
    assert timeline.elapsed_s.tolist() == [DAY_S + 60.0]


def test_people_who_are_done_wait_until_the_round_closes():
    timeline = simulate_rounds(Team(2, **NO_BREAK), [ask([10, 4])])
    assert Span(1, 0, "wait", 4.0, 10.0) in timeline.spans
    assert timeline.idle_s.tolist() == [6.0]


def test_somebody_who_is_asked_nothing_waits_through_the_whole_round():
    timeline = simulate_rounds(Team(2, **NO_BREAK), [ask([10, np.nan])])
    assert timeline.spans[-1] == Span(1, 0, "wait", 0.0, 10.0)


def test_nobody_waits_at_night():
    team = Team(2, hours_per_day=1, **NO_BREAK)
    timeline = simulate_rounds(team, [ask([1 * H, 0.5 * H], [60.0, np.nan])])
    waits = [span[3:] for span in timeline.spans if span.activity == "wait"]
    assert waits == [(0.5 * H, 1 * H), (DAY_S, DAY_S + 60.0)]


def test_an_empty_round_takes_no_time():
    timeline = simulate_rounds(Team(1), [ask([np.nan]), ask([5.0])])
    assert timeline.elapsed_s.tolist() == [0.0, 5.0]


def test_one_timeout_for_many_answers_gives_the_clock_of_one_each():
    seconds = np.random.default_rng(0).lognormal(3.0, 0.6, size=(400, 1))
    team = Team(1, hours_per_day=0.5, break_every_s=300.0, break_s=40.0)
    merged = simulate_rounds(team, [ask(*seconds)])
    single = simulate_rounds(team, [ask(row) for row in seconds])
    np.testing.assert_allclose(merged.elapsed_s[-1], single.elapsed_s[-1], rtol=1e-12)
    np.testing.assert_allclose(merged.break_s[-1], single.break_s[-1], rtol=1e-9)


def test_an_answer_is_begun_even_when_the_time_left_vanishes_in_rounding():
    team = Team(
        1, hours_per_day=24, days_per_week=7, break_every_s=1e6 + 2e-10, break_s=1.0
    )
    timeline = simulate_rounds(team, [ask([9e6], [1e6], [5.0])])
    assert timeline.answered.tolist() == [3]
