"""What an analysis finds, as plain frozen data: per condition, per task, per study."""

import functools
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np

from hitl_sim.analysis.chance.claim import Claim
from hitl_sim.analysis.chance.crossing import Crossing, Payback
from hitl_sim.analysis.chance.estimate import Estimate
from hitl_sim.analysis.chance.interval import Bounded, CostSample, Proportion
from hitl_sim.analysis.condition.break_even import BreakEven
from hitl_sim.analysis.condition.by_target import Attainment, ByTarget
from hitl_sim.analysis.condition.confirmation import Confirmation
from hitl_sim.analysis.condition.training_size import TrainingSize
from hitl_sim.analysis.run.record import Condition
from hitl_sim.analysis.run.target import Curve
from hitl_sim.analysis.run.usage import Scopes, price_units
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
from oracles.parameter import PARAMETERS

Made = TypeVar("Made")


@dataclass(frozen=True)
class FailedRun:
    """A run that did not stay finite: kept, billed to the cap, and counted."""

    task: str
    arm: str
    crowd: str
    replicate: int
    outcome: str


@dataclass(frozen=True)
class PlanChange:
    """A field of a study's plan that was changed after its first record.

    Attributes:
        field: as in a study file, dotted.
        values: in the order in which they held, the last one being that of the report.
        num_records: finished records that there were when it was first changed.
    """

    field: str
    values: tuple[str, ...]
    num_records: int


@dataclass(frozen=True)
class Finding(Condition):
    """One condition beside its control: an arm with one setting of the crowd.

    Attributes:
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
        over_control: E* against the control, for a training of its own and for as many
            as the study says share the guidance; empty where nobody is asked.
        over_machine: E* against the best arm without people, likewise: what people add.
        without_rent: M* in money if having the device cost nothing and only its
            electricity did; None where that is so anyway.
        label_cases: `break_even`, if the control's labels stood in each way.
        shares: means of answer_accuracy, kept_clean_frac and label_accuracy over runs;
            NaN where they mean nothing.
        curve: the learning curve.
        amounts: what each run used, to be priced in any scenario.
        recurring: of these, what another training with the same guidance does anew.
        test_by_run: `[R]` test accuracy where each run stopped.
        worked_by_run: `[R]` seconds that people worked in each run.
        replay: mean counts per run of where answers came from, as in `RunGroup`; empty
            where none were recorded.
    """

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
    without_rent: BreakEven | None
    label_cases: tuple[tuple[LabelCost, BreakEven], ...]
    shares: Mapping[str, float]
    curve: Curve
    over_control: tuple[TrainingSize, ...]
    over_machine: tuple[TrainingSize, ...]
    amounts: CostSample
    recurring: CostSample
    test_by_run: FloatArray
    worked_by_run: FloatArray
    replay: Mapping[str, float] = field(default_factory=dict)

    @property
    def ledger(self) -> Ledger:
        """Return the whole bill of what was used; made anew, for it is large."""
        return self.bill()

    def cost_sample_of(self, replicate: IntArray) -> CostSample:
        """Return joules and successes of some of the replicates, in their order."""
        return self._among(replicate, self.cost_sample)

    def amounts_of(self, replicate: IntArray) -> CostSample:
        """Return what some of the replicates used, in their order."""
        return self._among(replicate, self.amounts)

    def _among(self, replicate: IntArray, runs: CostSample) -> CostSample:
        if np.array_equal(replicate, self.replicate):
            return runs
        return runs.select(np.searchsorted(self.replicate, replicate))

    def at(self, measure: Measure) -> BreakEven:
        """Return the break-even in one measure."""
        return next(b for b in self.break_even if b.measure == measure)


PARAMETERS_SWEPT = {
    name: row.axis for name, row in PARAMETERS.items() if row.axis is not None
}
"""Annotator quality and the three consistencies, by field of `[crowd]`."""


@dataclass(frozen=True)
class Sweep:
    """Conditions of one arm that differ in one parameter alone.

    Attributes:
        parameter: which, by field of `[crowd]`.
        arm: name of the arm, with whatever else is swept.
        values: `[K]` settings of the parameter, increasing.
        findings: `[K]` the conditions.
    """

    parameter: str
    arm: str
    values: tuple[float, ...]
    findings: tuple[Finding, ...]

    @property
    def words(self) -> str:
        """Return the parameter in words."""
        return PARAMETERS_SWEPT.get(self.parameter, self.parameter.replace("_", " "))


@dataclass(frozen=True)
class ParameterCrossing:
    """Where log rho crosses 0 along a parameter: an arm begins or ceases to save."""

    sweep: Sweep
    crossing: Crossing


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
        machine: the best arm without people, the control among them, picked on other
            replicates than those that judge it.
        machine_ratio: rho of it.
        control: the control itself: what it spends is the upper_bound, no plan saves
            more.
        findings: every other condition, null arm included.
        metric: what validation and test measure, in words.
        chance: the metric of whoever names the commonest class.
        without_runs: conditions of which no run is there yet beside the control's.
        by_target: the conditions that stand for their arms, at every target.
        attainment: how soon the control and they attain targets, the control first.
        crossings: where arms begin to save training along parameters of their crowds.
    """

    base: str
    task: str
    target: float
    replicates: tuple[int, ...]
    without_target: tuple[int, ...]
    horizon_steps: int
    horizon_j: float
    machine: str
    machine_ratio: Bounded
    control: Finding
    findings: tuple[Finding, ...]
    crossings: tuple[ParameterCrossing, ...] = ()
    metric: str = "accuracy"
    chance: float = 0.0
    without_runs: tuple[str, ...] = ()
    by_target: tuple[ByTarget, ...] = ()
    attainment: tuple[Attainment, ...] = ()

    @property
    def label(self) -> str:
        """Return the task with what else is swept of it, network and training."""
        variant = self.control.base_variant
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
        """Return the arms that ask nobody: neither the control nor one like it."""
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


def reference_arms(task: TaskResult) -> list[Finding]:
    """Return one condition per arm: those that ask nobody, and people of one crowd.

    The crowd is `typical` where the study has it, else the arm's first; with its least
    shared and systematic error, and the middle one of the accuracies that are swept.
    The null arm is left out: it is the control again.
    """
    shown: dict[str, Finding] = {}
    swept = {f.settings[_ACCURACY] for f in task.findings if _ACCURACY in f.settings}
    middle = float(sorted(swept)[len(swept) // 2]) if swept else 0.0
    for finding in sorted(task.findings, key=lambda f: _rank(f, middle)):
        if finding.role == "arm":
            shown.setdefault(finding.name, finding)
    return sorted(shown.values(), key=lambda f: (f.has_people, f.arm, f.variant))


def reference_crowd(task: TaskResult) -> str:
    """Name the population of the people in `reference_arms`."""
    asked = [f for f in reference_arms(task) if f.has_people]
    return ", ".join(dict.fromkeys(str(f.population) for f in asked)) or "nobody"


def reached_arms(task: TaskResult) -> list[Finding]:
    """Return one condition per arm that reached the target at least once.

    Where the one that stands for its arm never did, the arm's best one does; arms that
    never reached are left out.
    """
    found = []
    for finding in reference_arms(task):
        alike = [f for f in task.findings if f.name == finding.name and f.reach.hits]
        chosen = finding if finding.reach.hits > 0 else best(alike)
        if chosen is not None:
            found.append(chosen)
    return found


def _rank(finding: Finding, middle: float) -> tuple[bool, float, float, float, str]:
    shared, systematic = (
        -1.0 if (value := finding.parameters.get(name)) is None else float(value)
        for name in ("shared_error", "systematic")
    )
    is_other = finding.has_people and finding.population != REFERENCE
    away = abs(finding.settings.get(_ACCURACY, middle) - middle)
    return is_other, shared, systematic, away, finding.condition


REFERENCE = "typical"
_ACCURACY = "crowd.accuracy"


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
        prices: what the study pays.
        label_s: time of one label by the study's crowd, s.
        environment: of the runs, and the code of the last call, from the manifest.
        trainings: how many trainings share the guidance of one.
        study: the resolved study, from the manifest.
        populations: what is in each that was asked, from the manifest.
        machines: what is in each that answered among the annotators, likewise.
        work: units of work as the manifest counted them, by name.
        tuning: what a search for settings found, arm by arm, as the manifest has it.
        plan_hash: of what the study's plan fixes, as it was for this result.
        plan_changes: what of the plan was changed after the first record.
        stopping: how many replicates a rule led to, from the manifest; empty where
            their number was fixed.
        confirmations: winners that were run again on fresh seeds.
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
    prices: Prices
    label_s: Quantity
    trainings: int
    environment: Mapping[str, Any]
    study: Mapping[str, Any]
    populations: Mapping[str, Any] = field(default_factory=dict)
    machines: Mapping[str, Any] = field(default_factory=dict)
    work: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    tuning: tuple[Mapping[str, Any], ...] = ()
    plan_hash: str = ""
    plan_changes: tuple[PlanChange, ...] = ()
    stopping: Mapping[str, Any] = field(default_factory=dict)
    confirmations: tuple[Confirmation, ...] = ()

    _made: dict[str, Any] = field(
        default_factory=dict, init=False, compare=False, repr=False
    )

    def once(self, name: str, make: Callable[[], Made]) -> Made:
        """Work something out of the result, or return what was worked out before."""
        if name not in self._made:
            self._made[name] = make()
        made: Made = self._made[name]
        return made

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
        return sum(name in self.profile.unit for name in self.work)

    @property
    def num_metered(self) -> int:
        """Return how many units of work had their joules measured on the device."""
        found = (self.profile.unit.get(name) for name in self.work)
        return sum(cost is not None and cost.joules is not None for cost in found)
