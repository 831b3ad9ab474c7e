"""What every command prints with: a table, a text of the room's file, a paragraph."""

from collections.abc import Collection, Sequence
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from hitl_sim.report.sentence import mark_up
from hitl_sim.report.table import Table, to_grid


def print_table(
    console: Console,
    headings: Sequence[str],
    rows: Sequence[Sequence[str | Text]],
    title: str = "",
    *,
    fold: Collection[str] = (),
    right: Collection[str] = (),
    is_compact: bool = False,
    width: int | None = None,
) -> None:
    """Print rows under headings; a look is told as to `to_grid`."""
    grid = to_grid(
        Table(headings, rows, title), fold=fold, right=right, is_compact=is_compact
    )
    console.print(grid, width=width)


def print_text(
    console: Console, name: str, *, soft_wrap: bool = False, **values: Any
) -> None:
    """Print a text by its name in the file of sentences; nothing where it is empty."""
    if text := mark_up(name, **values):
        console.print(text, soft_wrap=soft_wrap)


def print_indented(console: Console, text: str, width: int | None) -> None:
    """Print a paragraph that stands two columns in."""
    console.print(Padding(Text(text), (0, 0, 0, 2)), width=width)
