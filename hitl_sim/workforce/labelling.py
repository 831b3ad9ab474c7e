"""An open project on the clock, from its first day until the last item is closed."""

import math
from collections.abc import Iterator, Sequence

import numpy as np
import simpy

from hitl_sim.workforce.account import Account, check_account
from hitl_sim.workforce.behaviour import AnswerSource, SimulatedAnswers
from hitl_sim.workforce.duration import Duration, stream_of
from hitl_sim.workforce.floor import Floor, Look
from hitl_sim.workforce.group import ActiveGroup, GroupPlan, put_on_clock
from hitl_sim.workforce.people import draw_roster
from hitl_sim.workforce.project import Project, check_project
from hitl_sim.workforce.roster import Roster
from hitl_sim.workforce.team import DAY_S
from hitl_sim.workforce.worker import Steps, Trainer

_GROUPS, _EXTRAS = 1, 2
"""Streams of draws of further groups, and of what only some projects have."""


def items_come(env: simpy.Environment, floor: Floor, gaps: Iterator[float]) -> Steps:
    """Open items one after the other, as they come in."""
    for _ in range(floor.project.items):
        yield env.timeout(next(gaps))
        floor.open_item()


def simulate_project(
    project: Project,
    seed: int,
    *,
    warm_up_items: int = 0,
    roster: Roster | None = None,
    source: AnswerSource | None = None,
    look: Look | None = None,
) -> Account:
    """Run a project from its first day until the last item is closed.

    Args:
        project: what is to be done and by whom.
        seed: of all draws; equal input gives an equal account.
        warm_up_items: items whose waits are not counted, the first to come in.
        roster: people to run it with in place of drawn ones.
        source: whoever knows what they answer; drawn by their behaviour otherwise.
        look: told of every event, for a test or a picture.

    Returns:
        What it came to.

    Raises:
        ValueError: the project cannot be run; see `check_project`.
        ConservationError: the clock's own books do not balance.
    """
    check_project(project, is_alone=roster is None)
    if source is not None and project.gold is not None:
        raise ValueError(
            "`project.gold` must be left out with a `source`, for what people answer "
            "to known questions is simulated."
        )
    who, times, answers, waits = np.random.default_rng([seed]).spawn(4)
    groups = _groups(project, seed, roster, source, (who, times, answers))
    env = simpy.Environment(project.start_s)
    sources = [group.source for group in groups]
    floor = Floor(env, project, sources, waits, warm_up_items, look)
    trainer = None
    if project.update is not None:
        devices = simpy.Resource(env, project.devices)
        trainer = Trainer(devices, stream_of(project.update, waits))
    active = put_on_clock(env, floor, groups, trainer)
    if project.items_per_day is not None:
        gaps = stream_of(Duration(DAY_S / project.items_per_day), waits)
        env.process(items_come(env, floor, gaps))
    env.run(env.any_of([floor.finished, env.timeout(project.horizon_s - env.now)]))
    account = _account(project, floor, active, env.now)
    check_account(account)
    return account


def _groups(
    project: Project,
    seed: int,
    roster: Roster | None,
    source: AnswerSource | None,
    draws: tuple[np.random.Generator, ...],
) -> list[GroupPlan]:
    """Draw who comes of each group, the crowd first."""
    kinds = [("people", project.people, False)]
    kinds += [(one.name, one.people, one.is_expert) for one in project.groups]
    groups = []
    for number, (name, people, is_expert) in enumerate(kinds):
        if number > 0:
            draws = tuple(np.random.default_rng([seed, number, _GROUPS]).spawn(3))
            roster, source = None, None
        who, times, answers = draws
        extras = np.random.default_rng([seed, number, _EXTRAS])
        if roster is None:
            roster = draw_roster(people, project.horizon_s, who, project.start_s)
        if source is None:
            source = SimulatedAnswers(people.behaviour, roster.skill, answers)
        plan = (people, is_expert, roster, source, times, extras)
        groups.append(GroupPlan(number, name, *plan))
    return groups


def _account(
    project: Project, floor: Floor, active: Sequence[ActiveGroup], end_s: float
) -> Account:
    """Close the books, those of people who are in the middle of something too."""
    floor.flush()
    counts = floor.counts
    groups = tuple(one.account(end_s) for one in active)
    idle_s = counts.idle_s
    for worker in (worker for one in active for worker in one.workers):
        if worker.idle_since_s is not None:
            idle_s += end_s - worker.idle_since_s
    known = counts.labelled > 0
    return Account(
        end_s=end_s,
        is_finished=counts.items_closed == project.items,
        items_closed=counts.items_closed,
        items_right=counts.items_right if known else math.nan,
        claimed=counts.claimed / counts.labelled if known else math.nan,
        asked=counts.asked,
        answered=counts.answered,
        surplus=counts.surplus,
        abandoned=counts.abandoned,
        expired=counts.expired,
        open=counts.asked - counts.answered - counts.abandoned - counts.expired,
        worked_s=sum(group.worked_s for group in groups),
        onboarding_s=sum(group.onboarding_s for group in groups),
        tested_s=sum(group.tested_s for group in groups),
        gold_s=sum(group.gold_s for group in groups),
        idle_s=idle_s,
        waited_s=counts.waited_s,
        paid_s=sum(group.paid_s for group in groups),
        people_came=sum(group.people_came for group in groups),
        people_left=sum(one.num_left(end_s) for one in active),
        groups=groups,
        adjudicated=counts.adjudicated,
        reopened=counts.reopened,
        wait=floor.wait,
        sojourn=floor.sojourn,
        expiry=floor.expiry,
        device_wait=floor.device_wait,
        closed_by_hour=floor.hours["close"].counts(),
        answered_by_hour=floor.hours["answer"].counts(),
    )
