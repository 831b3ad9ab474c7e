"""Growth along the sizes that a study swept, and the test of its prediction."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from hitl_sim.analysis.finding import Finding, StudyResult, TaskResult
from hitl_sim.analysis.growth import (
    DECADE,
    MIN_SIZES,
    Growth,
    Prediction,
    fit_growth,
    hide_largest,
)

_SIZES = {
    "task.pool": "items of the pool",
    "network.hidden": "width of the hidden layer",
    "network.embedding": "width of the embedding",
    "network.filters": "filters",
}


@dataclass(frozen=True)
class Scaling:
    """How one amount of one arm grows along one size.

    Attributes:
        task: name of the task.
        size: what grows, in words.
        rest: what else is swept and held, in words; empty where nothing is.
        arm: whose amount.
        amount: which, in words.
        growth: the law.
        ahead: prediction one decade beyond the largest size; hypothetical.
        hidden: prediction of the largest size from the others; None where it cannot be
            hidden.
    """

    task: str
    size: str
    rest: str
    arm: str
    amount: str
    growth: Growth
    ahead: Prediction
    hidden: Prediction | None

    @property
    def is_held(self) -> bool | None:
        """Return whether the hidden largest was held; None where none was hidden."""
        if self.hidden is None:
            return None
        return self.hidden.holds(float(self.growth.amount[-1]))


def find_scalings(result: StudyResult) -> tuple[Scaling, ...]:
    """Fit growth along every size of which a study has enough settings.

    Steps and operations are per success, choosing included; an arm is left out where
    it never reached at one of the sizes.

    Args:
        result: the study.
    """
    return tuple(
        scaling
        for name, words in _SIZES.items()
        for tasks in _families(result, name)
        for scaling in _scalings(tasks, name, words, result)
    )


def hidden_tests(scalings: Iterable[Scaling]) -> tuple[bool, ...]:
    """Return whether each arm's hidden largest size was held, by all of its amounts.

    Operations are steps times what one step takes, so that the laws of both miss or
    hold together: they are one test, and so are any amounts of one arm along one size.

    Args:
        scalings: of `find_scalings`; those without a hidden size are left out.
    """
    found: dict[tuple[str, str, str, str], bool] = {}
    for scaling in scalings:
        if scaling.is_held is not None:
            key = scaling.task, scaling.size, scaling.rest, scaling.arm
            found[key] = found.get(key, True) and scaling.is_held
    return tuple(found.values())


def _families(result: StudyResult, name: str) -> Iterator[list[TaskResult]]:
    """Yield tasks that differ in one size alone, in its order."""
    found: dict[str, list[TaskResult]] = {}
    for task in result.tasks:
        settings = dict(task.control.settings)
        if name in settings:
            del settings[name]
            key = json.dumps([task.task, settings], sort_keys=True)
            found.setdefault(key, []).append(task)
    for tasks in found.values():
        if len(tasks) >= MIN_SIZES:
            yield sorted(tasks, key=lambda t: float(t.control.settings[name]))


def _scalings(
    tasks: list[TaskResult], name: str, words: str, result: StudyResult
) -> Iterator[Scaling]:
    sizes = [float(task.control.settings[name]) for task in tasks]
    rest = {k: v for k, v in tasks[0].control.settings.items() if k != name}
    held = ", ".join(f"{key} {value}" for key, value in rest.items() if key != "task")
    for arm in ("control", *_arms(tasks)):
        found = [_finding(task, arm) for task in tasks]
        if any(f is None or f.reach.hits == 0 for f in found):
            continue
        known = [f for f in found if f is not None]
        for amount, values in (
            ("steps", [float(f.usage.steps) for f in known]),
            ("operations", [_operations(f, result) for f in known]),
        ):
            growth = fit_growth(sizes, values)
            yield Scaling(
                task=tasks[0].task,
                size=words,
                rest=held,
                arm=known[0].arm if arm != "control" else "control",
                amount=amount,
                growth=growth,
                ahead=growth.predict(DECADE * sizes[-1]),
                hidden=hide_largest(growth),
            )


def _arms(tasks: list[TaskResult]) -> list[str]:
    """Return the names of the arms with people."""
    return list(dict.fromkeys(f.arm for task in tasks for f in task.with_people))


def _finding(task: TaskResult, arm: str) -> Finding | None:
    if arm == "control":
        return task.control
    asked = [f for f in task.with_people if f.arm == arm]
    return asked[0] if len(asked) == 1 else None


def _operations(finding: Finding, result: StudyResult) -> float:
    """Return operations per success of everything the protocol needs."""
    pooled = dict(zip(finding.amounts.names, finding.amounts.pooled, strict=True))
    return float(
        sum(
            pooled[name] * sum(unit["flops"].values())
            for name, unit in result.work.items()
            if pooled[name]
        )
    )
