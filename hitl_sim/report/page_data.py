"""Tables of a page whose numbers know where they come from, and the data behind them.

A cell shows a number and names it; its row has a key. Under that key stands, as data of
a script, every number of the row with its intervals, kind, scope and sources. Words
stand once each, apart from the numbers.
"""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from hitl_sim.energy import Kind
from hitl_sim.report.basis import Bases
from hitl_sim.report.provenance import Entry, Number, describe
from hitl_sim.report.table import Table

_ORDER = {kind: place for place, kind in enumerate(Kind)}


class Cell(NamedTuple):
    """What stands in a cell.

    Attributes:
        text: as it is read.
        order: what it is sorted by; NaN: by its text.
        name: which number of its row it is; empty for none.
        key: of the row that it is of; empty for its own.
        look: a class of the page's style; empty for none.
    """

    text: str
    order: float = math.nan
    name: str = ""
    key: str = ""
    look: str = ""

    @property
    def sort_key(self) -> str:
        """Return what a browser sorts by; empty for the text itself."""
        return "" if math.isnan(self.order) else f"{self.order:.6g}"


class Row(NamedTuple):
    """One row of cells.

    Attributes:
        key: of the data behind it; empty where there is none.
        kind: a class that the page's style knows.
    """

    cells: tuple[Cell, ...]
    key: str = ""
    kind: str = ""


@dataclass(frozen=True)
class PageTable:
    """Rows under headings; the first cell of a row names it.

    Attributes:
        title: what the table is, above it.
        notes: what is said beneath it.
        is_sorted: whether a reader may sort and filter it.
        look: classes that the page's style knows: `packed` is printed in columns, and
            cells of `texts` break into lines.
    """

    title: str
    headings: Sequence[str]
    rows: Sequence[Row]
    notes: Sequence[str] = ()
    is_sorted: bool = False
    look: str = ""


def from_table(table: Table, title: str = "", look: str = "") -> PageTable:
    """Return a table of plain text as one of the page."""
    rows = [
        Row(tuple(Cell(str(cell)) for cell in cells), kind=kind)
        for cells, kind in table.marked()
    ]
    return PageTable(title or table.title, table.headings, rows, table.notes, look=look)


@dataclass
class PageData:
    """The numbers behind a page, by the keys of their rows; words told once.

    Attributes:
        bases: what numbers rest on.
        names: place of each number's name.
        rows: entries by key.
    """

    bases: Bases = field(default_factory=Bases)
    names: dict[str, int] = field(default_factory=dict)
    rows: dict[str, list[list[Any]]] = field(default_factory=dict)

    def place(self, name: str) -> int:
        """Return the place of a number's name, taking it in if it is new."""
        return self.names.setdefault(name, len(self.names))

    def add(self, key: str, numbers: Mapping[str, Number]) -> str:
        """Take in the numbers of a row, and return its key."""
        told = (describe(name, one, self.bases) for name, one in numbers.items())
        return self.add_entries(key, told)

    def add_entries(self, key: str, entries: Iterable[Entry]) -> str:
        """Take in entries that are written already, and return their key."""
        self.rows[key] = [
            [
                self.place(entry.name),
                entry.value,
                entry.chance,
                entry.constants,
                entry.basis,
                [[_ORDER[kind], float(f"{share:.3g}")] for kind, share in entry.shares],
            ]
            for entry in entries
        ]
        return key

    def script(self) -> str:
        """Return everything as JSON that may stand inside a page's script element."""
        scopes = dict.fromkeys(basis.scope for basis in self.bases.found)
        reasons = dict.fromkeys(basis.reason for basis in self.bases.found)
        places = {
            name: {one: place for place, one in enumerate(found)}
            for name, found in (("scope", scopes), ("why", reasons))
        }
        data = {
            "words": {
                "names": list(self.names),
                "kinds": [kind.words for kind in Kind],
                "scopes": [scope.replace("_", " ") for scope in scopes],
                "reasons": list(reasons),
                "sources": list(self.bases.texts),
            },
            "bases": [
                [
                    _ORDER[Kind(basis.kind)],
                    places["scope"][basis.scope],
                    places["why"][basis.reason],
                    basis.sources,
                ]
                for basis in self.bases.found
            ],
            "rows": self.rows,
        }
        text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
        for sign in "<>&\u2028\u2029":
            text = text.replace(sign, f"\\u{ord(sign):04x}")
        return text
