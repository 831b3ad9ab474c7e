"""What a reader has to know before believing figures, task by task, as tables."""

import math
from typing import Any

from hitl_sim.analysis.condition.finding import StudyResult, TaskResult
from hitl_sim.report.first_screen import name_of
from hitl_sim.report.number import RHO, digits, ratio_text
from hitl_sim.report.table import Table

_HEADINGS = (
    "task",
    "target",
    f"A/A: {RHO} [95 %]",
    "holds 1",
    "replicates",
    "without a target",
    "runs missing",
    "runs failed",
    "control reached",
)


def check_table(result: StudyResult) -> Table:
    """Lay out the checks of each task: its A/A pair, its target, and lost runs."""
    rows = [(name_of(t, result, is_short=True), *_checks(t)) for t in result.tasks]
    return Table(_HEADINGS, rows, "checks")


def _checks(task: TaskResult) -> tuple[str, ...]:
    null = task.null
    every = (task.control, *task.findings)
    reach = task.control.reach
    is_hard = task.target > task.chance
    return (
        digits(task.target) + ("" if is_hard else " (no better than chance)"),
        "none" if null is None else ratio_text(null.ratio),
        "" if null is None else "yes" if null.ratio.holds(1.0) else "no",
        f"{len(task.replicates)}",
        f"{len(task.without_target)}",
        f"{sum(finding.num_missing for finding in every)}",
        f"{sum(finding.num_failed for finding in every)}",
        f"{reach.hits}/{reach.trials}",
    )


def tuning_table(result: StudyResult) -> Table:
    """List the settings that a search found, arm by arm; no rows without one."""
    rows = [
        (str(row.get("task", "")), str(row["arm"]), field, _written(value))
        for row in result.tuning
        for field, value in row["values"].items()
    ]
    title = "settings that were tuned alike for control and arms"
    return Table(("task", "arm", "field", "found"), list(dict.fromkeys(rows)), title)


def _written(value: Any) -> str:
    is_number = isinstance(value, float) and math.isfinite(value)
    return digits(value) if is_number else str(value)
