"""What a cell of text means, whoever reads it: nothing, a number, or a name."""

import math
import re
import unicodedata
from collections.abc import Iterable
from decimal import Decimal

MISSING = frozenset(
    ("", "NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "NULL", "null", "None")
)
"""Marks that spreadsheets, R, pandas and databases write where there is no value."""
_NUMBER = re.compile(r"[+-]?(0|[1-9]\d*)?(\.\d*)?([eE][+-]?\d{1,2})?")
_MOST_DIGITS = 15
"""Digits that a double always keeps; longer ones are codes."""
_SURE, _UNSURE = "|;", ",/&+"
"""What stands between labels: hardly ever, or often enough, in the name of one too."""


def is_missing(text: str) -> bool:
    """Whether a cell says that there is no value."""
    return text.strip() in MISSING


def is_number(text: str) -> bool:
    """Whether a cell is a finite number."""
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def plain_number(text: str) -> str:
    """Write a number in one way, and return any other text as it is.

    "0.0", "+0" and "0e0" become "0"; "1.50" becomes "1.5". "007" stays, for it is a
    code.
    """
    stripped = text.strip()
    digits = sum(letter.isdigit() for letter in stripped)
    if not _NUMBER.fullmatch(stripped) or not 0 < digits <= _MOST_DIGITS:
        return text
    try:
        value = Decimal(stripped).normalize()
    except ArithmeticError:  # a sign, a point or an exponent without a number
        return text
    return format(value, "f") if value else "0"


def look_alikes(names: Iterable[str]) -> list[tuple[str, ...]]:
    """Group names that differ only in case, blanks or Unicode form.

    Returns:
        Each group of two or more, sorted.
    """
    groups: dict[str, set[str]] = {}
    for name in names:
        folded = unicodedata.normalize("NFKC", name).casefold()
        groups.setdefault(" ".join(folded.split()), set()).add(name)
    return sorted(tuple(sorted(group)) for group in groups.values() if len(group) > 1)


def several_labels(names: Iterable[str]) -> tuple[str, str] | None:
    """Find a cell that holds several labels.

    "high|old" always does; "sports, leisure" does where each part stands alone, or
    beside another part, elsewhere.

    Returns:
        The first such name in order and what separates its labels; None for none.
    """
    known = sorted(set(names))
    for mark in _SURE + _UNSURE:
        parts_of = {name: [part.strip() for part in name.split(mark)] for name in known}
        for name, parts in parts_of.items():
            if len(parts) < 2 or not all(parts):
                continue
            others = {p for n, ps in parts_of.items() if n != name for p in ps}
            if mark in _SURE or others.issuperset(parts):
                return name, mark
    return None
