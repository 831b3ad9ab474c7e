"""The people who answer: how many, when they work, when they rest, what is paid."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args

from hitl_sim.unit import S_PER_H

DAY_H = 24.0
DAY_S = DAY_H * S_PER_H
WEEK_DAYS = 7

PayBasis = Literal["worked", "present"]


@dataclass(frozen=True)
class Team:
    """A group of people on the same shift.

    Every working day has one shift, which begins when the day begins; time 0 is the
    start of the first day's shift. Breaks lie inside the shift.

    Attributes:
        num_people: people in the team; >= 1.
        hours_per_day: length of the shift, h; in (0, 24]. Default: the eight-hour
            day of ILO Convention C001.
        days_per_week: working days at the start of each week of seven; 1 to 7.
            Default: assumed.
        break_every_s: seconds of work after which a break is due; > 0. Default: one
            hour, the longer end of HSE's "5 to 10 minutes every hour".
        break_s: length of a break, s; >= 0, and 0 means that nobody takes any.
            Default: 300 s, the shorter end of the same advice.
        pay_basis: "worked" pays the seconds spent on answers (piecework by the
            second); "present" pays also the shift time spent waiting while a round
            is open for somebody else. Default: assumed, as crowd platforms pay.
        is_break_paid: whether breaks are paid on top. Default: True, since US law
            counts rest periods of 5 to 20 minutes as hours worked.

    References:
        ILO (1919), Hours of Work (Industry) Convention C001, article 2.
        HSE (2013), Working with display screen equipment, INDG36 rev 4.
        US Code of Federal Regulations, 29 CFR 785.18, rest.
    """

    num_people: int
    hours_per_day: float = 8.0
    days_per_week: int = 5
    break_every_s: float = 3_600.0
    break_s: float = 300.0
    pay_basis: PayBasis = "worked"
    is_break_paid: bool = True


def team_of(table: Mapping[str, Any]) -> Team:
    """Take the people and their hours from a study's table `[workforce]`."""
    names = [field.name for field in fields(Team)][1:]
    return Team(int(table["size"]), **{name: table[name] for name in names})


def check_team(team: Team) -> None:
    """Refuse a team that cannot work.

    Raises:
        ValueError: a field lies outside what its docstring allows; the message names
            the field, the condition and the value.
    """
    conditions = {
        "num_people": (team.num_people >= 1, ">= 1"),
        "hours_per_day": (0 < team.hours_per_day <= DAY_H, "in (0, 24] h"),
        "days_per_week": (1 <= team.days_per_week <= WEEK_DAYS, "in 1 to 7"),
        "break_every_s": (team.break_every_s > 0, "> 0 s"),
        "break_s": (0 <= team.break_s < math.inf, "finite and >= 0 s"),
        "pay_basis": (
            team.pay_basis in get_args(PayBasis),
            f"one of {', '.join(map(repr, get_args(PayBasis)))}",
        ),
    }
    for name, (is_met, condition) in conditions.items():
        if not is_met:
            raise ValueError(
                f"`workforce.{name}` must be {condition}, got {getattr(team, name)!r}."
            )


def shift_end_s(team: Team, now_s: float) -> float | None:
    """Return when the shift that is on at `now_s` ends, or None outside shifts.

    Shifts are half open: at its very end a shift is over.
    """
    day = math.floor(now_s / DAY_S)
    end_s = day * DAY_S + team.hours_per_day * S_PER_H
    is_working_day = day % WEEK_DAYS < team.days_per_week
    return end_s if is_working_day and now_s < end_s else None


def next_shift_s(team: Team, now_s: float) -> float:
    """Return when the first shift that begins after `now_s` begins, s."""
    day = math.floor(now_s / DAY_S) + 1
    week_day = day % WEEK_DAYS
    if week_day >= team.days_per_week:
        day += WEEK_DAYS - week_day
    return day * DAY_S


def shift_time(team: Team, start_s: float, end_s: float) -> list[tuple[float, float]]:
    """List the pieces of [start_s, end_s] that lie inside shifts, in order."""
    pieces = []
    while start_s < end_s:
        shift_s = shift_end_s(team, start_s)
        if shift_s is not None:
            pieces.append((start_s, min(shift_s, end_s)))
        start_s = next_shift_s(team, start_s)
    return pieces
