"""What an analysis finds, as plain frozen data: per condition, per task, per study."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from hitl_sim.analysis.bill import Scopes, price_units
from hitl_sim.analysis.break_even import BreakEven
from hitl_sim.analysis.claim import Claim, Effect
from hitl_sim.analysis.crossing import Payback
from hitl_sim.analysis.estimate import Estimate
from hitl_sim.analysis.interval import CostSample, Proportion
from hitl_sim.analysis.target import Curve
from hitl_sim.array import FloatArray, IntArray
from hitl_sim.cost import (
    LabelCost,
    Ledger,
    Measure,
    Prices,
    Pricing,
    Usage,
    human_hour_energy,
    open_pricing,
)
from hitl_sim.energy import DeviceProfile, Kind, Quantity, Scope
from hitl_sim.unit import S_PER_H

if TYPE_CHECKING:
    from hitl_sim.analysis.parameter import ParameterCrossing


@dataclass(frozen=True)
class FailedRun:
    """A run that did not stay finite: kept, billed to the cap, and counted."""

    task: str
    arm: str
    crowd: str
    replicate: int
    outcome: str


@dataclass(frozen=True)
class Finding:
    """One condition beside its control: an arm with one setting of the crowd.

    What it was is told as of its runs, in `RunGroup`.

    Attributes:
        replicate: `[R]` replicates that were compared.
        cost_sample: `[R]` joules of each run, and whether it reached.
        num_failed: those of them that did not stay finite.
        num_missing: replicates of the control without a run of this condition.
        reach: how many reached the target.
        joules: expected joules per success.
        ratio: rho.
        claim: what is claimed about rho, and how many failures it survives.
        variance_saved_frac: what pairing the replicates saved of rho's log variance.
        steps: restricted mean of training steps to the target.
        mean_joules: restricted mean of joules to the target.
        test_accuracy: where the runs stopped, seen by the experimenter only.
        scopes: training counted in three ways: final fit, all training, whole loop.
        usage: what was used, per success; per run where nobody reached.
        is_per_success: whether `usage` and `ledger` are per success.
        bill: makes the ledger.
        break_even: M* in energy, money and carbon.
        label_cases: the same, if the control's labels stood in each way.
        shares: means of answer_accuracy, kept_clean_frac and label_accuracy over runs;
            NaN where they mean nothing.
        curve: the learning curve.
        amounts: what each run used, to be priced in any scenario.
        test_by_run: `[R]` test accuracy where each run stopped.
        worked_by_run: `[R]` seconds that people worked in each run.
        replay: mean counts per run of where answers came from, as in `RunGroup`; empty
            where none were recorded.
    """

    condition: str
    task: str
    arm: str
    role: str
    kind: str
    population: str | None
    settings: Mapping[str, Any]
    parameters: Mapping[str, Any]
    replicate: IntArray
    cost_sample: CostSample
    num_failed: int
    num_missing: int
    reach: Proportion
    joules: Estimate
    ratio: Estimate
    claim: Claim
    variance_saved_frac: float | None
    steps: Estimate
    mean_joules: Estimate
    test_accuracy: Estimate
    scopes: Scopes
    usage: Usage
    is_per_success: bool
    bill: Callable[[], Ledger]
    break_even: tuple[BreakEven, ...]
    label_cases: tuple[tuple[LabelCost, BreakEven], ...]
    shares: Mapping[str, float]
    curve: Curve
    amounts: CostSample
    test_by_run: FloatArray
    worked_by_run: FloatArray
    replay: Mapping[str, float] = field(default_factory=dict)

    @property
    def ledger(self) -> Ledger:
        """Return the whole bill of what was used; made anew, for it is large."""
        return self.bill()

    @property
    def num_runs(self) -> int:
        """Return how many runs were compared."""
        return len(self.replicate)

    def cost_sample_of(self, replicate: IntArray) -> CostSample:
        """Return joules and successes of some of the replicates, in their order."""
        return self.cost_sample.select(np.searchsorted(self.replicate, replicate))

    def amounts_of(self, replicate: IntArray) -> CostSample:
        """Return what some of the replicates used, in their order."""
        return self.amounts.select(np.searchsorted(self.replicate, replicate))

    @property
    def effect(self) -> Effect:
        """Return what is claimed about rho."""
        return self.claim.effect

    @property
    def has_people(self) -> bool:
        """Return whether people are asked."""
        return self.population is not None

    @property
    def crowd(self) -> str:
        """Return who answers, in words; empty where nobody is asked."""
        return describe_crowd(self.population, self.settings, self.parameters)

    @property
    def variant(self) -> str:
        """Return the swept settings that are not the crowd's, in words."""
        return ", ".join(
            f"{_short(name)} {plain_value(value)}"
            for name, value in self.settings.items()
            if not name.startswith("crowd.") and name != "task"
        )

    @property
    def name(self) -> str:
        """Return the arm with its variant."""
        return f"{self.arm} ({self.variant})" if self.variant else self.arm

    @property
    def label(self) -> str:
        """Return the arm with variant and crowd, as it is printed."""
        return f"{self.name}, {self.crowd}" if self.crowd else self.name

    def at(self, measure: Measure) -> BreakEven:
        """Return the break-even in one measure."""
        return next(b for b in self.break_even if b.measure == measure)


_NAMED = ("crowd.population", "crowd.recording")
"""Swept fields that the name of a crowd tells already."""


def describe_crowd(
    population: str | None, settings: Mapping[str, Any], parameters: Mapping[str, Any]
) -> str:
    """Name a crowd by its population and the parameters that the study sweeps."""
    if population is None:
        return ""
    swept = [
        f"{_short(name)} {plain_value(settings[name])}"
        for name in settings
        if name.startswith("crowd.") and name not in _NAMED
    ]
    asks = parameters.get("asks", 1)
    if asks != 1:
        swept.append(f"asked {asks} times")
    return ", ".join([population, *swept])


def plain_value(value: object) -> str:
    """Write a number without needless digits, anything else as it is."""
    return f"{value:g}" if isinstance(value, float) else str(value)


def _short(name: str) -> str:
    """Return a field's name without its table, but for what the team is like."""
    table, _, rest = name.rpartition(".")
    return f"{'workforce ' if table == 'workforce' else ''}{rest.replace('_', ' ')}"


@dataclass(frozen=True)
class TaskResult:
    """All conditions that share task, network, training and corruption.

    Attributes:
        base: hash of what they share.
        task: name of the task.
        target: mean target over replicates, smoothed validation accuracy.
        replicates: replicates with a target.
        without_target: replicates whose pilot did not stay finite.
        horizon_steps: training steps that every run was followed for.
        horizon_j: joules that every run was followed for.
        control: the control itself: what it spends is the upper_bound, no plan saves
            more.
        findings: every other condition, null arm included.
        crossings: where arms begin to save training along parameters of their crowds.
    """

    base: str
    task: str
    target: float
    replicates: tuple[int, ...]
    without_target: tuple[int, ...]
    horizon_steps: int
    horizon_j: float
    control: Finding
    findings: tuple[Finding, ...]
    crossings: tuple[ParameterCrossing, ...] = ()

    @property
    def label(self) -> str:
        """Return the task with what else is swept of it, network and training."""
        variant = self.control.variant
        return f"{self.task} ({variant})" if variant else self.task

    @property
    def workstation_s(self) -> Quantity:
        """Return how long one person's workstation runs on the control's joules, s."""
        rate = human_hour_energy("workstation")
        spent = self.control.joules.quantity
        return spent.over(rate, unit="h", scope=Scope.HUMAN_TIME).scaled(
            S_PER_H, unit="s"
        )

    @property
    def null(self) -> Finding | None:
        """Return the copy of the control; `None` when the study has no null arm.

        The interval of its rho, the A/A check, holds 1 in 95 % of sound studies.
        """
        return next((f for f in self.findings if f.role == "null"), None)

    @property
    def with_people(self) -> tuple[Finding, ...]:
        """Return the conditions that ask people."""
        return tuple(f for f in self.findings if f.has_people)

    @property
    def without_people(self) -> tuple[Finding, ...]:
        """Return the conditions that ask nobody, without control and its copy."""
        return tuple(f for f in self.findings if not f.has_people and f.role == "arm")


def best(findings: Iterable[Finding]) -> Finding | None:
    """Return the condition of least rho; `None` when there is none or none is known."""
    known = [f for f in findings if not math.isnan(f.ratio.value)]
    return min(known, key=lambda f: f.ratio.value, default=None)


def cheapest(findings: Iterable[Finding], measure: Measure) -> Finding | None:
    """Return the condition that pays back soonest; `None` when none ever does."""
    able = [
        f for f in findings if f.at(measure).payback in (Payback.FROM, Payback.ALWAYS)
    ]
    return min(able, key=lambda f: f.at(measure).multiple.value, default=None)


@dataclass(frozen=True)
class StudyResult:
    """Everything a report says.

    Attributes:
        question: what the study asks.
        note: what its author wants to be read beside the answer; may be empty.
        tasks: one result per base.
        failed: runs that did not stay finite.
        skipped: what could not be analysed, and why.
        num_records: runs that were read.
        fraction: of the pilot's best smoothed validation accuracy: the target.
        smoothing: checkpoints in the trailing mean.
        smallest_effect: smallest change of rho that would matter.
        seed: of the bootstrap.
        profile: the device.
        units: names of the units of work that were billed.
        prices: what the study pays.
        label_s: time of one label by the study's crowd, s.
        environment: of the runs, from the manifest.
        study: the resolved study, from the manifest.
        populations: what is in each that was asked, from the manifest.
        work: units of work as the manifest counted them, by name.
    """

    question: str
    note: str
    tasks: tuple[TaskResult, ...]
    failed: tuple[FailedRun, ...]
    skipped: tuple[str, ...]
    num_records: int
    fraction: float
    smoothing: int
    smallest_effect: float
    seed: int
    profile: DeviceProfile
    units: tuple[str, ...]
    prices: Prices
    label_s: Quantity
    environment: Mapping[str, Any]
    study: Mapping[str, Any]
    populations: Mapping[str, Any] = field(default_factory=dict)
    work: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @functools.cached_property
    def pricing(self) -> Pricing:
        """Return what turns usage into a bill."""
        costs = price_units(self.work, self.profile)
        return open_pricing(costs, self.profile, self.prices, self.label_s)

    @property
    def is_measured(self) -> bool:
        """Return whether every joule that a device spent was measured."""
        return all(
            line.joules.kind >= Kind.MEASURED_SAMPLED
            for task in self.tasks
            for line in task.control.ledger.lines
            if line.group == "device" and line.joules is not None
        )

    @property
    def num_timed(self) -> int:
        """Return how many units of work were timed on the device."""
        return sum(name in self.profile.unit for name in self.units)

    @property
    def num_metered(self) -> int:
        """Return how many units of work had their joules measured on the device."""
        found = (self.profile.unit.get(name) for name in self.units)
        return sum(cost is not None and cost.joules is not None for cost in found)
