"""Tables: rows of text under headings, for the page, a terminal and Markdown alike."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from rich import box
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table as Grid
from rich.text import Text

T = TypeVar("T")
_COMPACT: dict[str, Any] = {
    "box": box.SIMPLE_HEAD,
    "pad_edge": False,
    "padding": (0, 1, 0, 0),
}
_STYLES = {"saving": "bold", "apart": "bold", "control": "dim", "null": "dim"}
"""How a terminal shows rows of these classes."""


@dataclass(frozen=True)
class Table:
    """Rows of plain text under headings; a terminal may show a cell in a style.

    Attributes:
        title: what stands above it; empty: nothing.
        classes: what each row is, by words that the page's style and `to_grid` know;
            empty: no row is anything special.
        notes: what is said beneath it.
    """

    headings: Sequence[str]
    rows: Sequence[Sequence[str | Text]]
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

    def marked(self) -> list[tuple[Sequence[str | Text], str]]:
        """Return each row with its class, empty where it has none."""
        classes = self.classes or [""] * len(self.rows)
        return list(zip(self.rows, classes, strict=True))


def lay_out(
    rows: Iterable[T], columns: Mapping[str, Callable[[T], str]], title: str = ""
) -> Table:
    """Return a table of what each column, under its heading, writes of a row."""
    cells = [tuple(write(row) for write in columns.values()) for row in rows]
    return Table(tuple(columns), cells, title)


def to_grid(
    table: Table,
    *,
    fold: Collection[str] = (),
    right: Collection[str] = (),
    whole: Collection[str] = (),
    is_compact: bool = False,
    **look: Any,
) -> Grid:
    """Return a table for a terminal; cells are shown as they are, never as markup.

    Rows of class `crowd` are indented, and one of class `total` stands under a line.

    Args:
        table: the table.
        fold: columns that break their text rather than cut it.
        right: columns that end at the right.
        whole: columns whose text stays in one piece.
        is_compact: whether a line under the headings is all its frame, and little
            room between its columns.
        **look: anything else that `rich.table.Table` takes.
    """
    frame = _COMPACT if is_compact else {}
    grid = Grid(title=escape(table.title) or None, **frame, **look)
    for name in table.headings:
        grid.add_column(
            name,
            overflow="fold" if name in fold else "ellipsis",
            justify="right" if name in right else "left",
            no_wrap=name in whole,
        )
    for row, kind in table.marked():
        words = kind.split()
        if "total" in words:
            grid.add_section()
        cells = [Text(cell) if isinstance(cell, str) else cell for cell in row]
        indent = (0, 0, 0, 2 if "crowd" in words else 0)
        style = next((_STYLES[word] for word in words if word in _STYLES), None)
        grid.add_row(Padding(cells[0], indent), *cells[1:], style=style)
    return grid


def to_markdown(table: Table) -> list[str]:
    """Return the lines of a table in Markdown; a `|` in a cell is escaped already."""
    rows = [["---"] * len(table.headings), *table.rows]
    head = " | ".join(table.headings).rstrip()
    return [f"| {head} |", *(f"| {' | '.join(map(str, row))} |" for row in rows)]
