"""Levers in one ledger: what each saves, in which column, and in hours of people.

Joules of the device that a study bills are one column, measured or modelled as its
profile has it. What the same counted arithmetic takes in a chip of a named technology
is another, which no device here was asked for; and what it would take with multipliers
that nobody has built in is a third, hypothetical. They are never added.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hitl_sim.analysis.arithmetic import operation_joules
from hitl_sim.analysis.decision import simulated_by
from hitl_sim.analysis.estimate import Estimate, infinite, unknown
from hitl_sim.analysis.finding import Finding, StudyResult, TaskResult
from hitl_sim.analysis.inference_life import LifePayback, find_life_payback
from hitl_sim.analysis.interval import (
    Outlay,
    draw_pair,
    mean_interval,
    percentile_interval,
    ratio_interval,
    ratio_of,
    resample,
)
from hitl_sim.analysis.record import FloatArray
from hitl_sim.energy import Kind, Quantity, Scope, UnitCost, exact, unavailable
from hitl_sim.unit import S_PER_H

TECHNOLOGY = "cmos-45nm"
"""The chip whose arithmetic stands in the second column."""
_COUNTED = "counted operations"


@dataclass(frozen=True)
class Use:
    """What one query of the network in use takes.

    Attributes:
        operations: beside the control's, counted.
        device: J on the study's device.
        beside: the same over the control's; NaN where either is unknown.
        arithmetic: J of the arithmetic alone in a chip of `TECHNOLOGY`.
        hypothetical: the same with multipliers that nobody has built in; None where
            the arm needs none.
    """

    operations: Quantity
    device: Quantity
    beside: float
    arithmetic: Quantity
    hypothetical: Quantity | None


@dataclass(frozen=True)
class LeverRow:
    """One arm beside the control.

    Attributes:
        finding: the arm.
        tables: what it carries, as the study says it; empty for guidance alone.
        arithmetic: rho of the arithmetic alone in a chip of `TECHNOLOGY`.
        hypothetical: the same with multipliers that nobody has built in; None where
            the arm needs none.
        accuracy: test accuracy beside the control's, where runs stopped.
        hours: hours that the best guidance takes to save what the arm saves; unknown
            where no guidance saves anything, and below 0 where the arm loses.
        use: one query of the network in use.
        life: from how many queries on the arm pays back, people left out.
    """

    finding: Finding
    tables: tuple[Mapping[str, Any], ...]
    arithmetic: Estimate
    hypothetical: Estimate | None
    accuracy: Estimate
    hours: Estimate
    use: Use
    life: LifePayback

    @property
    def levers(self) -> tuple[str, ...]:
        """Return what it carries, in words."""
        return tuple(lever_words(lever) for lever in self.tables)


@dataclass(frozen=True)
class Combined:
    """An arm of several parts beside what its parts do alone.

    Attributes:
        arm: its name.
        parts: the arms that have one part each.
        ratio: rho of the arm.
        product: product of the parts' rho: what the arm would have if each part took
            its share of what the others leave.
        added: 1 minus the sum of the parts' savings: what it would have if each part
            saved the same joules beside the others as alone.
        beside: rho of the arm over the product; above 1 the parts get in each other's
            way.
    """

    arm: str
    parts: tuple[str, ...]
    ratio: Estimate
    product: Estimate
    added: Estimate
    beside: Estimate


@dataclass(frozen=True)
class LeverTable:
    """The levers of one task.

    Attributes:
        task: the task.
        rows: arms, guidance alone first.
        guide: the guidance that hours are reckoned by; None where none saves.
        combined: arms of several parts whose parts are arms of their own.
    """

    task: TaskResult
    rows: tuple[LeverRow, ...]
    guide: Finding | None
    combined: tuple[Combined, ...]


def tabulate_levers(
    result: StudyResult, costs: Mapping[str, UnitCost]
) -> tuple[LeverTable, ...]:
    """Lay out the levers of a study.

    Args:
        result: the study.
        costs: what the study's device takes for a unit of work.

    Returns:
        One table per task.

    Raises:
        ValueError: no arm of the study carries a lever.
    """
    arms = {arm["name"]: arm for arm in result.study.get("arm", ())}
    if not any(arm.get("lever") for arm in arms.values()):
        raise ValueError(
            "`arm.lever` must be given in at least one arm of the study, got none."
        )
    return tuple(
        _Tabulation(result, task, arms, costs).table() for task in result.tasks
    )


def lever_words(lever: Mapping[str, Any]) -> str:
    """Name a lever in words: its kind, and what in it is not left out."""
    rest = (f"{name} {value}" for name, value in lever.items() if value is not None)
    kind = str(lever["kind"]).replace("_", "-")
    return (
        f"{kind} ({', '.join(part for part in rest if not part.startswith('kind '))})"
    )


@dataclass(frozen=True)
class _Tabulation:
    """Works out one task's table."""

    result: StudyResult
    task: TaskResult
    arms: Mapping[str, Mapping[str, Any]]
    costs: Mapping[str, UnitCost]

    def table(self) -> LeverTable:
        found = [f for f in self.task.findings if f.role == "arm"]
        guided = sorted(found, key=lambda f: bool(self._levers(f.arm)))
        return LeverTable(
            self.task,
            tuple(self._row(f) for f in guided),
            self._guide,
            tuple(c for f in found if (c := self._combined(f)) is not None),
        )

    def _levers(self, arm: str) -> Sequence[Mapping[str, Any]]:
        return self.arms[arm].get("lever") or ()

    @functools.cached_property
    def _guide(self) -> Finding | None:
        """Guidance without levers that saves most; None where none saves."""
        plain = [f for f in self.task.with_people if not self._levers(f.arm)]
        saving = [f for f in plain if f.ratio.value < 1.0]
        return min(saving, key=lambda f: f.ratio.value, default=None)

    def _weights(self, finding: Finding) -> FloatArray:
        return resample(finding.num_runs, self.result.seed)

    def _control(self, finding: Finding) -> Finding:
        if len(finding.replicate) != len(self.task.control.replicate):
            raise ValueError(
                f"`replicate` of arm {finding.arm!r} must be those of the control "
                f"({len(self.task.control.replicate)}), got {len(finding.replicate)}."
            )
        return self.task.control

    def _row(self, finding: Finding) -> LeverRow:
        levers = self._levers(finding.arm)
        multiplier = _multiplier(levers)
        return LeverRow(
            finding,
            tuple(levers),
            self._arithmetic(finding, None),
            self._arithmetic(finding, multiplier) if multiplier else None,
            self._accuracy(finding),
            self._hours(finding),
            self._use(finding, multiplier),
            self._life(finding),
        )

    def _joules(self, unit: str, multiplier: str | None) -> Quantity:
        flops = self.result.work[unit]["flops"]
        return operation_joules(flops, TECHNOLOGY, multiplier)

    def _outlay(self, finding: Finding, multiplier: str | None) -> Outlay:
        """Joules of each run's arithmetic, at the technology's own values."""
        amounts = finding.amounts
        price = np.zeros(len(amounts.names))
        for column, name in enumerate(amounts.names):
            if name in self.result.work and amounts.rows[:, column].any():
                joules = self._joules(name, multiplier).value
                price[column] = float(np.asarray(joules))
        at_cap = None if amounts.if_failed is None else amounts.if_failed @ price
        return Outlay(amounts.rows @ price, amounts.is_reached, at_cap)

    def _arithmetic(self, finding: Finding, multiplier: str | None) -> Estimate:
        own = self._outlay(finding, multiplier)
        control = self._outlay(self._control(finding), None)
        low, high = ratio_interval(own, control, self._weights(finding))
        kind = Kind.HYPOTHETICAL if multiplier else Kind.MODELLED_ANALYTIC
        if not own.is_reached.any():
            return infinite("1", Scope.CONSTANT, "no run reached the target", low)
        value = own.per_success / control.per_success
        source = f"{_COUNTED} in {TECHNOLOGY}, arithmetic alone"
        quantity = Quantity(value, "1", kind, Scope.CONSTANT, None, source)
        return Estimate(simulated_by(quantity, finding.usage.people), low, high)

    def _accuracy(self, finding: Finding) -> Estimate:
        change = finding.test_by_run - self._control(finding).test_by_run
        low, high = mean_interval(change, self._weights(finding))
        source = "test set, where runs stopped"
        kind = Kind.MEASURED_COUNTER
        quantity = exact(float(change.mean()), "1", kind, Scope.CONSTANT, source)
        return Estimate(simulated_by(quantity, finding.usage.people), low, high)

    def _saved(self, finding: Finding) -> FloatArray:
        """Return `[B]` joules that an arm saves per success."""
        control = self._control(finding).outlay
        own, beside = draw_pair(finding.outlay, control, self._weights(finding))
        with np.errstate(invalid="ignore"):
            return np.asarray(beside - own)

    def _hours(self, finding: Finding) -> Estimate:
        guide = self._guide
        if guide is None:
            reason = "no guidance by people saves training here"
            return unknown(unavailable("h", Scope.HUMAN_TIME, reason))
        hours = _hours_of(guide)
        control = self.task.control.outlay.per_success
        own, people = (control - f.outlay.per_success for f in (finding, guide))
        worked = Outlay(guide.worked_by_run, guide.outlay.is_reached)
        drawn = worked.draws(self._weights(guide)) / S_PER_H
        with np.errstate(invalid="ignore", divide="ignore"):
            saved = self._saved(guide)
            share = self._saved(finding) / np.where(saved > 0.0, saved, np.nan)
            low, high = percentile_interval(share * drawn, finding.num_runs)
        if math.isinf(own):
            reason = "no run reached the target"
            return unknown(unavailable("h", Scope.HUMAN_TIME, reason))
        source = f"joules saved beside those of {guide.arm}, per hour worked"
        kind, scope = Kind.SIMULATED, Scope.HUMAN_TIME
        value = own / people * hours
        return Estimate(Quantity(value, "h", kind, scope, None, source), low, high)

    def _use(self, finding: Finding, multiplier: str | None) -> Use:
        own, control = _answering(finding), _answering(self.task.control)
        operations = self._operations(own) / self._operations(control)
        kind, scope = Kind.MEASURED_COUNTER, Scope.CONSTANT
        return Use(
            exact(operations, "1", kind, scope, _COUNTED),
            self.costs[own].joules,
            _over(self.costs[own].joules, self.costs[control].joules),
            self._joules(own, None),
            self._joules(own, multiplier) if multiplier else None,
        )

    def _life(self, finding: Finding) -> LifePayback:
        control = self._control(finding)
        items = [self.costs[_answering(f)].joules for f in (control, finding)]
        saved = items[0] - items[1]
        per_query = 0.0 if saved.value is None else float(np.asarray(saved.value))
        extra = finding.joules.quantity - control.joules.quantity
        return find_life_payback(
            extra,
            saved,
            _by_run(finding.outlay) - _by_run(control.outlay),
            np.full(finding.num_runs, per_query),
        )

    def _operations(self, unit: str) -> float:
        return float(sum(self.result.work[unit]["flops"].values()))

    def _combined(self, finding: Finding) -> Combined | None:
        """Hold an arm of several parts against its parts; None where one has no arm."""
        parts = self._parts(finding)
        if len(parts) < 2 or any(part is None for part in parts):
            return None
        found = [part for part in parts if part is not None]
        weights = self._weights(finding)
        base = self.task.control.outlay
        own, *each = (
            ratio_of(*draw_pair(f.outlay, base, weights)) for f in (finding, *found)
        )
        values = [f.ratio.value for f in found]
        product = math.prod(values)
        with np.errstate(invalid="ignore", divide="ignore"):
            product_draws = np.prod(each, axis=0)
            added = 1.0 - np.sum([1.0 - one for one in each], axis=0)
            beside = own / product_draws
        like = [finding, *found]
        return Combined(
            finding.arm,
            tuple(f.arm for f in found),
            finding.ratio,
            _of(product, product_draws, like),
            _of(1.0 - sum(1.0 - v for v in values), added, like),
            _of(finding.ratio.value / product, beside, like),
        )

    def _parts(self, finding: Finding) -> list[Finding | None]:
        """Find the arms that have one part of an arm each: its guidance, its levers."""
        levers = list(self._levers(finding.arm))
        guidance = _guidance(self.arms[finding.arm])
        wanted = [(_WHOLE, [lever]) for lever in levers]
        if guidance["kind"] != "whole_pool":
            wanted.insert(0, (guidance, []))
        return [self._find(*part) for part in wanted]

    def _find(
        self, guidance: Mapping[str, Any], levers: Sequence[Mapping[str, Any]]
    ) -> Finding | None:
        for finding in self.task.findings:
            arm = self.arms[finding.arm]
            is_same = finding.role == "arm" and _guidance(arm) == guidance
            if is_same and list(arm.get("lever") or ()) == list(levers):
                return finding
        return None


_WHOLE = {"kind": "whole_pool"}


def _guidance(arm: Mapping[str, Any]) -> dict[str, Any]:
    """Return an arm without its name and levers."""
    return {k: v for k, v in arm.items() if k not in ("name", "role", "lever")}


def _multiplier(levers: Sequence[Mapping[str, Any]]) -> str | None:
    names = (lever.get("multiplier") for lever in levers)
    return next((str(name) for name in names if name is not None), None)


def _answering(finding: Finding) -> str:
    """Name the unit of work that answers a query of an arm's network in use."""
    return next(u.unit for u in finding.usage.work if u.phase == "evaluate")


def _over(own: Quantity, control: Quantity) -> float:
    if own.value is None or control.value is None:
        return math.nan
    return float(np.asarray(own.value)) / float(np.asarray(control.value))


def _by_run(outlay: Outlay) -> FloatArray:
    """Return `[R]` pseudo-values whose mean is what is spent per success.

    See `Amounts.influence`; inf where no run reached.
    """
    share = float(outlay.is_reached.mean())
    if share == 0.0:
        return np.full(len(outlay.spent), np.inf)
    whole = outlay.per_success
    return np.asarray(whole + (outlay.spent - whole * outlay.is_reached) / share)


def _hours_of(finding: Finding) -> float:
    return float(np.asarray(finding.usage.worked_s)) / S_PER_H


def _of(value: float, draws: FloatArray, like: Sequence[Finding]) -> Estimate:
    """Make an estimate that is as weak as the weakest of what it is made of."""
    low, high = percentile_interval(draws, like[0].num_runs)
    if not math.isfinite(value):
        return infinite("1", Scope.CONSTANT, "a part never reached the target", low)
    weakest = min((f.ratio.quantity for f in like), key=lambda q: -q.kind.rank)
    source = f"rho of {', '.join(f.arm for f in like)}"
    quantity = Quantity(value, "1", weakest.kind, Scope.CONSTANT, None, source)
    return Estimate(quantity, low, high)
