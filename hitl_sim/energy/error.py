"""Error terms: how far each independent source can push a number, and what they add to.

An interval alone cannot say whether two numbers err together. So a quantity keeps, for
each source of error, where it would stand at that source's lower and upper end. Numbers
scaled from one constant share its source and add linearly; different sources are taken
as independent and combine in quadrature, the two sides apart. Ends are 95 %.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Values = float | npt.NDArray[np.float64]
Interval = tuple[Values, Values]


@dataclass(frozen=True, slots=True)
class Error:
    """What one source of error does to a value.

    Attributes:
        source: name of the source; equal names are fully dependent.
        low: change of the value when the source stands at its lower end; may be
            positive, as for time when a speed is low.
        high: change of the value when the source stands at its upper end.
    """

    source: str
    low: Values
    high: Values


Errors = tuple[Error, ...]


def merge_errors(errors: Iterable[Error]) -> Errors:
    """Add the terms of equal sources and leave out those that change nothing."""
    merged: dict[str, tuple[Values, Values]] = {}
    for error in errors:
        low, high = merged.get(error.source, (0.0, 0.0))
        merged[error.source] = low + error.low, high + error.high
    return tuple(
        Error(source, low, high)
        for source, (low, high) in merged.items()
        if _is_any(low) or _is_any(high)
    )


def _is_any(values: Values) -> bool:
    """Return whether a number is not 0; most are plain, and arrays are dear to ask."""
    return values != 0.0 if isinstance(values, float) else bool(np.any(values))


def combine_errors(
    function: Callable[[Values, Values], Values],
    left: tuple[Values, Errors],
    right: tuple[Values, Errors],
) -> Errors:
    """Return the error terms of a function of two values.

    Each source is moved to its ends alone, in both arguments at once where they share
    it: exact for that source, and a shared source cancels in a quotient.
    """
    centre = function(left[0], right[0])
    sources = dict.fromkeys(error.source for error in left[1] + right[1])
    return merge_errors(
        Error(
            source,
            function(_at(left, source, "low"), _at(right, source, "low")) - centre,
            function(_at(left, source, "high"), _at(right, source, "high")) - centre,
        )
        for source in sources
    )


def _at(
    argument: tuple[Values, Errors], source: str, end: Literal["low", "high"]
) -> Values:
    """Return a value when one source of error stands at one of its ends."""
    value, errors = argument
    for error in errors:
        if error.source == source:
            return value + (error.low if end == "low" else error.high)
    return value


def errors_from_ends(
    function: Callable[[Mapping[str, float]], float],
    constants: Mapping[str, tuple[float, float, float]],
    label: str = "",
) -> tuple[float, Errors]:
    """Evaluate a function of independent constants and what each constant does to it.

    Constants are (value, lower end, upper end) by name; label and name are the source.

    Returns:
        The value at the constants' own values, and one term per constant, found by
        moving that constant alone to each of its ends (exact for one constant).
    """
    centre = {name: value for name, (value, _, _) in constants.items()}
    value = function(centre)
    errors = merge_errors(
        Error(
            f"{label}{name}",
            function({**centre, name: low}) - value,
            function({**centre, name: high}) - value,
        )
        for name, (_, low, high) in constants.items()
    )
    return value, errors


def additive_interval(value: Values, errors: Errors) -> Interval:
    """Combine error terms in quadrature around a value, each side apart.

    Where that would carry a positive value below zero although no single source does,
    the lower side is combined on the log scale instead, so that joules stay joules.
    """
    down, up = _quadrature(errors)
    low, high = value - down, value + up
    if isinstance(low, float) and low > 0.0:
        return low, high
    needs_floor = (np.asarray(low) <= 0) & _is_positive_throughout(value, errors)
    if np.any(needs_floor):
        log_low, _ = _log_interval(value, errors, needs_floor)
        low = plain(np.where(needs_floor, log_low, low))
    return low, high


def product_interval(value: Values, errors: Errors) -> Interval:
    """Combine the error terms of a product: in quadrature on the log scale.

    Values that are not positive, or that one source alone could carry to zero, have no
    log scale; they are combined around the value as sums are.
    """
    low, high = additive_interval(value, errors)
    has_log = _is_positive_throughout(value, errors)
    if not np.any(has_log):
        return low, high
    log_low, log_high = _log_interval(value, errors, has_log)
    return (
        plain(np.where(has_log, log_low, low)),
        plain(np.where(has_log, log_high, high)),
    )


def _quadrature(errors: Errors) -> tuple[Values, Values]:
    down: Values = 0.0
    up: Values = 0.0
    for error in errors:
        low, high = error.low, error.high
        if isinstance(low, float) and isinstance(high, float):
            down = down + min(0.0, low, high) ** 2
            up = up + max(0.0, low, high) ** 2
        else:
            down = down + np.minimum(0.0, np.minimum(low, high)) ** 2
            up = up + np.maximum(0.0, np.maximum(low, high)) ** 2
    return plain(np.sqrt(down)), plain(np.sqrt(up))


def _is_positive_throughout(value: Values, errors: Errors) -> npt.NDArray[np.bool_]:
    """Return where the value and each of its one-source ends are above zero."""
    is_positive = np.asarray(value) > 0
    for error in errors:
        worst = np.minimum(error.low, error.high)
        is_positive = is_positive & (np.asarray(value + worst) > 0)
    return np.asarray(is_positive)


def _log_interval(
    value: Values, errors: Errors, where: npt.NDArray[np.bool_]
) -> Interval:
    """Combine on the log scale where that exists; other entries are meaningless."""
    safe = np.where(where, value, 1.0)
    logs = tuple(
        Error(
            error.source,
            np.log1p(np.where(where, error.low / safe, 0.0)),
            np.log1p(np.where(where, error.high / safe, 0.0)),
        )
        for error in errors
    )
    down, up = _quadrature(logs)
    return safe * np.exp(-np.asarray(down)), safe * np.exp(up)


def plain(values: npt.ArrayLike) -> Values:
    """Turn a scalar or 0-d array into a float and anything else into a float array."""
    if type(values) is float:
        return values
    array = np.asarray(values, dtype=np.float64)
    return float(array) if array.ndim == 0 else array


def checked_interval(value: Values | None, interval: Interval, unit: str) -> Interval:
    """Return the ends as plain finite numbers that hold the value."""
    if value is None:
        raise ValueError(f"`interval` must be None where the value is, got {interval}.")
    low, high = (finite(end, "interval") for end in interval)
    if _is_any_above(low, value) or _is_any_above(value, high):
        raise ValueError(
            f"`interval` must hold the value {value} {unit}, got ({low}, {high})."
        )
    return low, high


def _is_any_above(values: Values, others: Values) -> bool:
    """Return whether any number is above its other."""
    found = values > others
    return found if isinstance(found, bool) else bool(np.any(found))


def finite(values: npt.ArrayLike, name: str) -> Values:
    """Return a float or a read-only float array; refuse NaN and infinity."""
    number = plain(values)
    is_plain = isinstance(number, float)
    if not (math.isfinite(number) if is_plain else np.all(np.isfinite(number))):
        raise ValueError(f"`{name}` must be finite, got {number}.")
    if isinstance(number, np.ndarray):
        if number.size == 0:
            raise ValueError(f"`{name}` must hold at least one number, got none.")
        number = number.copy()
        number.flags.writeable = False
    return number


def from_plain(values: Any) -> Values | None:
    """Return numbers that JSON has: one, nested lists, or null."""
    return None if values is None else plain(values)


def error_from_json(data: Mapping[str, Any]) -> Error:
    """Rebuild an error term from plain values."""
    return Error(data["source"], plain(data["low"]), plain(data["high"]))
