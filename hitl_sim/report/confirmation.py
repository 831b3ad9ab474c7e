"""Winners on fresh seeds, for the terminal."""

import math
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from hitl_sim.analysis import Confirmation
from hitl_sim.report.number import RHO, ratio_text


def print_confirmations(console: Console, found: Sequence[Confirmation]) -> None:
    """Print what was found, what was found again, and how much of it was gone.

    Args:
        console: where to print.
        found: one confirmation per task.
    """
    if not found:
        console.print("No condition with people was there to confirm.")
        return
    table = Table(title="Winners on fresh seeds")
    table.add_column("task")
    table.add_column("condition", overflow="fold")
    for heading in (f"{RHO} when chosen", f"{RHO} again [95 %]", "shrinkage of log"):
        table.add_column(heading, justify="right")
    for one in found:
        gone = one.shrinkage_frac
        table.add_row(
            one.task,
            one.label,
            ratio_text(one.first),
            ratio_text(one.again),
            "-" if math.isnan(gone) else f"{gone:.0%}",
        )
    console.print(table)
    seeds = ", ".join(sorted({f"{c.seed} ({c.replicates} replicates)" for c in found}))
    console.print(f"Fresh seed: {seeds}. Quote the second column, not the first.")
