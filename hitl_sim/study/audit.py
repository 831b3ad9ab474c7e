"""Rerun sampled runs of a finished study by themselves, and compare with their bill.

A study's runs share dispatches and machines, and are billed from counts and a device
profile as if each had run alone. An audit checks that: it draws runs, an equal number
from each arm as far as that goes, repeats each by itself in one lane of a fresh
process, compilation apart, and prints billed ÷ measured. What the bill leaves out on
purpose, since no protocol would do it (making the task, answering for people), is
measured by itself too and taken off. What is done once per round (counting votes,
taking the items of highest score) remains, so a little less than 1 is expected, and
less for small networks.

A ratio says something of the bill only where nothing else ran. Each run is repeated, a
few times, until the machine was quiet (`metered.why_disturbed` holds the signs); those
that never were are left out, and where fewer than three are left, or the profile itself
was measured on a disturbed machine, the audit says that its ratio is no evidence. A
processor that others use counts by processor time, which holds what they do to caches
and clocks and the waiting of threads on one another: ratios of .4 to .6 were seen so.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from hitl_sim.analysis.bill import price_units
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
from hitl_sim.study.calibration import DISTURBED
from hitl_sim.study.executor import LocalExecutor
from hitl_sim.study.metered import own_joules, own_seconds, why_disturbed
from hitl_sim.study.plan import Run, build_plan
from hitl_sim.study.runner import load_study
from hitl_sim.study.store import RecordError, write_json
from hitl_sim.study.visit import RunVisit

_BENCH = "hitl_sim.study.bench"
_CLOSE = 1e-3
_WINDOW_S = 0.5
TRIES = 4
"""How often a run is tried until the machine is quiet."""


@dataclass(frozen=True)
class AuditedRun:
    """One run, billed and measured.

    Attributes:
        task: its task.
        arm: its arm.
        replicate: its number.
        billed_s: device seconds by the profile, to the cap, instrument included.
        measured_s: seconds of the run by itself, without `aside_s`.
        aside_s: seconds of making its task and of answering for people.
        billed_j: device joules by the profile.
        measured_j: joules of the run by itself, or why there are none.
        is_same_curve: whether the rerun learned what the record says, to 1/1,000.
        disturbance: how other programs disturbed the machine each time that it was
            tried; empty where it was quiet.
    """

    task: str
    arm: str
    replicate: int
    billed_s: Quantity
    measured_s: float
    aside_s: float
    billed_j: Quantity
    measured_j: Quantity
    is_same_curve: bool
    disturbance: str = ""

    @property
    def ratio_s(self) -> float:
        """Return billed over measured seconds."""
        return _number(self.billed_s) / self.measured_s

    @property
    def ratio_j(self) -> float:
        """Return billed over measured joules; NaN where none were measured."""
        if not self.measured_j.is_known:
            return math.nan
        return _number(self.billed_j) / _number(self.measured_j)


class Verdict(NamedTuple):
    """Billed over measured, in one measure.

    Attributes:
        ratio: with the interval of the profile's constants and of the sample; or
            unavailable with the reason.
        sample: the same with the interval of the sample of runs alone; None where it
            is unavailable.
    """

    ratio: Quantity
    sample: Repeated | None


@dataclass(frozen=True)
class Audit:
    """What an audit found.

    Attributes:
        profile: label of the profile that billed.
        runs: in the order in which they were drawn.
        seconds: billed over measured seconds, of the quiet runs where they are enough.
        joules: billed over measured joules, likewise.
        is_interrupted: whether somebody stopped it.
        disturbed_units: units of these runs that the profile was given while others
            disturbed the machine.
        ruled_frac: share of the billed seconds that the profile did not measure, but
            took from its rule for other units.
    """

    profile: str
    runs: tuple[AuditedRun, ...]
    seconds: Verdict
    joules: Verdict
    is_interrupted: bool
    disturbed_units: tuple[str, ...] = ()
    ruled_frac: float = 0.0

    @property
    def num_disturbed(self) -> int:
        """Return how many runs never had the machine to themselves."""
        return sum(bool(run.disturbance) for run in self.runs)

    @property
    def is_evidence(self) -> bool:
        """Return whether the ratios say something of the bill, not of the machine."""
        return len(_quiet(self.runs)) >= MIN_REPEATS and not self.disturbed_units

    @property
    def disturbance(self) -> str:
        """Say how the machine was disturbed, and what that leaves; '' where it was not.

        Returns:
            One sentence for the runs and one for the profile, where there is one.
        """
        sentences = []
        if self.num_disturbed:
            first = next(run.disturbance for run in self.runs if run.disturbance)
            left = (
                "they are left out"
                if len(_quiet(self.runs)) >= MIN_REPEATS
                else ("the ratio is no evidence: repeat it on a quiet machine")
            )
            sentences.append(
                f"The machine was disturbed in {self.num_disturbed} of"
                f" {len(self.runs)} runs, {TRIES} times each ({first}); {left}."
            )
        if self.disturbed_units:
            sentences.append(
                f"The profile was measured on a disturbed machine"
                f" ({len(self.disturbed_units)} of the units here), so the ratio is no"
                " evidence: measure it again on a quiet one."
            )
        return " ".join(sentences)

    def write(self, folder: Path) -> Path:
        """Keep the audit beside the records of its study, and never among them."""
        path = folder / "sidecar" / "audit.json"
        write_json(
            path,
            {
                "profile": self.profile,
                "is_evidence": self.is_evidence,
                "disturbance": self.disturbance,
                "ruled_frac": self.ruled_frac,
                "seconds": self.seconds.ratio.to_json(),
                "joules": self.joules.ratio.to_json(),
                "runs": [
                    {
                        "task": run.task,
                        "arm": run.arm,
                        "replicate": run.replicate,
                        "billed_s": run.billed_s.to_json(),
                        "measured_s": run.measured_s,
                        "aside_s": run.aside_s,
                        "billed_j": run.billed_j.to_json(),
                        "measured_j": run.measured_j.to_json(),
                        "is_same_curve": run.is_same_curve,
                        "disturbance": run.disturbance,
                    }
                    for run in self.runs
                ],
            },
        )
        return path


class Progress(NamedTuple):
    """How far an audit is: runs done, of how many."""

    done: int
    total: int


def audit_study(
    folder: Path,
    num_runs: int,
    profile: DeviceProfile,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> Audit:
    """Rerun runs of a finished study by themselves and compare them with their bill.

    Interrupting it keeps the runs that were done, if they are enough.

    Args:
        folder: results folder.
        num_runs: how many runs to draw; all of them if there are fewer.
        profile: the device that bills; measured on this machine, if the ratio is to
            say something of the bill and not of the machine.
        on_progress: called before each run.

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
    plan = {run.key: run for run in build_plan(spec).runs}
    drawn = draw_runs(rows, num_runs, spec.seed)
    costs = price_units(manifest["units"], profile)
    is_cpu = manifest["environment"].get("platform") == "cpu"
    found: list[AuditedRun] = []
    is_interrupted = False
    try:
        with LocalExecutor(1) as executor:
            for row in drawn:
                on_progress(Progress(len(found), len(drawn)))
                seen = _rerun(executor, plan[row["key"]], is_cpu)
                found.append(_compare(row, seen, costs, profile, is_cpu))
    except KeyboardInterrupt:
        is_interrupted = True
    if len(found) < MIN_REPEATS:
        raise RuntimeError(
            f"`audit_study` must see {MIN_REPEATS} runs before it is stopped, got"
            f" {len(found)}."
        )
    quiet = _quiet(found)
    used = quiet if len(quiet) >= MIN_REPEATS else found
    units = dict.fromkeys(unit for row in drawn for unit in row["work_unit"])
    return Audit(
        profile.label,
        tuple(found),
        _verdict([run.billed_s for run in used], [_seconds(run) for run in used]),
        _verdict([run.billed_j for run in used], [run.measured_j for run in used]),
        is_interrupted,
        tuple(unit for unit in units if DISTURBED in costs[unit].seconds.source),
        _ruled_frac(drawn, costs),
    )


def _quiet(runs: Sequence[AuditedRun]) -> list[AuditedRun]:
    return [run for run in runs if not run.disturbance]


def _rerun(executor: LocalExecutor, run: Run, is_cpu: bool) -> RunVisit:
    """Repeat a run until the machine was quiet, or return the least disturbed one."""
    seen: list[RunVisit] = []
    while len(seen) < TRIES:
        seen.append(executor.submit(_BENCH, "time_run", run, _WINDOW_S).result())
        if not why_disturbed([seen[-1].whole, seen[-1].aside], is_cpu):
            return seen[-1]
    return max(seen, key=lambda visit: visit.whole.core_frac)


def _ruled_frac(
    rows: Sequence[Mapping[str, Any]], costs: Mapping[str, UnitCost]
) -> float:
    """Return the share of billed seconds whose units the profile did not measure."""
    measured_s = ruled_s = 0.0
    for row in rows:
        for unit, count in zip(row["work_unit"], row["work_count"], strict=True):
            cost = costs[unit].seconds
            seconds = _number(cost) * float(count[-1])
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
    seen: RunVisit,
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


def _seconds(run: AuditedRun) -> Quantity:
    seconds = run.measured_s
    return Quantity(
        seconds,
        "s",
        Kind.MEASURED_COUNTER,
        Scope.DEVICE_TIME,
        (seconds, seconds),
        "clock of the audit",
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
    ratios = [_number(b) / _number(m) for b, m in zip(billed, measured, strict=True)]
    sample = summarise(ratios)
    bill, meter = total(billed), total(measured)
    value = _number(bill) / _number(meter)
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


def _number(quantity: Quantity) -> float:
    if not isinstance(quantity.value, float):
        raise TypeError(f"`quantity` must be one number, got {quantity}.")
    return quantity.value
