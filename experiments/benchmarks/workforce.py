"""A project of many people and answers: the two engines beside plain simpy.

    python experiments/benchmarks/workforce.py
    python experiments/benchmarks/workforce.py --answers 1000000000 --backlog-only

Plain simpy is the least that any model of this kind does: one process a person, one
timeout an answer, drawn from blocks as ours are, and a counter. It knows no shifts, no
items, no limits and nobody who leaves. The engines run the project in full: people who
come, learn, leave and are replaced, shifts, three answers of different people an item,
labels. Each runs in a process of its own, so that the peak of memory is its own.
"""

import argparse
import multiprocessing
import resource
import time

import numpy as np
import simpy

from hitl_sim.workforce import (
    Behaviour,
    Duration,
    Fixed,
    People,
    Project,
    simulate_project,
    with_half_life,
)
from hitl_sim.workforce.backlog import simulate_backlog
from hitl_sim.workforce.duration import stream_of
from hitl_sim.workforce.team import DAY_S

ANSWERS_PER_ITEM = 3


def project_of(people, answers):
    """Describe a project of so many people and answers."""
    # a few days of work for everybody, whatever their number
    seconds = 8 * 3_600.0 * 5 * people / answers
    return Project(
        max(1, answers // ANSWERS_PER_ITEM),
        People(
            team=people,
            lag=Duration(DAY_S),
            stay=with_half_life(60 * DAY_S),
            is_replaced=True,
            onboarding_s=1_800.0,
            starts_over_h=8.0,
            seconds=Duration(seconds, "lognormal", 0.6),
            pace_spread=0.4,
            behaviour=Behaviour(0.85, 2, 0.5, 0.8),
        ),
        Fixed(ANSWERS_PER_ITEM),
        horizon_s=90 * DAY_S,
    )


def plain_simpy(project):
    """Let everybody answer without end until there are enough answers."""
    env = simpy.Environment()
    draws = stream_of(project.people.seconds, np.random.default_rng(0))
    left, finished = project.items * ANSWERS_PER_ITEM, env.event()

    def person():
        nonlocal left
        while left > 0:
            left -= 1
            yield env.timeout(next(draws))
        if not finished.triggered:
            finished.succeed()

    for _ in range(project.people.team):
        env.process(person())
    env.run(finished)
    return project.items * ANSWERS_PER_ITEM


def clock(project):
    """Run the simpy engine."""
    return simulate_project(project, 0).answered


def backlog(project):
    """Run the array engine."""
    return simulate_backlog(project, 0).answered


def _measure(run, project, pipe):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.process_time()
    answered = run(project)
    seconds = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    pipe.send((answered, seconds, (peak - before) / 1024, peak / 1024))


def measure(run, project):
    """Run an engine by itself.

    Returns:
        Answers, processor seconds, MiB more than before, and the most there was.
    """
    ours, theirs = multiprocessing.Pipe()
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=_measure, args=(run, project, theirs))
    process.start()
    # a process that dies then ends the wait too
    theirs.close()
    found = ours.recv()
    process.join()
    return found


def main() -> None:
    """Print processor seconds, ratio to plain simpy and memory of each engine."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--people", type=int, default=10_000)
    parser.add_argument("--answers", type=int, default=1_000_000)
    parser.add_argument("--backlog-only", action="store_true")
    given = parser.parse_args()
    project = project_of(given.people, given.answers)
    engines = {"plain simpy": plain_simpy, "simpy engine": clock, "backlog": backlog}
    if given.backlog_only:
        engines = {"backlog": backlog}
    print(f"{given.people:,} people, {given.answers:,} answers")
    plain = None
    for name, run in engines.items():
        answered, seconds, more, peak = measure(run, project)
        plain = plain or seconds
        print(
            f"{name:13} {seconds:8.2f} s  {answered / seconds:12,.0f} answers/s  "
            f"/ first {seconds / plain:6.2f}  {more:7.0f} MiB more, peak {peak:.0f}"
        )


if __name__ == "__main__":
    main()
