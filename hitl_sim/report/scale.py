"""Growth with size, one decade ahead; and beyond, which rho would be required."""

from __future__ import annotations

from collections.abc import Sequence

from scipy.stats import binomtest

from hitl_sim.analysis import StudyResult
from hitl_sim.analysis.growth import required_ratio
from hitl_sim.analysis.scaling import Scaling, find_scalings, hidden_tests
from hitl_sim.cost import Boundary, published_runs
from hitl_sim.energy import Quantity
from hitl_sim.report.number import RHO, digits, span
from hitl_sim.report.sentence import say
from hitl_sim.report.table import Table

_GROWTH = (
    "grows with",
    "held",
    "arm",
    "amount per success",
    "exponent [95 %]",
    "one decade beyond (hypothetical)",
    "largest size hidden",
)


def growth_note(scalings: Sequence[Scaling]) -> str:
    """Say how predictions of hidden sizes ended.

    Args:
        scalings: of `hitl_sim.analysis.scaling.find_scalings`.
    """
    tested = hidden_tests(scalings)
    share = None
    if tested:
        share = binomtest(sum(tested), len(tested)).proportion_ci(0.95, "exact")
    return say("note.laws", tested=tested, share=share)


def tell_growth(found: Scaling) -> str:
    """Say one law in a sentence."""
    names = ("size", "held", "arm", "amount", "exponent", "ahead", "hidden")
    return say("note.law", **dict(zip(names, _growth_row(found), strict=True)))


def growth_table(result: StudyResult) -> Table:
    """List every law, its prediction one decade ahead and its test, under a note.

    Args:
        result: of `hitl_sim.analysis.analyse`.
    """
    scalings = find_scalings(result)
    rows = [_growth_row(scaling) for scaling in scalings]
    return Table(_GROWTH, rows, growth_note(scalings) if rows else "")


def _growth_row(found: Scaling) -> tuple[str, ...]:
    law, ahead = found.growth, found.ahead
    first, last = (f"{size:,.0f}" for size in (law.size[0], law.size[-1]))
    return (
        f"{found.size}, {first} to {last}",
        f"{found.task}{', ' + found.rest if found.rest else ''}",
        found.arm,
        found.amount,
        f"{digits(law.exponent)} {span(law.exponent_low, law.exponent_high)}",
        f"at {ahead.size:,.0f}: {digits(ahead.value)} {span(ahead.low, ahead.high)}",
        _hidden(found),
    )


def _hidden(found: Scaling) -> str:
    if found.hidden is None:
        return "not tested"
    held = "held" if found.is_held else "missed"
    measured = digits(float(found.growth.amount[-1]))
    return f"{held}: {span(found.hidden.low, found.hidden.high)}, found {measured}"


HOURS = (1e2, 1e4, 1e6, 1e7)
"""Hours of people for which the question is asked, h."""
_LEAST = 1e-2
"""Closer to 1 the ratio is written as what it lacks."""


def inverted_table(boundary: Boundary) -> Table:
    """List the required ratios by hours of people, under a note on what they mean.

    Args:
        boundary: what an hour is charged with.
    """
    runs = published_runs()
    return Table(
        (
            "hours of people",
            *(f"{RHO} required at {run.name}'s energy" for run in runs),
        ),
        [
            (
                f"{hours:,.0f} h",
                *(_required(required_ratio(run, hours, boundary)) for run in runs),
            )
            for hours in HOURS
        ],
        say("page.inverted"),
    )


def _required(ratio: Quantity) -> str:
    if ratio.value is None:
        return f"unavailable: {ratio.reason}"
    value = float(ratio.value)
    left = 1.0 - value
    return f"1 - {digits(left)}" if 0.0 < left < _LEAST else digits(value)
