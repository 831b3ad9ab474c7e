"""Methods and guidance combined, beside what each does alone."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from hitl_sim.analysis.chance.estimate import Estimate, infinite
from hitl_sim.analysis.chance.interval import percentile_interval
from hitl_sim.analysis.condition.finding import Finding
from hitl_sim.analysis.efficiency.row import WHOLE, Combined, Entry
from hitl_sim.array import FloatArray
from hitl_sim.energy import Quantity, Scope


def find_parts(whole: Entry, entries: Sequence[Entry]) -> tuple[Entry, ...] | None:
    """Find the entries that have one part each: its guidance, its methods.

    Args:
        whole: guidance, methods or both.
        entries: where parts may be.

    Returns:
        The parts; None where there are less than two, or one has no entry.
    """
    wanted: list[tuple[Mapping[str, Any], tuple[Mapping[str, Any], ...]]] = [
        (WHOLE, (method,)) for method in whole.methods
    ]
    if whole.guidance != WHOLE:
        wanted.insert(0, (whole.guidance, ()))
    found = [_find(whole, entries, *part) for part in wanted]
    parts = tuple(part for part in found if part is not None)
    return parts if len(parts) == len(wanted) > 1 else None


def _find(
    whole: Entry,
    entries: Sequence[Entry],
    guidance: Mapping[str, Any],
    methods: tuple[Mapping[str, Any], ...],
) -> Entry | None:
    """Find a part; the crowd of guidance must be that of the whole."""
    for entry in entries:
        if entry.guidance != guidance or entry.methods != methods:
            continue
        if guidance == WHOLE or entry.finding.crowd == whole.finding.crowd:
            return entry
    return None


def combine(
    whole: Entry, parts: Sequence[Entry], draw: Callable[[Entry], FloatArray]
) -> Combined:
    """Hold an entry of several parts against its parts.

    Args:
        whole: the entry.
        parts: what `find_parts` found.
        draw: `entry -> [B]` draws of rho, the same resamples for all.
    """
    own, *each = (draw(entry) for entry in (whole, *parts))
    finding, values = whole.finding, [e.finding.ratio.value for e in parts]
    product = math.prod(values)
    with np.errstate(invalid="ignore", divide="ignore"):
        product_draws = np.prod(each, axis=0)
        added = 1.0 - np.sum([1.0 - one for one in each], axis=0)
        beside = own / product_draws
    like = [finding, *(e.finding for e in parts)]
    return Combined(
        finding.arm,
        tuple(e.finding.arm for e in parts),
        finding.ratio,
        _of(product, product_draws, like),
        _of(1.0 - sum(1.0 - v for v in values), added, like),
        _of(finding.ratio.value / product, beside, like),
    )


def _of(value: float, draws: FloatArray, like: Sequence[Finding]) -> Estimate:
    """Make an estimate that is as weak as the weakest of what it is made of."""
    low, high = percentile_interval(draws, like[0].num_runs)
    if not math.isfinite(value):
        return infinite("1", Scope.CONSTANT, "a part never reached the target", low)
    weakest = min((f.ratio.quantity for f in like), key=lambda q: -q.kind.rank)
    source = f"rho of {', '.join(f.arm for f in like)}"
    quantity = Quantity(value, "1", weakest.kind, Scope.CONSTANT, None, source)
    return Estimate(quantity, low, high)
