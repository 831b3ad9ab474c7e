"""One task: its target, its control, and every other condition beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hitl_sim.analysis.bill import training_scopes, usage_at
from hitl_sim.analysis.break_even import BreakEven, find_break_even
from hitl_sim.analysis.claim import Held, Side, find_sides
from hitl_sim.analysis.curve import trace_curve
from hitl_sim.analysis.decision import (
    Sample,
    Split,
    draw_sample,
    estimate_ratio,
    find_ceiling,
    joules_per_success,
    resting_on,
    restricted_mean,
    split_bills,
    variance_saved,
)
from hitl_sim.analysis.dial import find_dial_crossings
from hitl_sim.analysis.estimate import Estimate, unknown
from hitl_sim.analysis.finding import Finding, LabelCase, NullCheck, TaskResult
from hitl_sim.analysis.interval import mean_interval, resample, wilson
from hitl_sim.analysis.record import RunGroup
from hitl_sim.analysis.target import Stop, Targets, find_targets, stop_at_cap
from hitl_sim.array import FloatArray, IntArray
from hitl_sim.cost import MEASURES, LabelStanding, Market, Measure
from hitl_sim.energy import Kind, Quantity, Scope, exact, unavailable
from hitl_sim.record import RecordError

_COUNTED = Kind.MEASURED_COUNTER
_STEPS = exact(1.0, "steps", _COUNTED, Scope.CONSTANT, "steps that were counted")
_TEST_SET = exact(1.0, "1", _COUNTED, Scope.CONSTANT, "test set, where runs stopped")


@dataclass(frozen=True)
class Rules:
    """How a study is analysed.

    Attributes:
        fraction: of the pilot's best smoothed validation accuracy: the target.
        smoothing: checkpoints in the trailing mean.
        smallest_effect: smallest change of rho that would matter.
        seed: of the bootstrap.
    """

    fraction: float
    smoothing: int
    smallest_effect: float
    seed: int


@dataclass(frozen=True)
class _Frame:
    """What every condition of a base is held against."""

    targets: Targets
    control: Sample
    control_splits: dict[Measure, Split]
    label_price: dict[tuple[LabelStanding, Measure], Quantity]
    horizon_steps: int
    horizon_j: float
    rules: Rules
    market: Market
    samples: Mapping[str, Sample]
    sides: Mapping[str, Side]


def compare(groups: Sequence[RunGroup], market: Market, rules: Rules) -> TaskResult:
    """Compare all conditions of one base with their control.

    Args:
        groups: the conditions that share task, network, training and corruption.
        market: what turns usage into a bill.
        rules: how to analyse.

    Raises:
        RecordError: there is not exactly one pilot and one control, or they share no
            replicate.
    """
    pilot, control = _only(groups, "pilot"), _only(groups, "control")
    targets = find_targets(pilot, fraction=rules.fraction, smoothing=rules.smoothing)
    frame = _frame(
        [g for g in groups if g.role != "pilot"], control, targets, market, rules
    )
    findings = tuple(
        _find(group, frame) for group in groups if group.role in ("null", "arm")
    )
    control_found = _find(control, frame)
    kept = np.isin(targets.replicate, frame.control.group.replicate)
    return TaskResult(
        base=control.base,
        task=control.task,
        target=float(targets.accuracy[kept].mean()),
        replicates=tuple(int(r) for r in frame.control.group.replicate),
        without_target=targets.without,
        horizon_steps=frame.horizon_steps,
        horizon_j=frame.horizon_j,
        ceiling=find_ceiling(frame.control, market.device, rules.seed),
        control=control_found,
        null=_null_check(findings),
        findings=findings,
        crossings=find_dial_crossings(control_found, findings, rules.seed),
    )


def _only(groups: Sequence[RunGroup], role: str) -> RunGroup:
    found = [group for group in groups if group.role == role]
    if len(found) != 1:
        raise RecordError(
            f"`role` must be {role!r} in exactly one condition of task"
            f" {groups[0].task!r} with base {groups[0].base!r}, got {len(found)}."
        )
    return found[0]


def _frame(
    groups: Sequence[RunGroup],
    control: RunGroup,
    targets: Targets,
    market: Market,
    rules: Rules,
) -> _Frame:
    """Bill the control, and find how far every run was followed."""
    sample = draw_sample(control, targets, market, smoothing=rules.smoothing)
    if sample.group.num_runs == 0:
        raise RecordError(
            f"`replicate` of the control of task {control.task!r} must be among those"
            f" of its pilot, got {control.replicate.tolist()}."
        )
    samples = {control.condition: sample} | {
        group.condition: draw_sample(
            group,
            targets,
            market,
            smoothing=rules.smoothing,
            among=sample.group.replicate,
        )
        for group in groups
        if group.role != "control"
    }
    standings: list[LabelStanding] = ["sunk", "bought_same_price"]
    if market.prices.label_price_usd is not None:
        standings.append("bought_elsewhere")
    return _Frame(
        targets=targets,
        control=sample,
        control_splits=split_bills(sample, market),
        label_price={
            (standing, measure): market.label(measure, standing)
            for standing in standings
            for measure in MEASURES
        },
        horizon_steps=min(int(group.step[:, -1].min()) for group in groups),
        horizon_j=min(_least_joules(group, market) for group in groups),
        rules=rules,
        market=market,
        samples=samples,
        sides=find_sides(
            {key: (one.group.role, one.outlay) for key, one in samples.items()}
        ),
    )


def _least_joules(group: RunGroup, market: Market) -> float:
    """Return the joules of the cheapest run at the cap, J."""
    joules = market.device.joules(usage_at(group, stop_at_cap(group)))
    return float(np.min(np.asarray(joules.value)))


def _find(group: RunGroup, frame: _Frame) -> Finding:
    """Hold one condition against the control."""
    market, rules = frame.market, frame.rules
    device, seed = market.device, rules.seed
    arm = frame.samples[group.condition]
    rows = np.searchsorted(frame.control.group.replicate, arm.group.replicate)
    control, splits = frame.control, frame.control_splits
    num_missing = control.group.num_runs - arm.group.num_runs
    if num_missing:
        control = _select(control, rows)
        splits = split_bills(control, market)
    weights = resample(arm.group.num_runs, seed)
    ratio = estimate_ratio(arm, control, device, seed)
    held = Held(
        frame.sides[group.condition], frame.sides[frame.control.group.condition]
    )
    arm_splits = split_bills(arm, market)

    def break_even(measure: Measure, standing: LabelStanding) -> BreakEven:
        price = frame.label_price[standing, measure]
        return find_break_even(
            measure, arm_splits[measure], splits[measure], price, weights, held
        )

    standing = market.prices.label_standing
    spent = device.joules(arm.usage_per_success)
    return Finding(
        condition=group.condition,
        task=group.task,
        arm=group.arm,
        role=group.role,
        kind=group.kind,
        population=group.population,
        settings=group.settings,
        dials=group.dials,
        replicate=arm.group.replicate,
        outlay=arm.outlay,
        num_failed=int((~arm.group.is_ok).sum()),
        num_missing=num_missing,
        reach=wilson(arm.num_reached, arm.group.num_runs),
        joules=joules_per_success(arm, device, seed),
        ratio=ratio,
        claim=held.claim(
            ratio.low,
            ratio.high,
            (arm.outlay, control.outlay),
            weights,
            rules.smallest_effect,
        ),
        variance_saved_frac=variance_saved(arm, control, seed),
        steps=restricted_mean(
            np.asarray(arm.usage.steps),
            arm,
            frame.horizon_steps,
            resting_on(_STEPS, arm.usage),
            seed,
        ),
        mean_joules=restricted_mean(
            arm.outlay.spent, arm, frame.horizon_j, spent, seed
        ),
        test_accuracy=_test_accuracy(arm, weights),
        scopes=training_scopes(arm.usage_per_success, device),
        usage=arm.usage_per_success,
        is_per_success=arm.num_reached > 0,
        ledger=market.ledger(arm.usage_per_success),
        break_even=tuple(break_even(measure, standing) for measure in MEASURES),
        label_cases=tuple(
            _label_case(other, break_even(measure, other))
            for other, measure in frame.label_price
        ),
        shares={name: _mean(share) for name, share in arm.group.shares.items()},
        curve=trace_curve(arm.group, device.costs, smoothing=rules.smoothing),
        amounts=arm.amounts,
        test_by_run=_seen(arm),
        worked_by_run=np.asarray(arm.usage.worked_s, np.float64),
        replay={name: _mean(count) for name, count in arm.group.replay.items()},
    )


def _select(sample: Sample, rows: IntArray) -> Sample:
    """Return the sample of some of its runs."""
    group = sample.group.select(rows)
    stop = Stop(sample.stop.checkpoint[rows], sample.stop.is_reached[rows])
    return Sample(
        group,
        stop,
        usage_at(group, stop),
        sample.amounts.select(rows),
        sample.outlay.select(rows),
    )


def _test_accuracy(arm: Sample, weights: FloatArray) -> Estimate:
    seen = _seen(arm)
    low, high = mean_interval(seen, weights)
    mean = float(seen.mean())
    if not np.isfinite(mean):
        reason = "a run did not stay finite"
        return unknown(unavailable("1", Scope.CONSTANT, reason))
    return Estimate(resting_on(_TEST_SET.scaled(mean), arm.usage), low, high)


def _seen(arm: Sample) -> FloatArray:
    """Return `[R]` test accuracy where each run stopped."""
    row = np.arange(arm.group.num_runs)
    return arm.group.test_accuracy[row, arm.stop.checkpoint]


def _label_case(standing: LabelStanding, found: BreakEven) -> LabelCase:
    return LabelCase(
        standing,
        found.measure,
        found.payback,
        found.multiple.value,
        found.pays_here,
    )


def _mean(share: FloatArray) -> float:
    """Average over runs, leaving out those where the share means nothing."""
    known = share[~np.isnan(share)]
    return float(known.mean()) if len(known) else float("nan")


def _null_check(findings: Sequence[Finding]) -> NullCheck | None:
    for finding in findings:
        if finding.role == "null":
            ratio = finding.ratio
            return NullCheck(ratio, holds_one=ratio.low <= 1.0 <= ratio.high)
    return None
