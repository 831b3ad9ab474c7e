"""Beyond what may be predicted: which rho would be required of a published training."""

from __future__ import annotations

from hitl_sim.analysis.growth import required_ratio
from hitl_sim.cost import Boundary, published_runs
from hitl_sim.energy import Quantity
from hitl_sim.report.number import RHO, digits

HOURS = (1e2, 1e4, 1e6, 1e7)
"""Hours of people for which the question is asked, h."""
_LEAST = 1e-2
"""Closer to 1 the ratio is written as what it lacks."""


def inverted_note() -> str:
    """Say what the table of required ratios means."""
    return (
        "Nothing here is predicted more than one decade beyond the largest size that"
        f" was run. Instead: the {RHO} that would be required to repay some hours of"
        " people with the published energy of a training run. Below 0: not even"
        " training for nothing would. Hypothetical; the published energies have no"
        " interval."
    )


def inverted_headings() -> tuple[str, ...]:
    """Return the headings: hours of people, then one run per column."""
    runs = (f"{RHO} required at {run.name}'s energy" for run in published_runs())
    return ("hours of people", *runs)


def inverted_rows(boundary: Boundary) -> list[tuple[str, ...]]:
    """List the required ratios by hours of people.

    Args:
        boundary: what an hour is charged with.
    """
    runs = published_runs()
    return [
        (
            f"{hours:,.0f} h",
            *(_required(required_ratio(run, hours, boundary)) for run in runs),
        )
        for hours in HOURS
    ]


def _required(ratio: Quantity) -> str:
    if ratio.value is None:
        return f"unavailable: {ratio.reason}"
    value = float(ratio.value)
    left = 1.0 - value
    return f"1 - {digits(left)}" if 0.0 < left < _LEAST else digits(value)
