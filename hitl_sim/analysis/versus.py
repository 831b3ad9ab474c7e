"""Two studies side by side: what was set differently, and what that did to rho."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from hitl_sim.analysis.finding import Finding, StudyResult, TaskResult
from hitl_sim.analysis.interval import (
    draw_pair,
    percentile_interval,
    ratio_of,
    resample,
)
from hitl_sim.analysis.record import FloatArray

_NAMED = {"arm": "name", "axis": "field"}
"""Lists of tables, and the field that each of their tables goes by."""


@dataclass(frozen=True)
class Versus:
    """One condition that both studies have.

    Attributes:
        task: its task, in words.
        label: the condition, in words.
        one: as the first study found it.
        other: as the second did.
        value: rho of the second over rho of the first.
        low: lower end of the 95 % interval of that, the studies taken as independent.
        high: upper end.
    """

    task: str
    label: str
    one: Finding
    other: Finding
    value: float
    low: float
    high: float

    @property
    def is_told_apart(self) -> bool:
        """Return whether the interval leaves out 1."""
        return not self.low <= 1.0 <= self.high


@dataclass(frozen=True)
class Comparison:
    """Two studies.

    Attributes:
        settings: what differs, by dotted name: the first study's and the second's.
        shared: conditions of both, in the first one's order.
        only_one: conditions of the first alone, in words.
        only_other: conditions of the second alone.
    """

    settings: Mapping[str, tuple[Any, Any]]
    shared: tuple[Versus, ...]
    only_one: tuple[str, ...]
    only_other: tuple[str, ...]


def compare_studies(one: StudyResult, other: StudyResult) -> Comparison:
    """Hold two studies against each other, condition by condition.

    Conditions are the same where task, arm and swept settings have the same names and
    values; a crowd that one of the studies does not sweep is part of its settings.

    Args:
        one: the first study.
        other: the second.
    """
    first, second = _conditions(one), _conditions(other)
    shared = [
        _versus(*first[key], *second[key], one.seed) for key in first if key in second
    ]
    return Comparison(
        settings=dict(_differences(_flat(one.study), _flat(other.study))),
        shared=tuple(shared),
        only_one=tuple(_words(*first[key]) for key in first if key not in second),
        only_other=tuple(_words(*second[key]) for key in second if key not in first),
    )


def _conditions(result: StudyResult) -> dict[str, tuple[TaskResult, Finding]]:
    found = {}
    for task in result.tasks:
        base = dict(task.control.settings)
        for finding in task.findings:
            key = task.task, base, finding.arm, finding.settings, finding.population
            found[json.dumps(key, sort_keys=True)] = task, finding
    return found


def _words(task: TaskResult, finding: Finding) -> str:
    return f"{task.label}: {finding.label}"


def _versus(
    task: TaskResult, one: Finding, other_task: TaskResult, other: Finding, seed: int
) -> Versus:
    first = _draws(task, one, seed)
    second = _draws(other_task, other, seed + 1)
    num = min(one.num_runs, other.num_runs)
    low, high = percentile_interval(ratio_of(second, first), num)
    with np.errstate(invalid="ignore", divide="ignore"):
        value = float(np.float64(other.ratio.value) / np.float64(one.ratio.value))
    return Versus(task.label, one.label, one, other, value, max(low, 0.0), high)


def _draws(task: TaskResult, finding: Finding, seed: int) -> FloatArray:
    """Return rho in each resample, arm and control drawn together."""
    weights = resample(finding.num_runs, seed)
    control = task.control.outlay
    rows = np.searchsorted(task.control.replicate, finding.replicate)
    return ratio_of(*draw_pair(finding.outlay, control.select(rows), weights))


def _flat(table: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Write nested tables as one, by dotted name; arms and axes go by theirs."""
    flat: dict[str, Any] = {}
    for name, value in table.items():
        path = f"{above}{name}"
        if name in _NAMED and isinstance(value, list | tuple):
            for part in value:
                rest = {k: v for k, v in part.items() if k != _NAMED[name]}
                flat.update(_flat(rest, f"{path}.{part[_NAMED[name]]}."))
        elif isinstance(value, Mapping):
            flat.update(_flat(value, f"{path}."))
        else:
            flat[path] = value
    return flat


def _differences(
    one: Mapping[str, Any], other: Mapping[str, Any]
) -> Iterator[tuple[str, tuple[Any, Any]]]:
    for name in dict.fromkeys((*one, *other)):
        pair = one.get(name), other.get(name)
        if pair[0] != pair[1]:
            yield name, pair
