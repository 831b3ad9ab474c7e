"""Skill from accuracy, and the conflict a typical question brings; numpy, on the host.

People's skill is normal around its mean, so both are Gauss-Hermite averages of closed
forms in one person's signal `s`. The three lambdas do not enter: noise is Gumbel at
every option whatever they are.
"""

import math
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

# An accuracy of 1 is a signal that no draw in float32 overturns: noise stays below 40.
# Where options lie on a scale it also has to part some far less than a deviation apart.
_SKILL_CEILING = {"label": 60.0, "verification": 60.0, "relevance": 60.0}
_SKILL_CEILING_OF_SCALES = 1e4
_SKILL_FLOOR = -20.0
# Above this skill a logistic is narrower than the distance between two nodes.
_COARSE_SKILL = 20.0

_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(61)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()

Signal = NDArray[np.float64]


def solve_skill(
    kind: str,
    num_options: int,
    *,
    accuracy: float | None,
    skill_spread: float,
    lapse: float,
    band: float,
) -> float:
    """Solve mean skill so that the mean single-answer accuracy is what is asked for.

    Args:
        kind: feedback kind.
        num_options: number of options K >= 2.
        accuracy: wanted accuracy; None for people without skill.
        skill_spread: standard deviation of skill over people.
        lapse: probability of a guess.
        band: half width of "unsure" (relevance) or of a tie (preference).

    Returns:
        Mean skill, utility units.

    Raises:
        ValueError: the accuracy is below chance or out of reach at this lapse rate.
    """
    if accuracy is None:
        return 0.0
    options = _num_rivals(kind, num_options)
    guess = 0.5 if kind == "verification" else 1.0 / options
    # Marks set in a lapse keep the person's share and so have no accuracy to speak of.
    lapse = 0.0 if kind == "marks" else lapse
    chance = (1.0 - lapse) / options + lapse * guess

    def mean_accuracy(skill: float) -> float:
        signal = skill + skill_spread * _NODES
        if kind in ("relevance", "preference"):
            return _decided_accuracy(signal, lapse, band)
        judged = float(_WEIGHTS @ _softmax_accuracy(signal, options))
        return (1.0 - lapse) * judged + lapse * guess

    high = _SKILL_CEILING.get(kind, _SKILL_CEILING_OF_SCALES)
    best = mean_accuracy(high)
    if not chance - 1e-9 <= accuracy <= best + 1e-9:
        raise ValueError(
            f"`accuracy` must be in [{chance:.4g}, {best:.4g}] with {options} "
            f"options and lapse {lapse:g}, got {accuracy}."
        )
    if accuracy >= best - 1e-9:
        return high if lapse < 1.0 else 0.0
    low = _SKILL_FLOOR
    for _ in range(100):
        middle = 0.5 * (low + high)
        low, high = (
            (middle, high) if mean_accuracy(middle) < accuracy else (low, middle)
        )
    return 0.5 * (low + high)


def solve_criterion(skill: float, mark_share: float) -> float:
    """Solve the criterion at which a person of that skill marks that share of groups.

    Args:
        skill: signal per standard deviation of importance.
        mark_share: share of groups of standard normal importance, in (0, 1).

    Returns:
        Criterion, utility units.
    """
    # Where signal far outweighs noise the nodes are too coarse: there it is a quantile.
    spread = math.hypot(skill, math.pi / math.sqrt(3.0))
    if skill > _COARSE_SKILL:
        return skill * NormalDist().inv_cdf(1.0 - mark_share)
    low, high = -20.0 * spread, 20.0 * spread
    for _ in range(100):
        middle = 0.5 * (low + high)
        share = float(_WEIGHTS @ _sigmoid(skill * _NODES - middle))
        low, high = (middle, high) if share > mark_share else (low, middle)
    return 0.5 * (low + high)


def expected_conflict(
    kind: str, num_options: int, skill: float, skill_spread: float
) -> float:
    """Average conflict log(1 + exp(-M)) of an answer that is not a lapse.

    The margin M of options with Gumbel noise has P(M > m) = sum_k sigma(d_k - m), with
    d_k the utility of k minus the log-sum-exp of the others; integrated by parts. On a
    scale it is that of two options one standard deviation apart, in a verification that
    of a right suggestion against all other classes.

    Args:
        kind: feedback kind.
        num_options: number of options K >= 2.
        skill: mean skill over people.
        skill_spread: its standard deviation.

    Returns:
        Mean conflict, between 0 and log 2.
    """
    options = num_options if kind == "label" else 2
    signal = (skill + skill_spread * _NODES)[:, None]
    if kind == "verification":
        signal = signal - np.log(num_options - 1.0)
    margin = np.linspace(0.0, 40.0, 4001)[None, :]
    lead = signal - np.log(options - 1.0)
    trail = -np.logaddexp(signal, np.log(options - 2.0)) if options > 2 else -signal
    exceeds = _sigmoid(lead - margin) + (options - 1) * _sigmoid(trail - margin)
    integral = np.trapezoid(_sigmoid(-margin) * exceeds, margin, axis=1)
    return float(np.log(2.0) - _WEIGHTS @ integral)


def _num_rivals(kind: str, num_options: int) -> int:
    """Return among how many options the right one has to win."""
    return num_options if kind in ("label", "verification") else 2


def _softmax_accuracy(signal: Signal, options: int) -> Signal:
    """Return e^s / (e^s + K - 1)."""
    return _sigmoid(signal - np.log(options - 1.0))


def _decided_accuracy(signal: Signal, lapse: float, band: float) -> float:
    """Return the share of right answers among those that are not "unsure"."""
    right = float(_WEIGHTS @ _sigmoid(signal - band))
    wrong = float(_WEIGHTS @ _sigmoid(-signal - band))
    guess = float(_sigmoid(np.array([-band]))[0])
    right = (1.0 - lapse) * right + lapse * guess
    return right / (right + (1.0 - lapse) * wrong + lapse * guess)


def _sigmoid(x: Signal) -> Signal:
    return np.exp(-np.logaddexp(0.0, -x))
