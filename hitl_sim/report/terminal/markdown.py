"""What a terminal shows, as a page of Markdown: paragraphs, lists and tables."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table as Grid
from rich.text import Text

from hitl_sim.report.table import Table, to_markdown

_SPECIAL = str.maketrans({"*": "\\*", "|": "\\|", "<": "&lt;"})
_INDENT = "&emsp;"
"""Stands before the first cell of a row that is indented."""


class MarkdownPage(Console):
    """A console that keeps what it is given as Markdown and shows nothing.

    A paragraph in bold stays so, one that stands two columns in becomes an item of a
    list, and tables stay tables; other looks are dropped.
    """

    def __init__(self, width: int) -> None:
        """Make an empty page; sentences that hang on a width see `width` columns."""
        super().__init__(file=io.StringIO(), width=width, force_jupyter=False)
        self._blocks: list[str] = []
        self._is_listed = False

    @property
    def markdown(self) -> str:
        """The page so far."""
        return "\n".join(self._blocks)

    def print(self, *objects: Any, **_look: Any) -> None:
        """Keep paragraphs and tables; how they would look in a terminal is dropped."""
        for found in objects:
            if isinstance(found, Grid):
                self._add(*_table_lines(found))
                continue
            is_listed = isinstance(found, Padding) and found.left > 0
            text = found.renderable if isinstance(found, Padding) else found
            if not (words := _escaped(" ".join(str(text).split()))):
                continue
            if isinstance(text, Text) and "bold" in str(text.style):
                words = f"**{words}**"
            self._add(f"- {words}" if is_listed else words, is_listed=is_listed)

    def head(self, text: str) -> None:
        """Begin a section."""
        self._add(f"## {_escaped(text)}")

    def picture(self, name: str, path: str, caption: str) -> None:
        """Show a figure that lies beside the page, and say what is in it."""
        self._add(f"![figure: {name}]({path})")
        self._add(_escaped(" ".join(caption.split())))

    @contextmanager
    def folded(self, title: str) -> Iterator[None]:
        """Keep what is printed meanwhile in a section that a reader opens."""
        self._add("<details>", f"<summary>{_escaped(title)}</summary>")
        yield
        self._add("</details>")

    def _add(self, *lines: str, is_listed: bool = False) -> None:
        """Add a block, apart from what is before it unless both are items of a list."""
        if self._blocks and not (is_listed and self._is_listed):
            self._blocks.append("")
        self._blocks.extend(lines)
        self._is_listed = is_listed


def _table_lines(grid: Grid) -> list[str]:
    """Return a terminal's table as lines of Markdown, under its title in bold."""
    columns = [[_cell(cell) for cell in column.cells] for column in grid.columns]
    heads = [_cell(column.header) for column in grid.columns]
    table = Table(heads, list(zip(*columns, strict=True)))
    title = [f"**{_cell(grid.title)}**", ""] if grid.title else []
    return [*title, *to_markdown(table)]


def _cell(found: Any) -> str:
    """Return the text of a cell in one line."""
    if isinstance(found, Padding):
        return f"{_INDENT if found.left else ''}{_cell(found.renderable)}"
    return _escaped(" ".join(str(found).split()))


def _escaped(text: str) -> str:
    return text.translate(_SPECIAL)
