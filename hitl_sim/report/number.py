"""Numbers as a reader meets them: three digits, units, intervals, multiples."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from hitl_sim.energy.display import format_value
from hitl_sim.unit import S_PER_H, S_PER_MIN

if TYPE_CHECKING:
    from hitl_sim.analysis.chance.crossing import Payback
    from hitl_sim.analysis.chance.estimate import Estimate
    from hitl_sim.analysis.chance.interval import Bounded
    from hitl_sim.analysis.condition.break_even import BreakEven
    from hitl_sim.analysis.decision.information import Information
    from hitl_sim.cost import Measure, PublishedRun
    from hitl_sim.energy import Quantity

_NAMES = ((1e12, "trillion"), (1e9, "billion"), (1e6, "million"))
_BYTES = ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"))
_S_PER_DAY = 24 * S_PER_H
_S_PER_YEAR = 365.25 * _S_PER_DAY
_TIMES = (
    (_S_PER_YEAR, "years"),
    (_S_PER_DAY, "days"),
    (S_PER_H, "h"),
    (S_PER_MIN, "min"),
    (1.0, "s"),
    (1e-3, "ms"),
    (1e-6, "µs"),
)
RHO = "\N{GREEK SMALL LETTER RHO}"
UNKNOWN = "unknown"
NEVER = "never"
_LEAST_SHARE = 0.001
_MOST = 4
_ABOUT = 1.25
"""Energies within this factor are about the same."""


def digits(number: float) -> str:
    """Write a number to three significant digits, without an exponent if it can be."""
    if math.isnan(number):
        return "?"
    if math.isinf(number):
        return "∞" if number > 0 else "-∞"
    if number != 0 and not 1e-4 <= abs(number) < 1e7:
        return f"{number:.2e}"
    rounded = float(f"{number:.3g}")
    if rounded == int(rounded) and abs(rounded) >= 100:
        return f"{int(rounded):,}"
    return f"{number:#.3g}".rstrip(".")


def span(low: float, high: float) -> str:
    """Write an interval; an end at infinity says that nothing bounds it."""
    return f"[{digits(low)}, {digits(high)}]"


def ratio_text(estimate: Estimate) -> str:
    """Write a ratio with its Monte-Carlo interval."""
    if not estimate.is_known:
        return UNKNOWN
    return f"{digits(estimate.value)} {span(estimate.low, estimate.high)}"


def energy_text(joules: float, low: float, high: float) -> str:
    """Write joules with an SI prefix and an interval under the same prefix."""
    if math.isnan(joules):
        return UNKNOWN
    if math.isinf(joules):
        return f"∞ [{format_value(low, 'J')}, ∞]"
    if math.isinf(high):
        return f"{format_value(joules, 'J')} [{format_value(low, 'J')}, ∞]"
    return format_value(joules, "J", (low, high))


def plain_joules(joules: float) -> str:
    """Write joules with an SI prefix and nothing else."""
    if math.isnan(joules):
        return UNKNOWN
    return "∞" if math.isinf(joules) else format_value(joules, "J")


def joules_text(estimate: Estimate) -> str:
    """Write an estimate of joules with its Monte-Carlo interval."""
    return energy_text(estimate.value, max(estimate.low, 0.0), estimate.high)


def kwh_text(joules: float) -> str:
    """Write an energy of training in watt hours: `2.25 kWh`, `129 GWh`."""
    if not math.isfinite(joules):
        return UNKNOWN if math.isnan(joules) else "∞"
    return format_value(joules / S_PER_H, "Wh")


def kwh_span(estimate: Estimate) -> str:
    """Write an energy of training with its interval, each end in its own unit."""
    low, high = kwh_text(estimate.low), kwh_text(estimate.high)
    return f"{kwh_text(estimate.value)} [{low} to {high}] on"


def near_text(joules: float, run: PublishedRun) -> str:
    """Say how an energy of training compares with a published one."""
    size = float(np.max(np.asarray(run.joules.value)))
    share, published = joules / size, f"published for {run.name} ({kwh_text(size)})"
    if 1.0 / _ABOUT <= share <= _ABOUT:
        return f"about the energy {published}"
    return f"{digits(share)} times the energy {published}"


def duration(seconds: float) -> str:
    """Write a time in the unit that suits it."""
    if seconds == 0.0:
        return "0 s"
    return _in_units(seconds, _TIMES) or f"{seconds:.2e} s"


def _in_units(amount: float, units: Iterable[tuple[float, str]]) -> str:
    """Write an amount in the largest unit that it reaches; empty where it does none."""
    for size, unit in units:
        if abs(amount) >= size * (1 - 5e-4):
            return f"{digits(amount / size)} {unit}"
    return ""


def duration_text(seconds: Quantity) -> str:
    """Write a time with the interval that constants leave."""
    if seconds.value is None:
        return UNKNOWN
    text = duration(float(seconds.value))
    if seconds.interval is None:
        return text
    low, high = seconds.interval
    return f"{text} [{duration(float(low))} to {duration(float(high))}]"


def bare_text(quantity: Quantity) -> str:
    """Write a value and its interval without its kind; why it is missing if it is."""
    if quantity.value is None:
        return f"unavailable: {quantity.reason}"
    return format_value(quantity.value, quantity.unit, quantity.interval)


def times(multiple: float) -> str:
    """Write how many times as dear: `66.4 million times`."""
    named = _in_units(multiple, _NAMES) if multiple < 1e15 else ""
    return f"{named or digits(multiple)} times"


def short_times(multiple: float) -> str:
    """Write a multiple for a narrow column: `6.64e+07 x`."""
    if math.isinf(multiple):
        return "∞"
    return f"{multiple:.1e}" if multiple >= 1e4 else digits(multiple)


def break_even_text(found: BreakEven) -> str:
    """Write a break-even for a column: a multiple, `never`, `always` or why not."""
    mark = "?" if found.is_undetermined else ""
    return payback_text(found.payback, short_times(found.multiple.value), mark)


def payback_text(
    payback: Payback, number: str, mark: str, always: str = "at once"
) -> str:
    """Write on which side of a number something pays, with a mark at its end."""
    words = {
        "UNKNOWN": UNKNOWN,
        "NEVER": f"{NEVER}{mark}",
        "ALWAYS": f"{always}{mark}",
        "UP_TO": f"up to {number}{mark}",
    }
    return words.get(payback.name, f"{number}{mark}")


def times_span(multiple: Estimate) -> str:
    """Write how far chance may carry a multiple, or constants where they carry more."""
    low, high, by = multiple.low, multiple.high, "chance"
    constants = multiple.quantity.interval
    if constants is not None:
        ends = float(constants[0]), float(constants[1])
        if _spread(*ends) > _spread(low, high):
            (low, high), by = ends, "constants"
    if low <= 0.0 and math.isinf(high):
        return f"by {by} anything"
    if math.isinf(high):
        return f"by {by} {times(low)} or more"
    return f"by {by} {times(low)} to {times(high)}"


def _spread(low: float, high: float) -> float:
    """Return how many times the lower end the upper one is."""
    return high / low if low > 0.0 else math.inf


def percent(fraction: float) -> str:
    """Write a fraction as per cent: `5 %`."""
    return f"{100 * fraction:.3g} %"


def join_words(names: Sequence[str]) -> str:
    """Write a list of words with commas and a last `and`."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def some_of(names: Sequence[str], by: str) -> str:
    """Write the first of a list, and how many more there are."""
    left = len(names) - _MOST
    more = [f"and {left} more"] if left > 0 else []
    return by.join([*names[:_MOST], *more])


def size_text(count: float) -> str:
    """Write a number of bytes with a unit: `81.3 kB`."""
    small = f"{digits(round(count, 1))} B" if count else "0"
    return _in_units(count, _BYTES) or small


def rough_time(seconds: float) -> str:
    """Write a time in the largest unit that makes it at least 1."""
    if seconds < S_PER_MIN:
        return f"{seconds:.0f} s"
    if seconds < S_PER_H:
        return f"{seconds / S_PER_MIN:.1f} min"
    return f"{seconds / S_PER_H:.1f} h"


def percent_span(fraction: float, ends: tuple[float, float]) -> str:
    """Write a fraction and its interval as per cent: `5 % [3, 7]`."""
    low, high = (digits(100 * end) for end in ends)
    return f"{digits(100 * fraction)} % [{low}, {high}]"


def share_of_runs(fraction: float) -> str:
    """Write a share of runs to two digits."""
    return f"{100 * fraction:.2g} %" if fraction < 1.0 else "100 %"


def share_text(share: Bounded) -> str:
    """Write a share of a variance with its interval: `16 % [10, 25]`."""
    if math.isnan(share.value):
        return UNKNOWN
    if share.high < _LEAST_SHARE:
        return f"under {percent(_LEAST_SHARE)}"
    value, low, high = (
        f"{100 * part:.{0 if part >= 0.1 else 1}f}"
        for part in (share.value, share.low, share.high)
    )
    return f"{value} % [{low}, {high}]"


def worth_text(worth: Information, measure: Measure) -> str:
    """Write a value of information and its standard error, in its unit."""
    if worth.value == 0.0:
        return f"0 {'USD' if measure == 'usd' else 'J'}"
    if measure == "joules":
        return f"{plain_joules(worth.value)} ± {plain_joules(worth.error)}"
    return f"{digits(worth.value)} ± {digits(worth.error)} USD"
