"""What a budget of energy buys in human time, for the terminal."""

from rich.console import Console

from hitl_sim.cost import BOUNDARIES, Boundary, afford, published_runs
from hitl_sim.energy import Quantity
from hitl_sim.energy.display import format_value
from hitl_sim.report.table import Table, to_grid
from hitl_sim.unit import S_PER_H


def _in_hours(seconds: Quantity) -> str:
    hours = seconds.scaled(1 / S_PER_H, unit="h")
    if hours.value is None:
        return f"no limit: {hours.reason}"
    return f"{format_value(hours.value, 'h', hours.interval)} ({hours.kind.words})"


def _boundary(name: str) -> Boundary:
    for known in BOUNDARIES:
        if known == name:
            return known
    allowed = ", ".join(repr(b) for b in BOUNDARIES)
    raise ValueError(f"`boundary` must be one of {allowed}, got {name!r}.")


def print_affordance(console: Console, joules: float, boundary: str | None) -> None:
    """Print human time per boundary of an hour, for a budget and published runs.

    Args:
        console: where to print.
        joules: the budget, J; > 0.
        boundary: one boundary, or None for all.

    Raises:
        ValueError: the budget is not positive, or the boundary is unknown.
    """
    chosen = BOUNDARIES if boundary is None else (_boundary(boundary),)
    bought = {name: afford(joules, name) for name in chosen}
    source = "source of the joules per hour"
    found = Table(
        ("an hour of a person is", "human time", source),
        [(name, _in_hours(time), time.source) for name, time in bought.items()],
        "What energy buys in human time",
    )
    console.print(
        f"A budget of {format_value(joules, 'J', None)}, spent on people instead:"
    )
    console.print(to_grid(found, fold=(source,)))
    for published in published_runs():
        times = published.joules.value
        if isinstance(times, float):
            console.print(
                f"{published.name} was trained on {times / joules:,.3g} such budgets "
                f"({published.joules.kind.words}; {published.joules.source})."
            )
