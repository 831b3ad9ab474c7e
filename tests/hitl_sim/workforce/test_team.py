import dataclasses

import pytest

from hitl_sim.workforce import Team
from hitl_sim.workforce.team import (
    DAY_S,
    check_team,
    next_shift_s,
    shift_end_s,
    shift_time,
)

H = 3_600.0


def test_the_default_team_is_possible():
    check_team(Team(num_people=1))


@pytest.mark.parametrize(
    ("field", "value", "condition"),
    [
        ("num_people", 0, ">= 1"),
        ("hours_per_day", 0.0, r"in \(0, 24\] h"),
        ("hours_per_day", 24.5, r"in \(0, 24\] h"),
        ("hours_per_day", float("nan"), r"in \(0, 24\] h"),
        ("days_per_week", 8, "in 1 to 7"),
        ("break_every_s", 0.0, "> 0 s"),
        ("break_s", -1.0, ">= 0 s"),
        ("break_s", float("inf"), "finite"),
        ("pay_basis", "salary", "one of 'worked', 'present'"),
    ],
)
def test_an_impossible_field_is_refused_by_name_condition_and_value(
    field, value, condition
):
    team = dataclasses.replace(Team(num_people=2), **{field: value})
    with pytest.raises(
        ValueError, match=rf"`workforce.{field}` must be .*{condition}.*"
    ):
        check_team(team)


def test_a_shift_begins_with_the_day_and_is_over_at_its_end():
    team = Team(1, hours_per_day=8)
    assert shift_end_s(team, 0.0) == 8 * H
    assert shift_end_s(team, 8 * H) is None
    assert next_shift_s(team, 8 * H) == DAY_S


def test_the_week_of_five_days_resumes_after_two_days_off():
    team = Team(1, days_per_week=5)
    friday_evening_s = 4 * DAY_S + 9 * H
    assert next_shift_s(team, friday_evening_s) == 7 * DAY_S
    assert shift_end_s(team, 5 * DAY_S) is None


def test_shift_time_leaves_out_the_night():
    team = Team(1, hours_per_day=8)
    assert shift_time(team, 7 * H, DAY_S + 1 * H) == [
        (7 * H, 8 * H),
        (DAY_S, DAY_S + 1 * H),
    ]


def test_a_team_around_the_clock_is_never_off_shift():
    team = Team(1, hours_per_day=24, days_per_week=7)
    pieces = shift_time(team, 10.0, 3 * DAY_S)
    assert sum(end - start for start, end in pieces) == 3 * DAY_S - 10.0
