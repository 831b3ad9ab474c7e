"""A report's numbers as plain JSON, for whoever wants to compute with them."""

import dataclasses
import enum
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hitl_sim.analysis.chance.estimate import Estimate
from hitl_sim.analysis.condition.across import Across, across_study
from hitl_sim.analysis.condition.by_target import SHARES, WAYS
from hitl_sim.analysis.condition.finding import Finding, StudyResult, TaskResult
from hitl_sim.analysis.condition.surface import StudySurface, find_surfaces
from hitl_sim.analysis.condition.training_size import BETAS
from hitl_sim.analysis.decision.decide import CARBON_PRICES, SCALES, WAGES, ArmDecision
from hitl_sim.analysis.decision.sensitivity import Sensitivity, Verdict
from hitl_sim.energy import Quantity
from hitl_sim.report.provenance import Sources, sources_of
from hitl_sim.report.words import Words

SCHEMA = 2
_AS_THEY_ARE = (str, int, bool, type(None))
"""Types of values that JSON holds; but a number that is not finite is no such value."""


def report_data(
    result: StudyResult, words: Words, verdicts: Sequence[Verdict]
) -> dict[str, Any]:
    """Return words and numbers as JSON values; infinite numbers are the text "inf".

    Each number has value, unit, kind, scope, the interval that constants leave, and
    the numbers of its sources in the list at the end.
    """
    sources = Sources()
    tasks = [
        {**_task(task, sources), "decision": _decision(verdict)}
        for task, verdict in zip(result.tasks, verdicts, strict=True)
    ]
    return {
        "schema": SCHEMA,
        "words": dataclasses.asdict(words),
        "is_measured": result.is_measured,
        "profile": _pick(result.profile, "name", "hash"),
        **_pick(result, "fraction", "smoothing", "smallest_effect", "seed"),
        **_pick(result, "num_records", "failed", "plan_hash", "plan_changes"),
        **_pick(result, "stopping"),
        "tasks": tasks,
        "across": [_across(found) for found in across_study(result)],
        "surfaces": [_surface(found) for found in find_surfaces(result)],
        "sources": {number: text for text, number in sources.numbers.items()},
    }


def plain(value: object, sources: Sources | None = None) -> Any:
    """Return a value that a result is made of as JSON can hold it.

    NaN is null, an infinity a text, a member of an enumeration its value, and a
    dataclass its fields by name. `sources` take in where quantities come from.
    """
    if type(value) is float:
        return value if math.isfinite(value) else _not_finite(value)
    if type(value) in _AS_THEY_ARE:
        return value
    if isinstance(value, Estimate):
        ends = _pick(value, "low", "high", "is_infinite")
        return {**ends, **plain(value.quantity, sources)}
    if isinstance(value, Quantity):
        return {
            "value": plain(value.value),
            "unit": value.unit,
            "kind": value.kind.value,
            "scope": value.scope.value,
            "constants": plain(value.interval),
            "sources": [(sources or Sources()).number(t) for t in sources_of(value)],
            **({"reason": value.reason} if value.reason else {}),
        }
    if isinstance(value, np.ndarray | np.generic):
        is_finite = value.dtype.kind in "biuf" and np.isfinite(value).all()
        return value.tolist() if is_finite else plain(value.tolist())
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, Mapping):
        return {name: plain(each, sources) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each, sources) for each in value]
    if dataclasses.is_dataclass(value):
        return _pick(value, *(field.name for field in dataclasses.fields(value)))
    return value


def _not_finite(number: float) -> str | None:
    return None if math.isnan(number) else "inf" if number > 0 else "-inf"


def _pick(
    found: object, *names: str, sources: Sources | None = None, **renamed: str
) -> dict[str, Any]:
    """Return some attributes of an object by name, or as `name = its own`."""
    named = *zip(names, names, strict=True), *renamed.items()
    return {name: plain(getattr(found, own), sources) for name, own in named}


def _task(task: TaskResult, sources: Sources) -> dict[str, Any]:
    return {
        **_pick(task, "task", "base", "target", "replicates"),
        "upper_bound": {
            **_pick(task.control, "joules", sources=sources),
            **_pick(task, "workstation_s", sources=sources),
        },
        "by_target": {"ways": WAYS.tolist(), "arms": plain(task.by_target)},
        "attainment": {"shares": SHARES.tolist(), "arms": plain(task.attainment)},
        "machine": {"name": task.machine, "rho": plain(task.machine_ratio)},
        "null_holds_one": None if task.null is None else task.null.ratio.holds(1.0),
        "control": _finding(task.control, sources),
        "findings": [_finding(finding, sources) for finding in task.findings],
        "crossings": [
            {
                **_pick(found.sweep, "parameter", "arm", "values"),
                **_pick(found.crossing, "course", "roots", undetermined="region"),
            }
            for found in task.crossings
        ],
    }


def _finding(finding: Finding, sources: Sources) -> dict[str, Any]:
    return {
        **_pick(finding, "arm", "role", "kind", "condition", "population", "settings"),
        **_pick(finding, "parameters", "reach"),
        **_pick(
            finding,
            sources=sources,
            joules_per_success="joules",
            rho="ratio",
            restricted_steps="steps",
            restricted_joules="mean_joules",
            test_accuracy="test_accuracy",
        ),
        "effect": finding.claim.effect.value,
        "claim": _pick(
            finding.claim,
            by_interval="by_interval",
            survives_frac="survived",
            hangs_on="hangs_on",
            may_fail_frac="may_fail",
            enough_replicates="enough",
        ),
        **{
            name: [
                {
                    **_pick(size, "against", "trainings", "payback"),
                    **_pick(size, "is_undetermined", "is_fragile"),
                    **_pick(size, "paid", "saved", "joules", sources=sources),
                    "grown": {f"{b:g}": plain(size.grown(b)) for b in BETAS},
                }
                for size in getattr(finding, name)
            ]
            for name in ("over_machine", "over_control")
        },
        "is_per_success": finding.is_per_success,
        **_pick(finding.usage, "worked_s", "paid_s", "wait_s"),
        "break_even": {
            found.axis: {
                **_pick(found, "beside", "saved", "multiple", sources=sources),
                **_pick(found, "payback", "is_undetermined", "pays_here"),
            }
            for found in finding.break_even
        },
        "break_even_money_by_electricity_alone": None
        if finding.without_rent is None
        else {
            **_pick(finding.without_rent, "multiple", sources=sources),
            **_pick(finding.without_rent, "payback"),
        },
        "label_cases": [
            {
                "purpose": purpose,
                **_pick(found, "measure", "payback"),
                "multiple": plain(found.multiple.value),
                **_pick(found, "pays_here"),
            }
            for purpose, found in finding.label_cases
        ],
        "ledger": [
            {
                **_pick(line, "name", "purpose"),
                **{
                    name: plain(quantity, sources)
                    for name in ("seconds", "joules", "usd", "kgco2e")
                    if isinstance(quantity := getattr(line, name), Quantity)
                },
            }
            for line in finding.ledger.lines
        ],
    }


def _across(found: Across) -> dict[str, Any]:
    return {
        **_pick(found, "label", rho="ratio", predicted_rho="predicted"),
        **_pick(found, "i2_frac", log_rho="summary"),
        "tasks": [
            {
                **_pick(one, "task", "log_ratio", "error", "membership"),
                **_pick(one.finding, "condition"),
            }
            for one in found.tasks
        ],
    }


def _surface(found: StudySurface) -> dict[str, Any]:
    surface = found.surface
    fitted = None
    if surface is not None:
        names = ("bounds", "form", "coefficients", "errors", "candidates", "misfit")
        fitted = {
            **_pick(surface, *names, reach="reach"),
            "shares": dict(
                zip(("saves", "costs_more", "untold"), surface.shares(), strict=True)
            ),
        }
    cells = [
        {"values": list(cell.values), "is_fitted": cell.is_fitted}
        | _pick(cell.finding, "condition")
        for cell in found.cells
    ]
    return {
        **_pick(found, "task", "label", "axes", "reason"),
        "surface": fitted,
        "cells": cells,
    }


def _decision(verdict: Verdict) -> dict[str, Any]:
    decision, sensitivity = verdict
    frontier = decision.frontier
    conditions = zip(
        frontier.labels,
        plain(frontier.values),
        plain(frontier.is_member),
        plain(frontier.membership),
        strict=True,
    )
    names = ("label", "values", "is_member", "membership")
    return {
        "scale": plain(decision.scale),
        "axes": {
            "scale": SCALES.tolist(),
            "wage_usd_per_h": WAGES.tolist(),
            "carbon_usd_per_kg": CARBON_PRICES.tolist(),
        },
        "inputs": plain(decision.inputs),
        "arms": [_arm(arm) for arm in decision.arms],
        "break_evens": [
            {
                **_pick(found, "along", "unit", "yardstick", "scale", "arm"),
                "range": [found.crossing.low, found.crossing.high],
                **_pick(found.crossing, "course", "roots", "brackets", "region"),
                "is_open": found.crossing.is_open,
            }
            for found in decision.break_evens
        ],
        "frontier": {
            **_pick(frontier, "objectives", "left_out"),
            "conditions": [dict(zip(names, row, strict=True)) for row in conditions],
        },
        "sensitivity": None if sensitivity is None else _sensitivity(sensitivity),
    }


def _arm(arm: ArmDecision) -> dict[str, Any]:
    return {
        **_pick(arm.finding, "condition", "label"),
        **_pick(
            arm,
            "pays_here",
            saved_j_per_human_h="saved_per_hour",
            pays_by_scale="by_scale",
            pays_by_wage="by_wage",
            pays_by_carbon_price="by_carbon_price",
        ),
        "spread": {
            spread.measure: _pick(spread, "sd", "chance", "world", "both")
            for spread in arm.spread
        },
    }


def _sensitivity(found: Sensitivity) -> dict[str, Any]:
    return {
        "leader": found.leader.condition,
        "options": [option.condition for option in found.options],
        **_pick(found, "measure", "scale", "effects"),
        "worths": [
            {"name": worth.words, **_pick(worth, "at_scale", "here", "is_people")}
            for worth in found.worths
        ],
        **_pick(found, "everything", "everything_here", "left_out"),
    }
