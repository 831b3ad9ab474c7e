"""What separates the cells of a text table, told from its first lines."""

import csv
import io
from itertools import islice

DELIMITERS = (",", ";", "\t", "|")
_LOOKED_AT = 50
"""Rows that are looked at; a later one that is cut otherwise is for the reader."""


def find_delimiter(head: str, usual: str) -> str:
    """Tell what separates the cells of a table.

    Args:
        head: its first lines, whole.
        usual: what is expected; it stays where it cuts every line into as many cells,
            more than one, as the header.

    Returns:
        Else what does so, into the most cells; else what cuts the header at all, so
        that a reader can say which line is at fault; else `usual`.
    """
    if _width(head, usual):
        return usual
    widths = {mark: _width(head, mark) for mark in DELIMITERS}
    best = max(widths, key=lambda mark: widths[mark])
    if widths[best]:
        return best
    first = head.lstrip("\r\n").partition("\n")[0]
    cut = [mark for mark in (usual, *DELIMITERS) if mark in first]
    return cut[0] if cut else usual


def _width(head: str, mark: str) -> int:
    """Return the number of cells that all lines have; 0 where it is 1, or no number."""
    reader = csv.reader(io.StringIO(head, newline=""), delimiter=mark)
    try:
        rows = [row for row in islice(reader, _LOOKED_AT) if row]
    except csv.Error:
        return 0
    widths = {len(row) for row in rows}
    return widths.pop() if len(widths) == 1 and widths != {1} else 0
