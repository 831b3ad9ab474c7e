"""A report's numbers as plain JSON, for whoever wants to compute with them.

What each field holds stands in docs/report_json.md.
"""

import dataclasses
import enum
import math
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

from hitl_sim.analysis.chance.estimate import Estimate
from hitl_sim.analysis.condition.across import Across, across_study
from hitl_sim.analysis.condition.by_target import SHARES, WAYS
from hitl_sim.analysis.condition.finding import (
    Finding,
    StudyResult,
    TaskResult,
    reference_arms,
)
from hitl_sim.analysis.condition.surface import StudySurface, find_surfaces
from hitl_sim.analysis.condition.training_size import TrainingSize
from hitl_sim.analysis.decision.decide import (
    CARBON_PRICES,
    SCALES,
    WAGES,
    ArmDecision,
    BreakEvenAlong,
)
from hitl_sim.analysis.decision.sensitivity import Sensitivity, Verdict
from hitl_sim.analysis.decision.variance import Spread
from hitl_sim.energy import Quantity
from hitl_sim.report.basis import Bases
from hitl_sim.report.words import Words

SCHEMA = 3
DIGITS = 6
"""Significant digits of a number in the file; tables of runs have them all."""
SHORT = ("basis", "value", "constants_low", "constants_high", "low", "high")
"""What a number that is written as a list holds; a constant that is exact ends at its
value, and only an estimate has the last two."""
_ENDS = ("", "_low", "_high")
BREAK_EVEN = ("arm", "course", "roots", "brackets", "region", "is_open")
SPREAD = (
    "sd",
    *(f"{part}{end}" for part in ("chance", "world", "both") for end in _ENDS),
)
LABEL_CASE = ("label_cost", "measure", "payback", "multiple", "pays_here")
_MEASURES = ("seconds", "joules", "usd", "kgco2e")
_AS_THEY_ARE = (str, int, bool, type(None))
"""Types of values that JSON holds; but a number that is not finite is no such value."""


def report_data(
    result: StudyResult, words: Words, verdicts: Sequence[Verdict]
) -> dict[str, Any]:
    """Return words and numbers as JSON values; infinite numbers are the text "inf".

    Each number has its value, the interval that constants leave, and the place of its
    basis in the list at the end: unit, kind, scope and sources.
    """
    bases, lines = Bases(), dict[tuple[str, ...], int]()
    tasks = [
        {**_task(task, bases, lines), "decision": _decision(verdict)}
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
        "number_columns": SHORT,
        "label_case_columns": LABEL_CASE,
        "break_even_columns": BREAK_EVEN,
        "spread_columns": SPREAD,
        "ledger_lines": [
            dict(zip(("name", "purpose", "measure"), line, strict=True))
            for line in lines
        ],
        **bases.as_data(),
    }


def write_data(data: Mapping[str, Any]) -> bytes:
    """Return what `report_data` found as the bytes of a file, to six digits."""
    return msgspec.json.encode(_rounded(data)) + b"\n"


def _rounded(value: Any) -> Any:
    if type(value) is float:
        short = float(f"{value:.{DIGITS}g}")
        return int(short) if short.is_integer() else short
    if isinstance(value, Mapping):
        return {name: _rounded(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(each) for each in value]
    return value


def plain(value: object, bases: Bases | None = None) -> Any:
    """Return a value that a result is made of as JSON can hold it.

    NaN is null, an infinity a text, a member of an enumeration its value, and a
    dataclass its fields by name. `bases` take in what quantities rest on.
    """
    if type(value) is float:
        return value if math.isfinite(value) else _not_finite(value)
    if type(value) in _AS_THEY_ARE:
        return value
    if isinstance(value, Estimate):
        found = plain(value.quantity, bases) | _pick(value, "low", "high")
        return found | {"value": "inf"} if value.is_infinite else found
    if isinstance(value, Quantity):
        return {
            "value": plain(value.value),
            "constants": plain(value.interval),
            "basis": (bases or Bases()).of(value),
        }
    if isinstance(value, np.ndarray | np.generic):
        is_finite = value.dtype.kind in "biuf" and np.isfinite(value).all()
        return value.tolist() if is_finite else plain(value.tolist())
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, Mapping):
        return {name: plain(each, bases) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each, bases) for each in value]
    if dataclasses.is_dataclass(value):
        return _pick(value, *(field.name for field in dataclasses.fields(value)))
    return value


def _not_finite(number: float) -> str | None:
    return None if math.isnan(number) else "inf" if number > 0 else "-inf"


def _pick(
    found: object, *names: str, bases: Bases | None = None, **renamed: str
) -> dict[str, Any]:
    """Return some attributes of an object by name, or as `name = its own`."""
    named = *zip(names, names, strict=True), *renamed.items()
    return {name: plain(getattr(found, own), bases) for name, own in named}


def _task(
    task: TaskResult, bases: Bases, lines: dict[tuple[str, ...], int]
) -> dict[str, Any]:
    return {
        **_pick(task, "task", "base", "target", "replicates"),
        "upper_bound": {
            **_pick(task.control, "joules", bases=bases),
            **_pick(task, "workstation_s", bases=bases),
        },
        "by_target": {"ways": WAYS.tolist(), "arms": plain(task.by_target)},
        "attainment": {"shares": SHARES.tolist(), "arms": plain(task.attainment)},
        "machine": {"name": task.machine, "rho": plain(task.machine_ratio)},
        "null_holds_one": None if task.null is None else task.null.ratio.holds(1.0),
        "control": _finding(task.control, bases, lines),
        "findings": [_finding(finding, bases, lines) for finding in task.findings],
        "crossings": [
            {
                **_pick(found.sweep, "parameter", "arm", "values"),
                **_pick(found.crossing, "course", "roots", undetermined="region"),
            }
            for found in task.crossings
        ],
    }


def _finding(
    finding: Finding, bases: Bases, lines: dict[tuple[str, ...], int]
) -> dict[str, Any]:
    return {
        **_pick(finding, "arm", "role", "kind", "condition", "population", "settings"),
        **_pick(finding, "parameters", "reach"),
        **_pick(
            finding,
            bases=bases,
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
            name: [_size(size, bases) for size in getattr(finding, name)]
            for name in ("over_machine", "over_control")
        },
        "is_per_success": finding.is_per_success,
        **_pick(finding.usage, "worked_s", "paid_s", "wait_s"),
        "break_even": {
            found.axis: {
                **_short(found, "beside", "saved", "multiple", bases=bases),
                **_pick(found, "payback", "is_undetermined", "pays_here"),
            }
            for found in finding.break_even
        },
        "break_even_money_by_electricity_alone": None
        if finding.without_rent is None
        else {
            **_short(finding.without_rent, "multiple", bases=bases),
            **_pick(finding.without_rent, "payback"),
        },
        "label_cases": [
            [purpose, *map(plain, (found.measure, found.payback)), *ends]
            for purpose, found in finding.label_cases
            # with its own cost of labels it ends as `break_even` says
            if found not in finding.break_even
            for ends in [[plain(found.multiple.value), plain(found.pays_here)]]
        ],
        "ledger": [
            [
                lines.setdefault((line.name, line.purpose, measure), len(lines)),
                *_row(quantity, bases),
            ]
            for line in finding.ledger.lines
            for measure in _MEASURES
            if isinstance(quantity := getattr(line, measure), Quantity)
        ],
    }


def _size(size: TrainingSize, bases: Bases) -> dict[str, Any]:
    return {
        **_pick(size, "against", "trainings", "payback"),
        **_pick(size, "is_undetermined", "is_fragile"),
        **_short(size, "paid", "saved", "joules", bases=bases),
    }


def _short(found: object, *names: str, bases: Bases) -> dict[str, Any]:
    """Return some numbers of an object as lists, by name."""
    return {name: _row(getattr(found, name), bases) for name in names}


def _row(number: Quantity | Estimate, bases: Bases) -> list[Any]:
    """Return a number as a list of what `SHORT` says."""
    if isinstance(number, Estimate):
        basis, value, *ends = _row(number.quantity, bases)
        value = "inf" if number.is_infinite else value
        low, high = ends or (value, value)
        return [basis, value, low, high, plain(number.low), plain(number.high)]
    value, interval = plain(number.value), plain(number.interval)
    if interval is None or interval[0] == interval[1]:
        return [bases.of(number), value, *([] if interval else (None, None))]
    return [bases.of(number), value, *interval]


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
    # curves of every condition would be most of the file
    told = {finding.condition for finding in reference_arms(decision.task)}
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
        "arms": [
            _arm(arm, is_told=arm.finding.condition in told) for arm in decision.arms
        ],
        "break_evens": _break_evens(decision.break_evens),
        "frontier": {
            **_pick(frontier, "objectives", "left_out"),
            "conditions": [dict(zip(names, row, strict=True)) for row in conditions],
        },
        "sensitivity": None if sensitivity is None else _sensitivity(sensitivity),
    }


def _arm(arm: ArmDecision, *, is_told: bool) -> dict[str, Any]:
    curves = ("by_scale", "by_wage", "by_carbon_price") if is_told else ()
    return {
        **_pick(arm.finding, "condition", "label"),
        **_pick(
            arm,
            "pays_here",
            saved_j_per_human_h="saved_per_hour",
        ),
        **{f"pays_{name}": plain(getattr(arm, name)) for name in curves},
        "spread": {
            spread.measure: _spread(spread)
            for spread in arm.spread
            if not math.isnan(spread.sd)
        },
    }


def _spread(spread: Spread) -> list[Any]:
    """Return the standard deviation, and each part's share with its interval."""
    shares = (spread.chance, spread.world, spread.both)
    ends = [plain(end) for s in shares for end in (s.value, s.low, s.high)]
    return [plain(spread.sd), *ends]


def _break_evens(found: Sequence[BreakEvenAlong]) -> list[dict[str, Any]]:
    """Return break-evens by what they are along, an arm a row."""
    along: dict[tuple[Any, ...], list[list[Any]]] = {}
    for one in found:
        crossing = one.crossing
        ends = crossing.low, crossing.high
        ways = (crossing.course, crossing.roots, crossing.brackets, crossing.region)
        row = [one.arm, *map(plain, ways), crossing.is_open]
        key = one.along, one.unit, one.yardstick, one.scale, ends
        along.setdefault(key, []).append(row)
    names = ("along", "unit", "yardstick", "scale", "range")
    return [
        dict(zip(names, plain(key), strict=True)) | {"arms": rows}
        for key, rows in along.items()
    ]


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
