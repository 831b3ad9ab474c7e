"""When a study has replicates enough: intervals of log rho that are narrow enough.

The rule is that of Chow and Robbins (1965), On the asymptotic theory of fixed-width
sequential confidence intervals for the mean, Annals of Mathematical Statistics 36(2),
457-462: go on until the interval, estimated from what is there, is as narrow as asked
for. It stops too soon where the spread happens to look small. Simons (1968), On the
cost of not knowing the variance when making a fixed-width confidence interval for the
mean, Annals of Mathematical Statistics 39(6), 1946-1952, shows that a fixed number of
further observations mends that: here it is one more batch, always.
`experiments/stopping.md` shows what that does to coverage.

What is looked at are the first 16, 24, 32 ... replicates, whatever else a folder holds:
where a study stops hangs on its records alone (and on its device and prices), not on
workers, nor on when it was killed.
"""

import math
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from hitl_sim.analysis.chance.interval import MIN_REPLICATES, tail
from hitl_sim.analysis.condition.result import analyse
from hitl_sim.analysis.run.record import read_groups
from hitl_sim.energy import load_profile
from hitl_sim.record import RecordError
from hitl_sim.study.folder import with_counted
from hitl_sim.study.manifest import manifest_of
from hitl_sim.study.plan import Plan
from hitl_sim.study.primary import primary_conditions
from hitl_sim.study.spec.replicates import BATCH, ReplicateRule
from hitl_sim.study.store import join_labels, read_records
from hitl_sim.study.swept import runs_table

PRIOR_SD = 0.17
"""Standard deviation of one pair's part in log rho, where there are no records: that of
relevance by perfect people in the shipped quickstart, whose interval of 32 replicates
is .821 to .928. Arms that are worse, or fail, spread more."""
_FIVE_PERCENT = 0.05


@dataclass(frozen=True)
class Width:
    """How well the rho of one primary comparison is known.

    Attributes:
        label: task, arm and crowd.
        replicates: pairs of runs behind it.
        half_width: of the 95 % interval of log rho; inf where it is not bounded.
    """

    label: str
    replicates: int
    half_width: float


@dataclass(frozen=True)
class Reach:
    """What a number of replicates can reach.

    Attributes:
        label: task, arm and crowd; or how many such comparisons there are.
        half_width: of the 95 % interval of log rho; inf where records cannot tell.
        for_five_percent: replicates for a half-width of .05; None where they cannot.
        seen: pairs of runs that it was estimated from; 0 where `PRIOR_SD` stands for
            them.
    """

    label: str
    half_width: float
    for_five_percent: int | None
    seen: int


class Stopping:
    """How many replicates of a plan to compute next; a look is made once."""

    def __init__(self, plan: Plan, out: Path | None) -> None:
        """Prepare.

        Args:
            plan: the study with all replicates that it may have.
            out: its results folder, if it has one.
        """
        self._plan, self._out = plan, out
        self._looked: dict[int, tuple[Width, ...]] = {}

    @property
    def rule(self) -> ReplicateRule | None:
        """The study's rule; None where its number of replicates is fixed."""
        given = self._plan.spec.replicates
        return given if isinstance(given, ReplicateRule) else None

    def next_number(self, finished: Collection[str]) -> int:
        """Return how many replicates the study must have, as far as can be told.

        Args:
            finished: keys of records that the folder holds.

        Returns:
            The first number in the study's looks of which a record is missing, or at
            which it stops.
        """
        rule = self.rule
        if rule is None:
            return self._plan.spec.most_replicates
        looks, found = rule.looks, set(finished)
        for place, number in enumerate(looks):
            if any(run.key not in found for run in self._plan.first(number).runs):
                return number
            if self._is_narrow(number, rule):
                return looks[min(place + 1, len(looks) - 1)]
        return rule.at_most

    def widths(self, number: int) -> tuple[Width, ...]:
        """Look at the first replicates."""
        if number not in self._looked:
            self._looked[number] = find_widths(self._plan.first(number), self._out)
        return self._looked[number]

    def _is_narrow(self, number: int, rule: ReplicateRule) -> bool:
        widths = self.widths(number)
        return bool(widths) and all(
            width.half_width <= rule.until_half_width for width in widths
        )

    def described(self, number: int, finished: Collection[str]) -> dict[str, Any]:
        """Describe a study's looks up to a number of replicates, for its manifest.

        Returns:
            `replicates`; `half_width`, the largest of its primary comparisons, None
            where one is not bounded or runs are missing; `is_reached`, whether that is
            what was asked for; `batch`. Empty where the number is fixed.
        """
        rule = self.rule
        if rule is None:
            return {}
        found = set(finished)
        is_whole = all(run.key in found for run in self._plan.first(number).runs)
        widths = self.widths(number) if is_whole else ()
        most = max((width.half_width for width in widths), default=math.inf)
        return {
            "replicates": number,
            "half_width": most if math.isfinite(most) else None,
            "is_reached": most <= rule.until_half_width,
            "batch": BATCH,
        }


def find_widths(plan: Plan, out: Path | None) -> tuple[Width, ...]:
    """Find how well each primary comparison is known, from the records that are there.

    Args:
        plan: the study, with the replicates that are looked at.
        out: its results folder.

    Returns:
        One width per primary condition whose runs can be analysed.
    """
    if out is None:
        return ()
    primary = {id(c) for c in primary_conditions(plan.conditions, plan.spec)}
    wanted = [
        run
        for run in plan.runs
        if not run.condition.is_trial
        and (id(run.condition) in primary or run.condition.role in ("control", "pilot"))
    ]
    part = replace(plan, runs=tuple(wanted))
    target = plan.spec.target
    try:
        records = join_labels(read_records(out), runs_table(part))
        with threadpool_limits(1):
            result = analyse(
                read_groups(records),
                with_counted(out, manifest_of(part)),
                load_profile(plan.spec.device),
                plan.spec.prices,
                fraction=target.fraction,
                smoothing=target.smoothing,
                smallest_effect=plan.spec.smallest_effect,
                seed=plan.spec.seed,
            )
    except RecordError:
        return ()
    return tuple(
        Width(
            f"{task.label}: {finding.label}",
            finding.num_runs,
            _half_width(finding.ratio.low, finding.ratio.high),
        )
        for task in result.tasks
        for finding in task.findings
        if finding.role == "arm"
    )


def _half_width(low: float, high: float) -> float:
    """Return half the width of an interval of rho, on the scale of logarithms."""
    if not (low > 0.0 and math.isfinite(high)):
        return math.inf
    return float(np.log(high / low)) / 2.0


def half_width(replicates: int, sd: float) -> float:
    """Return the half-width of a 95 % interval of log rho that replicates can reach.

    Args:
        replicates: pairs of runs.
        sd: standard deviation of one pair's part in log rho.

    Returns:
        With the expansion that `analysis.chance.interval.tail` gives an interval of so
        few; inf below `MIN_REPLICATES`.
    """
    if replicates < MIN_REPLICATES:
        return math.inf
    return -NormalDist().inv_cdf(tail(replicates)) * sd / math.sqrt(replicates)


def foresee_widths(plan: Plan, out: Path | None, number: int) -> tuple[Reach, ...]:
    """Say what a number of replicates can reach in each primary comparison.

    Args:
        plan: the study, with all replicates that it may have.
        out: results folder whose records tell how runs spread, if it has any.
        number: replicates.

    Returns:
        One per primary condition, in the study's order; from `PRIOR_SD`, and one for
        all, where there are no records.
    """
    seen = [width for width in find_widths(plan, out) if width.replicates]
    if not any(width.replicates >= MIN_REPLICATES for width in seen):
        num, sd = len(primary_conditions(plan.conditions, plan.spec)), PRIOR_SD
        label = f"each of {num} primary comparison{'' if num == 1 else 's'}"
        return (Reach(label, half_width(number, sd), replicates_for(sd), 0),)
    found = []
    for width in seen:
        sd = width.half_width / half_width(width.replicates, 1.0)
        is_known = math.isfinite(sd)
        reach = half_width(number, sd) if is_known else math.inf
        needed = replicates_for(sd) if is_known else None
        found.append(Reach(width.label, reach, needed, width.replicates))
    return tuple(found)


def replicates_for(sd: float, wanted: float = _FIVE_PERCENT) -> int:
    """Return the fewest replicates whose half-width of log rho is small enough."""
    low, high = MIN_REPLICATES - 1, MIN_REPLICATES
    while half_width(high, sd) > wanted:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if half_width(middle, sd) > wanted else (low, middle)
    return high
