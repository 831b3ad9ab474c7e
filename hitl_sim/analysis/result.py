"""From records to a `StudyResult`: counts first, joules next, prices last."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa

from hitl_sim.analysis.bill import price_units
from hitl_sim.analysis.comparison import Rules, compare
from hitl_sim.analysis.finding import (
    FailedRun,
    StudyResult,
    TaskResult,
    describe_crowd,
)
from hitl_sim.analysis.label import label_seconds
from hitl_sim.analysis.pretraining import share_pretraining
from hitl_sim.analysis.record import RunGroup, read_groups
from hitl_sim.cost import Prices, check_prices, open_market
from hitl_sim.energy import DeviceProfile
from hitl_sim.record import RecordError


def analyse(
    records: pa.Table,
    manifest: Mapping[str, Any],
    profile: DeviceProfile,
    prices: Prices,
    *,
    fraction: float,
    smoothing: int,
    smallest_effect: float,
    seed: int,
) -> StudyResult:
    """Find ceiling, rho and break-even of every condition of a study.

    Args:
        records: one row per run.
        manifest: of the study; its `units` say what a unit of work is.
        profile: the device that is billed.
        prices: what people, electricity, devices and labels cost.
        fraction: of the pilot's best smoothed validation accuracy: the target.
        smoothing: checkpoints in the trailing mean.
        smallest_effect: smallest change of rho that would matter; in (0, 1).
        seed: of the bootstrap; the same input and seed give the same result.

    Returns:
        The result. A base without one pilot and one control is named in `skipped`.

    Raises:
        RecordError: the records cannot be billed, or no base can be analysed.
        ValueError: an argument is out of range; the message names it.
    """
    if not 0.0 < smallest_effect < 1.0:
        raise ValueError(f"`smallest_effect` must be in (0, 1), got {smallest_effect}.")
    check_prices(prices)
    groups = tuple(share_pretraining(g, prices) for g in read_groups(records))
    label_s = label_seconds(groups, manifest)
    costs = price_units(manifest["units"], profile)
    market = open_market(costs, profile, prices, label_s)
    rules = Rules(fraction, smoothing, smallest_effect, seed)
    tasks, skipped = [], []
    for base in dict.fromkeys(group.base for group in groups):
        shared = [group for group in groups if group.base == base]
        try:
            tasks.append(compare(shared, market, rules))
        except RecordError as error:
            skipped.append(str(error))
    if not tasks:
        raise RecordError(" ".join(skipped))
    tasks.sort(key=_order)
    study = manifest.get("study", {})
    return StudyResult(
        question=str(study.get("question", "")),
        note=str(study.get("note", "")),
        tasks=tuple(tasks),
        failed=tuple(_failed_runs(groups)),
        skipped=tuple(skipped),
        num_records=records.num_rows,
        fraction=fraction,
        smoothing=smoothing,
        smallest_effect=smallest_effect,
        seed=seed,
        profile=profile,
        units=tuple(manifest["units"]),
        prices=prices,
        label_s=label_s,
        environment=manifest.get("environment", {}),
        study=study,
        populations=manifest.get("populations", {}),
        work=manifest["units"],
    )


def _order(task: TaskResult) -> tuple[str, tuple[tuple[str, float, str], ...]]:
    """Order tasks by name, then by what else is swept of them, numbers by size."""
    settings = tuple(
        (name, float(value), "")
        if isinstance(value, int | float)
        else (name, 0.0, str(value))
        for name, value in sorted(task.control.settings.items())
    )
    return task.task, settings


def _failed_runs(groups: Iterable[RunGroup]) -> list[FailedRun]:
    """List the runs that did not stay finite."""
    return [
        FailedRun(
            group.task,
            group.arm,
            describe_crowd(group.population, group.settings, group.dials),
            int(group.replicate[row]),
            group.outcome[row],
        )
        for group in groups
        for row in range(group.num_runs)
        if not group.is_ok[row]
    ]
