"""The rows of the result table, as text, for the terminal and the page alike."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

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
    "arm",
    "who is asked",
    f"{RHO} [95 %]",
    "reach",
    "J/success",
    "human time",
    "M* energy",
    "M* money",
    "M* carbon",
)
NOBODY = "nobody"


@dataclass(frozen=True)
class Row:
    """One condition as a line of the table.

    Attributes:
        cells: text under each of `HEADINGS`.
        role: control, null or arm.
        is_saving: whether rho's whole interval is below 1.
    """

    cells: tuple[str, ...]
    role: str
    is_saving: bool


def columns(rows: Sequence[Row]) -> list[int]:
    """Return the columns that say something; money and carbon may be unknown."""
    return [
        column
        for column, heading in enumerate(HEADINGS)
        if not heading.startswith("M*")
        or any(row.cells[column] not in ("", UNKNOWN) for row in rows)
    ]


def table_rows(task: TaskResult) -> list[Row]:
    """Return the control first, then those who ask nobody, then people by arm and rho.

    Args:
        task: one task's result.
    """
    nobody = [f for f in task.findings if not f.has_people]
    people = sorted(task.with_people, key=_order)
    return [_row(finding) for finding in (task.control, *nobody, *people)]


def _order(finding: Finding) -> tuple[str, str, float, str]:
    rho = finding.ratio.value
    rank = math.inf if math.isnan(rho) else rho
    return finding.arm, finding.variant, rank, finding.crowd


def _row(finding: Finding) -> Row:
    is_compared = finding.role == "arm"
    variant = f" ({finding.variant})" if finding.variant else ""
    name = finding.arm + variant + (" (A/A)" if finding.role == "null" else "")
    worked_s = float(finding.usage.worked_s)
    rho = finding.ratio
    return Row(
        cells=(
            name,
            finding.crowd or NOBODY,
            digits(1.0) if finding.role == "control" else ratio_text(rho),
            f"{finding.reach.hits}/{finding.reach.trials}",
            plain_joules(finding.joules.value),
            duration(worked_s) if finding.has_people else "none",
            *(
                break_even_text(found) if is_compared else ""
                for found in finding.break_even
            ),
        ),
        role=finding.role,
        is_saving=is_compared and rho.high < 1.0,
    )


def result_table(task: TaskResult, without: Sequence[str] = ()) -> Table:
    """Lay out a task's conditions, the crowds of an arm beneath its name.

    Args:
        task: one task's result.
        without: headings that are left out, beside those of which nothing is known.

    Returns:
        Rows of the classes heading, crowd, saving, control, null and arm.
    """
    lines = table_rows(task)
    kept = [c for c in columns(lines) if c > 1 and HEADINGS[c] not in without]
    rows: list[tuple[str, ...]] = []
    classes: list[str] = []
    arm = ""
    for line in lines:
        name, crowd = line.cells[:2]
        has_crowd = crowd != NOBODY
        if has_crowd and name != arm:
            rows.append((name, *("" for _ in kept)))
            classes.append("heading")
        arm = name
        rows.append((crowd if has_crowd else name, *(line.cells[c] for c in kept)))
        kind = "saving" if line.is_saving else line.role
        classes.append(f"{kind} crowd" if has_crowd else kind)
    headings = ("arm, and who is asked", *(HEADINGS[c] for c in kept))
    return Table(headings, rows, classes=classes)
