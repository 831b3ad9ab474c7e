"""The bill of every run by itself, as columns: what a table of runs is joined with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from hitl_sim.analysis.bill import price_units
from hitl_sim.analysis.decision import Sample, bill_sample
from hitl_sim.analysis.label import label_seconds
from hitl_sim.analysis.pretraining import share_pretraining
from hitl_sim.analysis.record import RunGroup, read_groups
from hitl_sim.analysis.target import Targets, find_stop, find_targets, stop_at_cap
from hitl_sim.array import FloatArray
from hitl_sim.cost import Market, Measure, Prices, open_market
from hitl_sim.cost.engine import bill
from hitl_sim.energy import DeviceProfile

BILL_SCHEMA = pa.schema(
    [
        ("arm", pa.string()),
        ("condition", pa.string()),
        ("replicate", pa.int64()),
        ("target_accuracy", pa.float64()),
        ("is_reached", pa.bool_()),
        ("target_steps", pa.int64()),
        ("billed_steps", pa.int64()),
        ("billed_validation_accuracy", pa.float64()),
        ("billed_test_accuracy", pa.float64()),
        ("device_j", pa.float64()),
        ("device_s", pa.float64()),
        ("people_s", pa.float64()),
        ("bill_j", pa.float64()),
        ("bill_usd", pa.float64()),
        ("bill_kgco2e", pa.float64()),
    ]
)
"""Columns of a bill.

`arm`, `condition` and `replicate` name the run. A run is billed to the step at which it
reached its replicate's target (`target_steps`), or to the cap: `is_reached` is null
where there is no target, for a pilot or where the pilot failed. `device_j` and
`device_s` are the protocol's work on the device, J and s; `people_s` is paid time, s;
`bill_j`, `bill_usd` and `bill_kgco2e` are the whole bill with people, waiting,
overheads and the pool's labels. Null is unavailable, never 0. Validation labels, one
set for every arm, and what a model does after its training are left out.
"""


def bill_runs(
    records: pa.Table,
    manifest: Mapping[str, Any],
    profile: DeviceProfile,
    prices: Prices,
    *,
    fraction: float,
    smoothing: int,
) -> pa.Table:
    """Bill every run of a study where it stopped.

    Args:
        records: one row per run.
        manifest: of the study; its `units` say what a unit of work is.
        profile: the device that is billed.
        prices: what people, electricity, devices and labels cost.
        fraction: of the pilot's best smoothed validation accuracy: the target.
        smoothing: checkpoints in the trailing mean.

    Returns:
        A table of `BILL_SCHEMA`, one row per run.

    Raises:
        RecordError: the records cannot be billed.
    """
    groups = tuple(share_pretraining(g, prices) for g in read_groups(records))
    costs = price_units(manifest["units"], profile)
    market = open_market(costs, profile, prices, label_seconds(groups, manifest))
    pilots = {group.base: group for group in groups if group.role == "pilot"}
    found: list[dict[str, Any]] = []
    for group in groups:
        pilot = None if group.role == "pilot" else pilots.get(group.base)
        targets = (
            None
            if pilot is None
            else find_targets(pilot, fraction=fraction, smoothing=smoothing)
        )
        found += _bill_group(group, targets, market, smoothing)
    return pa.concat_tables(pa.table(c, schema=BILL_SCHEMA) for c in found)


def _bill_group(
    group: RunGroup, targets: Targets | None, market: Market, smoothing: int
) -> Iterator[dict[str, Any]]:
    """Yield columns of a condition's runs: those with a target, then those without."""
    known = np.zeros(0, np.int64) if targets is None else targets.replicate
    has_target = np.isin(group.replicate, known)
    for is_known, rows in ((True, has_target), (False, ~has_target)):
        part = group.select(np.flatnonzero(rows))
        if part.num_runs == 0:
            continue
        target = None
        stop = stop_at_cap(part)
        if is_known and targets is not None:
            place = np.searchsorted(targets.replicate, part.replicate)
            target = targets.accuracy[place]
            stop = find_stop(part, target, smoothing=smoothing)
        yield _columns(bill_sample(part, stop, market), target, market)


def _columns(
    sample: Sample, target: FloatArray | None, market: Market
) -> dict[str, Any]:
    """Lay the bills of some runs out in columns."""
    group, stop, num = sample.group, sample.stop, sample.group.num_runs
    row = np.arange(num)
    steps = group.step[row, stop.checkpoint]
    return {
        "arm": [group.arm] * num,
        "condition": [group.condition] * num,
        "replicate": group.replicate,
        "target_accuracy": [None] * num if target is None else target,
        "is_reached": [None] * num if target is None else stop.is_reached,
        "target_steps": pa.array(steps, mask=~stop.is_reached),
        "billed_steps": steps,
        "billed_validation_accuracy": _nullable(
            group.validation_accuracy[row, stop.checkpoint]
        ),
        "billed_test_accuracy": _nullable(group.test_accuracy[row, stop.checkpoint]),
        "device_j": _nullable(sample.outlay.spent),
        "device_s": _nullable(sample.amounts.priced(market.table.device_s[:, 0]).spent),
        "people_s": _nullable(np.asarray(sample.usage.paid_s, np.float64)),
        "bill_j": _whole("joules", sample, market),
        "bill_usd": _whole("usd", sample, market),
        "bill_kgco2e": _whole("kgco2e", sample, market),
    }


def _whole(measure: Measure, sample: Sample, market: Market) -> pa.Array:
    """Bill each run in one measure, the pool's labels included."""
    prices = market.table.whole(measure)
    return _nullable(bill(sample.amounts.spent, prices)[:, 0])


def _nullable(values: FloatArray) -> pa.Array:
    """Turn NaN, which is unknown, into null."""
    values = np.asarray(values, np.float64)
    return pa.array(values, mask=np.isnan(values))
