"""Winners on fresh seeds: what was left of a rho that was chosen for being best."""

import math
from dataclasses import dataclass

from hitl_sim.analysis.estimate import Estimate


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
    """

    task: str
    label: str
    first: Estimate
    again: Estimate
    seed: int
    replicates: int

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
