"""Tables: rows of text under headings, for the page, a terminal and Markdown alike."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from rich import box
from rich.markup import escape
from rich.table import Table as Grid

_COMPACT: dict[str, Any] = {
    "box": box.SIMPLE_HEAD,
    "pad_edge": False,
    "padding": (0, 1, 0, 0),
}


@dataclass(frozen=True)
class Table:
    """Rows of plain text under headings.

    Attributes:
        headings: of the columns.
        rows: cells under each heading.
        title: what stands above it; empty: nothing.
        classes: what each row is, by words that the page's style and a terminal know;
            empty: no row is anything special.
        notes: what is said beneath it.
    """

    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    title: str = ""
    classes: Sequence[str] = ()
    notes: Sequence[str] = ()

    def __post_init__(self) -> None:
        """Refuse classes that do not belong to the rows."""
        if self.classes and len(self.classes) != len(self.rows):
            raise ValueError(
                f"`classes` must be one per row ({len(self.rows)}), got"
                f" {len(self.classes)}."
            )

    def marked(self) -> list[tuple[Sequence[str], str]]:
        """Return each row with its class, empty where it has none."""
        classes = self.classes or [""] * len(self.rows)
        return list(zip(self.rows, classes, strict=True))


def new_grid(
    *headings: str,
    title: str = "",
    fold: Iterable[str] = (),
    right: Iterable[str] = (),
    whole: Iterable[str] = (),
    is_compact: bool = False,
    **look: Any,
) -> Grid:
    """Return an empty table for a terminal.

    Args:
        *headings: of the columns.
        title: above it.
        fold: columns that break their text rather than cut it.
        right: columns that end at the right.
        whole: columns whose text stays in one piece.
        is_compact: whether a line under the headings is all its frame, and little
            room between its columns.
        **look: anything else that `rich.table.Table` takes.
    """
    folded, ended, unbroken = set(fold), set(right), set(whole)
    grid = Grid(title=escape(title) or None, **(_COMPACT if is_compact else {}), **look)
    for name in headings:
        grid.add_column(
            name,
            overflow="fold" if name in folded else "ellipsis",
            justify="right" if name in ended else "left",
            no_wrap=name in unbroken,
        )
    return grid


def to_grid(table: Table, **look: Any) -> Grid:
    """Return a table for a terminal, looking as `new_grid` says; cells are escaped."""
    grid = new_grid(*table.headings, title=table.title, **look)
    for row in table.rows:
        grid.add_row(*map(escape, row))
    return grid


def to_markdown(table: Table) -> list[str]:
    """Return the lines of a table in Markdown; a `|` in a cell is escaped already."""
    head = [f"| {' | '.join(table.headings)} |", "| --- " * len(table.headings) + "|"]
    return head + [f"| {' | '.join(row)} |" for row in table.rows]
