"""One task: its target, its control, and every other condition beside them."""

import functools
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

import numpy as np

from hitl_sim.analysis.chance.claim import Held, find_sides
from hitl_sim.analysis.chance.estimate import Estimate, unknown
from hitl_sim.analysis.chance.interval import (
    Bounded,
    mean_interval,
    ratio_interval,
    ratio_of,
    resample,
    wilson,
)
from hitl_sim.analysis.condition.break_even import find_break_evens
from hitl_sim.analysis.condition.by_target import (
    Attainment,
    ByTarget,
    attainment,
    by_target,
    course_of,
    plateaus,
)
from hitl_sim.analysis.condition.finding import Finding, TaskResult, reference_arms
from hitl_sim.analysis.condition.parameter import find_parameter_crossings
from hitl_sim.analysis.condition.training_size import (
    CONTROL_NAME,
    ArmCost,
    TrainingSize,
    best_machine,
    find_training_size,
)
from hitl_sim.analysis.run.record import RunGroup
from hitl_sim.analysis.run.sample import (
    Priced,
    Sample,
    Split,
    draw_sample,
    estimate_ratio,
    joules_per_success,
    price_usages,
    resting_on,
    restricted_mean,
    split_bills,
    variance_saved,
)
from hitl_sim.analysis.run.target import (
    Stop,
    Targets,
    find_targets,
    stop_at_cap,
    trace_curve,
)
from hitl_sim.analysis.run.tuning import UNTUNED
from hitl_sim.analysis.run.usage import usage_at
from hitl_sim.array import FloatArray, IntArray, some_of
from hitl_sim.cost import MEASURES, LabelCost, Measure, Pricing, Usage
from hitl_sim.cost.engine import amount_rows, bill
from hitl_sim.energy import Kind, Scope, exact, unavailable
from hitl_sim.record import RecordError

_COMPARED = ("null", UNTUNED, "arm")
"""Roles of conditions that are held against the control."""
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
        trainings: how many trainings share the guidance of one.
        chance: metric of guessing, from which the way to the plateau is told.
    """

    fraction: float
    smoothing: int
    smallest_effect: float
    seed: int
    trainings: int = 1
    chance: float = 0.0


def compare(
    bases: Sequence[tuple[Sequence[RunGroup], Rules]], pricing: Pricing
) -> list[TaskResult | RecordError]:
    """Compare all conditions of each base with their control.

    Conditions whose bills have the same lines are priced together, whatever their base.

    Returns:
        A result for each base, or why it has none: there is not exactly one pilot and
        one control, or they share no replicate.
    """
    drawn: list[_Drawn | RecordError] = []
    for groups, rules in bases:
        try:
            drawn.append(_draw(groups, pricing, rules))
        except RecordError as error:
            drawn.append(error)
    found = [one for one in drawn if isinstance(one, _Drawn)]
    books, bare = iter(_book(found, pricing)), pricing.without_rent()
    bare_books = iter(_book(found, bare)) if bare else itertools.repeat(None)
    return [
        _compare(_Base(one, next(books), next(bare_books)))
        if isinstance(one, _Drawn)
        else one
        for one in drawn
    ]


def _compare(base: "_Base") -> TaskResult:
    """Compare all conditions of one base with their control."""
    drawn, rules = base.drawn, base.rules
    control, targets = drawn.control.group, drawn.targets
    findings = tuple(base.find(g) for g in drawn.groups if g.role in _COMPARED)
    found = base.find(control)
    own = np.isin(targets.replicate, control.replicate)
    task = TaskResult(
        base=control.base,
        task=control.task,
        target=float(targets.accuracy[own].mean()),
        replicates=tuple(int(r) for r in control.replicate),
        without_target=targets.without,
        without_runs=drawn.without_runs,
        horizon_steps=base.horizon_steps,
        horizon_j=base.horizon_j,
        machine=base.machine.name,
        machine_ratio=base.machine_ratio,
        control=found,
        findings=findings,
        crossings=find_parameter_crossings(found, findings, rules.seed),
    )
    best = plateaus(drawn.pilot, targets, rules.smoothing)
    plateau = dict(zip(targets.replicate, best, strict=True))
    arms = reference_arms(task)
    return replace(
        task,
        by_target=tuple(base.by_target(finding, plateau) for finding in arms),
        attainment=tuple(base.attainment(one, plateau) for one in (found, *arms)),
    )


@dataclass(frozen=True)
class _Drawn:
    """The runs of one base at their targets, before anything is priced in money.

    Attributes:
        groups: all conditions but the pilot that have a run beside one of the control.
        pilot: the pilot, with the targets that it sets.
        rules: how it is analysed.
        control: the control's runs that have a target.
        samples: all of `groups`, by condition, the control first.
        without_runs: conditions that have no run beside one of the control.
    """

    groups: tuple[RunGroup, ...]
    pilot: RunGroup
    targets: Targets
    rules: Rules
    control: Sample
    samples: Mapping[str, Sample]
    without_runs: tuple[str, ...]

    @functools.cached_property
    def usages(self) -> dict[str, Usage]:
        """Return what each condition used per success."""
        return {key: one.usage_per_success for key, one in self.samples.items()}


def _draw(groups: Sequence[RunGroup], pricing: Pricing, rules: Rules) -> _Drawn:
    """Find targets, and where each run stopped.

    Raises:
        RecordError: there is not exactly one pilot and one control, or they share no
            replicate.
    """
    pilot, control = _only(groups, "pilot"), _only(groups, "control")
    targets = find_targets(pilot, fraction=rules.fraction, smoothing=rules.smoothing)
    common = np.intersect1d(control.replicate, targets.replicate)
    is_alone = {id(g): not np.isin(g.replicate, common).any() for g in groups}
    # of a study that is not done an arm may have no run that is beside one of these
    shared = [g for g in groups if g is control or not is_alone[id(g)]]

    def sample_of(group: RunGroup, among: IntArray | None = None) -> Sample:
        return draw_sample(
            group, targets, pricing, smoothing=rules.smoothing, among=among
        )

    own = sample_of(control)
    own = replace(
        own, amounts=own.amounts.keeping(), cost_sample=own.cost_sample.keeping()
    )
    kept = own.group.replicate
    if len(kept) == 0:
        raise RecordError(
            f"`replicate` of the control of task {control.task!r} must be among"
            f" those of its pilot, got {some_of(control.replicate)}."
        )
    compared = tuple(g for g in shared if g.role != "pilot")
    others = {g.condition: sample_of(g, kept) for g in compared if g is not control}
    return _Drawn(
        groups=compared,
        pilot=pilot,
        targets=targets,
        rules=rules,
        control=own,
        samples={control.condition: own} | others,
        without_runs=tuple(
            g.label for g in groups if g.role in _COMPARED and is_alone[id(g)]
        ),
    )


def _only(groups: Sequence[RunGroup], role: str) -> RunGroup:
    found = [group for group in groups if group.role == role]
    if len(found) != 1:
        raise RecordError(
            f"`role` must be {role!r} in exactly one condition of task"
            f" {groups[0].task!r} with base {groups[0].base!r}, got {len(found)}."
        )
    return found[0]


class _Book(NamedTuple):
    """The bills of all conditions at some prices.

    Attributes:
        pricing: the prices.
        priced: what each used per success, by condition.
        splits: its bills, pooled and run by run, by condition.
    """

    pricing: Pricing
    priced: Mapping[str, Priced]
    splits: Mapping[str, dict[Measure, Split]]


def _book(drawn: Sequence[_Drawn], pricing: Pricing) -> list[_Book]:
    """Bill all conditions of some bases at some prices."""
    usages = [usage for one in drawn for usage in one.usages.values()]
    priced = iter(price_usages(usages, pricing))
    books = []
    for one in drawn:
        by_key = {key: next(priced) for key in one.samples}
        splits = {
            key: split_bills(
                sample, by_key[key], pricing.table, is_control=sample is one.control
            )
            for key, sample in one.samples.items()
        }
        books.append(_Book(pricing, by_key, splits))
    return books


class _Base:
    """The control's bill, how far every run was followed, and all runs at targets."""

    def __init__(self, drawn: _Drawn, book: _Book, bare_book: _Book | None) -> None:
        self.drawn, self.rules, self.pricing = drawn, drawn.rules, book.pricing
        self.control, self.samples = drawn.control, drawn.samples
        self.book, self.bare_book = book, bare_book
        pricing = self.pricing
        self.label_costs: list[LabelCost] = ["sunk", "bought_same_price"]
        if pricing.prices.label_price_usd is not None:
            self.label_costs.append("bought_elsewhere")
        self.label_prices = {
            measure: [pricing.label(measure, cost) for cost in self.label_costs]
            for measure in MEASURES
        }
        self.horizon_steps = min(int(group.step[:, -1].min()) for group in drawn.groups)
        self.horizon_j = min(_least_joules(group, pricing) for group in drawn.groups)
        self.sides = find_sides(
            {
                key: (one.group.role, one.cost_sample)
                for key, one in self.samples.items()
            }
        )

    @functools.cached_property
    def costs(self) -> dict[str, ArmCost]:
        """What each condition takes of the device, for sizes of training."""
        price = self.pricing.table.training["joules"][:, 0]
        found = {}
        for key, sample in self.samples.items():
            split, is_control = self.book.splits[key]["joules"], sample is self.control
            name = CONTROL_NAME if is_control else sample.group.label
            recurring = sample.recurring.priced(price)
            parts = split.training, split.trained, recurring, split.labelled
            found[key] = ArmCost(name, *parts)
        return found

    @functools.cached_property
    def machine(self) -> ArmCost:
        """The best arm without people, the control among them."""
        control = self.control.group
        keys = [
            key
            for key, sample in self.samples.items()
            if (sample.group.role == "arm" and not sample.group.has_people)
            and sample.group.num_runs == control.num_runs
        ]
        return best_machine([self.costs[k] for k in (control.condition, *keys)])

    @property
    def machine_ratio(self) -> Bounded:
        """Its joules per success beside the control's."""
        pair = self.machine.trained, self.costs[self.control.group.condition].trained
        weights = resample(self.control.group.num_runs, self.rules.seed)
        ratio = float(ratio_of(pair[0].per_success, pair[1].per_success))
        return Bounded(ratio, *ratio_interval(*pair, weights))

    def by_target(self, finding: Finding, plateau: Mapping[int, float]) -> ByTarget:
        """Hold a condition against the control at every target."""
        arm, control = self.samples[finding.condition], self.control
        own = np.searchsorted(control.group.replicate, arm.group.replicate)
        groups = arm.group, control.group.select(own)
        smoothing = self.rules.smoothing
        best = np.array([plateau[int(r)] for r in arm.group.replicate])
        return by_target(
            finding.label,
            has_people=finding.has_people,
            pair=(
                course_of(groups[0], self.pricing, smoothing),
                course_of(groups[1], self.pricing, smoothing),
            ),
            own=(arm.cost_sample, control.cost_sample.select(own)),
            horizon_j=self.horizon_j,
            targets=(best, self.rules.chance),
            seed=self.rules.seed,
        )

    def attainment(self, finding: Finding, plateau: Mapping[int, float]) -> Attainment:
        """Say how soon a condition, or the control, attains targets."""
        group = self.samples[finding.condition].group
        best = np.array([plateau[int(r)] for r in group.replicate])
        course = course_of(group, self.pricing, self.rules.smoothing)
        targets = best, self.rules.chance
        return attainment(finding.label, course, targets, has_people=finding.has_people)

    def _sizes(
        self, key: str, rows: IntArray | None, held: Held
    ) -> tuple[tuple[TrainingSize, ...], ...]:
        """Find E* of a condition with people over the control and the best machine.

        Args:
            key: of the condition.
            rows: the control's runs that its own are beside; None for all.
            held: failures that it and the control may have.
        """
        control, machine = self.costs[self.control.group.condition], self.machine
        if rows is not None:
            control, machine = control.select(rows), machine.select(rows)
        split, arm = self.book.splits[key]["joules"], self.costs[key]
        own = self.label_costs.index(self.pricing.prices.label_cost)
        weights = resample(len(arm.trained.spent), self.rules.seed)
        found = partial(
            find_training_size,
            arm,
            control=control,
            beside=(split.beside, split.stood_beside),
            label=self.label_prices["joules"][own],
            weights=weights,
            held=held,
        )
        counts = dict.fromkeys((1, self.rules.trainings))
        return tuple(
            tuple(found(other=other, trainings=count) for count in counts)
            for other in (control, machine)
        )

    def find(self, group: RunGroup) -> Finding:
        """Hold one condition against the control."""
        seed, key = self.rules.seed, group.condition
        arm, control, priced = self.samples[key], self.control, self.book.priced[key]
        num_missing, own = control.group.num_runs - arm.group.num_runs, None
        if num_missing:
            own = np.searchsorted(control.group.replicate, arm.group.replicate)
            control = _select(control, own)

        def billed(book: _Book) -> tuple[Priced, dict[Measure, Split]]:
            """Bill the control as far as it is beside this condition."""
            if own is None:
                control_key = control.group.condition
                return book.priced[control_key], book.splits[control_key]
            (beside,) = price_usages([control.usage_per_success], book.pricing)
            return beside, split_bills(control, beside, book.pricing.table)

        beside, splits = billed(self.book)
        weights = resample(arm.group.num_runs, seed)
        joules = priced.joules, beside.joules
        ratio = estimate_ratio(arm, control, joules, seed)
        sides = (self.sides[one.group.condition] for one in (arm, control))
        held = Held(*sides)
        own_splits = self.book.splits[key]
        break_evens = [
            find_break_evens(
                measure, own_splits[measure], splits[measure], prices, weights, held
            )
            for measure, prices in self.label_prices.items()
        ]
        own_cost = self.label_costs.index(self.pricing.prices.label_cost)
        without_rent = None
        if self.bare_book is not None:
            bare = self.bare_book.splits[key]["usd"], billed(self.bare_book)[1]["usd"]
            prices = self.label_prices["usd"]
            cases = find_break_evens("usd", *bare, prices, weights, held)
            without_rent = cases[own_cost]
        over_control, over_machine = (
            self._sizes(key, own, held) if group.has_people else ((), ())
        )
        steps = resting_on(_STEPS, arm.usage)
        row = np.arange(arm.group.num_runs)
        seen = arm.group.test_accuracy[row, arm.stop.checkpoint]
        return Finding(
            condition=group.condition,
            task=group.task,
            arm=group.arm,
            role=group.role,
            kind=group.kind,
            population=group.population,
            settings=group.settings,
            parameters=group.parameters,
            replicate=arm.group.replicate,
            cost_sample=arm.cost_sample,
            num_failed=int((~arm.group.is_ok).sum()),
            num_missing=num_missing,
            reach=wilson(arm.num_reached, arm.group.num_runs),
            joules=joules_per_success(arm, priced.joules, seed),
            ratio=ratio,
            claim=held.claim(
                ratio.low,
                ratio.high,
                (arm.cost_sample, control.cost_sample),
                weights,
                self.rules.smallest_effect,
            ),
            variance_saved_frac=variance_saved(arm, control, seed),
            steps=restricted_mean(
                np.asarray(arm.usage.steps), arm, self.horizon_steps, steps, seed
            ),
            mean_joules=restricted_mean(
                arm.cost_sample.spent, arm, self.horizon_j, priced.joules, seed
            ),
            test_accuracy=_test_accuracy(seen, arm, weights),
            scopes=priced.scopes,
            usage=self.drawn.usages[key],
            is_per_success=arm.num_reached > 0,
            bill=priced.ledger,
            break_even=tuple(found[own_cost] for found in break_evens),
            without_rent=without_rent,
            over_control=over_control,
            over_machine=over_machine,
            label_cases=tuple(
                (cost, case)
                for cost, cases in zip(
                    self.label_costs, zip(*break_evens, strict=True), strict=True
                )
                for case in cases
            ),
            shares={name: _mean(share) for name, share in arm.group.shares.items()},
            curve=trace_curve(
                arm.group, self.pricing.device.costs, smoothing=self.rules.smoothing
            ),
            amounts=arm.amounts,
            recurring=arm.recurring,
            test_by_run=seen,
            worked_by_run=np.asarray(arm.usage.worked_s, np.float64),
            replay={name: _mean(count) for name, count in arm.group.replay.items()},
        )


def _least_joules(group: RunGroup, pricing: Pricing) -> float:
    """Return the joules of the device on the cheapest run at the cap."""
    at_cap = usage_at(group, stop_at_cap(group))
    rows = amount_rows(at_cap, pricing.table.names, group.num_runs)
    return float(bill(rows, pricing.table.device_j).min())


def _select(sample: Sample, rows: IntArray) -> Sample:
    """Return the sample of some of its runs."""
    group = sample.group.select(rows)
    stop = Stop(sample.stop.checkpoint[rows], sample.stop.is_reached[rows])
    parts = (
        part.select(rows)
        for part in (sample.amounts, sample.cost_sample, sample.recurring)
    )
    return Sample(group, stop, usage_at(group, stop), *parts)


def _test_accuracy(seen: FloatArray, arm: Sample, weights: FloatArray) -> Estimate:
    """Average `[R]` test accuracy where each run stopped."""
    low, high = mean_interval(seen, weights)
    mean = float(seen.mean())
    if not np.isfinite(mean):
        reason = "a run did not stay finite"
        return unknown(unavailable("1", Scope.CONSTANT, reason))
    return Estimate(resting_on(_TEST_SET.scaled(mean), arm.usage), low, high)


def _mean(share: FloatArray) -> float:
    """Average over runs, leaving out those where the share means nothing."""
    known = share[~np.isnan(share)]
    return float(known.mean()) if len(known) else float("nan")
