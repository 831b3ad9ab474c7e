"""Texts that a person would take for one: told, never merged in silence."""

import unicodedata
from collections.abc import Callable, Sequence
from decimal import Decimal

from hitl_sim.table.label_set import labels_in
from hitl_sim.table.spelling import is_number

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
