"""The decision in tables: who pays, break-evens, frontier, sensitivity."""

from __future__ import annotations

import math

from hitl_sim.analysis.break_even import AXIS_NAMES
from hitl_sim.analysis.sensitivity import Sensitivity
from hitl_sim.analysis.verdict import Decision
from hitl_sim.cost import MEASURES
from hitl_sim.report.decision import (
    crossing_text,
    per_hour_text,
    share_text,
    worth_text,
)
from hitl_sim.report.number import digits, percent, span, times
from hitl_sim.report.provenance import Sources

Cells = list[tuple[str, ...]]

SURE_HEADINGS = (
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
EVEN_HEADINGS = ("along", "in", "condition", "training", "people pay [95 % set]")
INPUT_HEADINGS = ("input", "value", "95 %", "kind", "source")
WORTH_HEADINGS = (
    "input",
    "share of the variance",
    "EVPPI",
    "EVPPI at the study's own scale",
    "told by",
)


def sure_rows(decision: Decision) -> Cells:
    """List how surely each condition pays, and what that hangs on."""
    rows = []
    for arm in decision.arms:
        measure = decision.leader.measure if decision.leader else "joules"
        spread = next(s for s in arm.spread if s.measure == measure)
        per_hour = per_hour_text(arm.saved_per_hour) if arm.finding.has_people else ""
        rows.append(
            (
                arm.finding.label,
                *(_share(arm.pays_here[m]) for m in MEASURES),
                per_hour,
                *(share_text(s) for s in (spread.chance, spread.world, spread.both)),
                arm.finding.ratio.quantity.kind.words,
            )
        )
    return rows


def _axis(yardstick: str) -> str:
    """Name the bill that a break-even is in."""
    for measure in MEASURES:
        if measure == yardstick:
            return AXIS_NAMES[measure]
    return yardstick


def even_rows(decision: Decision) -> Cells:
    """List every break-even that was solved."""
    return [
        (
            found.along,
            _axis(found.yardstick),
            found.arm,
            "as run" if found.scale == 1.0 else f"{times(found.scale)} as dear",
            crossing_text(found),
        )
        for found in decision.break_evens
    ]


def frontier_table(decision: Decision) -> tuple[tuple[str, ...], Cells]:
    """Lay out the frontier: objectives per success, and how surely each leads."""
    frontier = decision.frontier
    headings = ("condition", *frontier.objectives, "on the frontier", "in resamples")
    rows: Cells = [
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
    return headings, rows


def worth_rows(found: Sensitivity) -> Cells:
    """List each input's share of the variance and what knowing it is worth."""
    by_name = {effect.name: effect for effect in found.effects}
    rows: Cells = []
    for worth in found.worths:
        effect = by_name.get(worth.words)
        rows.append(
            (
                worth.words,
                "" if effect is None else f"{effect.share:.2f} ± {effect.half:.2f}",
                worth_text(worth.at_scale, found),
                worth_text(worth.here, found),
                "real participants" if worth.is_people else "better sources",
            )
        )
    return rows


def input_rows(decision: Decision, sources: Sources) -> Cells:
    """List what was drawn as the world, each with its source.

    Args:
        decision: of one task.
        sources: takes in the sources that are new.
    """
    return [
        (
            one.words,
            digits(one.value),
            span(one.low, one.high),
            one.kind.words,
            sources.cite(one.source),
        )
        for one in decision.inputs
    ]


def _share(value: float) -> str:
    return "unknown" if math.isnan(value) else percent(value)
