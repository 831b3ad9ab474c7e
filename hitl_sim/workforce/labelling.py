"""An open project on the clock, from its first day until the last item is closed."""

import math
from collections.abc import Iterator, Sequence

import numpy as np
import simpy

from hitl_sim.workforce.account import Account, check_account
from hitl_sim.workforce.behaviour import AnswerSource, SimulatedAnswers
from hitl_sim.workforce.duration import Duration, stream_of
from hitl_sim.workforce.floor import Floor, Look
from hitl_sim.workforce.people import Roster, draw_roster, onboarding_worked
from hitl_sim.workforce.project import Project, check_project
from hitl_sim.workforce.team import DAY_S
from hitl_sim.workforce.worker import (
    Steps,
    Trainer,
    Worker,
    person_works,
    worker_of,
)


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
    people = project.people
    who, times, answers, waits = np.random.default_rng([seed]).spawn(4)
    if roster is None:
        roster = draw_roster(people, project.horizon_s, who, project.start_s)
    if source is None:
        source = SimulatedAnswers(people.behaviour, roster.skill, answers)
    env = simpy.Environment(project.start_s)
    floor = Floor(env, project, source, waits, warm_up_items, look)
    seconds = stream_of(people.seconds, times)
    trainer = None
    if project.update is not None:
        devices = simpy.Resource(env, project.devices)
        trainer = Trainer(devices, stream_of(project.update, waits))
    workers = [worker_of(roster, number) for number in range(len(roster))]

    def begins(worker: Worker) -> Steps:
        yield env.timeout(float(roster.ready_s[worker.number]) - project.start_s)
        yield from person_works(env, floor, worker, seconds, trainer)

    for worker in workers:
        if roster.ready_s[worker.number] < min(worker.leave_s, project.horizon_s):
            env.process(begins(worker))
    if project.items_per_day is not None:
        gaps = stream_of(Duration(DAY_S / project.items_per_day), waits)
        env.process(items_come(env, floor, gaps))
    env.run(env.any_of([floor.finished, env.timeout(project.horizon_s - env.now)]))
    account = _account(project, floor, roster, workers, env.now)
    check_account(account)
    return account


def _account(
    project: Project,
    floor: Floor,
    roster: Roster,
    workers: Sequence[Worker],
    end_s: float,
) -> Account:
    """Close the books, those of people who are in the middle of something too."""
    floor.flush()
    counts = floor.counts
    worked_s, idle_s = counts.worked_s, counts.idle_s
    for worker in workers:
        if worker.begun_s is not None:
            worked_s += end_s - worker.begun_s
        if worker.idle_since_s is not None:
            idle_s += end_s - worker.idle_since_s
    onboarding_s = onboarding_worked(roster, project.people.onboarding_s, end_s)
    came = roster.arrive_s <= end_s
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
        worked_s=worked_s,
        onboarding_s=onboarding_s,
        idle_s=idle_s,
        waited_s=counts.waited_s,
        paid_s=worked_s + onboarding_s,
        people_came=int(came.sum()),
        people_left=int((came & (roster.leave_s <= end_s)).sum()),
        wait=floor.wait,
        sojourn=floor.sojourn,
        expiry=floor.expiry,
        device_wait=floor.device_wait,
        closed_by_hour=floor.hours["close"].counts(),
        answered_by_hour=floor.hours["answer"].counts(),
    )
