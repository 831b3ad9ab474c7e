"""The bill of every run by itself, as columns: what a table of runs is joined with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from hitl_sim.analysis.bill import device_work, price_units
from hitl_sim.analysis.comparison import Rules
from hitl_sim.analysis.decision import Sample, bill_sample
from hitl_sim.analysis.label import label_seconds
from hitl_sim.analysis.pretraining import share_pretraining
from hitl_sim.analysis.pricing import Market, Measure, Split, open_market
from hitl_sim.analysis.record import PROTOCOL, FloatArray, RunGroup, read_groups
from hitl_sim.analysis.target import Targets, find_stop, find_targets, stop_at_cap
from hitl_sim.cost import Prices
from hitl_sim.energy import DeviceProfile, total

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
    rules = Rules(fraction, smoothing, 0.0, 0)
    found = [
        columns
        for group in groups
        for columns in _bill_group(group, _targets(pilots, group, rules), market, rules)
    ]
    tables = [pa.table(columns, schema=BILL_SCHEMA) for columns in found]
    return pa.concat_tables(tables) if tables else BILL_SCHEMA.empty_table()


def _targets(
    pilots: Mapping[str, RunGroup], group: RunGroup, rules: Rules
) -> Targets | None:
    """Find the targets that a condition's runs train to; None for the pilot's own."""
    pilot = pilots.get(group.base)
    if pilot is None or group.role == "pilot":
        return None
    return find_targets(pilot, fraction=rules.fraction, smoothing=rules.smoothing)


def _bill_group(
    group: RunGroup, targets: Targets | None, market: Market, rules: Rules
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
            stop = find_stop(part, target, smoothing=rules.smoothing)
        yield _columns(bill_sample(part, stop, market.costs), target, market)


def _columns(
    sample: Sample, target: FloatArray | None, market: Market
) -> dict[str, Any]:
    """Lay the bills of some runs out in columns."""
    group, stop, num = sample.group, sample.stop, sample.group.num_runs
    row = np.arange(num)
    steps = group.step[row, stop.checkpoint]
    splits = market.splits(sample)
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
        "device_j": _nullable(sample.joules),
        "device_s": _nullable(_device_seconds(sample, market)),
        "people_s": _nullable(np.asarray(sample.usage.paid_s, np.float64)),
        "bill_j": _whole("joules", splits, market),
        "bill_usd": _whole("usd", splits, market),
        "bill_kgco2e": _whole("kgco2e", splits, market),
    }


def _whole(
    measure: Measure, splits: Mapping[Measure, Split], market: Market
) -> pa.Array:
    """Add up each run's bill in one measure, the pool's labels included."""
    split = splits[measure]
    price = market.label(measure, market.prices.label_standing).value
    one = np.nan if price is None else float(np.asarray(price))
    labels = np.where(split.labels > 0.0, one * split.labels, 0.0)
    return _nullable(split.training_by_run + split.beside_by_run + labels)


def _device_seconds(sample: Sample, market: Market) -> FloatArray:
    work = device_work(sample.usage, market.costs)
    spent = total(one.seconds for one in work if one.standing == PROTOCOL).value
    known = np.nan if spent is None else np.asarray(spent, np.float64)
    return np.broadcast_to(known, (sample.group.num_runs,))


def _nullable(values: FloatArray) -> pa.Array:
    """Turn NaN, which is unknown, into null."""
    values = np.asarray(values, np.float64)
    return pa.array(values, mask=np.isnan(values))
