"""A decision's numbers as plain JSON."""

from __future__ import annotations

import math
from typing import Any

from hitl_sim.analysis import Verdict
from hitl_sim.analysis.fieller import RatioSet
from hitl_sim.analysis.information import Information
from hitl_sim.analysis.sensitivity import Sensitivity
from hitl_sim.analysis.variance import Share
from hitl_sim.analysis.verdict import (
    CARBON_PRICES,
    SCALES,
    WAGES,
    ArmDecision,
    BreakEvenAlong,
)


def decision_data(verdict: Verdict) -> dict[str, Any]:
    """Return a decision as JSON values; infinite numbers are the text "inf".

    Args:
        verdict: of one task.
    """
    decision, sensitivity = verdict
    frontier = decision.frontier
    return {
        "scale": number(decision.scale),
        "axes": {
            "scale": SCALES.tolist(),
            "wage_usd_per_h": WAGES.tolist(),
            "carbon_usd_per_kg": CARBON_PRICES.tolist(),
        },
        "inputs": [
            {
                "name": one.name,
                "value": one.value,
                "low": one.low,
                "high": one.high,
                "kind": one.kind.value,
                "source": one.source,
            }
            for one in decision.inputs
        ],
        "arms": [_arm(arm) for arm in decision.arms],
        "break_evens": [_break_even(found) for found in decision.break_evens],
        "frontier": {
            "objectives": list(frontier.objectives),
            "left_out": list(frontier.left_out),
            "conditions": [
                {
                    "label": label,
                    "values": [number(float(v)) for v in values],
                    "is_member": bool(is_member),
                    "membership": float(share),
                }
                for label, values, is_member, share in zip(
                    frontier.labels,
                    frontier.values,
                    frontier.is_member,
                    frontier.membership,
                    strict=True,
                )
            ],
        },
        "sensitivity": None if sensitivity is None else _sensitivity(sensitivity),
    }


def _arm(arm: ArmDecision) -> dict[str, Any]:
    return {
        "condition": arm.finding.condition,
        "label": arm.finding.label,
        "pays_here": {m: number(p) for m, p in arm.pays_here.items()},
        "saved_j_per_human_h": _ratio_set(arm.saved_per_hour),
        "pays_by_scale": {
            m: [number(float(p)) for p in curve] for m, curve in arm.by_scale.items()
        },
        "pays_by_wage": [number(float(p)) for p in arm.by_wage],
        "pays_by_carbon_price": [number(float(p)) for p in arm.by_carbon_price],
        "spread": {
            s.measure: {
                "sd": number(s.sd),
                "chance": _share(s.chance),
                "world": _share(s.world),
                "both": _share(s.both),
            }
            for s in arm.spread
        },
    }


def _share(found: Share) -> dict[str, Any]:
    return {
        "value": number(found.value),
        "low": number(found.low),
        "high": number(found.high),
    }


def _information(found: Information) -> dict[str, Any]:
    return {"value": number(found.value), "error": number(found.error)}


def _ratio_set(found: RatioSet) -> dict[str, Any]:
    return {
        "value": number(found.value),
        "shape": found.shape.value,
        "low": number(found.low),
        "high": number(found.high),
    }


def _break_even(found: BreakEvenAlong) -> dict[str, Any]:
    crossing = found.crossing
    return {
        "along": found.along,
        "unit": found.unit,
        "yardstick": found.yardstick,
        "scale": number(found.scale),
        "arm": found.arm,
        "range": [crossing.low, crossing.high],
        "course": crossing.course.value,
        "roots": [number(root) for root in crossing.roots],
        "brackets": [list(bracket) for bracket in crossing.brackets],
        "region": [list(part) for part in crossing.region],
        "is_open": crossing.is_open,
    }


def _sensitivity(found: Sensitivity) -> dict[str, Any]:
    return {
        "leader": found.leader.condition,
        "options": [option.condition for option in found.options],
        "measure": found.measure,
        "scale": number(found.scale),
        "effects": [
            {"name": effect.name, "share": effect.share, "half": effect.half}
            for effect in found.effects
        ],
        "worths": [
            {
                "name": worth.words,
                "at_scale": _information(worth.at_scale),
                "here": _information(worth.here),
                "is_people": worth.is_people,
            }
            for worth in found.worths
        ],
        "everything": _information(found.everything),
        "everything_here": _information(found.everything_here),
        "left_out": list(found.left_out),
    }


def number(value: float) -> float | str | None:
    """Return a number as JSON can hold it: NaN is null, an infinity a text."""
    if math.isnan(value):
        return None
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    return value
