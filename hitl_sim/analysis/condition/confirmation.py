"""The best of many looks better than it is: how much of it is left elsewhere."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hitl_sim.analysis.chance.estimate import Estimate
from hitl_sim.analysis.chance.interval import ratio_of

if TYPE_CHECKING:
    from hitl_sim.analysis.condition.finding import Finding


@dataclass(frozen=True)
class Confirmation:
    """One task's winner, as it was found and as it was found again.

    Attributes:
        task: name of the task.
        label: the winning condition, in words.
        first: rho where the condition was chosen for being best.
        again: rho on fresh seeds, where it was chosen beforehand.
        seed: of the fresh runs.
        replicates: of the fresh runs.
        place: of the task among the study's results.
    """

    task: str
    label: str
    first: Estimate
    again: Estimate
    seed: int
    replicates: int
    place: int = 0

    @property
    def shrinkage_frac(self) -> float:
        """Share of log rho that was gone on fresh seeds; NaN where rho is not finite.

        0 is no shrinkage, 1 says that nothing was left, above 1 that a saving became a
        loss.
        """
        found, left = self.first.value, self.again.value
        if not (0 < found < math.inf and 0 < left < math.inf) or found == 1.0:
            return math.nan
        return 1.0 - math.log(left) / math.log(found)


def judged_apart(findings: Sequence["Finding"], control: "Finding") -> float:
    """Say what the best of many is where it is judged by runs that did not pick it.

    Half of the replicates picks, the other half judges, then the other way round; of
    the two ratios the geometric mean. It is that of the best of half as many runs, and
    so errs on the safe side.

    Args:
        findings: all conditions that were compared.
        control: their control.

    Returns:
        rho; NaN where there are not two conditions with all replicates, or a half is
        not finite.

    References:
        Stone (1974), Cross-validatory choice and assessment of statistical predictions,
        Journal of the Royal Statistical Society B 36(2).
    """
    whole = [one.cost_sample for one in findings if not one.num_missing]
    num = len(control.cost_sample.spent)
    if len(whole) < 2 or num < 4:
        return math.nan
    is_odd = np.arange(num) % 2 == 1
    found = []
    for picks in (is_odd, ~is_odd):
        rows, rest = np.flatnonzero(picks), np.flatnonzero(~picks)
        costs = [one.select(rows).per_success for one in whole]
        winner = whole[int(np.argmin(costs))].select(rest)
        beside = control.cost_sample.select(rest)
        found.append(float(ratio_of(winner.per_success, beside.per_success)))
    if not all(0.0 < ratio < math.inf for ratio in found):
        return math.nan
    return math.sqrt(found[0] * found[1])
