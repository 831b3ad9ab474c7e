"""What a browser needs to bill all runs of a study again, at any prices.

Amounts are told per run, unit prices as sums of products of prices
(`hitl_sim.cost.expansion`), and the bootstrap's draws as they are, so that a browser
does what `analysis` does and nothing else.
"""

import base64
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from hitl_sim.analysis.chance.interval import (
    MIN_REPLICATES,
    NUM_RESAMPLES,
    CostSample,
    resample,
    tail,
    wilson,
)
from hitl_sim.analysis.chance.success import ARM, CONTROL, halves
from hitl_sim.analysis.condition.finding import Finding, StudyResult, TaskResult
from hitl_sim.analysis.run.record import plain_value
from hitl_sim.cost import BOUNDARIES, MEASURES, published_runs
from hitl_sim.cost.engine import LABELS, SECONDS
from hitl_sim.cost.expansion import ASKED, NODES, Expansion, expand
from hitl_sim.cost.price import LABEL_COSTS, RATES, price_rates
from hitl_sim.cost.query import query_unit
from hitl_sim.energy import DeviceProfile, Quantity
from hitl_sim.report.data_file import plain
from hitl_sim.report.first_screen import name_of

_OTHERS = (*SECONDS, LABELS)


def explore_data(
    results: Mapping[float, StudyResult], profiles: Sequence[DeviceProfile]
) -> dict[str, Any]:
    """Gather a study for a page that bills it anew, as JSON values.

    Args:
        results: of one study by the fraction of the pilot's best that is the target, at
            the same prices on the same device; the study's own fraction first.
        profiles: devices that a reader may choose, the study's own first.
    """
    own = next(iter(results.values()))
    pricings = [replace(own, profile=profile).pricing for profile in profiles]
    expansions = expand(pricings)
    units = [name for name in pricings[0].table.names if name not in _OTHERS]
    sizes = {
        len(finding.replicate)
        for result in results.values()
        for task in result.tasks
        for finding in (task.control, *task.findings)
    }
    return {
        "question": own.question,
        "tasks": [_task(task, own, units) for task in own.tasks],
        "fractions": list(results),
        "samples": [_samples(own, result) for result in results.values()],
        "units": units,
        "columns": list(pricings[0].table.names),
        "devices": [
            {
                "name": profile.label,
                "seconds": _floats(pricing.table.device_s[: len(units), 0]),
                "joules": _floats(pricing.table.device_j[: len(units), 0]),
                "prices": _expansions(expansions, place),
            }
            for place, (profile, pricing) in enumerate(
                zip(profiles, pricings, strict=True)
            )
        ],
        "asked": ASKED,
        "measures": MEASURES,
        "numbers": list(NODES),
        "boundaries": BOUNDARIES,
        "label_costs": LABEL_COSTS,
        "published": [
            [run.name, float(run.joules.value or math.nan)] for run in published_runs()
        ],
        "start": _start(own),
        "draws": {
            "num": NUM_RESAMPLES,
            "least": MIN_REPLICATES,
            "weights": {
                str(num): _floats(resample(num, own.seed)) for num in sorted(sizes)
            },
            "ends": {
                str(num): _ends(num) for num in sorted(sizes) if num >= MIN_REPLICATES
            },
            "none_of": {str(num): wilson(0, num).high for num in sorted(sizes)},
            "halves": [
                [_floats(half) for half in halves(NUM_RESAMPLES, stream)]
                for stream in (ARM, CONTROL)
            ],
        },
    }


def _floats(values: npt.ArrayLike) -> str:
    """Write numbers as base64 of little-endian doubles, row after row."""
    return base64.b64encode(np.asarray(values, "<f8").tobytes()).decode()


def _ends(num: int) -> tuple[int, int]:
    """Return places of the interval's ends among the draws in their order."""
    share, last = tail(num), NUM_RESAMPLES - 1
    return math.floor(share * last), math.ceil((1 - share) * last)


def _start(result: StudyResult) -> dict[str, Any]:
    """Return what the study itself has; null where a price is unknown."""
    rates = price_rates(result.prices)
    numbers = {name: _number(getattr(rates, RATES[name].attribute)) for name in NODES}
    return {
        **numbers,
        "boundary": result.prices.boundary,
        "label_cost": result.prices.label_cost,
        "trainings": result.trainings,
    }


def _number(quantity: Quantity) -> float | None:
    known = quantity.is_known and quantity.value is not None
    return float(np.asarray(quantity.value)) if known else None


def _expansions(
    found: Mapping[tuple[int, Any, Any], Expansion], device: int
) -> dict[str, Any]:
    """Return the terms of one device by boundary and label cost."""
    return {
        f"{boundary} {cost}": [
            [expansion.terms[measure][name] for name in ASKED] for measure in MEASURES
        ]
        for (place, boundary, cost), expansion in found.items()
        if place == device
    }


def _task(
    task: TaskResult, result: StudyResult, units: Sequence[str]
) -> dict[str, Any]:
    return {
        "name": name_of(task, result),
        "conditions": [
            _condition(finding, result, units)
            for finding in (task.control, *task.findings)
        ],
    }


def _condition(
    finding: Finding, result: StudyResult, units: Sequence[str]
) -> dict[str, Any]:
    swept = {
        name: plain_value(value)
        for name, value in finding.settings.items()
        if name.startswith("crowd.")
    }
    looks = [line.unit for line in finding.usage.work if line.phase == "evaluate"]
    costs = result.pricing.device.costs
    item = units.index(query_unit(looks[0], costs)) if looks else None
    return {
        "label": finding.label,
        "arm": finding.name,
        "role": finding.role,
        "has_people": finding.has_people,
        "swept": swept,
        "item": item,
    }


def _samples(
    own: StudyResult, result: StudyResult
) -> list[list[dict[str, Any] | None]]:
    """Return what every run used at one target, condition by condition."""
    found = []
    by_base = {task.base: task for task in result.tasks}
    for task in own.tasks:
        other = by_base.get(task.base)
        known = (
            {}
            if other is None
            else {f.condition: f for f in (other.control, *other.findings)}
        )
        wanted = (task.control, *task.findings)
        found.append([_sample(known.get(f.condition)) for f in wanted])
    return found


def _sample(finding: Finding | None) -> dict[str, Any] | None:
    if finding is None:
        return None
    amounts = finding.amounts
    used = _used(amounts)
    recurring = _used(finding.recurring)
    return {
        "replicate": finding.replicate.tolist(),
        "reached": amounts.is_reached.astype(int).tolist(),
        "accuracy": plain(float(finding.test_by_run.mean())),
        "worked_h": plain(float(finding.usage.worked_s) / 3600.0),
        "used": used.tolist(),
        "spent": _floats(amounts.spent[:, used]),
        "cap": _floats(_cap(amounts)[:, used]),
        "recurring": recurring.tolist(),
        "again": _floats(finding.recurring.spent[:, recurring]),
        "again_cap": _floats(_cap(finding.recurring)[:, recurring]),
    }


def _used(amounts: CostSample) -> npt.NDArray[np.int64]:
    """Return places of the amounts of which some run used any, or would have."""
    return np.flatnonzero(amounts.spent.any(axis=0) | _cap(amounts).any(axis=0))


def _cap(amounts: CostSample) -> npt.NDArray[np.float64]:
    if amounts.if_failed is None:
        raise RuntimeError("amounts of a finding must say what runs use at the cap.")
    return amounts.if_failed


def write_data(data: Mapping[str, Any]) -> str:
    """Return data as JSON that may stand inside a page's script element."""
    text = msgspec.json.encode(data).decode()
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text
