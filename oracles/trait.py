"""The numbers that make a population, and the range of each.

Whatever is listed here may stand in a population's file and may be given to
`build_population` as a dial.
"""

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

_LARGEST = 3.4028234e38
"""Largest float32, in which crowds are computed; IEEE 754-2008, table 3.5."""


class Range(NamedTuple):
    """Numbers from `low` to `high`; an open end is left out."""

    low: float = -math.inf
    high: float = math.inf
    is_open: bool = False
    unit: str = ""

    def holds(self, value: float) -> bool:
        """Whether a value is finite, in float32 too, and inside."""
        if not abs(value) <= _LARGEST:
            return False
        if self.is_open:
            return self.low < value < self.high
        return self.low <= value <= self.high

    def __str__(self) -> str:
        """Say what is allowed, as an error does."""
        unit = f" {self.unit}" if self.unit else ""
        if self.high < math.inf:
            ends = "()" if self.is_open else "[]"
            return f"in {ends[0]}{self.low:g}, {self.high:g}{ends[1]}{unit}"
        if self.low > -math.inf:
            return f"{'>' if self.is_open else '>='} {self.low:g}{unit}"
        return f"finite{unit}"


_SHARE = Range(0.0, 1.0)
_SPREAD = Range(0.0)
_CORRELATION = Range(-1.0, 1.0)
_DURATION = Range(0.0, is_open=True, unit="s")
_ANY = Range()

TRAITS: Mapping[str, Range] = MappingProxyType(
    {
        # quality and consistency
        "accuracy": _SHARE,
        "skill": _ANY,
        "skill_spread": _SPREAD,
        "repeatability": _SHARE,
        "own_spread": _SPREAD,
        "shared_error": _SHARE,
        "lapse": _SHARE,
        "lapse_spread": _SPREAD,
        "systematic": _SHARE,
        "model_difficulty": _SPREAD,
        # times
        "seconds": _DURATION,
        "pace_spread": _SPREAD,
        "spread": _SPREAD,
        "drift": _SPREAD,
        "memory": Range(0.0, 0.999),
        "conflict": _ANY,
        "length": _ANY,
        "practice": _SPREAD,
        "practice_power": _SPREAD,
        "pause": _SHARE,
        # read-outs
        "band": _SPREAD,
        "mark_share": Range(0.0, 1.0, is_open=True),
        "criterion_spread": _SPREAD,
        # biases, abstention, vigor
        "pull": _ANY,
        "habit": _ANY,
        "skip_margin": _SPREAD,
        "skip_level": _ANY,
        "caution": _ANY,
        "fatigue": _SHARE,
        "fatigue_s": _DURATION,
        "recovery_s": _DURATION,
        "learning": _ANY,
        "learning_trials": Range(0.0, is_open=True),
        # the crowd
        "skill_pace": _CORRELATION,
        "skill_lapse": _CORRELATION,
        "skill_own": _CORRELATION,
        "activity_spread": _SPREAD,
        "skill_activity": _CORRELATION,
    }
)
"""Range of every number by name."""

NEEDS: Mapping[str, str] = MappingProxyType(
    {
        "fatigue_s": "fatigue",
        "recovery_s": "fatigue",
        "learning_trials": "learning",
        "skill_lapse": "lapse_spread",
        "skill_own": "own_spread",
        "skill_activity": "activity_spread",
    }
)
"""Traits that say nothing without another one."""


def check_trait(name: str, value: float) -> None:
    """Refuse a number that is not in its trait's range.

    Raises:
        ValueError: no such trait, or out of its range; names all three.
    """
    if name not in TRAITS:
        allowed = ", ".join(TRAITS)
        raise ValueError(f"`{name}` is not a number of a population: {allowed}.")
    if not TRAITS[name].holds(value):
        raise ValueError(f"`{name}` must be {TRAITS[name]}, got {value}.")
