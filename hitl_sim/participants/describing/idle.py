"""Active and idle time, separated by a mixture and never clipped.

The log seconds of every answer, less the person's median, are a draw from work, normal
around 0, or from work with an interruption, normal around a larger mean. Expectation
and maximisation settle spreads, means and shares together. Every answer then has a
probability that it was interrupted, by which its seconds split into active and idle.

References:
    Dempster, Laird, Rubin (1977), Maximum likelihood from incomplete data via the EM
    algorithm, Journal of the Royal Statistical Society B 39(1), 1-38.
    Aitkin, Wilson (1980), Mixture models, outliers, and the EM algorithm,
    Technometrics 22(3), 325-331: outliers as a component.
"""

from typing import NamedTuple

import numpy as np

from hitl_sim.participants.record import Floats, Ints, medians

_STEPS = 200
# An interruption at least doubles the time: below, work varies as much by itself.
_LEAST_SHIFT = np.log(2.0)
_LEAST_SPREAD = 0.05
_LEAST_ANSWERS = 30
# The mixture of more answers is fitted to evenly spaced ones of the sorted.
_MOST_ANSWERS = 50_000
# Fewer interruptions than this, expected in all, are none.
_LEAST_IDLE = 1.0


class IdleSplit(NamedTuple):
    """What of the recorded seconds was work.

    Attributes:
        share: share of answers that were interrupted.
        idle_share: share of all seconds that were idle.
        spread: standard deviation of log seconds of work within a person.
    """

    share: float
    idle_share: float
    spread: float


def split_idle(seconds: Floats, person: Ints) -> IdleSplit:
    """Split recorded seconds into work and interruptions.

    Args:
        seconds: `[L]` recorded times, s; nan where there is none.
        person: `[L]` who answered.

    Returns:
        The split; nobody is interrupted where fewer than 30 answers have a time.
    """
    known = np.isfinite(seconds)
    seconds, person = seconds[known], person[known]
    log_time = log_seconds(seconds)
    usual = medians(log_time, person)[person]
    chance, spread = _interrupted(log_time - usual)
    # Work under an interruption takes what work takes; it is no longer than the whole.
    work = np.minimum(np.exp(usual + spread**2 / 2.0), seconds)
    idle = seconds - ((1.0 - chance) * seconds + chance * work)
    total = seconds.sum()
    return IdleSplit(
        share=float(chance.mean()) if chance.size else 0.0,
        idle_share=float(idle.sum() / total) if total > 0 else 0.0,
        spread=spread,
    )


def log_seconds(seconds: Floats) -> Floats:
    """Return logs of times; half of the least other time stands for a rounded 0."""
    positive = seconds[seconds > 0]
    floor = positive.min() / 2.0 if positive.size else 1.0
    logs: Floats = np.log(np.maximum(seconds, floor))
    return logs


_Mixture = tuple[float, float, float, float]
"""Work around 0 and interruptions around a shift, on the log scale: share of these,
spread of work, shift, width of interruptions."""


def _interrupted(lead: Floats) -> tuple[Floats, float]:
    """Return the probability that each is of the upper part, and the lower's spread."""
    found = None
    if lead.size >= _LEAST_ANSWERS:
        step = lead.size // _MOST_ANSWERS
        found = _fit_mixture(lead if step <= 1 else np.sort(lead)[step // 2 :: step])
    if found is None:
        return np.zeros(lead.size), float(lead.std()) if lead.size else 0.0
    return _chance(lead, *found), found[1]


def _fit_mixture(lead: Floats) -> _Mixture | None:
    """Expect and maximise; None where nobody seems to be interrupted."""
    spread = max(1.4826 * float(np.median(np.abs(lead))), _LEAST_SPREAD)
    at = (0.02, spread, max(float(np.log(10.0)), 4.0 * spread), 1.0)
    chance = np.zeros(lead.size)
    for _ in range(_STEPS):
        before, chance = chance, _chance(lead, *at)
        if np.abs(chance - before).max() < 1e-6:
            break
        weight = chance.sum()
        if weight < _LEAST_IDLE:
            return None
        rest = 1.0 - chance
        spread = max(np.sqrt((rest @ lead**2) / rest.sum()), _LEAST_SPREAD)
        shift = max((chance @ lead) / weight, 2.0 * spread, _LEAST_SHIFT)
        width = max(np.sqrt((chance @ (lead - shift) ** 2) / weight), spread)
        share = min(weight / lead.size, 0.5)
        at = (float(share), float(spread), float(shift), float(width))
    return at


def _chance(
    lead: Floats, share: float, spread: float, shift: float, width: float
) -> Floats:
    """Return the probability of an interruption."""
    below = _log_normal(lead, 0.0, spread) + np.log1p(-share)
    above = _log_normal(lead, shift, width) + np.log(share)
    chance = 1.0 / (1.0 + np.exp(np.clip(below - above, -60, 60)))
    # Quick answers are no interruptions, however wide these are.
    return np.where(lead > 0.0, chance, 0.0)


def _log_normal(x: Floats, mean: float, spread: float) -> Floats:
    density: Floats = -0.5 * ((x - mean) / spread) ** 2 - np.log(spread)
    return density
