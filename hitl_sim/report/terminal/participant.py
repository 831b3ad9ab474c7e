"""Imports and fits for the terminal; every name from a file is escaped."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape

from hitl_sim.report.table import Table, to_grid

if TYPE_CHECKING:
    from hitl_sim.participants.answers import Answers
    from hitl_sim.participants.fit import CrowdFit
    from hitl_sim.participants.inventory import Inventory

_MOST_OPTIONS = 12


def print_inventory(console: Console, answers: Answers, found: Inventory) -> None:
    """Print what answers hold and what they identify.

    Args:
        console: where to print.
        answers: the import, for its notes.
        found: what was found in it.
    """
    console.print(
        f"[bold]{escape(answers.origin)}[/bold]: {found.num_answers} answers "
        f"({escape(found.kind)}) of {found.num_people} people to {found.num_items} "
        f"items, {found.num_skips} skips, {found.num_repeats} second looks; gold for "
        f"{found.num_gold} items."
    )
    least, middle, most = found.by_person
    console.print(f"Answers per person: {least} to {most}, median {middle}.")
    least, middle, most = found.by_item
    console.print(f"People per item: {least} to {most}, median {middle}.")
    names = ", ".join(found.options[:_MOST_OPTIONS])
    rest = len(found.options) - _MOST_OPTIONS
    more = f" and {rest} more" if rest > 0 else ""
    console.print(f"Options: {escape(names)}{more}.")
    if found.idle is not None:
        console.print(
            f"Idle time, by a mixture: {found.idle.idle_share:.1%} of all seconds, in "
            f"{found.idle.share:.1%} of the answers. Nothing is clipped."
        )
    for note in answers.notes:
        console.print(f"[yellow]note:[/yellow] {escape(note)}")
    headings = ("what", "can be identified", "why")
    rows = [(one.what, one.is_identified, one.why) for one in found.findings]
    table = Table(headings, rows, "What the answers can identify")
    console.print(to_grid(table, fold=headings))


def print_fit(console: Console, fit: CrowdFit) -> None:
    """Print every number of a fit with its interval and standing."""
    rows = []
    for number in fit.numbers:
        interval = ""
        if math.isfinite(number.low):
            interval = f"{number.low:.3g} to {number.high:.3g}"
        value = f"{number.value:.3g}" if math.isfinite(number.value) else ""
        standing = "no"
        if number.is_identified:
            standing = "weakly" if number.is_weak else "yes"
        rows.append((number.name, value, interval, standing, number.note))
    headings = ("number", "value", "95 % interval", "identified", "note")
    title = f"Fitted crowd: {fit.kind}, {len(fit.options)} options"
    console.print(to_grid(Table(headings, rows, title), fold=("note",)))
    if fit.quality.num_rows < fit.num_answers and fit.kind == "label":
        console.print(
            f"The crowd's numbers were fitted to {fit.quality.num_rows} answers to "
            "items drawn at random; people to all of theirs."
        )
