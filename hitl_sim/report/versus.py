"""Two studies side by side, for the terminal."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from hitl_sim.analysis.versus import Comparison, Versus
from hitl_sim.report.number import RHO, break_even_text, digits, ratio_text, span

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
        apart = [versus for versus in found.shared if versus.is_told_apart]
        console.print(
            f"{len(apart)} of {len(found.shared)} shared conditions can be told apart"
            f" by {RHO}; by chance alone about one in twenty would."
        )
    for name, left in ((one, found.only_one), (other, found.only_other)):
        if left:
            console.print(f"Only in {escape(name)}: {escape('; '.join(left))}.")


def _print_settings(console: Console, found: Comparison) -> None:
    if not found.settings:
        console.print("Both studies set the same.")
        return
    table = Table(title="What was set differently", box=box.SIMPLE_HEAD)
    table.add_column("setting", overflow="fold")
    for name in _ORDER:
        table.add_column(name, overflow="fold")
    for name, pair in found.settings.items():
        table.add_row(escape(name), *(escape(_written(value)) for value in pair))
    console.print(table)


def _conditions(found: Comparison) -> Table:
    table = Table(title=f"{RHO} and M* in energy", box=box.SIMPLE_HEAD)
    table.add_column("condition", overflow="fold")
    for name in _ORDER:
        table.add_column(f"{RHO}, {name}", justify="right")
    table.add_column("second over first [95 %]", justify="right")
    for name in _ORDER:
        table.add_column(f"M*, {name}", justify="right")
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
