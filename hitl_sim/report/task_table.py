"""Tables of a task, for the terminal and the page alike: its results, its decision."""

import math
from collections.abc import Sequence

from hitl_sim.analysis.chance.crossing import Payback
from hitl_sim.analysis.condition.break_even import AXIS_NAMES
from hitl_sim.analysis.condition.finding import Finding, TaskResult
from hitl_sim.analysis.condition.training_size import TrainingSize
from hitl_sim.analysis.decision.decide import Decision
from hitl_sim.analysis.decision.sensitivity import Sensitivity
from hitl_sim.cost import MEASURES
from hitl_sim.report.decision import crossing_text, per_hour_text
from hitl_sim.report.number import (
    NEVER,
    RHO,
    UNKNOWN,
    break_even_text,
    digits,
    duration,
    kwh_text,
    payback_text,
    percent,
    plain_joules,
    ratio_text,
    share_text,
    times,
    worth_text,
)
from hitl_sim.report.sentence import say
from hitl_sim.report.table import Table, lay_out

_SURE = (
    "condition",
    "pays in energy",
    "in money",
    "in carbon",
    "training saved per human hour",
    "variance: Monte-Carlo error",
    "parameter uncertainty",
    "both together",
    "kind",
)
_WORTH = (
    "input",
    "share of the variance",
    "EVPPI",
    "EVPPI at the study's own scale",
    "told by",
)


def sure_table(decision: Decision) -> Table:
    """List how surely each condition pays, and what that hangs on."""
    rows = []
    for arm in decision.arms:
        measure = decision.leader.measure if decision.leader else "joules"
        spread = next(s for s in arm.spread if s.measure == measure)
        per_hour = per_hour_text(arm.saved_per_hour) if arm.finding.has_people else ""
        pays = [arm.pays_here[measure] for measure in MEASURES]
        rows.append(
            (
                arm.finding.label,
                *("unknown" if math.isnan(p) else percent(p) for p in pays),
                per_hour,
                *(share_text(s) for s in (spread.chance, spread.world, spread.both)),
                arm.finding.ratio.quantity.kind.words,
            )
        )
    return Table(_SURE, rows, "how surely each pays")


def even_table(decision: Decision) -> Table:
    """List every break-even that was solved."""
    names: dict[str, str] = dict(AXIS_NAMES.items())
    return lay_out(
        decision.break_evens,
        {
            "along": lambda found: found.along,
            "in": lambda found: names.get(found.yardstick, found.yardstick),
            "condition": lambda found: found.arm,
            "training": lambda found: (
                "as run" if found.scale == 1.0 else f"{times(found.scale)} as dear"
            ),
            "people pay [95 % set]": crossing_text,
        },
        "break-evens",
    )


def frontier_table(decision: Decision) -> Table:
    """Lay out the frontier: objectives per success, and how surely each leads."""
    frontier = decision.frontier
    headings = ("condition", *frontier.objectives, "on the frontier", "in resamples")
    rows = [
        (
            label,
            *(digits(float(value)) for value in values),
            "yes" if is_member else "no",
            percent(float(share)),
        )
        for label, values, is_member, share in zip(
            frontier.labels,
            frontier.values,
            frontier.is_member,
            frontier.membership,
            strict=True,
        )
    ]
    return Table(headings, rows, "frontier, per success")


def worth_table(found: Sensitivity) -> Table:
    """List each input's share of the variance and what knowing it is worth."""
    by_name = {effect.name: effect for effect in found.effects}
    rows = []
    for worth in found.worths:
        effect = by_name.get(worth.words)
        rows.append(
            (
                worth.words,
                "" if effect is None else f"{effect.share:.2f} ± {effect.half:.2f}",
                worth_text(worth.at_scale, found.measure),
                worth_text(worth.here, found.measure),
                "real participants" if worth.is_people else "better sources",
            )
        )
    notes = [say("page.held_as", note=note) for note in found.left_out]
    return Table(_WORTH, rows, "sensitivity and value of information", notes=notes)


HEADINGS = (
    f"{RHO} [95 %]",
    "reach",
    "J/success",
    "human time",
    "E* people",
    "M* energy",
    "M* money",
    "M* carbon",
)
_SILENT = dict.fromkeys(
    ("E* people", "M* energy", "M* money", "M* carbon"), ("", UNKNOWN)
)
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
        crowd, is_null = finding.crowd, finding.role == "null"
        name = finding.name + (" (A/A)" if is_null else "")
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


def size_column(size: TrainingSize) -> str:
    """Write a break-even size of training for a column."""
    mark = "?" if size.is_undetermined or size.is_fragile else ""
    joules = size.joules
    if size.payback is Payback.UNKNOWN:
        return UNKNOWN
    if joules.is_infinite:
        return f"{NEVER}{mark}"
    if math.isnan(joules.value):
        return f"> {kwh_text(joules.low)}{mark}"
    return payback_text(size.payback, kwh_text(joules.value), mark)


def _order(finding: Finding) -> tuple[str, str, float, str]:
    rho = finding.ratio.value
    rank = math.inf if math.isnan(rho) else rho
    return finding.arm, finding.variant, rank, finding.crowd


def _cells(finding: Finding) -> tuple[str, ...]:
    """Write what was found of a condition, under `HEADINGS`."""
    is_control, is_compared = finding.role == "control", finding.role == "arm"
    worked_s = float(finding.usage.worked_s)
    return (
        digits(1.0) if is_control else ratio_text(finding.ratio),
        f"{finding.reach.hits}/{finding.reach.trials}",
        plain_joules(finding.joules.value),
        duration(worked_s) if finding.has_people else "none",
        size_column(finding.over_machine[-1]) if finding.over_machine else "",
        *(break_even_text(one) if is_compared else "" for one in finding.break_even),
    )
