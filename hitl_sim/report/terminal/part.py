"""Checks of a part, for the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape

if TYPE_CHECKING:
    from hitl_sim.part import Part


def print_checks(
    console: Console,
    part: Part,
    options: Mapping[str, Any],
    done: Iterable[tuple[str, str, str]],
) -> bool:
    """Print each check of a part as it is done.

    Args:
        console: where to print.
        part: what is checked.
        options: it is checked with.
        done: of `hitl_sim.check.run_checks`: name, failure and note of each.

    Returns:
        Whether all passed.
    """
    given = "".join(f", {name} = {value!r}" for name, value in options.items())
    console.print(f"[bold]{part.kind} {escape(part.name + given)}[/bold]")
    is_passed = True
    for name, failure, note in done:
        is_passed &= not failure
        verdict = "[red]failed[/red]" if failure else "passed"
        words = escape(failure or note)
        console.print(f"  {name}: {verdict}{'; ' if words else ''}{words}")
    return is_passed
