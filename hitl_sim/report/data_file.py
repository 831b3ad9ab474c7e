"""A report's numbers as plain JSON, for whoever wants to compute with them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from hitl_sim.analysis import (
    DialCrossing,
    Estimate,
    Finding,
    StudyResult,
    TaskResult,
    Verdict,
)
from hitl_sim.energy import Quantity
from hitl_sim.report.decision_data import decision_data, number
from hitl_sim.report.provenance import Sources, sources_of
from hitl_sim.report.words import Words

SCHEMA = 1


def report_data(
    result: StudyResult, words: Words, verdicts: Sequence[Verdict]
) -> dict[str, Any]:
    """Return words and numbers as JSON values; infinite ends are the text "inf".

    Each number has value, unit, kind, scope, the interval that constants leave, and
    the numbers of its sources in the list at the end.

    Args:
        result: of `hitl_sim.analysis.analyse`.
        words: of `tell(result)`.
        verdicts: of `hitl_sim.analysis.weigh`, one per task.
    """
    sources = Sources()
    tasks = [
        {**_task(task, sources), "decision": decision_data(verdict)}
        for task, verdict in zip(result.tasks, verdicts, strict=True)
    ]
    return {
        "schema": SCHEMA,
        "words": dataclasses.asdict(words),
        "is_measured": result.is_measured,
        "profile": {"name": result.profile.name, "hash": result.profile.hash},
        "fraction": result.fraction,
        "smoothing": result.smoothing,
        "smallest_effect": result.smallest_effect,
        "seed": result.seed,
        "num_records": result.num_records,
        "failed": [dataclasses.asdict(run) for run in result.failed],
        "tasks": tasks,
        "sources": {number: text for text, number in sources.numbers.items()},
    }


def _task(task: TaskResult, sources: Sources) -> dict[str, Any]:
    return {
        "task": task.task,
        "base": task.base,
        "target": task.target,
        "replicates": list(task.replicates),
        "ceiling": {
            "joules": _estimate(task.ceiling.joules, sources),
            "workstation_s": _quantity(task.ceiling.workstation_s, sources),
        },
        "null_holds_one": None if task.null is None else task.null.holds_one,
        "control": _finding(task.control, sources),
        "findings": [_finding(finding, sources) for finding in task.findings],
        "crossings": [_crossing(crossing) for crossing in task.crossings],
    }


def _crossing(found: DialCrossing) -> dict[str, Any]:
    return {
        "dial": found.sweep.dial,
        "arm": found.sweep.arm,
        "values": list(found.sweep.values),
        "course": found.crossing.course.value,
        "roots": list(found.crossing.roots),
        "undetermined": [list(part) for part in found.crossing.region],
    }


def _finding(finding: Finding, sources: Sources) -> dict[str, Any]:
    return {
        "arm": finding.arm,
        "role": finding.role,
        "kind": finding.kind,
        "condition": finding.condition,
        "population": finding.population,
        "settings": dict(finding.settings),
        "dials": dict(finding.dials),
        "reach": dataclasses.asdict(finding.reach),
        "joules_per_success": _estimate(finding.joules, sources),
        "rho": _estimate(finding.ratio, sources),
        "effect": finding.effect.value,
        "claim": {
            "by_interval": finding.claim.by_interval.value,
            "survives_frac": number(finding.claim.survived),
            "hangs_on": finding.claim.hangs_on,
            "may_fail_frac": number(finding.claim.may_fail),
            "enough_replicates": finding.claim.enough,
        },
        "restricted_steps": _estimate(finding.steps, sources),
        "restricted_joules": _estimate(finding.mean_joules, sources),
        "test_accuracy": _estimate(finding.test_accuracy, sources),
        "is_per_success": finding.is_per_success,
        "worked_s": finding.usage.worked_s,
        "paid_s": finding.usage.paid_s,
        "wait_s": finding.usage.wait_s,
        "break_even": {
            found.axis: {
                "beside": _quantity(found.beside, sources),
                "saved": _quantity(found.saved, sources),
                "multiple": _estimate(found.multiple, sources),
                "payback": found.payback.value,
                "is_undetermined": found.is_undetermined,
                "pays_here": found.pays_here.value,
            }
            for found in finding.break_even
        },
        "label_cases": [
            {
                "standing": case.standing,
                "measure": case.measure,
                "payback": case.payback.value,
                "multiple": number(case.multiple),
                "pays_here": case.pays_here.value,
            }
            for case in finding.label_cases
        ],
        "ledger": [
            {
                "name": line.name,
                "standing": line.standing,
                **{
                    name: _quantity(quantity, sources)
                    for name in ("seconds", "joules", "usd", "kgco2e")
                    if isinstance(quantity := getattr(line, name), Quantity)
                },
            }
            for line in finding.ledger.lines
        ],
    }


def _estimate(estimate: Estimate, sources: Sources) -> dict[str, Any]:
    return {
        "low": number(estimate.low),
        "high": number(estimate.high),
        "is_infinite": estimate.is_infinite,
        **_quantity(estimate.quantity, sources),
    }


def _quantity(quantity: Quantity, sources: Sources) -> dict[str, Any]:
    """Write a number with its provenance; sources by their number."""
    interval = quantity.interval
    return {
        "value": quantity.value,
        "unit": quantity.unit,
        "kind": quantity.kind.value,
        "scope": quantity.scope.value,
        "constants": None if interval is None else list(interval),
        "sources": [sources.number(text) for text in sources_of(quantity)],
        **({"reason": quantity.reason} if quantity.reason else {}),
    }
