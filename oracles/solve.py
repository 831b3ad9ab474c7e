"""Skill from accuracy, and the conflict a typical question brings; numpy, on the host.

People's skill is normal around its mean, so both are Gauss-Hermite averages of closed
forms in one person's signal `s`. The three lambdas do not enter: noise is Gumbel at
every option whatever they are.
"""

import numpy as np
from numpy.typing import NDArray

# An accuracy of 1 is a signal that no draw in float32 overturns: noise stays below 40.
# A ranking also has to part groups that are far less than a deviation apart.
_SKILL_CEILING = {"label": 60.0, "relevance": 60.0, "importance": 1e4}
_SKILL_FLOOR = -20.0

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
        band: half width of "unsure" (relevance only).

    Returns:
        Mean skill, utility units.

    Raises:
        ValueError: the accuracy is below chance or out of reach at this lapse rate.
    """
    if accuracy is None:
        return 0.0
    options = num_options if kind == "label" else 2

    def mean_accuracy(skill: float) -> float:
        signal = skill + skill_spread * _NODES
        if kind == "relevance":
            return _decided_accuracy(signal, lapse, band)
        judged = float(_WEIGHTS @ _softmax_accuracy(signal, options))
        return (1.0 - lapse) * judged + lapse / options

    high = _SKILL_CEILING[kind]
    best = mean_accuracy(high)
    if not 1.0 / options - 1e-9 <= accuracy <= best + 1e-9:
        raise ValueError(
            f"`accuracy` must be in [{1.0 / options:.4g}, {best:.4g}] with {options} "
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


def expected_conflict(
    kind: str, num_options: int, skill: float, skill_spread: float
) -> float:
    """Average conflict log(1 + exp(-M)) of an answer that is not a lapse.

    The margin M of options with Gumbel noise has P(M > m) = sum_k sigma(d_k - m), with
    d_k the utility of k minus the log-sum-exp of the others; integrated by parts. For
    a ranking it is that of two groups one standard deviation apart.

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
    margin = np.linspace(0.0, 40.0, 4001)[None, :]
    lead = signal - np.log(options - 1.0)
    trail = -np.logaddexp(signal, np.log(options - 2.0)) if options > 2 else -signal
    exceeds = _sigmoid(lead - margin) + (options - 1) * _sigmoid(trail - margin)
    integral = np.trapezoid(_sigmoid(-margin) * exceeds, margin, axis=1)
    return float(np.log(2.0) - _WEIGHTS @ integral)


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
