"""Spans of characters as numbers of the words that they touch."""

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any

from hitl_sim.participants.answers import NOTHING


def longest_text(data: Mapping[str, Any]) -> str:
    """Return the longest text of a task: the one that spans are marked in."""
    texts = [value for value in data.values() if isinstance(value, str)]
    return max(texts, key=len, default="")


def words_of(text: str) -> list[tuple[int, int]]:
    """Return where every word of a text starts and ends."""
    edges = [0, *(i + 1 for i, c in enumerate(text) if c.isspace()), len(text) + 1]
    return [(a, b - 1) for a, b in pairwise(edges) if b - 1 > a]


def marked_words(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """Return the numbers of the words that spans touch, as an answer of marks."""
    spans = list(spans)
    marked = [
        str(place)
        for place, (start, end) in enumerate(words_of(text))
        if any(start < stop and begin < end for begin, stop in spans)
    ]
    return " ".join(marked) or NOTHING


def span_in(text: str, start: Any, end: Any) -> tuple[int, int]:
    """Return a span as whole numbers.

    Raises:
        ValueError: it is no span, or ends behind the text (in UTF-16 code units, as
            browsers count): the file then holds a link to the text, not the text.
    """
    try:
        ends = int(start), int(end)
    except OverflowError:
        raise ValueError("a span without end") from None
    length = len(text.encode("utf-16-le")) // 2
    if not 0 <= ends[0] <= ends[1] <= length:
        raise ValueError(f"a span outside of the text's {length} characters")
    return ends


def note_on_names(names: Iterable[str]) -> list[str]:
    """Note that the labels of spans are not told apart, where there are several."""
    found = sorted(set(names))
    if len(found) < 2:
        return []
    return [
        f"spans have {len(found)} labels ({', '.join(found[:3])}"
        f"{', ...' if len(found) > 3 else ''}); a word counts as marked or not, "
        "whatever its label."
    ]
