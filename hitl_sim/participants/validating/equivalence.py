"""Are simulated people as real ones are, as far as it matters, or can it not be told?

Two one-sided tests: the 90 % interval of the difference is held against a margin that
was fixed beforehand (`margin.toml`). Inside it the two are *equivalent*, outside it
they are *different*, and where it holds an end of the margin it *cannot be told*. So a
half of few people leads to doubt, never to a pass.

The error of the real value is the larger of two: half of the root-mean-square distance
between random halves of the people (halves of n / 2 people vary by four times the
variance of all n), and the spread between simulated crowds of the same design, which
holds the luck of items too. The error of the crowds' mean is added.

References:
    Schuirmann (1987), A comparison of the two one-sided tests procedure and the power
    approach for assessing the equivalence of average bioavailability, Journal of
    Pharmacokinetics and Biopharmaceutics 15, 657-680.
"""

import tomllib
from functools import cache
from importlib import resources
from typing import Any, NamedTuple

import numpy as np

from hitl_sim.participants.describing.statistic import PLAIN, RATE, TIME, Statistic

EQUIVALENT, DIFFERENT, OPEN = "equivalent", "different", "cannot tell"
_Z = 1.6448536269514722
"""Of a 90 % interval, which is two one-sided tests at 5 %."""
_POWERED = 3.0
"""Errors that a margin must be wide, for a power of .8 where there is no difference."""


class Equivalence(NamedTuple):
    """What the data say of one statistic.

    Attributes:
        low: lower end of the 90 % interval of simulated less real, on the scale.
        high: its upper end.
        down: lower end of the margin, on the scale.
        up: its upper end.
        verdict: `EQUIVALENT`, `DIFFERENT` or `OPEN`.
        is_powered: whether the data could have shown that there is no difference.
    """

    low: float
    high: float
    down: float
    up: float
    verdict: str
    is_powered: bool


@cache
def _file() -> dict[str, Any]:
    file = resources.files("hitl_sim.participants.validating") / "margin.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))


def margins_date() -> str:
    """Return the day on which the margins were fixed."""
    return str(_file()["date"])


@cache
def _margins() -> dict[str, float]:
    """Return margins by what a name begins with, then those of the scales."""
    found = _file()
    own = {margin["begins"]: float(margin["value"]) for margin in found["margin"]}
    return own | {scale: float(found["scale"][scale]) for scale in (RATE, TIME, PLAIN)}


def margin_of(name: str, statistic: Statistic) -> tuple[float, float]:
    """Return how far below and above a statistic's place the margin ends.

    A share that may fall below 0, or rise above 1, has no end on that side.
    """
    margins = _margins()
    begins = next((b for b in margins if name.startswith(b)), statistic.scale)
    margin, scale, value = margins[begins], statistic.scale, statistic.value
    if scale == TIME:
        return -float(np.log(margin)), float(np.log(margin))
    if scale != RATE:
        return -margin, margin
    ends = [
        Statistic(RATE, end).place - statistic.place if 0.0 < end < 1.0 else away
        for end, away in ((value - margin, -np.inf), (value + margin, np.inf))
    ]
    return float(ends[0]), float(ends[1])


def judge(
    name: str, real: Statistic, crowds: np.ndarray, half_distance: float
) -> Equivalence | None:
    """Judge one statistic.

    Args:
        name: of the statistic.
        real: of the recorded people.
        crowds: its places in simulated crowds of the same design, two or more.
        half_distance: root-mean-square distance between random halves of the people, on
            the scale; nan where halves do not have the statistic.

    Returns:
        The verdict; None where crowds or halves do not have the statistic.
    """
    known = crowds[np.isfinite(crowds)]
    if known.size < 2 or not np.isfinite(half_distance):
        return None
    spread = float(known.std(ddof=1))
    variance = max(half_distance**2 / 4.0, spread**2) + spread**2 / known.size
    gap = float(known.mean()) - real.place
    return judge_gap(name, real, gap, float(np.sqrt(variance)))


def judge_gap(name: str, real: Statistic, gap: float, error: float) -> Equivalence:
    """Judge a difference, simulated less real on the scale, by its standard error."""
    down, up = margin_of(name, real)
    low, high = gap - _Z * error, gap + _Z * error
    if down < low and high < up:
        verdict = EQUIVALENT
    elif high < down or low > up:
        verdict = DIFFERENT
    else:
        verdict = OPEN
    is_powered = min(-down, up) >= _POWERED * error
    return Equivalence(low, high, down, up, verdict, is_powered)
