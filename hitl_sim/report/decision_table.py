"""The decision in tables: who pays, break-evens, frontier, sensitivity."""

from __future__ import annotations

import math

from hitl_sim.analysis import Verdict
from hitl_sim.analysis.break_even import AXIS_NAMES
from hitl_sim.analysis.sensitivity import Sensitivity
from hitl_sim.analysis.verdict import Decision
from hitl_sim.cost import MEASURES
from hitl_sim.report.decision import crossing_text, per_hour_text
from hitl_sim.report.number import digits, percent, share_text, span, times, worth_text
from hitl_sim.report.provenance import Sources
from hitl_sim.report.sentence import say
from hitl_sim.report.table import Table

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
_EVEN = ("along", "in", "condition", "training", "people pay [95 % set]")
_INPUT = ("input", "value", "95 %", "kind", "source")
_WORTH = (
    "input",
    "share of the variance",
    "EVPPI",
    "EVPPI at the study's own scale",
    "told by",
)


def decision_tables(verdict: Verdict, sources: Sources) -> list[Table]:
    """Return the tables of a decision, in the order in which they are read.

    Args:
        verdict: of one task.
        sources: takes in the sources that are new.
    """
    decision, sensitivity = verdict
    tables = [
        input_table(decision, sources),
        sure_table(decision),
        even_table(decision),
        frontier_table(decision),
    ]
    return tables if sensitivity is None else [*tables, worth_table(sensitivity)]


def sure_table(decision: Decision) -> Table:
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
    return Table(_SURE, rows, "how surely each pays")


def _axis(yardstick: str) -> str:
    """Name the bill that a break-even is in."""
    for measure in MEASURES:
        if measure == yardstick:
            return AXIS_NAMES[measure]
    return yardstick


def even_table(decision: Decision) -> Table:
    """List every break-even that was solved."""
    rows = [
        (
            found.along,
            _axis(found.yardstick),
            found.arm,
            "as run" if found.scale == 1.0 else f"{times(found.scale)} as dear",
            crossing_text(found),
        )
        for found in decision.break_evens
    ]
    return Table(_EVEN, rows, "break-evens")


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


def input_table(decision: Decision, sources: Sources) -> Table:
    """List what was drawn as the world, each with its source.

    Args:
        decision: of one task.
        sources: takes in the sources that are new.
    """
    rows = [
        (
            one.words,
            digits(one.value),
            span(one.low, one.high),
            one.kind.words,
            sources.cite(one.source),
        )
        for one in decision.inputs
    ]
    return Table(_INPUT, rows, "what was drawn as the world")


def _share(value: float) -> str:
    return "unknown" if math.isnan(value) else percent(value)
