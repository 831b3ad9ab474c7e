"""What an arm does over several tasks: one summary of log rho per arm and setting.

A summary is of one arm, asked of one crowd, with one setting of everything else that is
swept; its members are tasks. Each task's standard error is that of the bootstrap of its
rho (`chance.interval`), and tasks are taken as independent. How many tasks there are
decides what is told: fewer than `MIN_TASKS` are only listed, fewer than `MIN_PREDICTED`
have a mean and no prediction, and more have it all (`chance.random_effects`).

No task is dropped in silence. Where no run of the arm reached the target, or none did
in some resample, rho may be infinite: such a task cannot be averaged, it opens the
upper end of both intervals, and it is named. A task of which rho or its standard error
is not known is named as left out.
"""

import enum
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hitl_sim.analysis.chance.interval import MIN_REPLICATES, Bounded, resample
from hitl_sim.analysis.chance.random_effects import RandomEffects, combine
from hitl_sim.analysis.condition.between import rho_draws
from hitl_sim.analysis.condition.finding import (
    Finding,
    StudyResult,
    TaskResult,
    reference_arms,
)
from hitl_sim.array import FloatArray

MIN_TASKS = 3
"""Fewer tasks say next to nothing of how an effect varies: they are only listed."""
MIN_PREDICTED = 5
"""Fewer leave a prediction interval two degrees of freedom or less: none is told."""


class Membership(enum.Enum):
    """What became of a task in the summary of an arm."""

    COMBINED = "in the mean"
    UNBOUNDED = "infinite, or not bounded: opens the interval"
    UNKNOWN = "left out: not known"
    FEW = "left out: too few replicates"
    CONSTANT = "left out: the same in every replicate"


@dataclass(frozen=True)
class TaskEffect:
    """One arm on one task.

    Attributes:
        task: its name; with the study's where two studies have tasks of one name.
        finding: the condition, with rho and its interval.
        log_ratio: log rho; infinite or NaN where rho is infinite or unknown.
        error: its standard error, of the bootstrap; NaN where there is none.
        membership: whether it is in the mean, and if not why.
    """

    task: str
    finding: Finding
    log_ratio: float
    error: float
    membership: Membership


@dataclass(frozen=True)
class Across:
    """One arm with one setting over several tasks.

    Attributes:
        label: the arm and who is asked, with what else is swept.
        is_reference: whether it stands for its arm (`finding.reference_arms`).
        tasks: every task on which it was run, in the studies' order.
        summary: of log rho over the tasks in the mean; None where they are too few.
    """

    label: str
    is_reference: bool
    tasks: tuple[TaskEffect, ...]
    summary: RandomEffects | None

    def of(self, *kinds: Membership) -> tuple[TaskEffect, ...]:
        """Return the tasks of which became one of some kinds of member."""
        return tuple(task for task in self.tasks if task.membership in kinds)

    @property
    def unbounded(self) -> tuple[TaskEffect, ...]:
        """Return the tasks on which rho is infinite or has no upper bound."""
        return self.of(Membership.UNBOUNDED)

    @property
    def left_out(self) -> tuple[TaskEffect, ...]:
        """Return the tasks of which the summary knows nothing."""
        return self.of(Membership.UNKNOWN, Membership.FEW, Membership.CONSTANT)

    @property
    def ratio(self) -> Bounded | None:
        """Return rho on average: the geometric mean over tasks, with its interval."""
        return None if self.summary is None else self._as_ratio(self.summary.mean)

    @property
    def predicted(self) -> Bounded | None:
        """Return where rho of one new task lies, 95 %; None where tasks are too few."""
        found = self.summary
        if found is None or found.predicted is None or found.num < MIN_PREDICTED:
            return None
        return self._as_ratio(found.predicted)

    @property
    def i2_frac(self) -> float | None:
        """Return I2, told of as many tasks as a prediction is."""
        if self.summary is None or self.summary.num < MIN_PREDICTED:
            return None
        return self.summary.i2_frac

    def _as_ratio(self, found: Bounded) -> Bounded:
        high = math.inf if self.unbounded else math.exp(found.high)
        return Bounded(math.exp(found.value), math.exp(found.low), high)


def across_study(result: StudyResult) -> tuple[Across, ...]:
    """Summarise every arm over the tasks of one study, once per result."""
    return result.once("across", lambda: across_tasks([result]))


def across_tasks(
    results: Sequence[StudyResult], names: Sequence[str] = ()
) -> tuple[Across, ...]:
    """Summarise every arm that ran on two tasks or more.

    Args:
        results: studies; conditions of two are of one arm where arm, its kind, crowd
            and swept settings have the same names and values.
        names: of the studies, for tasks of one name; default their numbers from 1.

    Returns:
        In the order in which the conditions first stand in the studies.

    Raises:
        ValueError: two studies hold one condition on one and the same task, which
            would count it twice.
    """
    called = names or [str(number) for number in range(1, len(results) + 1)]
    found: dict[str, list[tuple[int, TaskResult, Finding]]] = {}
    for number, result in enumerate(results):
        for key, task, finding in _conditions(result):
            found.setdefault(key, []).append((number, task, finding))
    reference = {
        finding.condition
        for result in results
        for task in result.tasks
        for finding in reference_arms(task)
    }
    return tuple(
        _summarise(members, results, called, reference)
        for members in found.values()
        if len(members) > 1
    )


def _conditions(result: StudyResult) -> Iterator[tuple[str, TaskResult, Finding]]:
    """Yield every arm on every task, under what makes it the same one elsewhere."""
    for task in result.tasks:
        for finding in task.findings:
            if finding.role == "arm":
                swept = {**task.control.settings, **finding.settings}
                swept.pop("task", None)
                key = finding.arm, finding.kind, finding.crowd, swept
                yield json.dumps(key, sort_keys=True), task, finding


def _summarise(
    members: Sequence[tuple[int, TaskResult, Finding]],
    results: Sequence[StudyResult],
    names: Sequence[str],
    reference: set[str],
) -> Across:
    tasks = [task.task for _, task, _ in members]
    effects = []
    for number, task, finding in members:
        name = task.task
        if tasks.count(name) > 1:
            _check_other_data(name, finding.label, members, results)
            name = f"{name} ({names[number]})"
        effects.append(_effect(name, task, finding, results[number].seed))
    combined = [one for one in effects if one.membership is Membership.COMBINED]
    summary = None
    if len(combined) >= MIN_TASKS:
        summary = combine(
            [one.log_ratio for one in combined], [one.error for one in combined]
        )
    return Across(
        label=members[0][2].label,
        is_reference=any(finding.condition in reference for *_, finding in members),
        tasks=tuple(effects),
        summary=summary,
    )


def _check_other_data(
    name: str,
    label: str,
    members: Sequence[tuple[int, TaskResult, Finding]],
    results: Sequence[StudyResult],
) -> None:
    """Refuse one task twice; tasks of one name may be of different data."""
    tables = [_table(results[n], name) for n, task, _ in members if task.task == name]
    if len({json.dumps(table, sort_keys=True) for table in tables}) < len(tables):
        raise ValueError(
            f"`results` must hold task {name!r} once for {label!r}, got it"
            f" {len(tables)} times. Leave all but one of these studies out."
        )


def _table(result: StudyResult, task: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = result.study.get("task", {}).get(task, {})
    return found


def _effect(name: str, task: TaskResult, finding: Finding, seed: int) -> TaskEffect:
    """Find log rho of a task, its standard error, and what becomes of it."""
    value = finding.ratio.value
    log_ratio = math.log(value) if value > 0.0 else math.nan
    if math.isnan(log_ratio):
        return TaskEffect(name, finding, math.nan, math.nan, Membership.UNKNOWN)
    if math.isinf(log_ratio):
        return TaskEffect(name, finding, log_ratio, math.nan, Membership.UNBOUNDED)
    if finding.num_runs < MIN_REPLICATES:
        return TaskEffect(name, finding, log_ratio, math.nan, Membership.FEW)
    weights = resample(finding.num_runs, seed)
    draws = rho_draws(finding, task.control, finding.replicate, weights)
    error = log_error(draws, finding.num_runs)
    if not math.isfinite(error):
        return TaskEffect(name, finding, log_ratio, math.nan, Membership.UNBOUNDED)
    if error == 0.0:
        return TaskEffect(name, finding, log_ratio, 0.0, Membership.CONSTANT)
    return TaskEffect(name, finding, log_ratio, error, Membership.COMBINED)


def log_error(draws: FloatArray, num_replicates: int) -> float:
    """Return the standard error of log rho, given `[B]` rho in each resample.

    A Bayesian bootstrap's deviation is too small by sqrt((n - 1) / (n + 1)), as
    `chance.interval` has it. Infinite where a resample is not finite.
    """
    if not (np.isfinite(draws) & (draws > 0.0)).all():
        return math.inf
    stretch = math.sqrt((num_replicates + 1) / (num_replicates - 1))
    return float(np.log(draws).std()) * stretch
