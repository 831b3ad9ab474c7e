"""Two studies side by side, for the terminal."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table as Grid

from hitl_sim.analysis.interval import MIN_REPLICATES
from hitl_sim.analysis.versus import Comparison, Versus
from hitl_sim.report.number import RHO, break_even_text, digits, ratio_text, span
from hitl_sim.report.table import Table, new_grid, to_grid

_UNSET = "-"
_ORDER = ("first", "second")


def print_comparison(console: Console, found: Comparison, one: str, other: str) -> None:
    """Print what was set differently, and what that did to rho and M*.

    Args:
        console: where to print.
        found: of `hitl_sim.analysis.versus.compare_studies`.
        one: what to call the first study.
        other: what to call the second.
    """
    console.print(f"First: {escape(one)}. Second: {escape(other)}.", soft_wrap=True)
    _print_settings(console, found)
    if not found.shared:
        console.print("No condition is in both studies.")
    else:
        console.print(_conditions(found))
        console.print(_pairing(found), soft_wrap=True)
        apart = [versus for versus in found.shared if versus.is_told_apart]
        console.print(
            f"{len(apart)} of {len(found.shared)} shared conditions can be told apart"
            f" by {RHO}; by chance alone about one in twenty would."
        )
    for name, left in ((one, found.only_one), (other, found.only_other)):
        if left:
            console.print(f"Only in {escape(name)}: {escape('; '.join(left))}.")


def _pairing(found: Comparison) -> str:
    """Say whether replicates were paired, and what that saved."""
    if not found.shares_seed:
        return "The studies do not share a seed: their runs count as independent."
    paired = [versus for versus in found.shared if versus.num_paired]
    if not paired:
        return (
            "The studies have one seed but share fewer than"
            f" {MIN_REPLICATES} replicates: their runs count as independent."
        )
    least, most = (end(v.num_paired for v in paired) for end in (min, max))
    num = f"{least}" if least == most else f"{least} to {most}"
    told = (
        f"The studies have one seed: {num} replicates are compared pair by pair, in"
        f" {len(paired)} of {len(found.shared)} conditions."
    )
    saved = [v.variance_saved_frac for v in paired if v.variance_saved_frac is not None]
    if not saved:
        return told
    low, high = (f"{100 * end(saved):.0f} %" for end in (min, max))
    return (
        f"{told} Pairing saved {low if low == high else f'{low} to {high}'} of the"
        " variance of the ratio's logarithm."
    )


def _print_settings(console: Console, found: Comparison) -> None:
    if not found.settings:
        console.print("Both studies set the same.")
        return
    headings = ("setting", *_ORDER)
    rows = [(name, *map(_written, pair)) for name, pair in found.settings.items()]
    table = Table(headings, rows, "What was set differently")
    console.print(to_grid(table, fold=headings, box=box.SIMPLE_HEAD))


def _conditions(found: Comparison) -> Grid:
    numbers = [f"{RHO}, {name}" for name in _ORDER]
    numbers += ["second over first [95 %]", *(f"M*, {name}" for name in _ORDER)]
    table = new_grid(
        *("condition", *numbers),
        title=f"{RHO} and M* in energy",
        fold=("condition",),
        right=numbers,
        box=box.SIMPLE_HEAD,
    )
    for versus in found.shared:
        table.add_row(
            escape(f"{versus.task}: {versus.label}"),
            ratio_text(versus.one.ratio),
            ratio_text(versus.other.ratio),
            f"{digits(versus.value)} {span(versus.low, versus.high)}",
            *(_multiple(versus, is_first=first) for first in (True, False)),
            style="bold" if versus.is_told_apart else "",
        )
    return table


def _multiple(versus: Versus, *, is_first: bool) -> str:
    finding = versus.one if is_first else versus.other
    return break_even_text(finding.at("joules")) if finding.role == "arm" else ""


def _written(value: object) -> str:
    return _UNSET if value is None else str(value)
