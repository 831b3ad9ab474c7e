"""What a study claims about rho, and how many failures the claim survives.

An interval of rho knows the failures that runs have shown. A claim may hang on those
that they have not: with a cap of 3.3 times what a run spends, one failure more in 32
runs moves rho by a tenth. So with each claim goes the share of failing runs at which it
still stands, worked out from the same resamples. Where few runs of a condition failed
(`failure.FEW`), this has to be at least the share that may fail as far as the study can
tell, or the claim is withheld: too few failures were seen to tell.

A saving hangs on the arm's unseen failures, a loss on the control's, "no difference" on
both. The other side counts with as few failures as it may have, where it has few. An
arm is like every arm of its base. The control is like its copies alone: arms that never
fail do not vouch for what they are held against.
"""

import enum
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from hitl_sim.analysis.chance.failure import (
    FEW,
    bound_failures,
    least_spent,
    replicates_for,
    share_survived,
)
from hitl_sim.analysis.chance.interval import (
    MIN_REPLICATES,
    CostSample,
    draw_pair,
    tail,
)
from hitl_sim.array import BoolArray, FloatArray


class Effect(enum.Enum):
    """Where rho's interval lies beside 1 and the smallest effect of interest."""

    SAVES = "saves"
    """All of it is below 1 by at least the smallest effect."""
    COSTS_MORE = "costs more"
    """All of it is above 1 by at least the smallest effect."""
    NO_DIFFERENCE = "no difference that matters"
    """All of it is within the smallest effect of 1."""
    UNDETERMINED = "undetermined"
    """None of these: more replicates are needed."""
    TOO_FEW_FAILURES = "too few failures seen to tell"
    """One of the first three, but failures that runs have not shown may undo it."""


def judge(low: float, high: float, smallest_effect: float) -> Effect:
    """Say what an interval of rho shows; `high` may be inf.

    What is smaller than the smallest effect, in (0, 1), would not matter.
    """
    if high <= 1.0 - smallest_effect:
        return Effect.SAVES
    if low >= 1.0 + smallest_effect:
        return Effect.COSTS_MORE
    if low >= 1.0 - smallest_effect and high <= 1.0 + smallest_effect:
        return Effect.NO_DIFFERENCE
    return Effect.UNDETERMINED


@dataclass(frozen=True)
class Spent:
    """What one side of a comparison spends, by resample.

    Attributes:
        per_success: `[B, ...]` all of it per success.
        reached: `[B, ...]` what a run spends that reaches.
        if_failed: `[B, ...]` what a run spends that does not.
    """

    per_success: FloatArray
    reached: FloatArray
    if_failed: FloatArray


def below_until(one: Spent, other: Spent, limit: float, tail: float) -> FloatArray:
    """Return the share of failures of one at which it stays below the other's bill.

    That is below `limit` of these bills, in all resamples but the share `tail`.
    """
    return share_survived(limit * other.per_success, one.reached, one.if_failed, tail)


def survived_shares(
    effect: Effect, arm: Spent, control: Spent, smallest_effect: float, tail: float
) -> tuple[FloatArray | None, FloatArray | None]:
    """Return the shares of failures of arm and control that a claim survives.

    `tail` is the share of resamples below the interval, and above it. None for a side
    on whose failures the claim does not hang.
    """
    less, more = 1.0 - smallest_effect, 1.0 + smallest_effect
    of_arm, of_control = {
        Effect.SAVES: (less, None),
        Effect.COSTS_MORE: (None, 1.0 / more),
        Effect.NO_DIFFERENCE: (more, 1.0 / less),
    }.get(effect, (None, None))
    return (
        None if of_arm is None else below_until(arm, control, of_arm, tail),
        None if of_control is None else below_until(control, arm, of_control, tail),
    )


@dataclass(frozen=True)
class Side:
    """The failures of one side of a comparison, and those that it may have.

    Attributes:
        failed: runs that did not reach.
        runs: runs in all.
        least: share of such runs that fails at least, as far as the study can tell.
        may_fail: share that may fail.
        alike: failed runs, and runs, of each other condition that it was bounded with.
    """

    failed: int
    runs: int
    least: float
    may_fail: float
    alike: tuple[tuple[int, int], ...]

    def replicates_for(self, share: float) -> int | None:
        """Return about how many replicates would bound what may fail by a share."""
        failed, runs = zip((self.failed, self.runs), *self.alike, strict=True)
        return replicates_for(share, failed, runs)

    def upholds(self, survived: float) -> bool:
        """Return whether a claim that survives a share of failures stands."""
        return self.failed >= FEW or survived >= self.may_fail

    def guarded(self, spent: Spent) -> Spent:
        """Return what it spends with as few failures as may be, where few were seen."""
        share = np.array(self.least if 0 < self.failed < FEW else math.nan)
        parts = spent.per_success, spent.reached, spent.if_failed
        return replace(spent, per_success=least_spent(*parts, share))


def find_side(own: BoolArray, *alike: BoolArray) -> Side:
    """Bound the failures of a condition, given `[R]` whether each of its runs reached.

    `alike` are the same of the conditions that it is like.
    """
    reached = [own, *alike]
    failed = np.array([int((~one).sum()) for one in reached])
    runs = np.array([len(one) for one in reached])
    least, most = bound_failures(failed, runs)
    others = tuple(zip(failed[1:].tolist(), runs[1:].tolist(), strict=True))
    return Side(int(failed[0]), int(runs[0]), float(least), float(most), others)


_COPIES = ("control", "null")
"""Roles of conditions whose runs are the control's."""


def find_sides(
    samples: Mapping[str, tuple[str, CostSample]],
) -> dict[str, Side]:
    """Bound the failures of every condition of a base by those that it is like.

    Given role and cost_sample by condition. The control and its copies are alike; so is
    all that is held against them. Those that are the same run for run count once.
    """
    sides: dict[str, Side] = {}
    for is_copy in (False, True):
        alike = {
            k: one for k, (role, one) in samples.items() if is_copy is (role in _COPIES)
        }
        apart = {one.key: one.is_reached for one in alike.values()}
        # what bounds a condition's failures is how many runs of it and of others failed
        found: dict[tuple[int, int], Side] = {}
        for condition, one in alike.items():
            count = int(one.is_reached.sum()), len(one.is_reached)
            if count not in found:
                others = (reached for key, reached in apart.items() if key != one.key)
                found[count] = find_side(one.is_reached, *others)
            sides[condition] = found[count]
    return sides


@dataclass(frozen=True)
class Claim:
    """What is claimed about rho, and what would undo it.

    Attributes:
        effect: what is claimed, or why nothing is.
        by_interval: what the interval alone would claim.
        survived: largest share of failing runs at which it still stands; NaN where the
            interval claims nothing.
        hangs_on: "arm" or "control": whose failures these are.
        side: the failures of that side; None where the interval claims nothing.
        enough: about how many replicates would do where it is withheld, none of that
            side failing and others as often as they did; None where no number would, or
            it is not.
    """

    effect: Effect
    by_interval: Effect
    survived: float = math.nan
    hangs_on: str = "arm"
    side: Side | None = None
    enough: int | None = None

    @property
    def may_fail(self) -> float:
        """Return the share of such runs that may fail; NaN without a claim."""
        return math.nan if self.side is None else self.side.may_fail


@dataclass(frozen=True)
class Held:
    """An arm held against its control: the failures of either, for every claim."""

    arm: Side
    control: Side

    def claim(
        self,
        low: float,
        high: float,
        cost_samples: tuple[CostSample, CostSample],
        weights: FloatArray,
        smallest_effect: float,
    ) -> Claim:
        """Say what an interval of rho shows, and how far that can be trusted.

        Args:
            low: lower end of the interval.
            high: upper end.
            cost_samples: of arm and control.
            weights: `[B, R]` resamples.
            smallest_effect: smallest change of rho that would matter.
        """
        effect = judge(low, high, smallest_effect)
        if effect is Effect.UNDETERMINED or cost_samples[0].is_same(cost_samples[1]):
            return Claim(effect, effect)
        share = tail(weights.shape[1])
        shares = survived_shares(
            effect, *self._spend(*cost_samples, weights), smallest_effect, share
        )
        sides = zip(("arm", "control"), (self.arm, self.control), shares, strict=True)
        cases = [(float(s), name, side) for name, side, s in sides if s is not None]
        doubtful = [case for case in cases if not case[2].upholds(case[0])]
        survived, hangs_on, side = min(doubtful or cases, key=lambda case: case[0])
        if not doubtful:
            return Claim(effect, effect, survived, hangs_on, side)
        enough = side.replicates_for(survived) if not side.failed else None
        return Claim(Effect.TOO_FEW_FAILURES, effect, survived, hangs_on, side, enough)

    def _spend(
        self, arm: CostSample, control: CostSample, weights: FloatArray
    ) -> tuple[Spent, Spent]:
        """Take apart what arm and control spend, drawn together."""
        spent, beside = draw_pair(arm, control, weights)
        return (
            self.arm.guarded(Spent(spent, *arm.means(weights))),
            self.control.guarded(Spent(beside, *control.means(weights))),
        )

    def upholds_order(
        self,
        arm: CostSample,
        control: CostSample,
        weights: FloatArray,
        *,
        is_below: bool,
    ) -> bool:
        """Return whether it stands that the arm's bill is below the control's, or not.

        Both are given run by run, with `[B, R]` weights of resamples.
        """
        if weights.shape[1] < MIN_REPLICATES:
            return False
        spent, beside = self._spend(arm, control, weights)
        one, other = (spent, beside) if is_below else (beside, spent)
        side = self.arm if is_below else self.control
        return side.upholds(float(below_until(one, other, 1.0, tail(weights.shape[1]))))
