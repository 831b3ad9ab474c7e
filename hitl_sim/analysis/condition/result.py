"""From records to a `StudyResult`, and to the bill of every run by itself.

Counts come first, joules next, prices last.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa

from hitl_sim.analysis.condition.comparison import Rules, compare
from hitl_sim.analysis.condition.finding import (
    FailedRun,
    StudyResult,
    TaskResult,
)
from hitl_sim.analysis.run.guess import guessed
from hitl_sim.analysis.run.record import RunGroup
from hitl_sim.analysis.run.sample import Sample, bill_sample
from hitl_sim.analysis.run.target import find_stop, find_targets
from hitl_sim.analysis.run.tuning import TRIALS, share_tuning
from hitl_sim.analysis.run.usage import label_seconds, price_units, share_pretraining
from hitl_sim.array import FloatArray
from hitl_sim.cost import Measure, Prices, Pricing, check_prices, open_pricing
from hitl_sim.cost.engine import bill
from hitl_sim.energy import DeviceProfile
from hitl_sim.record import RecordError


def analyse(
    runs: Sequence[RunGroup],
    manifest: Mapping[str, Any],
    profile: DeviceProfile,
    prices: Prices,
    *,
    fraction: float,
    smoothing: int,
    smallest_effect: float,
    seed: int,
    trainings: int = 1,
) -> StudyResult:
    """Find upper bound, rho and break-even of every condition of a study.

    Args:
        runs: of every condition, as `read_groups` reads them from records.
        manifest: of the study; its `units` say what a unit of work is.
        profile: the device that is billed.
        prices: what people, electricity, devices and labels cost.
        fraction: of the pilot's best smoothed validation accuracy: the target.
        smoothing: checkpoints in the trailing mean.
        smallest_effect: smallest change of rho that would matter; in (0, 1).
        seed: of the bootstrap; the same input and seed give the same result.

        trainings: how many trainings share the guidance of one; >= 1.

    Returns:
        The result. A base without one pilot and one control is named in `skipped`.

    Raises:
        RecordError: the records cannot be billed, or no base can be analysed.
        ValueError: an argument is out of range; the message names it.
    """
    if not 0.0 < smallest_effect < 1.0:
        raise ValueError(f"`smallest_effect` must be in (0, 1), got {smallest_effect}.")
    check_prices(prices)
    read, pricing = _read(runs, manifest, profile, prices)
    groups = [g for g in read if g.role not in TRIALS]
    rules = Rules(fraction, smoothing, smallest_effect, seed, trainings)
    told, metric = _tasks(manifest), _metric(manifest)
    bases = []
    for base in dict.fromkeys(group.base for group in groups):
        shared = [group for group in groups if group.base == base]
        known = told.get(shared[0].task, {})
        counts, classes = known.get("class_counts", ()), known.get("classes", ())
        chance = guessed(metric, counts, len(classes))
        bases.append((shared, replace(rules, chance=chance)))
    compared, words = compare(bases, pricing), metric.replace("_", " ")
    skipped = [str(error) for error in compared if isinstance(error, RecordError)]
    tasks = [
        replace(found, metric=words, chance=own.chance)
        for found, (_, own) in zip(compared, bases, strict=True)
        if not isinstance(found, RecordError)
    ]
    if not tasks:
        nothing = "No run but trials of settings is recorded: nothing can be analysed."
        raise RecordError(" ".join(skipped) or nothing)
    tasks.sort(key=_order)
    study = manifest.get("study", {})
    return StudyResult(
        question=str(study.get("question", "")),
        note=str(study.get("note", "")),
        tasks=tuple(tasks),
        failed=tuple(
            FailedRun(
                group.task,
                group.arm,
                group.crowd,
                int(group.replicate[row]),
                group.outcome[row],
            )
            for group in read
            for row in np.flatnonzero(~group.is_ok)
        ),
        skipped=tuple(skipped),
        num_records=sum(group.num_runs for group in runs),
        fraction=fraction,
        smoothing=smoothing,
        smallest_effect=smallest_effect,
        seed=seed,
        profile=profile,
        prices=prices,
        label_s=label_seconds(groups, manifest),
        trainings=trainings,
        environment={
            **manifest.get("environment", {}),
            **manifest.get("made_by", {}),
        },
        study=study,
        populations=manifest.get("populations", {}),
        machines=manifest.get("machines", {}),
        work=manifest["units"],
        stopping=manifest.get("stopping", {}),
        tuning=tuple(manifest.get("tuning", ())),
    )


def _metric(manifest: Mapping[str, Any]) -> str:
    """Name what validation and test measure; accuracy where a study says nothing."""
    target = manifest.get("study", {}).get("target", {})
    return str(target.get("metric", "accuracy"))


def _tasks(manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a manifest says of each task; nothing where it says nothing."""
    tasks: Mapping[str, Any] = manifest.get("tasks", {})
    return tasks


def _read(
    runs: Sequence[RunGroup],
    manifest: Mapping[str, Any],
    profile: DeviceProfile,
    prices: Prices,
) -> tuple[tuple[RunGroup, ...], Pricing]:
    """Return the runs with their share of pretraining, and what bills them."""
    groups = tuple(share_pretraining(g, prices) for g in runs)
    groups = share_tuning(groups, manifest.get("study", {}))
    costs, label_s = (
        price_units(manifest["units"], profile),
        label_seconds(groups, manifest),
    )
    return groups, open_pricing(costs, profile, prices, label_s)


def _order(task: TaskResult) -> tuple[str, tuple[tuple[str, float, str], ...]]:
    """Order tasks by name, then by what else is swept of them, numbers by size."""
    settings = tuple(
        (name, float(value), "")
        if isinstance(value, int | float)
        else (name, 0.0, str(value))
        for name, value in sorted(task.control.settings.items())
    )
    return task.task, settings


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
    runs: Sequence[RunGroup],
    manifest: Mapping[str, Any],
    profile: DeviceProfile,
    prices: Prices,
    *,
    fraction: float,
    smoothing: int,
) -> pa.Table:
    """Bill every run of a study where it stopped; arguments are as of `analyse`.

    Returns:
        A table of `BILL_SCHEMA`, one row per run.

    Raises:
        RecordError: the records cannot be billed.
    """
    groups, pricing = _read(runs, manifest, profile, prices)
    targets = {
        group.base: find_targets(group, fraction=fraction, smoothing=smoothing)
        for group in groups
        if group.role == "pilot"
    }
    found = []
    for group in groups:
        target = np.full(group.num_runs, np.nan)
        own = targets.get(group.base)
        if own is not None and group.role not in ("pilot", *TRIALS):
            has_target = np.isin(group.replicate, own.replicate)
            place = np.searchsorted(own.replicate, group.replicate[has_target])
            target[has_target] = own.accuracy[place]
        stop = find_stop(group, target, smoothing=smoothing)
        found.append(_columns(bill_sample(group, stop, pricing), target, pricing))
    return pa.concat_tables(pa.table(c, schema=BILL_SCHEMA) for c in found)


def _columns(sample: Sample, target: FloatArray, pricing: Pricing) -> dict[str, Any]:
    """Lay the bills of some runs out in columns; NaN is no target."""
    group, stop, num = sample.group, sample.stop, sample.group.num_runs
    row, spent = np.arange(num), sample.amounts.spent
    steps = group.step[row, stop.checkpoint]
    bills = {
        f"bill_{name}": _nullable(bill(spent, pricing.table.whole(measure))[:, 0])
        for name, measure in _BILLS.items()
    }
    return {
        "arm": [group.arm] * num,
        "condition": [group.condition] * num,
        "replicate": group.replicate,
        "target_accuracy": _nullable(target),
        "is_reached": pa.array(stop.is_reached, mask=np.isnan(target)),
        "target_steps": pa.array(steps, mask=~stop.is_reached),
        "billed_steps": steps,
        "billed_validation_accuracy": _nullable(
            group.validation_accuracy[row, stop.checkpoint]
        ),
        "billed_test_accuracy": _nullable(group.test_accuracy[row, stop.checkpoint]),
        "device_j": _nullable(sample.cost_sample.spent),
        "device_s": _nullable(
            sample.amounts.priced(pricing.table.device_s[:, 0]).spent
        ),
        "people_s": _nullable(np.asarray(sample.usage.paid_s, np.float64)),
        **bills,
    }


_BILLS: dict[str, Measure] = {"j": "joules", "usd": "usd", "kgco2e": "kgco2e"}


def _nullable(values: FloatArray) -> pa.Array:
    """Turn NaN, which is unknown, into null."""
    values = np.asarray(values, np.float64)
    return pa.array(values, mask=np.isnan(values))
