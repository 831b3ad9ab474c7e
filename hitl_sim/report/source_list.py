"""Sources told once, though numbers made of several numbers name them over and over.

The source of a product, a sum or a quotient is written out of those of its parts
(`a x b; c / d`). Long ones hold the same parts many times. Here every part is told
once, as s1, s2 and so on, and a source is a formula of parts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_JOINT = re.compile(r"( x | / |; )")


@dataclass(frozen=True)
class SourceList:
    """Sources and the parts that they are made of.

    Attributes:
        formulas: what each source is made of, as in "s1 x s2; s3".
        parts: texts of s1, s2 and so on, each once.
    """

    formulas: tuple[str, ...]
    parts: tuple[str, ...]


def list_sources(texts: Iterable[str]) -> SourceList:
    """Take sources apart.

    Args:
        texts: sources, in the order in which they are numbered.
    """
    numbers: dict[str, int] = {}

    def name(part: str) -> str:
        return f"s{numbers.setdefault(part, len(numbers) + 1)}"

    def formula(text: str) -> str:
        pieces = _JOINT.split(text)
        told = [name(piece) if i % 2 == 0 else piece for i, piece in enumerate(pieces)]
        return " / ".join(_once(side) for side in "".join(told).split(" / "))

    formulas = tuple(formula(text) for text in texts)
    return SourceList(formulas, tuple(numbers))


def _once(sum_of_products: str) -> str:
    """Drop repeated terms of a sum."""
    terms = dict.fromkeys(sum_of_products.split("; "))
    return "; ".join(terms)
