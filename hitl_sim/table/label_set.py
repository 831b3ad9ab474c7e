"""Several labels in one text."""

import re
from collections.abc import Iterable

_SURE, _UNSURE = "|;", ",/&+"
"""What stands between labels: hardly ever, or often enough, in the name of one too."""
_BETWEEN = re.compile(r"\s\+\s|[|;,\s]+")
_AROUND = "[](){}'\""


def labels_in(text: str) -> list[str]:
    """Return the labels that a text may be meant to hold, as "a|b" or "['a', 'b']"."""
    parts = (part.strip(_AROUND) for part in _BETWEEN.split(text))
    return [part for part in parts if part]


def several_labels(names: Iterable[str]) -> tuple[str, str] | None:
    """Find a text that is sure to hold several labels.

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
