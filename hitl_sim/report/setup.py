"""The set-ups and hyper-parameters of a study, as a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hitl_sim.analysis import StudyResult
from hitl_sim.report.table import Table

_TABLES = ("network", "training", "target", "crowd", "crew", "prices")


def setup_table(result: StudyResult) -> Table:
    """List what the study set, in the order of a study file; what is unset is left out.

    Args:
        result: of `hitl_sim.analysis.analyse`.
    """
    study = result.study
    found = [
        ("study", name, _written(study[name]))
        for name in ("seed", "replicates", "smallest_effect", "device", "width")
        if name in study
    ]
    for name, task in study.get("task", {}).items():
        found += _rows(f"task {name}", task)
    for name in _TABLES:
        found += _rows(name, study.get(name, {}))
    for arm in study.get("arm", ()):
        rest = {key: value for key, value in arm.items() if key != "name"}
        found += _rows(f"arm {arm['name']}", rest)
    for axis in study.get("axis", ()):
        arms = axis.get("arms")
        whose = f" (arms {', '.join(arms)})" if arms else ""
        found.append(("axis", axis["field"] + whose, _written(axis["values"])))
    return Table(("part", "name", "value"), found, "all that was set")


def _rows(part: str, table: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    for name, value in table.items():
        if isinstance(value, Mapping):
            # options of a part, as they may stand beside it
            yield from _rows(part, value)
        elif value is not None:
            yield part, name, _written(value)


def _written(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(_written, value)) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value)
