"""Winners on fresh seeds, for the terminal."""

import math
from collections.abc import Sequence

from rich.console import Console

from hitl_sim.analysis import Confirmation
from hitl_sim.report.number import RHO, ratio_text
from hitl_sim.report.table import Table, to_grid


def print_confirmations(console: Console, found: Sequence[Confirmation]) -> None:
    """Print what was found, what was found again, and how much of it was gone.

    Args:
        console: where to print.
        found: one confirmation per task.
    """
    if not found:
        console.print("No condition with people was there to confirm.")
        return
    numbers = (f"{RHO} when chosen", f"{RHO} again [95 %]", "shrinkage of log")
    rows = [
        (
            one.task,
            one.label,
            ratio_text(one.first),
            ratio_text(one.again),
            "-" if math.isnan(one.shrinkage_frac) else f"{one.shrinkage_frac:.0%}",
        )
        for one in found
    ]
    table = Table(("task", "condition", *numbers), rows, "Winners on fresh seeds")
    console.print(to_grid(table, fold=("condition",), right=numbers))
    seeds = ", ".join(sorted({f"{c.seed} ({c.replicates} replicates)" for c in found}))
    console.print(f"Fresh seed: {seeds}. Quote the second column, not the first.")
