"""The rows of the result table, as text, for the terminal and the page alike."""

from __future__ import annotations

import math
from collections.abc import Sequence

from hitl_sim.analysis import Finding, TaskResult
from hitl_sim.report.number import (
    RHO,
    UNKNOWN,
    break_even_text,
    digits,
    duration,
    plain_joules,
    ratio_text,
)
from hitl_sim.report.table import Table

HEADINGS = (
    f"{RHO} [95 %]",
    "reach",
    "J/success",
    "human time",
    "M* energy",
    "M* money",
    "M* carbon",
)
_SILENT = dict.fromkeys(("M* energy", "M* money", "M* carbon"), ("", UNKNOWN))
"""Columns that are left out where all they say is this."""


def result_table(task: TaskResult, without: Sequence[str] = ()) -> Table:
    """Lay out a task's conditions, the crowds of an arm beneath its name.

    The control stands first, then those who ask nobody, then people by arm and rho.

    Args:
        task: one task's result.
        without: headings that are left out, beside those of which nothing is known.

    Returns:
        Rows of the classes heading, crowd, saving, control, null and arm.
    """
    nobody = [f for f in task.findings if not f.has_people]
    findings = [task.control, *nobody, *sorted(task.with_people, key=_order)]
    lines = [_cells(finding) for finding in findings]
    kept = [
        column
        for column, heading in enumerate(HEADINGS)
        if heading not in without
        and any(cells[column] not in _SILENT.get(heading, ()) for cells in lines)
    ]
    rows: list[tuple[str, ...]] = []
    classes: list[str] = []
    arm = ""
    for finding, cells in zip(findings, lines, strict=True):
        name, crowd = _name(finding), finding.crowd
        if crowd and name != arm:
            rows.append((name, *("" for _ in kept)))
            classes.append("heading")
        arm = name
        rows.append((crowd or name, *(cells[column] for column in kept)))
        is_saving = finding.role == "arm" and finding.ratio.high < 1.0
        kind = "saving" if is_saving else finding.role
        classes.append(f"{kind} crowd" if crowd else kind)
    headings = ("arm, and who is asked", *(HEADINGS[column] for column in kept))
    return Table(headings, rows, classes=classes)


def _order(finding: Finding) -> tuple[str, str, float, str]:
    rho = finding.ratio.value
    rank = math.inf if math.isnan(rho) else rho
    return finding.arm, finding.variant, rank, finding.crowd


def _name(finding: Finding) -> str:
    variant = f" ({finding.variant})" if finding.variant else ""
    return finding.arm + variant + (" (A/A)" if finding.role == "null" else "")


def _cells(finding: Finding) -> tuple[str, ...]:
    """Write what was found of a condition, under `HEADINGS`."""
    is_control, is_compared = finding.role == "control", finding.role == "arm"
    worked_s = float(finding.usage.worked_s)
    return (
        digits(1.0) if is_control else ratio_text(finding.ratio),
        f"{finding.reach.hits}/{finding.reach.trials}",
        plain_joules(finding.joules.value),
        duration(worked_s) if finding.has_people else "none",
        *(break_even_text(one) if is_compared else "" for one in finding.break_even),
    )
