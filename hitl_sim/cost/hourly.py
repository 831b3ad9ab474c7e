"""A study's own carbon intensity by the hour, from a CSV file.

The file has a row per hour and two columns, which commas, semicolons, bars or tabs
separate: `hour` (0 to 23, of a typical day) or
`time` (ISO 8601), and `g_per_kwh` or `kgco2e_per_kwh`. Simulated work has no date, so a
run may fall into any of these hours: the intensity is their mean, and its interval
holds the central 95 % of them.
"""

import csv
import datetime
import math
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from hitl_sim.cost.carbon import GivenCarbon
from hitl_sim.table.delimiter import find_delimiter
from hitl_sim.unit import KG_PER_G

_HOURS_PER_DAY = 24
_TIMES = ("hour", "time")
_VALUES = {"g_per_kwh": KG_PER_G, "kgco2e_per_kwh": 1.0}


def read_hourly(path: Path, hours: tuple[int, int] | None = None) -> GivenCarbon:
    """Read what the hours of a file emit.

    Args:
        path: the file.
        hours: first hour of the day that counts and the first that no longer does, or
            None where all count; (22, 6) goes over midnight.

    Raises:
        ValueError: the file cannot be read, or a row of it is not as the module says;
            the message names the file and the row.
    """
    found = np.array(
        [
            intensity
            for hour, intensity in _read(path)
            if hours is None or _is_within(hour, hours)
        ]
    )
    if not found.size:
        raise ValueError(
            f"`prices.carbon_hours` must hold hours that {str(path)!r} has, got"
            f" {list(hours or ())}."
        )
    mean = float(found.mean())
    low, high = np.quantile(found, (0.025, 0.975)).tolist()
    which = "all hours" if hours is None else f"{hours[0]} to {hours[1]} o'clock"
    return GivenCarbon(
        value=mean,
        low=min(low, mean),
        high=max(high, mean),
        source=(
            f"study file, prices.carbon_file {path.name}: mean of {found.size} rows"
            f" ({which}); interval: the central 95 % of them, for work has no date"
        ),
    )


def _is_within(hour: int, hours: tuple[int, int]) -> bool:
    first, end = hours
    return first <= hour < end if first < end else hour >= first or hour < end


def _read(path: Path) -> Iterator[tuple[int, float]]:
    """Yield hour of the day and intensity of each row."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no UTF-8 text"
        raise ValueError(
            f"`prices.carbon_file` must be a file that can be read, got {str(path)!r}:"
            f" {reason}."
        ) from error
    rows = csv.DictReader(text.splitlines(), delimiter=find_delimiter(text, ","))
    header = [(name or "").strip() for name in rows.fieldnames or ()]
    rows.fieldnames = header
    times = [name for name in _TIMES if name in header]
    values = [name for name in _VALUES if name in header]
    if len(times) != 1 or len(values) != 1:
        raise ValueError(
            f"`prices.carbon_file` must have one of the columns {_words(_TIMES)} and"
            f" one of {_words(_VALUES)}, got {', '.join(header) or 'none'} in"
            f" {str(path)!r}."
        )
    seen: set[str] = set()
    for row in rows:
        where = f"row {rows.line_num} of {str(path)!r}"
        stamp = (row[times[0]] or "").strip()
        if stamp in seen:
            raise ValueError(
                f"`prices.carbon_file` must name each hour once, got {stamp!r} again in"
                f" {where}."
            )
        seen.add(stamp)
        intensity = _intensity(row[values[0]], values[0], where)
        yield _hour(stamp, times[0], where), intensity * _VALUES[values[0]]


def _hour(stamp: str, column: str, where: str) -> int:
    try:
        hour = (
            int(stamp)
            if column == "hour"
            else datetime.datetime.fromisoformat(stamp).hour
        )
    except ValueError:
        hour = -1
    if not 0 <= hour < _HOURS_PER_DAY:
        allowed = "a whole number from 0 to 23" if column == "hour" else "ISO 8601"
        raise ValueError(f"`{column}` must be {allowed}, got {stamp!r} in {where}.")
    return hour


def _intensity(text: str | None, column: str, where: str) -> float:
    try:
        number = float(text or "")
    except ValueError:
        number = math.nan
    if not 0.0 <= number < math.inf:
        raise ValueError(f"`{column}` must be a number >= 0, got {text!r} in {where}.")
    return number


def _words(names: Iterable[str]) -> str:
    return " or ".join(map(repr, names))
