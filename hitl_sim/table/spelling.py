"""One number or truth value is one option or class, however it is written."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
# "007" is a code: who writes zeros in front does not write a number.
_CODE = re.compile(r"[+-]?0\d")
_WHOLE = re.compile(r"-?(0|[1-9]\d*)(\.0*)?", re.ASCII)
_TRUTH = {"1": "true", "0": "false"}
_MOST_DIGITS = 40


def is_number(text: str) -> bool:
    """Whether a text is a finite number, with a decimal point if any."""
    text = text.strip()
    return _NUMBER.fullmatch(text) is not None and math.isfinite(float(text))


def canonical(text: str) -> str:
    """Return the shortest spelling of a number: 0 for 0.0, 1e0 as 1, exactly.

    Words, codes with zeros in front and numbers of more than forty digits stay.
    """
    stripped = text.strip()
    if not is_number(stripped) or _CODE.match(stripped):
        return text
    # no arithmetic of decimals: it rounds to 28 digits
    short = format(Decimal(stripped), "f")
    if "." in short:
        short = short.rstrip("0").rstrip(".")
    if len(short) > _MOST_DIGITS:
        return text
    return "0" if short == "-0" else short


def identities(texts: Iterable[str]) -> dict[str, str]:
    """Say of the texts that name options, or classes, which one each names.

    Args:
        texts: all that there are, as of answers and golds.

    Returns:
        The option of every text. Numbers are written in their shortest form. `True`,
        `TRUE` and 1 are "true" where nothing but truth values, 0 and 1 are there.
    """
    found = {text: canonical(text) for text in texts}
    words = {text: text.casefold() for text in found}
    truth = {text: word for text, word in words.items() if word in _TRUTH.values()}
    rest = {text: option for text, option in found.items() if text not in truth}
    if truth and set(rest.values()) <= set(_TRUTH):
        truth |= {text: _TRUTH[option] for text, option in rest.items()}
    if len(truth) > len(set(truth.values())):
        found |= truth
    return found


def whole_numbers(texts: Sequence[str]) -> dict[str, str]:
    """Write ids that all are whole numbers without ".0"; others stay as they are.

    A join in a frame turns whole numbers into fractions.
    """
    if not all(_WHOLE.fullmatch(text) for text in texts):
        return {}
    return {text: canonical(text) for text in texts if "." in text}


def several_ways(options: Mapping[str, str]) -> list[tuple[str, ...]]:
    """Return the spellings of each option that has more than one."""
    ways: dict[str, list[str]] = {}
    for text, option in options.items():
        ways.setdefault(option, []).append(text)
    return [tuple(sorted(texts)) for texts in ways.values() if len(texts) > 1]
