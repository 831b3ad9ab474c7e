"""Texts that hold several labels, and texts that a person would take for one."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal

from hitl_sim.table.spelling import is_number

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


Key = Callable[[str], object]


def _unicode(text: str) -> str:
    return text if text.isascii() else unicodedata.normalize("NFKC", text)


def _case(text: str) -> str:
    return _unicode(_unicode(text).casefold())


def _blanks(text: str) -> str:
    return "".join(_case(text).split())


def _labels(text: str) -> object:
    several = tuple(sorted(_blanks(label) for label in labels_in(text)))
    return several if len(several) > 1 else _blanks(text)


def _value(text: str) -> object:
    plain = _blanks(text)
    # a float would round the last digits of long ids away
    return Decimal(plain) if is_number(plain) else plain


_WAYS: tuple[tuple[str, Key], ...] = (
    ("Unicode form", _unicode),
    ("case", _case),
    ("blanks", _blanks),
    ("the spelling of a number", _value),
)
_ORDER: tuple[str, Key] = ("the order or the signs between labels", _labels)


def find_alike(
    texts: Sequence[str], is_option: bool
) -> list[tuple[str, tuple[str, ...]]]:
    """Find groups of texts that differ in nothing that people mean.

    Args:
        texts: each once.
        is_option: whether they are options, which may name several labels at once.

    Returns:
        In what each group differs, and its texts, in the order of `texts`.
    """
    ways = (*_WAYS, _ORDER) if is_option else _WAYS
    # the last keys are the widest: what they tell apart, all tell apart
    widest = [key for _, key in ways[3:]]
    doubtful = {t for key in widest for group in _groups(texts, key) for t in group}
    left = [text for text in texts if text in doubtful]
    found: list[tuple[str, tuple[str, ...]]] = []
    for what, key in ways:
        for group in _groups(left, key):
            if not any(set(group) <= set(before) for _, before in found):
                found.append((what, group))
    return found


def _groups(texts: Sequence[str], key: Key) -> list[tuple[str, ...]]:
    by_key: dict[object, list[str]] = {}
    for text in texts:
        by_key.setdefault(key(text), []).append(text)
    return [tuple(group) for group in by_key.values() if len(group) > 1]
