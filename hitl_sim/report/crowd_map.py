"""Rho of one arm over two parameters of its crowd, as the cells of a heat map."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hitl_sim.analysis.condition.finding import Finding, StudyResult, TaskResult, best
from hitl_sim.analysis.run.record import plain_value

LEAST = 20
"""Conditions of a study above which a map takes the place of rows."""
MOST_TASKS = 2
MOST_COLUMNS = 6
_MOST_ROWS = {1: 6, 2: 3}
"""Rows of a map, by the number of tasks, so that a screen holds all of them."""
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
    if not 0 < len(tasks) <= MOST_TASKS:
        return ()
    if sum(len(task.findings) for task in tasks) <= LEAST:
        return ()
    found = [_map_of(task, _MOST_ROWS[len(tasks)]) for task in tasks]
    maps = [one for one in found if one is not None]
    same = {(one.down, one.across, one.columns) for one in maps}
    return tuple(maps) if len(maps) == len(tasks) and len(same) == 1 else ()


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
    """List the values of each parameter of the crowd that has several, in order."""
    found: dict[str, dict[Any, None]] = {}
    for finding in findings:
        for field, value in finding.settings.items():
            if field.startswith(_CROWD):
                found.setdefault(field, {})[value] = None
    return {
        field: sorted(own, key=lambda value: (isinstance(value, str), value))
        for field, own in found.items()
        if len(own) > 1
    }


def _spread(values: Sequence[Any], most: int) -> tuple[Any, ...]:
    """Take up to so many values, both ends among them, evenly between."""
    if len(values) <= most:
        return tuple(values)
    last = len(values) - 1
    places = dict.fromkeys(round(i * last / (most - 1)) for i in range(most))
    return tuple(values[place] for place in places)
