"""The same runs billed at another clock: nothing is trained again.

A clock changes what counted work takes, and no outcome. One clock is chosen for a task,
by what the control's training takes; guidance is billed at the same. The share of power
that does not follow the clock is assumed, so these joules are no better than assumed.

References:
    Tang, Wang, Wang and Chu (2019), The impact of GPU DVFS on the energy and
    performance of deep learning, e-Energy, arXiv 1905.11012 (what sweeps measured).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from hitl_sim.analysis.chance.estimate import Estimate, number
from hitl_sim.analysis.chance.interval import (
    NUM_RESAMPLES,
    CostSample,
    draw_pair,
    percentile_interval,
    ratio_of,
    resample,
)
from hitl_sim.analysis.condition.finding import Finding
from hitl_sim.analysis.run.usage import work_unit
from hitl_sim.array import FloatArray
from hitl_sim.energy import DeviceProfile, Kind, Quantity, Scope
from hitl_sim.energy.clock import default_shares
from hitl_sim.energy.clock.model import (
    LOWEST_SHARE,
    Slowed,
    capped_share,
    power_left,
    slow_unit,
)
from hitl_sim.energy.monte_carlo import draw_interval, draw_source

_STEPS = 100
"""Clocks are tried in hundredths of the highest."""


@dataclass(frozen=True)
class ClockPolicy:
    """How a clock is chosen.

    Attributes:
        name: what the row is called.
        most_time: times as long as at the highest clock that the control's training
            may take.
        cap_frac: most power, beside that at the highest clock; the clock is the highest
            within it. None chooses the clock of least energy.
    """

    name: str
    most_time: float = math.inf
    cap_frac: float | None = None


@dataclass(frozen=True)
class ClockPoint:
    """A clock, and what it makes of the control's training.

    Attributes:
        policy: how it was chosen.
        share: of the highest clock.
        time: times as long as at the highest.
    """

    policy: ClockPolicy
    share: float
    time: float

    @property
    def table(self) -> dict[str, Any]:
        """Return it as a method's table, with numbers in words."""
        policy = self.policy
        why = "least energy"
        if policy.cap_frac is not None:
            why = f"power capped at {policy.cap_frac:g}"
        elif math.isfinite(policy.most_time):
            why = f"least energy in {policy.most_time:g} times as long"
        return {
            "kind": "clock",
            "share": f"{self.share:.2f}",
            "time": f"{self.time:.2f}",
            "chosen for": why,
        }


def clock_policies(most_time: float, cap_frac: float) -> tuple[ClockPolicy, ...]:
    """Return the three ways to choose: freely, in time, and under a power cap.

    Args:
        most_time: times as long as at the highest clock that training may take.
        cap_frac: the cap, beside the power at the highest clock.

    Raises:
        ValueError: the time is less than 1, or the cap is not in (0, 1].
    """
    if not most_time >= 1.0:
        raise ValueError(f"`most_time` must be >= 1, got {most_time}.")
    if not 0.0 < cap_frac <= 1.0:
        raise ValueError(f"`power_cap` must be > 0 and <= 1, got {cap_frac}.")
    return (
        ClockPolicy("clock_free"),
        ClockPolicy("clock_in_time", most_time=most_time),
        ClockPolicy("power_cap", cap_frac=cap_frac),
    )


class Clocks:
    """Bills findings of one study at other clocks."""

    def __init__(
        self, work: Mapping[str, Mapping[str, Any]], profile: DeviceProfile
    ) -> None:
        """Prepare.

        Args:
            work: units of work as the manifest counted them, by name.
            profile: the study's device.
        """
        self._profile = profile
        self._units = {name: work_unit(name, unit) for name, unit in work.items()}
        costs = {name: profile.unit_cost(unit) for name, unit in self._units.items()}
        self._joules = {name: number(cost.joules) for name, cost in costs.items()}
        self._seconds = {name: number(cost.seconds) for name, cost in costs.items()}
        self._static = default_shares().static_frac

    def choose(self, policy: ClockPolicy, control: Finding) -> ClockPoint | None:
        """Choose a clock for the control's training.

        Returns:
            The clock; None where no clock keeps the cap.
        """
        if policy.cap_frac is not None:
            share = capped_share(self._static.value, policy.cap_frac)
            return None if share is None else self._point(policy, share, control)
        steps = range(round(LOWEST_SHARE * _STEPS), _STEPS + 1)
        points = [self._point(policy, step / _STEPS, control) for step in steps]
        in_time = [p for p in points if p.time <= policy.most_time]
        return min(
            in_time, key=lambda p: self._cost_sample(control, p.share).per_success
        )

    def finding(
        self,
        finding: Finding,
        control: Finding,
        point: ClockPoint,
        name: str,
        seed: int,
    ) -> Finding:
        """Return an arm as if its runs had been at a clock, the control's not."""
        cost_sample = self._cost_sample(finding, point.share)
        left = cost_sample.per_success / finding.cost_sample.per_success
        joules = finding.joules
        at_clock = Estimate(
            self.scaled(joules.quantity, left, point.share),
            joules.low * left,
            joules.high * left,
        )
        weights = resample(finding.num_runs, seed)
        with np.errstate(invalid="ignore", divide="ignore"):
            draws = ratio_of(*draw_pair(cost_sample, control.cost_sample, weights))
            low, high = percentile_interval(
                draws * self.spread(point.share), finding.num_runs
            )
        quantity = Quantity(
            cost_sample.per_success / control.cost_sample.per_success,
            "1",
            min(control.ratio.quantity.kind, finding.ratio.quantity.kind, Kind.ASSUMED),
            Scope.CONSTANT,
            None,
            f"clock at {point.share:.2f} of the highest; {self._static.source}",
        )
        return replace(
            finding,
            arm=name,
            role="arm",
            cost_sample=cost_sample,
            joules=at_clock,
            ratio=Estimate(quantity, low, high),
        )

    def spread(self, share: float) -> FloatArray:
        """Return `[B]` draws of the power left at a clock, beside its central value."""
        drawn = draw_source(
            "clock.static_frac", *self._static.ends, num_draws=NUM_RESAMPLES
        )
        centre = power_left(self._static.value, share)
        return np.asarray(power_left(np.clip(drawn, 0.0, 1.0), share) / centre)

    def query(self, unit: str, joules: Quantity, share: float) -> Quantity:
        """Return what a unit takes at a clock, given what it does at the highest."""
        left = self._slowed(unit, share).joules * self._left(share)
        return self.scaled(joules, left, share)

    def scaled(self, joules: Quantity, left: float, share: float) -> Quantity:
        """Return joules times what a clock leaves of them, which is assumed."""
        ends = draw_interval(left, left * self.spread(share))
        source = f"clock model at {share:.2f}; static share: {self._static.source}"
        factor = Quantity(left, "1", Kind.ASSUMED, Scope.CONSTANT, ends, source)
        return joules.times(factor, unit="J")

    def _left(self, share: float) -> float:
        return float(np.asarray(power_left(self._static.value, share)))

    def _slowed(self, unit: str, share: float) -> Slowed:
        return slow_unit(self._units[unit], self._profile, share)

    def _point(self, policy: ClockPolicy, share: float, control: Finding) -> ClockPoint:
        names, pooled = control.amounts.names, control.amounts.pooled
        used = [
            (name, amount * self._seconds[name])
            for name, amount in zip(names, pooled.tolist(), strict=True)
            if name in self._units and amount > 0.0
        ]
        taken = sum(s * self._slowed(name, share).seconds for name, s in used)
        return ClockPoint(policy, share, taken / sum(s for _, s in used))

    def _cost_sample(self, finding: Finding, share: float) -> CostSample:
        amounts, left = finding.amounts, self._left(share)
        return amounts.priced_by(
            {
                name: self._joules[name] * self._slowed(name, share).joules * left
                for column, name in enumerate(amounts.names)
                if name in self._units and amounts.spent[:, column].any()
            }
        )
