"""How much dearer training would have to be for people to pay back: M*.

A ledger is linear in what was used, so it splits exactly in two: what training costs
(device work with its rent and facility overhead) and what stands beside it (people,
the device's waiting for them, and labels). With training M times as dear, an arm's bill
less the control's is, per success,

    net(M) = beside - M saved
    beside = people + waiting + labels, beyond the control's
    saved  = the control's training - the arm's = the control's (1 - rho)

so people pay back from M* = beside / saved on if training is saved, never if it is not,
and at any M if nothing stands beside. The same in joules, money and carbon. Validation
labels are one set for arm and control, bought once: they cancel.
"""

import enum
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from hitl_sim.analysis.chance.claim import Held
from hitl_sim.analysis.chance.crossing import Payback
from hitl_sim.analysis.chance.estimate import Estimate, infinite, unknown
from hitl_sim.analysis.chance.interval import (
    CostSample,
    draw_pair,
    percentile_interval,
    ratio_interval,
)
from hitl_sim.analysis.chance.success import CONTROL
from hitl_sim.analysis.run.sample import NO_CONTROL_SUCCESS, NO_SUCCESS, Split
from hitl_sim.array import FloatArray
from hitl_sim.cost import Measure
from hitl_sim.energy import Quantity, Scope, unavailable

AXIS_NAMES: dict[Measure, str] = {
    "joules": "energy",
    "usd": "money",
    "kgco2e": "carbon",
}


class Answer(enum.Enum):
    """Whether something holds, by a 95 % Monte-Carlo interval."""

    YES = "yes"
    NO = "no"
    UNDETERMINED = "undetermined"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class BreakEven:
    """The break-even of one arm in energy, money or carbon.

    Attributes:
        beside: people, waiting and labels beyond the control's, per success.
        saved: training saved beside the control, per success; below 0 if none is.
        multiple: M*; infinite where it is "never".
        is_undetermined: whether the interval of the saving holds 0, as that of rho
            then holds 1, or would with failures that may come, so that "never" cannot
            be told from M*.
        pays_here: whether the arm's whole bill is below the control's at M = 1.
    """

    measure: Measure
    beside: Quantity
    saved: Quantity
    multiple: Estimate
    payback: Payback
    is_undetermined: bool
    pays_here: Answer

    @property
    def axis(self) -> str:
        """Return energy, money or carbon."""
        return AXIS_NAMES[self.measure]


def find_break_evens(
    measure: Measure,
    arm: Split,
    control: Split,
    labels: Sequence[Quantity],
    weights: FloatArray,
    held: Held | None = None,
) -> tuple[BreakEven, ...]:
    """Find M* and its Monte-Carlo interval, for each price of a given label.

    Args:
        measure: joules, usd or kgco2e.
        arm: the arm's bill, run by run and pooled, in this measure.
        control: the control's, of the same replicates in the same order.
        labels: what one given label costs, in this measure.
        weights: `[B, R]` resampled replicates.
        held: failures that arm and control may have; what these would undo is
            undetermined. None: runs are taken to fail as often as they did.

    Returns:
        The break-evens, in the order of the labels; unknown where a price that one
        takes is unavailable.
    """
    for split, reason in ((control, NO_CONTROL_SUCCESS), (arm, NO_SUCCESS)):
        if not split.trained.is_reached.any():
            found = _without_success(measure, arm, control, reason, weights)
            return (found,) * len(labels)
    drawn = _Drawn(arm, control, weights, held)
    return tuple(_break_even(measure, drawn, label) for label in labels)


class _Drawn:
    """Bills of arm and control in one measure, but for labels, and their resamples."""

    def __init__(
        self, arm: Split, control: Split, weights: FloatArray, held: Held | None
    ) -> None:
        self.arm, self.control, self.held, self.weights = arm, control, held, weights
        self.may_fail = not control.trained.is_reached.all()
        self.saved = control.training - arm.training
        with np.errstate(invalid="ignore"):
            spent, without = draw_pair(arm.trained, control.trained, weights)
            self.saved_draws = without - spent
            self.beside_draws = arm.stood_beside.draws(weights, may_fail=self.may_fail)
        low, high = percentile_interval(self.saved_draws, weights.shape[1])
        self.is_undetermined = low < 0.0 < high or not self.is_upheld(
            arm.trained, control.trained, is_below=low >= 0.0
        )

    def is_upheld(
        self, arm: CostSample, control: CostSample, *, is_below: bool
    ) -> bool:
        """Return whether failures that may come leave the order of bills as it is."""
        return self.held is None or self.held.upholds_order(
            arm, control, self.weights, is_below=is_below
        )

    def labelled_draws(self) -> FloatArray:
        """Return `[B]` given labels that the arm used beyond the control."""
        used = self.arm.labelled.draws(self.weights, may_fail=self.may_fail)
        return used - self.control.labelled.draws(self.weights, stream=CONTROL)


def _break_even(measure: Measure, drawn: _Drawn, label: Quantity) -> BreakEven:
    """Find M* at one price of a label."""
    arm, control, saved = drawn.arm, drawn.control, drawn.saved
    beside = arm.beside
    labels = arm.labelled.per_success - control.labelled.per_success
    if labels != 0.0:
        beside = beside + label.scaled(labels)
    if not (beside.is_known and saved.is_known):
        missing = saved if beside.is_known else beside
        gap = unknown(unavailable("1", Scope.CONSTANT, missing.reason))
        ends = Payback.UNKNOWN, True, Answer.UNKNOWN
        return BreakEven(measure, beside, saved, gap, *ends)
    price = float(label.value or 0.0)
    bills, beside_draws = (arm.stood_beside, control.trained), drawn.beside_draws
    if price:
        bills = (
            bills[0].plus(arm.labelled.times(price)),
            bills[1].plus(control.labelled.times(price)),
        )
        beside_draws = beside_draws + price * drawn.labelled_draws()
    num = drawn.weights.shape[1]
    with np.errstate(invalid="ignore"):
        net = beside_draws - drawn.saved_draws
    pays = is_below_zero(*percentile_interval(net, num))
    if pays is not Answer.UNDETERMINED:
        whole = arm.trained.plus(bills[0])
        if not drawn.is_upheld(whole, bills[1], is_below=pays is Answer.YES):
            pays = Answer.UNDETERMINED
    payback = payback_of(float(beside.value or 0.0), float(saved.value or 0.0))
    return BreakEven(
        measure,
        beside,
        saved,
        _multiple(payback, beside, saved, beside_draws, drawn.saved_draws, num),
        payback,
        is_undetermined=drawn.is_undetermined,
        pays_here=pays,
    )


def _without_success(
    measure: Measure, arm: Split, control: Split, reason: str, weights: FloatArray
) -> BreakEven:
    """Return the break-even that nobody can state, or that an arm cannot have."""
    reason = arm.training.reason or reason
    none = unavailable(arm.beside.unit, arm.beside.scope, reason)
    is_known = arm.training.is_known and control.training.is_known
    is_never = bool(control.trained.is_reached.any()) and is_known
    floor, _ = ratio_interval(arm.trained, control.trained, weights)
    return BreakEven(
        measure,
        beside=none,
        saved=none,
        multiple=infinite("1", Scope.CONSTANT, reason, 0.0)
        if is_never
        else unknown(unavailable("1", Scope.CONSTANT, reason)),
        payback=Payback.NEVER if is_never else Payback.UNKNOWN,
        is_undetermined=not floor > 1.0,
        pays_here=Answer.NO if is_never else Answer.UNKNOWN,
    )


def payback_of(paid: float, saved: float) -> Payback:
    """Say on which side of a multiple of what is saved it repays what is paid."""
    if saved > 0.0:
        return Payback.FROM if paid > 0.0 else Payback.ALWAYS
    if paid >= 0.0:
        return Payback.NEVER
    return Payback.UP_TO if saved < 0.0 else Payback.ALWAYS


def _multiple(
    payback: Payback,
    beside: Quantity,
    saved: Quantity,
    beside_draws: FloatArray,
    saved_draws: FloatArray,
    num_replicates: int,
) -> Estimate:
    """Divide, with the interval that the resamples give."""
    if payback is Payback.UP_TO:
        beside, saved = beside.scaled(-1.0), saved.scaled(-1.0)
        beside_draws, saved_draws = -beside_draws, -saved_draws
    with np.errstate(divide="ignore", invalid="ignore"):
        draws = np.where(saved_draws > 0.0, beside_draws / saved_draws, np.inf)
    draws = np.where((saved_draws <= 0.0) & (beside_draws <= 0.0), np.nan, draws)
    low, high = percentile_interval(draws, num_replicates)
    low, high = max(low, 0.0), max(high, 0.0)
    if payback is Payback.NEVER:
        return infinite("1", Scope.CONSTANT, "no training is saved", low)
    return Estimate(quotient(beside, saved), low, high)


def quotient(beside: Quantity, saved: Quantity) -> Quantity:
    """Divide two quantities; where constants alone could make a loss, give no interval.

    Nothing to pay back is a multiple of 0.
    """
    if beside.value is None or float(beside.value) <= 0.0:
        return replace(
            beside.scaled(0.0, unit="1"), scope=Scope.CONSTANT, composition=()
        )
    floor = saved.interval[0] if saved.interval is not None else 0.0
    if float(floor) > 0.0:
        return beside.over(saved, unit="1", scope=Scope.CONSTANT)
    point = replace(saved, interval=None, errors=None)
    return beside.over(point, unit="1", scope=Scope.CONSTANT)


def is_below_zero(low: float, high: float) -> Answer:
    """Return whether a number with an interval lies below 0."""
    if high < 0.0:
        return Answer.YES
    return Answer.NO if low > 0.0 else Answer.UNDETERMINED
