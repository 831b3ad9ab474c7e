"""An open labelling project: what is to be labelled, by whom, and by which rules."""

import math
from dataclasses import dataclass, field

from hitl_sim.workforce.duration import Duration, check_duration
from hitl_sim.workforce.people import People, check_people
from hitl_sim.workforce.policy import Fixed, Policy, check_policy
from hitl_sim.workforce.quality import (
    Adjudication,
    Gold,
    check_adjudication,
    check_gold,
)
from hitl_sim.workforce.team import DAY_S

YEAR_S = 365 * DAY_S


@dataclass(frozen=True)
class Group:
    """Further people of one kind, beside the crowd: at another wage, or machines.

    People of different groups err independently of each other.

    Attributes:
        name: of the group.
        people: who they are.
        is_expert: whether they decide what is unclear; others label as the crowd does.
    """

    name: str
    people: People
    is_expert: bool = False


@dataclass(frozen=True)
class Project:
    """A project whose people come and go and answer at their own pace.

    Questions wait in one line. Whoever is at work takes the first one on an item that
    they were not asked about before; questions that are asked anew go before others.

    Attributes:
        items: items to label; >= 1.
        people: who may work on it.
        policy: how many answers an item gets.
        groups: further people, beside those.
        gold: questions among the others whose answers are known; None for none. Those
            who label are asked them.
        adjudication: experts for what is unclear; None for none.
        items_per_day: rate at which items come in, as a Poisson process around the
            clock; None where all are there from the start.
        wait_limit: a question that nobody has begun within this time expires, and is
            not asked again; None where questions wait.
        answer_limit_s: an answer that takes longer expires, and somebody else is asked;
            None where people may take their time. Nobody begins a second answer before
            the first is done or has expired.
        update: time that a device takes to learn from an answer before the person who
            gave it may begin the next one; None where nobody waits for a device.
        devices: devices that learn; >= 1.
        start_s: when it starts, s after midnight before a Monday.
        horizon_s: time at which a project that is not finished is broken off, s.
    """

    items: int
    people: People = field(default_factory=People)
    policy: Policy = field(default_factory=Fixed)
    groups: tuple[Group, ...] = ()
    gold: Gold | None = None
    adjudication: Adjudication | None = None
    items_per_day: float | None = None
    wait_limit: Duration | None = None
    answer_limit_s: float | None = None
    update: Duration | None = None
    devices: int = 1
    start_s: float = 0.0
    horizon_s: float = YEAR_S


def check_project(project: Project, *, is_alone: bool = True) -> None:
    """Refuse a project that cannot be run.

    Args:
        project: what is to be done and by whom.
        is_alone: whether nobody but its people works on it.

    Raises:
        ValueError: a field is out of range; the message names the field, the condition
            and the value.
    """
    conditions = {
        "items": (project.items >= 1, ">= 1"),
        "items_per_day": (_is_above_0(project.items_per_day), "finite and > 0"),
        "answer_limit_s": (_is_above_0(project.answer_limit_s), "finite and > 0 s"),
        "devices": (project.devices >= 1, ">= 1"),
        "start_s": (0 <= project.start_s < math.inf, "finite and >= 0 s"),
        "horizon_s": (
            project.start_s < project.horizon_s < math.inf,
            f"finite and after `start_s` ({project.start_s:g} s)",
        ),
    }
    for name, (is_met, condition) in conditions.items():
        if not is_met:
            raise ValueError(
                f"`project.{name}` must be {condition}, got {getattr(project, name)!r}."
            )
    for name in ("wait_limit", "update"):
        if (given := getattr(project, name)) is not None:
            check_duration(f"project.{name}", given)
    check_people(project.people, is_alone=is_alone)
    check_policy(project.policy, project.people.behaviour.num_classes)
    _check_groups(project)
    if project.gold is not None:
        check_gold(project.gold)


def _check_groups(project: Project) -> None:
    """Refuse groups that cannot work, and expertise that nobody has."""
    names = [group.name for group in project.groups]
    if twice := [name for name in names if names.count(name) > 1]:
        raise ValueError(f"`groups` must have different names, got {twice[0]!r} twice.")
    classes = project.people.behaviour.num_classes
    for group in project.groups:
        check_people(group.people)
        if group.people.behaviour.num_classes != classes:
            raise ValueError(
                f"`groups` must know the {classes} classes of the others, got "
                f"{group.people.behaviour.num_classes} of {group.name!r}."
            )
    experts = [group.people for group in project.groups if group.is_expert]
    if project.adjudication is None:
        if experts:
            raise ValueError(
                "`adjudication` must say what experts are asked, or no group may be of "
                "experts."
            )
        return
    check_adjudication(project.adjudication)
    most = sum(people.team for people in experts)
    is_open = any(people.arrivals_per_day > 0 for people in experts)
    if most < project.adjudication.answers and not is_open:
        raise ValueError(
            f"`adjudication.answers` ({project.adjudication.answers}) must be at most "
            f"the experts that there are, {most}: what the crowd leaves unclear needs "
            "expertise that nobody has."
        )


def _is_above_0(value: float | None) -> bool:
    return value is None or 0 < value < math.inf
