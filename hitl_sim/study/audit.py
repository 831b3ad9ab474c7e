"""Rerun sampled runs of a finished study by themselves, and compare with their bill.

A study's runs share dispatches and machines, and are billed from counts and a device
profile as if each had run alone. An audit checks that: it draws runs, an equal number
from each arm as far as that goes, repeats each by itself in one lane of a fresh
process, compilation apart, and prints billed ÷ measured. What the bill leaves out on
purpose, since no protocol would do it (making the task, answering for people), is
measured by itself too and taken off. What is done once per round (counting votes,
taking the items of highest score) or per checkpoint (comparing answers with labels,
seeing that weights are finite, drawing positions: some 4 µs) remains, so a little less
than 1 is expected: .94 to .96 for a linear network on batches of 32.

A ratio says something of the bill only where nothing else ran. Each run is repeated, a
few times, until the machine was quiet (`metered.why_disturbed` holds the signs); those
that never were are left out, and where fewer than three are left, or the profile itself
was measured on a disturbed machine, the audit says that its ratio is no evidence. A
processor that others use counts by processor time, which still holds what they do to
caches and clocks, and the waiting of threads on one another.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hitl_sim.analysis.run.usage import price_units
from hitl_sim.energy import (
    DeviceProfile,
    Kind,
    Quantity,
    Scope,
    UnitCost,
    modelled,
    total,
    unavailable,
)
from hitl_sim.energy.error import Error
from hitl_sim.energy.repeat import MIN_REPEATS, Repeated, summarise
from hitl_sim.record import RecordError
from hitl_sim.study.audited import (
    TRIES,
    Audit,
    AuditedRun,
    Verdict,
    number_of,
    quiet_runs,
)
from hitl_sim.study.calibration import DISTURBED
from hitl_sim.study.executor import LocalExecutor
from hitl_sim.study.metered import (
    BENCH,
    RunSample,
    own_joules,
    own_seconds,
    why_disturbed,
)
from hitl_sim.study.plan import Run
from hitl_sim.study.runner import load_study, plan_of

_CLOSE = 1e-3
_WINDOW_S = 0.5


def audit_study(
    folder: Path,
    num_runs: int,
    profile: DeviceProfile,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> Audit:
    """Rerun runs of a finished study by themselves and compare them with their bill.

    Interrupting it keeps the runs that were done, if they are enough.

    Args:
        folder: results folder.
        num_runs: how many runs to draw; all of them if there are fewer.
        profile: the device that bills; measured on this machine, if the ratio is to
            say something of the bill and not of the machine.
        on_progress: called before each run with runs done, and of how many.

    Returns:
        The ratios, and each run's.

    Raises:
        RecordError: the folder holds no study, or too few finished runs.
        ValueError: fewer than three runs are asked for.
        RuntimeError: it was interrupted before three runs were done.
    """
    if num_runs < MIN_REPEATS:
        raise ValueError(f"`n` must be >= {MIN_REPEATS}, got {num_runs}.")
    spec, table, manifest = load_study(folder)
    rows = [row for row in table.to_pylist() if row["outcome"] == "ok"]
    if len(rows) < MIN_REPEATS:
        raise RecordError(
            f"{str(folder)!r} must hold at least {MIN_REPEATS} finished runs, got"
            f" {len(rows)}."
        )
    plan = {run.key: run for run in plan_of(folder).runs}
    drawn = draw_runs(rows, num_runs, spec.seed)
    costs = price_units(manifest["units"], profile)
    is_cpu = manifest["environment"].get("platform") == "cpu"
    found: list[AuditedRun] = []
    is_interrupted = False
    try:
        with LocalExecutor(1) as executor:
            for row in drawn:
                on_progress(len(found), len(drawn))
                seen = _rerun(executor, plan[row["key"]], is_cpu)
                found.append(_compare(row, seen, costs, profile, is_cpu))
    except KeyboardInterrupt:
        is_interrupted = True
    if len(found) < MIN_REPEATS:
        raise RuntimeError(
            f"`audit_study` must see {MIN_REPEATS} runs before it is stopped, got"
            f" {len(found)}."
        )
    quiet = quiet_runs(found)
    used = quiet if len(quiet) >= MIN_REPEATS else found
    units = dict.fromkeys(unit for row in drawn for unit in row["work_unit"])
    clock = (Kind.MEASURED_COUNTER, Scope.DEVICE_TIME)
    measured = [run.measured_s for run in used]
    seconds = [Quantity(x, "s", *clock, (x, x), "clock of the audit") for x in measured]
    return Audit(
        profile.label,
        tuple(found),
        _verdict([run.billed_s for run in used], seconds),
        _verdict([run.billed_j for run in used], [run.measured_j for run in used]),
        is_interrupted,
        tuple(unit for unit in units if DISTURBED in costs[unit].seconds.source),
        _ruled_frac(drawn, costs),
    )


def _rerun(executor: LocalExecutor, run: Run, is_cpu: bool) -> RunSample:
    """Repeat a run until the machine was quiet, or return the least disturbed one."""
    seen: list[RunSample] = []
    while len(seen) < TRIES:
        seen.append(executor.submit(BENCH, "time_run", run, _WINDOW_S).result())
        if not why_disturbed([seen[-1].whole, seen[-1].aside], is_cpu):
            return seen[-1]
    return max(seen, key=lambda sample: sample.whole.core_frac)


def _ruled_frac(
    rows: Sequence[Mapping[str, Any]], costs: Mapping[str, UnitCost]
) -> float:
    """Return the share of billed seconds whose units the profile did not measure."""
    measured_s = ruled_s = 0.0
    for row in rows:
        for unit, count in zip(row["work_unit"], row["work_count"], strict=True):
            cost = costs[unit].seconds
            seconds = number_of(cost) * float(count[-1])
            if cost.kind >= Kind.MEASURED_SAMPLED:
                measured_s += seconds
            else:
                ruled_s += seconds
    return ruled_s / (measured_s + ruled_s)


def draw_runs(
    rows: Sequence[Mapping[str, Any]], num_runs: int, seed: int
) -> list[Mapping[str, Any]]:
    """Draw runs, one of each task and arm in turn.

    Args:
        rows: records with `task`, `arm` and `key`; a key is drawn once.
        num_runs: how many.
        seed: fixes the draw.

    Returns:
        At most `num_runs` of them.
    """
    rng = np.random.default_rng(seed)
    unique = list({row["key"]: row for row in rows}.values())
    piles: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for position in rng.permutation(len(unique)):
        row = unique[position]
        piles.setdefault((row["task"], row["arm"]), []).append(row)
    order = [piles[name] for name in sorted(piles)]
    drawn: list[Mapping[str, Any]] = []
    while len(drawn) < num_runs and any(order):
        drawn += [pile.pop() for pile in order if pile]
    return drawn[:num_runs]


def _compare(
    row: Mapping[str, Any],
    seen: RunSample,
    costs: Mapping[str, UnitCost],
    profile: DeviceProfile,
    is_cpu: bool,
) -> AuditedRun:
    """Bill a run to its cap and lay its measurement beside it."""
    counts = [
        (unit, float(count[-1]))
        for unit, count in zip(row["work_unit"], row["work_count"], strict=True)
    ]
    whole_s = own_seconds(seen.whole, is_cpu) / seen.whole.num_units
    aside_s = own_seconds(seen.aside, is_cpu) / seen.aside.num_units
    joules = own_joules([seen.whole], profile.scope, is_cpu)
    measured_s = whole_s - aside_s
    if not measured_s > 0.0:
        raise RuntimeError(
            f"a run of arm {row['arm']!r} must take longer than its simulation alone,"
            f" got {whole_s:.3g} s and {aside_s:.3g} s."
        )
    curve = np.asarray(row["validation_accuracy"], np.float64)
    return AuditedRun(
        row["task"],
        row["arm"],
        row["replicate"],
        total(costs[unit].seconds.scaled(count) for unit, count in counts),
        measured_s,
        aside_s,
        total(costs[unit].joules.scaled(count) for unit, count in counts),
        joules.scaled(measured_s / whole_s / seen.whole.num_units),
        bool(np.allclose(curve, seen.validation_accuracy, atol=_CLOSE)),
        why_disturbed([seen.whole, seen.aside], is_cpu),
    )


def _verdict(billed: Sequence[Quantity], measured: Sequence[Quantity]) -> Verdict:
    """Divide all that was billed by all that was measured.

    The profile's constants err for all runs together; how single runs scatter around
    the ratio is the error of the sample.
    """
    missing = [quantity for quantity in measured if not quantity.is_known]
    if missing:
        reasons = dict.fromkeys(quantity.reason for quantity in missing)
        reason = "; ".join(reasons)
        return Verdict(unavailable("1", Scope.CONSTANT, reason), None)
    ratios = [
        number_of(b) / number_of(m) for b, m in zip(billed, measured, strict=True)
    ]
    sample = summarise(ratios)
    bill, meter = total(billed), total(measured)
    value = number_of(bill) / number_of(meter)
    scatter = Error(
        "sample of audited runs",
        value * (sample.low / sample.value - 1.0),
        value * (sample.high / sample.value - 1.0),
    )
    exact = bill.over(meter, unit="1", scope=Scope.CONSTANT)
    ratio = modelled(
        value,
        "1",
        exact.kind,
        Scope.CONSTANT,
        f"{exact.source}; {len(ratios)} runs",
        (*(exact.errors or ()), scatter),
    )
    around = Repeated(
        value, value + float(scatter.low), value + float(scatter.high), len(ratios)
    )
    return Verdict(ratio, around)
