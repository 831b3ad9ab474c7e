"""From a study's findings to its table of methods.

Joules of the device that a study bills are one column, measured or modelled as its
profile has it. What the same counted work takes in a chip of a named technology, its
operations and the bytes that it moves, is another, which no device here was asked for;
and what it would take with multipliers that nobody has built in is a third,
hypothetical. They are never added. Clocks and the link of a split network are priced
here too: no outcome depends on them.
"""

import functools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hitl_sim.analysis.chance.estimate import (
    Estimate,
    ends_of,
    infinite,
    number,
    unknown,
)
from hitl_sim.analysis.chance.interval import (
    CostSample,
    draw_pair,
    mean_interval,
    percentile_interval,
    ratio_interval,
    ratio_of,
    resample,
)
from hitl_sim.analysis.condition.finding import Finding, StudyResult, TaskResult
from hitl_sim.analysis.efficiency.chip import TECHNOLOGY, Chip, price_chip
from hitl_sim.analysis.efficiency.clock import ClockPoint, ClockPolicy, Clocks
from hitl_sim.analysis.efficiency.combine import combine, find_parts
from hitl_sim.analysis.efficiency.inference_life import LifePayback, find_life_payback
from hitl_sim.analysis.efficiency.row import (
    WHOLE,
    Combined,
    Entry,
    MethodRow,
    MethodTable,
    Training,
    Use,
    guidance_of,
    methods_of,
)
from hitl_sim.analysis.efficiency.serve import Served, Serving, serve
from hitl_sim.analysis.run.sample import resting_on
from hitl_sim.array import FloatArray
from hitl_sim.cost.query import query_batch, query_unit
from hitl_sim.energy import Kind, Quantity, Scope, exact, unavailable
from hitl_sim.energy.memory import ModelShape
from hitl_sim.unit import S_PER_H

_COUNTED = "counted operations"


def tabulate_methods(
    result: StudyResult, serving: Serving, policies: Sequence[ClockPolicy] = ()
) -> tuple[MethodTable, ...]:
    """Lay out the methods of a study.

    Args:
        result: the study.
        serving: what answers queries of networks that are split.
        policies: ways to choose a clock; the last of those that are bound by time
            stands beside the best guidance too.

    Returns:
        One table per task.

    Raises:
        ValueError: no arm of the study carries a method.
        RecordError: the manifest lacks what is counted of a unit of work.
    """
    arms = {arm["name"]: arm for arm in result.study.get("arm", ())}
    if not any(arm.get("method") for arm in arms.values()):
        raise ValueError(
            "`arm.method` must be given in at least one arm of the study, got none."
        )
    prices = price_chip(result.work), Clocks(result.work, result.profile), serving
    return tuple(
        _Tabulation(result, task, arms, *prices, tuple(policies)).table()
        for task in result.tasks
    )


@dataclass(frozen=True)
class _Tabulation:
    """Works out one task's table."""

    result: StudyResult
    task: TaskResult
    arms: Mapping[str, Mapping[str, Any]]
    chip: Chip
    clocks: Clocks
    serving: Serving
    policies: tuple[ClockPolicy, ...]

    def table(self) -> MethodTable:
        own = sorted(self._own, key=lambda entry: bool(entry.methods))
        control = self.task.control
        looking = _looking(control)
        shape = self.result.work[looking].get("shape")
        return MethodTable(
            self.task,
            tuple(self._row(entry) for entry in (*own, *self._clocked)),
            self._guide,
            self._combined(),
            self.chip.amounts(control.amounts.names, control.amounts.pooled),
            self.result.profile,
            query_batch(looking, self.result.work),
            None if shape is None else ModelShape.from_json(shape),
        )

    @functools.cached_property
    def _own(self) -> tuple[Entry, ...]:
        """The study's arms."""
        return tuple(
            Entry(finding, guidance_of(arm), methods_of(arm, finding.settings))
            for finding in self.task.findings
            if finding.role == "arm" and (arm := self.arms[finding.arm])
        )

    @functools.cached_property
    def _clocked(self) -> tuple[Entry, ...]:
        """The control at other clocks."""
        control = self.task.control
        points = (self.clocks.choose(policy, control) for policy in self.policies)
        return tuple(
            self._at_clock(control, WHOLE, point, point.policy.name)
            for point in points
            if point is not None
        )

    def _guide_clocked(self) -> Iterator[Entry]:
        """The best guidance at the clock that is bound by time, if there are both."""
        bound = [
            entry.clock
            for entry in self._clocked
            if entry.clock and math.isfinite(entry.clock.policy.most_time)
        ]
        guide = self._guide
        if guide is None or not bound:
            return
        point = bound[-1]
        name = f"{guide.arm}_{point.policy.name}"
        guidance = guidance_of(self.arms[guide.arm])
        yield self._at_clock(guide, guidance, point, name)

    def _at_clock(
        self,
        finding: Finding,
        guidance: Mapping[str, Any],
        point: ClockPoint,
        name: str,
    ) -> Entry:
        control, seed = self.task.control, self.result.seed
        slowed = self.clocks.finding(finding, control, point, name, seed)
        return Entry(slowed, guidance, (point.table,), clock=point)

    @functools.cached_property
    def _guide(self) -> Finding | None:
        """Guidance without methods that saves most; None where none saves."""
        plain = [e.finding for e in self._own if not e.methods and e.finding.has_people]
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

    def _row(self, entry: Entry) -> MethodRow:
        finding = entry.finding
        paper = self._paper(entry)
        return MethodRow(
            finding,
            entry.methods,
            None if entry.clock else self._training(finding, self.chip),
            None if paper is None else self._training(finding, paper),
            self._accuracy(finding),
            self._hours(entry),
            self._use(entry),
            self._life(entry),
            entry.clock,
        )

    def _paper(self, entry: Entry) -> Chip | None:
        """Return the chip that has an entry's multiplier; None where it needs none."""
        name = entry.multiplier
        return None if name is None else self.chip.with_multiplier(name)

    def _training(self, finding: Finding, chip: Chip) -> Training:
        amounts = finding.amounts
        is_reached = bool(amounts.is_reached.any())
        return Training(
            self._beside(finding, chip, only_operations=False),
            self._beside(finding, chip, only_operations=True),
            chip.amounts(amounts.names, amounts.pooled) if is_reached else None,
        )

    def _beside(
        self, finding: Finding, chip: Chip, *, only_operations: bool
    ) -> Estimate:
        """Return rho in a chip, beside the control with exact multipliers."""
        own = chip.cost_sample(finding.amounts, only_operations=only_operations)
        base = self._control(finding).amounts
        control = self.chip.cost_sample(base, only_operations=only_operations)
        low, high = ratio_interval(own, control, self._weights(finding))
        if not own.is_reached.any():
            return infinite("1", Scope.CONSTANT, "no run reached the target", low)
        used = chip.amounts(finding.amounts.names, finding.amounts.spent.sum(axis=0))
        kind = used.operations_kind if only_operations else used.kind
        what = "operations alone" if only_operations else "operations and bytes"
        value = own.per_success / control.per_success
        source = f"{_COUNTED} in {TECHNOLOGY}, {what}"
        quantity = Quantity(value, "1", kind, Scope.CONSTANT, None, source)
        return Estimate(resting_on(quantity, finding.usage), low, high)

    def _accuracy(self, finding: Finding) -> Estimate:
        change = finding.test_by_run - self._control(finding).test_by_run
        low, high = mean_interval(change, self._weights(finding))
        source = "test set, where runs stopped"
        kind = Kind.MEASURED_COUNTER
        quantity = exact(float(change.mean()), "1", kind, Scope.CONSTANT, source)
        return Estimate(resting_on(quantity, finding.usage), low, high)

    def _combined(self) -> tuple[Combined, ...]:
        """Hold arms of several parts against their parts, where each has an arm."""
        wholes, entries = (
            (*self._own, *more) for more in (self._guide_clocked(), self._clocked)
        )
        return tuple(
            combine(whole, parts, lambda e: ratio_of(*self._drawn(e)))
            for whole in wholes
            if (parts := find_parts(whole, entries)) is not None
        )

    def _drawn(self, entry: Entry) -> tuple[FloatArray, FloatArray]:
        """Return `[B]` joules per success of an entry and of the control, together."""
        control = self._control(entry.finding).cost_sample
        weights = self._weights(entry.finding)
        own, beside = draw_pair(entry.finding.cost_sample, control, weights)
        if entry.clock is not None:
            own = own * self.clocks.spread(entry.clock.share)
        return own, beside

    def _saved(self, entry: Entry) -> FloatArray:
        """Return `[B]` joules that an entry saves per success."""
        own, beside = self._drawn(entry)
        with np.errstate(invalid="ignore"):
            return np.asarray(beside - own)

    def _hours(self, entry: Entry) -> Estimate:
        guide, finding = self._guide, entry.finding
        if guide is None:
            reason = "no guidance by people saves training here"
            return unknown(unavailable("h", Scope.HUMAN_TIME, reason))
        hours = float(np.asarray(guide.usage.worked_s)) / S_PER_H
        control = self.task.control.cost_sample.per_success
        own, people = (control - f.cost_sample.per_success for f in (finding, guide))
        worked = CostSample(guide.worked_by_run, guide.cost_sample.is_reached)
        drawn = worked.draws(self._weights(guide)) / S_PER_H
        with np.errstate(invalid="ignore", divide="ignore"):
            saved = self._saved(Entry(guide, {}, ()))
            share = self._saved(entry) / np.where(saved > 0.0, saved, np.nan)
            low, high = percentile_interval(share * drawn, finding.num_runs)
        if math.isinf(own):
            reason = "no run reached the target"
            return unknown(unavailable("h", Scope.HUMAN_TIME, reason))
        source = f"joules saved beside those of {guide.arm}, per hour worked"
        kind, scope = min(Kind.SIMULATED, finding.ratio.quantity.kind), Scope.HUMAN_TIME
        value = own / people * hours
        return Estimate(Quantity(value, "h", kind, scope, None, source), low, high)

    def _use(self, entry: Entry) -> Use:
        own = self._answering(entry.finding)
        control = self._answering(self.task.control)
        operations = self._operations(own) / self._operations(control)
        kind, scope = Kind.MEASURED_COUNTER, Scope.CONSTANT
        served, device = self._served(entry), self._query(entry)
        is_chip = entry.clock is None and served is None
        paper = self._paper(entry)
        return Use(
            exact(operations, "1", kind, scope, _COUNTED),
            device,
            *_over(device, self._joules(control)),
            any(p["dtype"] == "int8" for p in self.result.work[own]["products"]),
            self.chip.unit(own) if is_chip else None,
            None if paper is None else paper.unit(own),
            served,
        )

    def _served(self, entry: Entry) -> Served | None:
        """Price the halves of a split network; None where it is whole."""
        name = self._answering(entry.finding)
        halves = self.result.work[name].get("halves")
        if halves is None:
            return None
        bits = next(int(method["bits"]) for method in entry.methods if "bits" in method)
        return serve(name, halves, bits, self.serving)

    def _query(self, entry: Entry) -> Quantity:
        """Return the joules of one query on whatever answers it."""
        name, served = self._answering(entry.finding), self._served(entry)
        if served is not None:
            return served.joules
        joules = self._joules(name)
        if entry.clock is None:
            return joules
        return self.clocks.query(name, joules, entry.clock.share)

    def _life(self, entry: Entry) -> LifePayback:
        finding = entry.finding
        control = self._control(finding)
        saved = self._joules(self._answering(control)) - self._query(entry)
        extra = finding.joules.quantity - control.joules.quantity
        return find_life_payback(
            extra,
            saved,
            finding.cost_sample.influence() - control.cost_sample.influence(),
            np.full(finding.num_runs, np.nan_to_num(number(saved))),
        )

    def _answering(self, finding: Finding) -> str:
        """Name the unit that answers a query of an arm's network in use."""
        return query_unit(_looking(finding), self.result.work)

    def _joules(self, unit: str) -> Quantity:
        return self.result.pricing.device.costs[unit].joules

    def _operations(self, unit: str) -> float:
        return float(sum(self.result.work[unit]["flops"].values()))


def _looking(finding: Finding) -> str:
    """Name the unit of work that looks at held-out items with an arm's network."""
    return next(u.unit for u in finding.usage.work if u.phase == "evaluate")


def _over(own: Quantity, control: Quantity) -> tuple[float, tuple[float, float]]:
    """Return a ratio and its interval, where what both share cancels."""
    anything = (-math.inf, math.inf)
    if own.value is None or control.value is None:
        return math.nan, anything
    ratio = float(np.asarray(own.value)) / float(np.asarray(control.value))
    floor = control.value if control.interval is None else control.interval[0]
    if own.interval is None or not np.all(np.asarray(floor) > 0.0):
        return ratio, anything
    return ratio, ends_of(own.over(control, unit="1", scope=Scope.CONSTANT))
