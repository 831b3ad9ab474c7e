"""Numbers as people read them: SI prefixes and three significant digits."""

import math

import numpy as np

from hitl_sim.energy.error import Interval, Values

_PREFIXES = tuple(
    (float(f"1e{15 - 3 * step}"), prefix)
    for step, prefix in enumerate((*"PTGMk", "", *"mµnp"))
)
_PREFIXED_BASES = ("J", "W", "Wh", "FLOP", "B")


def format_value(value: Values, unit: str, interval: Interval | None = None) -> str:
    """Write a value with its unit, and its interval if there is one.

    Args:
        value: a number, or an array, which is written as its range.
        unit: energies, powers, operations and bytes take SI prefixes (`kJ/h` too),
            seconds only those below 1; other units take none.
        interval: ends around the value, written under the same prefix.

    Returns:
        For example `1.23 kJ [1.10, 1.41]`.
    """
    scale, prefix = _prefix(value, unit)
    text = _number(value, scale) + ("" if unit == "1" else f" {prefix}{unit}")
    if interval is not None:
        text += f" {format_interval(value, unit, interval)}"
    return text + (f" in {value.size} values" if isinstance(value, np.ndarray) else "")


def format_interval(value: Values, unit: str, interval: Interval) -> str:
    """Write an interval under the prefix of its value, as `format_value` does."""
    scale, _ = _prefix(value, unit)
    (low, _), (_, high) = map(_ends, interval)
    return f"[{_digits(low / scale)}, {_digits(high / scale)}]"


def _ends(values: Values) -> tuple[float, float]:
    """Return the least and the greatest of some numbers, or one number twice."""
    if isinstance(values, np.ndarray):
        return float(values.min()), float(values.max())
    return values, values


def _prefix(value: Values, unit: str) -> tuple[float, str]:
    size = max(map(abs, _ends(value)))
    base = unit.split("/", maxsplit=1)[0]
    is_prefixed = base in _PREFIXED_BASES or (base == "s" and size < 1.0)
    if not is_prefixed or size == 0.0 or not math.isfinite(size):
        return 1.0, ""
    for scale, prefix in _PREFIXES:
        if size >= scale * (1 - 5e-4):
            return scale, prefix
    return _PREFIXES[-1]


def _number(value: Values, scale: float) -> str:
    if not isinstance(value, np.ndarray):
        return _digits(value / scale)
    low, high = (_digits(end / scale) for end in _ends(value))
    return f"{low} to {high}"


def _digits(number: float) -> str:
    if number == 0.0:
        return "0"
    size = abs(number)
    if size >= 1e7 or size < 1e-4:
        return f"{number:.3g}"
    if size >= 1e3:
        return f"{number:,.0f}"
    rounded = float(f"{number:.3g}")
    decimals = max(0, 2 - math.floor(math.log10(abs(rounded))))
    return f"{rounded:,.{decimals}f}"
