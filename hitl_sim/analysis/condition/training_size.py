"""The size of training from which guidance pays back: E*.

Let a training of the control take E joules. An arm's device joules are split in what is
done once for all trainings that share the guidance (choosing, rating models, scoring,
fits that were thrown away), f E, and what every training does (the final fit and its
evaluation), v E; rho = f + v. People, the requester and the waiting device take H + W
joules once. Beside another arm (of shares f', v'; the control has f' = 0 and v' = 1)
R trainings that share the guidance pay it back from

    E* = (H + W) / (R (v' - v) + f' - f)

on, never where that is <= 0. Against the control this is (H + W) / (R (1 - v) - f), and
(H + W) / (1 - rho) at R = 1; against the best arm without people it is what people
add. Shares are as this study found them: that they hold for a training of another size,
seed or network is assumed.

With human hours that grow as (size of training) ** beta the multiple of the control's
joules M* = E* / E becomes M* ** (1 / (1 - beta)), for hours at this study's size are H:
M E (1 - rho) = H M ** beta.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from hitl_sim.analysis.chance.claim import Held
from hitl_sim.analysis.chance.crossing import Payback
from hitl_sim.analysis.chance.estimate import Estimate, infinite, unknown
from hitl_sim.analysis.chance.interval import (
    Bounded,
    CostSample,
    draw_pair,
    percentile_interval,
    ratio_of,
)
from hitl_sim.analysis.chance.success import CONTROL
from hitl_sim.analysis.condition.break_even import payback_of, quotient
from hitl_sim.analysis.run.sample import NO_CONTROL_SUCCESS, NO_SUCCESS
from hitl_sim.array import BoolArray, FloatArray, IntArray
from hitl_sim.energy import Quantity, Scope, unavailable

BETAS = (0.0, 0.25, 0.5)
"""Powers by which human hours may grow with the size of training: not at all, as the
fourth root, as the square root. None is measured here."""
CONTROL_NAME = "the control"


@dataclass(frozen=True)
class ArmCost:
    """What one arm takes per success, for comparisons of training.

    Attributes:
        name: of the arm, with whatever else is swept.
        training: joules of the device with their facility overhead, J.
        trained: `[R]` the same, run by run.
        recurring: `[R]` of them, those that every training spends anew.
        labelled: `[R]` given labels of the pool that each run used.
    """

    name: str
    training: Quantity
    trained: CostSample
    recurring: CostSample
    labelled: CostSample

    def select(self, rows: IntArray) -> "ArmCost":
        """Return the side of some of its runs; the pooled joules are then theirs."""
        trained = self.trained.select(rows)
        share = ratio_of(trained.per_success, self.trained.per_success)
        return replace(
            self,
            training=_scaled(self.training, float(share)),
            trained=trained,
            recurring=self.recurring.select(rows),
            labelled=self.labelled.select(rows),
        )

    def over(self, trainings: int) -> tuple[CostSample, Quantity]:
        """Return what some trainings that share the guidance take together."""
        whole = self.trained
        if trainings != 1:
            whole = whole.plus(self.recurring.times(trainings - 1.0))
        share = ratio_of(whole.per_success, self.trained.per_success)
        return whole, _scaled(self.training, float(share))


def _scaled(quantity: Quantity, share: float) -> Quantity:
    """Scale joules by a share; where nobody reached there is none, and none is told."""
    return quantity.scaled(share) if math.isfinite(share) else quantity


@dataclass(frozen=True)
class TrainingSize:
    """From which size of training on an arm with people pays back.

    Attributes:
        against: what it is held against, in words.
        trainings: how many trainings share the guidance.
        paid: people, waiting and labels beyond those of the other, per success, J.
        saved: joules of these trainings saved beside the other, per success; below 0
            where they take more.
        joules: E*, J; infinite where nothing is saved, with its lower end alone where
            the saving cannot be told from none.
        control_j: what a training of the control takes here, J.
        payback: on which side of E* it pays back.
        is_undetermined: whether the interval of the saving holds 0.
        is_fragile: whether it would with failures that may come.
    """

    against: str
    trainings: int
    paid: Quantity
    saved: Quantity
    joules: Estimate
    control_j: float
    payback: Payback
    is_undetermined: bool
    is_fragile: bool = False

    @property
    def order(self) -> tuple[bool, bool, float]:
        """Order sizes: those that are known first, then what may be, then what is not.

        The smallest is that of the condition that pays back soonest.
        """
        joules = self.joules
        is_never = joules.is_infinite or self.payback is Payback.UNKNOWN
        is_open = math.isnan(joules.value)
        return is_never, is_open, joules.low if is_open or is_never else joules.value

    def grown(self, beta: float) -> Bounded:
        """Return E* if human hours grow as the size of training to some power, J.

        Args:
            beta: the power, in [0, 1).

        Raises:
            ValueError: the power is not below 1: hours would outgrow any saving.
        """
        if not 0.0 <= beta < 1.0:
            raise ValueError(f"`beta` must be in [0, 1), got {beta}.")
        ends = self.joules.value, self.joules.low, self.joules.high
        return Bounded(*(self._grown(end, beta) for end in ends))

    def _grown(self, joules: float, beta: float) -> float:
        if not 0.0 < joules < math.inf or not self.control_j > 0.0:
            return joules
        multiple = joules / self.control_j
        return float(self.control_j * multiple ** (1.0 / (1.0 - beta)))


def find_training_size(
    arm: ArmCost,
    other: ArmCost,
    control: ArmCost,
    beside: tuple[Quantity, CostSample],
    label: Quantity,
    weights: FloatArray,
    *,
    trainings: int = 1,
    held: Held | None = None,
) -> TrainingSize:
    """Find E* of an arm against the control or another arm.

    Args:
        arm: of the arm with people.
        other: what it is held against, of the same replicates in the same order.
        control: of the control, likewise; its joules are the size of a training.
        beside: what stands beside the arm's training (people, the requester, waiting)
            per success, pooled and run by run, J.
        label: what one given label of the pool costs, J.
        weights: `[B, R]` resampled replicates.
        trainings: how many trainings share the guidance; >= 1.
        held: failures that both may have; a saving that these would undo is
            fragile. None: runs are taken to fail as often as they did.

    Raises:
        ValueError: there is no training.
    """
    if trainings < 1:
        raise ValueError(f"`trainings` must be >= 1, got {trainings}.")
    lacking = _without_success(arm, other, control, trainings)
    if lacking is not None:
        return lacking
    spent, spent_j = arm.over(trainings)
    without, without_j = other.over(trainings)
    paid, saved = beside[0], without_j - spent_j
    labels = arm.labelled.per_success - other.labelled.per_success
    if labels != 0.0:
        paid = paid + label.scaled(labels)
    if not (paid.is_known and saved.is_known):
        missing = saved if paid.is_known else paid
        gap = unknown(unavailable("J", missing.scope, missing.reason))
        return TrainingSize(
            other.name, trainings, paid, saved, gap, math.nan, Payback.UNKNOWN, True
        )
    num = weights.shape[1]
    with np.errstate(invalid="ignore"):
        drawn, beyond = draw_pair(spent, without, weights)
        saved_draws = beyond - drawn
    may_fail = not other.trained.is_reached.all()
    paid_draws = beside[1].draws(weights, may_fail=may_fail)
    price = float(label.value or 0.0)
    if price:
        used = arm.labelled.draws(weights, may_fail=may_fail)
        given = other.labelled.draws(weights, stream=CONTROL)
        paid_draws = paid_draws + price * (used - given)
    size = control.trained.draws(weights, stream=CONTROL)
    with np.errstate(divide="ignore", invalid="ignore"):
        draws = np.where(saved_draws > 0.0, paid_draws * size / saved_draws, np.inf)
    draws = np.where((saved_draws <= 0.0) & (paid_draws <= 0.0), np.nan, draws)
    low, high = (max(end, 0.0) for end in percentile_interval(draws, num))
    least, most = percentile_interval(saved_draws, num)
    is_upheld = held is None or held.upholds_order(
        arm.trained, other.trained, weights, is_below=least >= 0.0
    )
    payback = payback_of(float(paid.value or 0.0), float(saved.value or 0.0))
    is_undetermined = least <= 0.0 <= most
    return TrainingSize(
        other.name,
        trainings,
        paid,
        saved,
        _size(payback, paid, saved, control, (low, high), is_open=is_undetermined),
        float(control.training.value or 0.0),
        payback,
        is_undetermined,
        is_fragile=not is_upheld,
    )


def _size(
    payback: Payback,
    paid: Quantity,
    saved: Quantity,
    control: ArmCost,
    ends: tuple[float, float],
    *,
    is_open: bool,
) -> Estimate:
    """Multiply M* by the control's joules; no point where the saving may be none."""
    scope = control.training.scope
    if is_open and math.isfinite(ends[0]):
        reason = "the saving cannot be told from none"
        return Estimate(unavailable("J", scope, reason), ends[0], math.inf)
    if payback is Payback.NEVER or is_open:
        return infinite("J", scope, "no training is saved", ends[0])
    if payback is Payback.UP_TO:
        paid, saved = paid.scaled(-1.0), saved.scaled(-1.0)
    multiple = quotient(paid, saved)
    return Estimate(multiple.times(control.training, unit="J", scope=scope), *ends)


def _without_success(
    arm: ArmCost, other: ArmCost, control: ArmCost, trainings: int
) -> TrainingSize | None:
    """Return what is left to say where one of them never reached; None if all did."""
    reasons = [
        reason
        for side, reason in (
            (control, NO_CONTROL_SUCCESS),
            (other, f"no run of {other.name} reached the target"),
            (arm, NO_SUCCESS),
        )
        if not side.trained.is_reached.any()
    ]
    if not reasons:
        return None
    reason, is_never = reasons[0], reasons[0] == NO_SUCCESS
    none = unavailable("J", Scope.CONSTANT, reason)
    return TrainingSize(
        other.name,
        trainings,
        paid=none,
        saved=none,
        joules=infinite("J", none.scope, reason, 0.0) if is_never else unknown(none),
        control_j=math.nan,
        payback=Payback.NEVER if is_never else Payback.UNKNOWN,
        is_undetermined=not is_never,
    )


def best_machine(sides: Sequence[ArmCost]) -> ArmCost:
    """Put together the best arm without people, picked where it is not judged.

    Of the even replicates the arm is taken that is best on the odd ones, and the other
    way round, so that no arm is best because its own runs were lucky. Where both halves
    pick one arm, that is it.

    Args:
        sides: of all arms without people, the control first, of the same replicates in
            the same order.

    References:
        Stone (1974), Cross-validatory choice and assessment of statistical predictions,
        Journal of the Royal Statistical Society B 36(2).
    """
    num = len(sides[0].trained.spent)
    is_odd = np.arange(num) % 2 == 1
    picked = [_least(sides, half) for half in (is_odd, ~is_odd)]
    even, odd = (sides[place] for place in picked)
    if even is odd:
        return even
    mixed = {
        name: _mixed(getattr(even, name), getattr(odd, name), is_odd)
        for name in ("trained", "recurring", "labelled")
    }
    share = ratio_of(mixed["trained"].per_success, even.trained.per_success)
    training = _scaled(even.training, float(share))
    return ArmCost(f"{even.name} or {odd.name}", training, **mixed)


def _least(sides: Sequence[ArmCost], among: BoolArray) -> int:
    """Return the place of the side that took the least on some of the replicates."""
    rows = np.flatnonzero(among)
    costs = [side.trained.select(rows).per_success for side in sides]
    return int(np.argmin(costs))


def _mixed(even: CostSample, odd: CostSample, is_odd: BoolArray) -> CostSample:
    def mix(one: FloatArray, other: FloatArray) -> FloatArray:
        return np.where(is_odd, other, one)

    if_failed = None
    if even.if_failed is not None and odd.if_failed is not None:
        if_failed = mix(even.if_failed, odd.if_failed)
    is_reached = np.where(is_odd, odd.is_reached, even.is_reached)
    return CostSample(mix(even.spent, odd.spent), is_reached, if_failed)
