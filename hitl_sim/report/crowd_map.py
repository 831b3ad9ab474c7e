"""Rho of one arm over parameters of its crowd, as the cells of a heat map."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hitl_sim.analysis.condition.finding import Finding, StudyResult, TaskResult, best
from hitl_sim.analysis.run.record import plain_value

LEAST = 20
"""Conditions of a study above which a map takes the place of rows."""
MOST_TASKS = 2
MOST_COLUMNS = 6
MOST_VALUES = 16
"""Values of a parameter that can be rows or columns; one that is drawn has more, and
hardly two conditions that share one."""
_MOST_BY_TASK = 5
"""Columns of a map of tasks, which has one more for E*."""
_MOST_ROWS = {1: 6, 2: 3}
"""Rows of a map, by the number of tasks, so that a screen holds all of them."""
_BY_SKILL = ("perfect", "careful", "typical", "careless", "spammer")
"""Populations that ship and are swept together, the more accurate first."""
_CROWD = "crowd."


@dataclass(frozen=True)
class CrowdMap:
    """The best arm with people over the two parameters that have most values.

    What else is swept of the crowd stays as in the arm's best condition.

    Attributes:
        arm: its name.
        down: the parameter of the rows, as a study file names it.
        across: that of the columns.
        rows: its values, as far as a screen has room.
        columns: the same of the columns.
        cells: the condition of each row and column; None where none was run.
        held: what else is swept, in words.
    """

    arm: str
    down: str
    across: str
    rows: tuple[Any, ...]
    columns: tuple[Any, ...]
    cells: tuple[tuple[Finding | None, ...], ...]
    held: tuple[str, ...]


def crowd_maps(result: StudyResult) -> tuple[CrowdMap, ...]:
    """Return a map per task, all over the same values; empty where rows are shown.

    There are maps where a study of one or two tasks has more than `LEAST` conditions
    and sweeps two parameters of the crowd or more.
    """
    tasks = result.tasks
    if not 0 < len(tasks) <= MOST_TASKS or not _is_wide(result):
        return ()
    found = [_map_of(task, _MOST_ROWS[len(tasks)]) for task in tasks]
    maps = [one for one in found if one is not None]
    same = {(one.down, one.across, one.columns) for one in maps}
    return tuple(maps) if len(maps) == len(tasks) and len(same) == 1 else ()


@dataclass(frozen=True)
class TaskMap:
    """The best arm with people of each task over the parameter that has most values.

    Attributes:
        across: the parameter, as a study file names it.
        columns: its values, as far as a screen has room; of names the better first.
        cells: the condition of each task and column; None where none was run.
    """

    across: str
    columns: tuple[Any, ...]
    cells: tuple[tuple[Finding | None, ...], ...]


def task_map(result: StudyResult) -> TaskMap | None:
    """Return rho of each task over what is swept of the crowd, or None.

    There is one where a study of three tasks or more has more than `LEAST` conditions
    and sweeps a parameter of the crowd.
    """
    tasks = result.tasks
    if len(tasks) <= MOST_TASKS or not _is_wide(result):
        return None
    leaders = [best(task.with_people) for task in tasks]
    lines = [
        [f for f in task.with_people if leader is not None and f.name == leader.name]
        for task, leader in zip(tasks, leaders, strict=True)
    ]
    values = _values([finding for line in lines for finding in line])
    if not values:
        return None
    across = max(values, key=lambda field: len(values[field]))
    columns = _ordered(values[across], across, lines)
    cells = []
    for leader, line in zip(leaders, lines, strict=True):
        found: dict[Any, Finding] = {}
        others = None if leader is None else _rest(leader, across)
        for finding in line:
            value = finding.settings.get(across)
            if value not in found or _rest(finding, across) == others:
                found[value] = finding
        cells.append(tuple(found.get(value) for value in columns))
    return TaskMap(across, columns, tuple(cells))


def _is_wide(result: StudyResult) -> bool:
    return sum(len(task.findings) for task in result.tasks) > LEAST


def _rest(finding: Finding, field: str) -> dict[str, Any]:
    return {k: v for k, v in finding.settings.items() if k != field}


def _ordered(
    values: Sequence[Any], field: str, lines: Sequence[Sequence[Finding]]
) -> tuple[Any, ...]:
    """Take the columns: numbers in their order, names by rho where most of them ran."""
    if not isinstance(values[0], str):
        return _spread(values, _MOST_BY_TASK)
    ratios = dict[Any, float]()
    for line in lines:
        own = {f.settings.get(field): f.ratio.value for f in line[::-1]}
        if len(own) > len(ratios):
            ratios = own
    rank = {name: place for place, name in enumerate(_BY_SKILL)}
    if rank.keys() >= set(values):
        return tuple(sorted(values, key=rank.__getitem__))
    by_ratio = sorted(values, key=lambda value: ratios.get(value, math.inf))
    return _spread(by_ratio, _MOST_BY_TASK)


def _map_of(task: TaskResult, most_rows: int) -> CrowdMap | None:
    """Lay the best arm with people out over two parameters."""
    leader = best(task.with_people)
    if leader is None:
        return None
    same = [f for f in task.with_people if f.name == leader.name]
    values = _values(same)
    fields = sorted(values, key=lambda field: -len(values[field]))[:2]
    if len(fields) < 2:
        return None
    down, across = fields
    held = {k: v for k, v in leader.settings.items() if k not in fields}
    by_place = {
        (f.settings.get(down), f.settings.get(across)): f
        for f in same
        if {k: v for k, v in f.settings.items() if k not in fields} == held
    }
    rows = _spread(values[down], most_rows)
    columns = _spread(values[across], MOST_COLUMNS)
    cells = tuple(tuple(by_place.get((r, c)) for c in columns) for r in rows)
    words = [
        f"{short_name(field)} {plain_value(held[field])}"
        for field, own in values.items()
        if field in held and len(own) > 1
    ]
    return CrowdMap(leader.name, down, across, rows, columns, cells, tuple(words))


def short_name(field: str) -> str:
    """Name a parameter in words: `shared error`."""
    return field.removeprefix(_CROWD).replace("_", " ")


def _values(findings: Sequence[Finding]) -> dict[str, list[Any]]:
    """List the values of each parameter of the crowd with several, in order."""
    found: dict[str, dict[Any, None]] = {}
    for finding in findings:
        for field, value in finding.settings.items():
            if field.startswith(_CROWD):
                found.setdefault(field, {})[value] = None
    return {
        field: sorted(own, key=lambda value: (isinstance(value, str), value))
        for field, own in found.items()
        if 1 < len(own) <= MOST_VALUES
    }


def _spread(values: Sequence[Any], most: int) -> tuple[Any, ...]:
    """Take up to so many values, both ends among them, evenly between."""
    if len(values) <= most:
        return tuple(values)
    last = len(values) - 1
    places = dict.fromkeys(round(i * last / (most - 1)) for i in range(most))
    return tuple(values[place] for place in places)
