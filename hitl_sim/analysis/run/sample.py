"""What the runs of an arm say beside those of its control: reach, joules, rho.

rho = expected joules per success of the arm / of the control, where expected joules per
success = joules of all runs / number of runs that reached the target. A run that never
does is billed to the cap and counts in full; none is dropped.
"""

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from hitl_sim.analysis.chance.estimate import Estimate, infinite
from hitl_sim.analysis.chance.interval import (
    CostSample,
    cost_interval,
    draw_pair,
    log_variance_saved,
    mean_interval,
    ratio_interval,
    ratio_of,
    resample,
)
from hitl_sim.analysis.run.record import RunGroup
from hitl_sim.analysis.run.target import Stop, Targets, find_stop, stop_at_cap
from hitl_sim.analysis.run.usage import Scopes, training_scopes, usage_at
from hitl_sim.array import FloatArray, IntArray
from hitl_sim.cost import MEASURES, Ledger, Measure, Pricing, Usage
from hitl_sim.cost.engine import LABELS, PriceTable, amount_names, amount_rows
from hitl_sim.cost.ledger import TRAINING
from hitl_sim.cost.usage import NOBODY, SOMEBODY, alike
from hitl_sim.energy import Quantity, Scope, exact, unavailable
from hitl_sim.record import RecordError

NO_SUCCESS = "no run reached the target"
NO_CONTROL_SUCCESS = "no run of the control reached the target"


@dataclass(frozen=True)
class Sample:
    """Runs of one condition with a target, and where each stopped.

    Attributes:
        group: the `R` runs, in order of replicate.
        usage: what each used up to there, `[R]`.
        amounts: the same as one matrix, `[R, F]`, and what each would have used without
            reaching.
        cost_sample: `[R]` joules that the device spent on each, at the profile's own
            constants.
        recurring: `[R, F]` what each used of `amounts` for its final fit and the
            evaluations of it: what another training with the same guidance does anew.
    """

    group: RunGroup
    stop: Stop
    usage: Usage
    amounts: CostSample
    cost_sample: CostSample
    recurring: CostSample

    @property
    def num_reached(self) -> int:
        """Return how many runs reached the target."""
        return int(self.stop.is_reached.sum())

    @property
    def usage_per_success(self) -> Usage:
        """Return all usage over the successes; per run where there was no success.

        Validation labels are per run throughout: one set serves every attempt.
        """
        shared = self.usage.shared_among(self.num_reached or self.group.num_runs)
        labels = float(self.group.validation_labels.mean())
        return replace(shared, validation_labels=labels)


def draw_sample(
    group: RunGroup,
    targets: Targets,
    pricing: Pricing,
    *,
    smoothing: int,
    among: IntArray | None = None,
) -> Sample:
    """Bill the runs of a condition whose replicate has a target and is among some."""
    shared = np.intersect1d(group.replicate, targets.replicate)
    if among is not None:
        shared = np.intersect1d(shared, among)
    kept = group.select(np.searchsorted(group.replicate, shared))
    target = targets.accuracy[np.searchsorted(targets.replicate, shared)]
    return bill_sample(kept, find_stop(kept, target, smoothing=smoothing), pricing)


def bill_sample(group: RunGroup, stop: Stop, pricing: Pricing) -> Sample:
    """Bill runs where they stopped, and where they would have stopped at the latest.

    Raises:
        RecordError: the manifest lacks a unit of work.
    """
    costs = pricing.device.costs
    for line in group.work:
        if line.unit not in costs:
            raise RecordError(
                f"`units` in the manifest must hold {line.unit!r}, got"
                f" {', '.join(costs)}."
            )
    names, usage = amount_names(tuple(costs)), usage_at(group, stop)
    at_cap = usage_at(group, stop_at_cap(group))
    amounts = CostSample(
        amount_rows(usage, names, group.num_runs),
        stop.is_reached,
        amount_rows(at_cap, names, group.num_runs),
        names,
    )
    cost_sample = amounts.priced(pricing.table.device_j[:, 0])
    recurring = replace(
        amounts,
        spent=amount_rows(_final_fit(usage), names, group.num_runs),
        if_failed=amount_rows(_final_fit(at_cap), names, group.num_runs),
    )
    return Sample(group, stop, usage, amounts, cost_sample, recurring)


_EVERY_TRAINING = ("train", "evaluate")
"""Phases that a training has though its data are chosen; others are for choosing."""


def _final_fit(usage: Usage) -> Usage:
    """Return what the final fits took, by their share of all training steps."""
    share = np.asarray(usage.fit_steps) / np.maximum(usage.steps, 1.0)
    work = (
        replace(line, count=np.asarray(line.count * share, np.float64))
        for line in usage.work
        if line.phase in _EVERY_TRAINING
    )
    return Usage(tuple(work), people=usage.people)


@dataclass(frozen=True)
class Split:
    """A condition's bill in one measure; pool labels are left out and counted.

    Attributes:
        training: device work with its rent and facility overhead, per success.
        beside: people, waiting and its overheads, per success.
        trained: the same run by run; NaN where unavailable.
        stood_beside: `[R]`.
        labelled: `[R]` given labels of the pool that each run used.
    """

    training: Quantity
    beside: Quantity
    trained: CostSample
    stood_beside: CostSample
    labelled: CostSample


class Priced(NamedTuple):
    """What a condition used per success, priced.

    Attributes:
        joules: what the device spent.
        scopes: the same, of training alone, in three ways.
        training: device work with its rent and facility overhead, by measure.
        beside: people, waiting and its overheads, by measure.
        ledger: makes its whole ledger.
    """

    joules: Quantity
    scopes: Scopes
    training: Mapping[Measure, Quantity]
    beside: Mapping[Measure, Quantity]
    ledger: Callable[[], Ledger]


def price_usages(usages: Sequence[Usage], pricing: Pricing) -> list[Priced]:
    """Price what conditions used per success, those of one shape at once."""
    found: dict[int, Priced] = {}
    for places, usage in alike(usages):
        joules, scopes, training, beside, ledger = _price(usage, pricing)
        for row, place in enumerate(places):
            people = usages[place].people
            at = functools.partial(Quantity.at, row=row, rename=(SOMEBODY, people))
            found[place] = Priced(
                at(joules),
                Scopes(*map(at, scopes)),
                {measure: at(bill) for measure, bill in training.items()},
                {measure: at(bill) for measure, bill in beside.items()},
                functools.partial(ledger.at, row, people),
            )
    return [found[place] for place in range(len(usages))]


def _price(
    usage: Usage, pricing: Pricing
) -> tuple[Quantity, Scopes, dict[Measure, Quantity], dict[Measure, Quantity], Ledger]:
    training = pricing.ledger(Usage(usage.work, usage.people, usage.kinds))
    idle = tuple(replace(line, count=0.0) for line in usage.work)
    beside = pricing.ledger(
        replace(usage, work=idle, pool_labels=0.0, validation_labels=0.0)
    )
    return (
        pricing.device.joules(usage),
        training_scopes(usage, pricing.device),
        {measure: training.total(measure, groups=TRAINING) for measure in MEASURES},
        {measure: beside.total(measure) for measure in MEASURES},
        pricing.ledger(usage),
    )


def split_bills(
    sample: Sample, priced: Priced, table: PriceTable, *, is_control: bool = False
) -> dict[Measure, Split]:
    """Bill a condition in every measure, pooled and run by run.

    What is drawn of a control is kept for all that is held against it.
    """
    amounts = sample.amounts
    is_label = np.array([name == LABELS for name in amounts.names])
    labelled = amounts.priced_by({LABELS: 1.0}).keeping()
    splits = {}
    for measure in MEASURES:
        trained = amounts.priced(table.training[measure][:, 0])
        beside = np.where(is_label, 0.0, table.beside[measure][:, 0])
        splits[measure] = Split(
            training=priced.training[measure],
            beside=priced.beside[measure],
            trained=trained.keeping() if is_control else trained,
            stood_beside=amounts.priced(beside),
            labelled=labelled,
        )
    return splits


def joules_per_success(sample: Sample, pooled: Quantity, seed: int) -> Estimate:
    """Estimate the expected joules per success, which the device's constants give."""
    weights = resample(sample.group.num_runs, seed)
    low, high = cost_interval(sample.cost_sample, weights)
    if sample.num_reached == 0:
        return infinite("J", pooled.scope, NO_SUCCESS, low)
    return Estimate(pooled, low, high)


def estimate_ratio(
    arm: Sample,
    control: Sample,
    joules: tuple[Quantity, Quantity],
    seed: int,
) -> Estimate:
    """Estimate rho by the paired bootstrap.

    The control's runs are of the same replicates, in the same order. A constant of the
    device that both share cancels.

    Args:
        arm: runs of the arm.
        control: of the control.
        joules: what the device spent per success, on the arm and on the control.
        seed: of the bootstrap.

    Returns:
        rho; infinite when no run of the arm reached, unknown when none of either did.
    """
    weights = resample(arm.group.num_runs, seed)
    low, high = ratio_interval(arm.cost_sample, control.cost_sample, weights)
    if arm.num_reached == 0 and control.num_reached > 0:
        return infinite("1", Scope.CONSTANT, NO_SUCCESS, low)
    if control.num_reached == 0:
        reason = NO_CONTROL_SUCCESS if arm.num_reached else NO_SUCCESS
        quantity = unavailable("1", Scope.CONSTANT, reason)
        return Estimate(quantity, low, high)
    quantity = joules[0].over(joules[1], unit="1", scope=Scope.CONSTANT)
    return Estimate(resting_on(quantity, arm.usage), low, high)


def resting_on(quantity: Quantity, usage: Usage) -> Quantity:
    """Mark a number that rests on people's answers as no stronger than these are."""
    if usage.people == NOBODY:
        return quantity
    kind = usage.kinds.answers
    answers = exact(1.0, "1", kind, Scope.CONSTANT, usage.people)
    return quantity.times(answers, unit=quantity.unit)


def variance_saved(arm: Sample, control: Sample, seed: int) -> float | None:
    """Return the share of rho's log variance that pairing the replicates saved."""
    first, second = (resample(arm.group.num_runs, seed + more) for more in (0, 1))
    spent, beside = draw_pair(arm.cost_sample, control.cost_sample, first)
    other = draw_pair(arm.cost_sample, control.cost_sample, second)[1]
    return log_variance_saved(ratio_of(spent, beside), ratio_of(spent, other))


def restricted_mean(
    spent: FloatArray, sample: Sample, horizon: float, like: Quantity, seed: int
) -> Estimate:
    """Average `[R]` what runs spent until their target, none beyond a common horizon.

    Every run of every arm was followed that far, and those that never reached count
    with all of it. `like` is a quantity of the same unit, kind, scope and source.

    References:
        Royston and Parmar (2013), Restricted mean survival time, BMC Medical Research
        Methodology 13:152.
    """
    is_reached = sample.stop.is_reached
    followed = np.minimum(np.where(is_reached, spent, math.inf), horizon)
    mean = float(followed.mean())
    source = f"{like.source}; mean up to {horizon:.4g} {like.unit} per run"
    quantity = Quantity(mean, like.unit, like.kind, like.scope, None, source)
    low, high = mean_interval(followed, resample(len(followed), seed))
    return Estimate(quantity, max(low, 0.0), high)
