"""Skill from accuracy, and the conflict a typical question brings; numpy, on the host.

People's skill is normal around its mean, so both are Gauss-Hermite averages of closed
forms in one person's signal `s`. The three lambdas do not enter: noise is Gumbel at
every option whatever they are. What items add to the signal (evidence that features
predict, difficulty tied to a model) is averaged over in the same way.
"""

import math
from collections.abc import Callable
from functools import lru_cache
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from oracles.respond import Kind

# An accuracy of 1 is a signal that no draw in float32 overturns: noise stays below 40.
# Where options lie on a scale it also has to part some far less than a deviation apart.
_SKILL_CEILING, _SKILL_CEILING_OF_SCALES = 60.0, 1e4
_SKILL_FLOOR = -20.0
_HALVINGS = 80
# Above this skill a logistic is narrower than the distance between two nodes.
_COARSE_SKILL = 20.0

_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(61)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()
_ITEM_NODES, _ITEM_WEIGHTS = np.polynomial.hermite_e.hermegauss(21)
_ITEM_WEIGHTS = _ITEM_WEIGHTS / _ITEM_WEIGHTS.sum()
# Draws behind the distribution of the best rival, and the points that stand for it.
_RIVAL_DRAWS, _RIVAL_NODES = 2**15, 64

Signal = NDArray[np.float64]


class ItemSpread(NamedTuple):
    """What varies over the items of a task, standard deviations in utility.

    Attributes:
        evidence: of each option's systematic utility, independent over options.
        difficulty: of the items' difficulty.
    """

    evidence: float = 0.0
    difficulty: float = 0.0


NO_SPREAD = ItemSpread()


def solve_skill(
    kind: Kind,
    num_options: int,
    *,
    accuracy: float | None,
    skill_spread: float,
    lapse: float | Signal,
    band: float,
    items: ItemSpread = NO_SPREAD,
    is_adverse: bool = False,
) -> float:
    """Solve mean skill so that the mean single-answer accuracy is what is asked for.

    Args:
        kind: feedback kind.
        num_options: number of options K >= 2.
        accuracy: wanted accuracy; None for people without skill.
        skill_spread: standard deviation of skill over people.
        lapse: probability of a guess, or that of people at each node of skill, from
            `lapse_by_skill`.
        band: half width of "unsure" (relevance) or of a tie (preference).
        items: what varies over items, where the kind is of their classes.
        is_adverse: whether an accuracy below chance is meant.

    Returns:
        Mean skill, utility units.

    Raises:
        ValueError: the accuracy is below chance or out of reach at this lapse rate.
    """
    if accuracy is None:
        return 0.0
    options = num_options if kind.options == "classes" else 2
    guess = 0.5 if kind.is_check else 1.0 / options
    # Marks set in a lapse keep the person's share and so have no accuracy to speak of.
    rate = np.zeros_like(_NODES) if kind.answer == "marks" else lapse + 0.0 * _NODES
    mean_lapse = float(_WEIGHTS @ rate)
    chance = (1.0 - mean_lapse) / options + mean_lapse * guess
    offset, weight = _item_offsets(options, items)

    def mean_accuracy(skill: float) -> float:
        signal = skill + skill_spread * _NODES
        if kind.has_band:
            return _decided_accuracy(signal, rate, band, offset, weight)
        judged = _sigmoid(signal[:, None] + offset[None, :]) @ weight
        return float(_WEIGHTS @ ((1.0 - rate) * judged + rate * guess))

    high = _SKILL_CEILING if kind.is_of_class else _SKILL_CEILING_OF_SCALES
    best = mean_accuracy(high)
    worst = mean_accuracy(_SKILL_FLOOR) if is_adverse else chance
    if not worst - 1e-9 <= accuracy <= best + 1e-9:
        raise ValueError(
            f"`accuracy` must be in [{worst:.4g}, {best:.4g}] with {options} "
            f"options and lapse {mean_lapse:g}, got {accuracy}."
        )
    if accuracy >= best - 1e-9:
        return high if mean_lapse < 1.0 else 0.0
    return halve(lambda skill: mean_accuracy(skill) < accuracy, _SKILL_FLOOR, high)


def solve_median(mean: float, spread: float, power: int = 1) -> float:
    """Solve the median of a logit-normal number of which the mean is known.

    The mean in [0, 1] is that of the number, or of its square where `power` is 2; the
    spread is the standard deviation of its logit.
    """
    if mean in (0.0, 1.0) or spread == 0.0:
        return float(mean ** (1.0 / power))

    def is_below(logit: float) -> bool:
        return float(_WEIGHTS @ _sigmoid(logit + spread * _NODES) ** power) < mean

    return float(_sigmoid(np.array([halve(is_below, -60.0, 60.0)]))[0])


def lapse_by_skill(median: float, spread: float, correlation: float) -> Signal:
    """Return the mean lapse of people at each node of skill.

    Of the lapse of the median person, the standard deviation of its logit over people
    and its correlation with skill; to be passed to `solve_skill`.
    """
    if median in (0.0, 1.0):
        return np.full_like(_NODES, median)
    rest = math.sqrt(1.0 - correlation**2)
    normal = correlation * _NODES[:, None] + rest * _NODES[None, :]
    logit = math.log(median / (1.0 - median))
    by_node: Signal = _sigmoid(logit + spread * normal) @ _WEIGHTS
    return by_node


def solve_criterion(skill: float, mark_share: float) -> float:
    """Solve the criterion at which a person of that skill marks that share of groups.

    Skill is the signal per standard deviation of importance; the share in (0, 1) is of
    groups of standard normal importance; the criterion is in units of utility.
    """
    # Where signal far outweighs noise the nodes are too coarse: there it is a quantile.
    spread = math.hypot(skill, math.pi / math.sqrt(3.0))
    if skill > _COARSE_SKILL:
        return skill * NormalDist().inv_cdf(1.0 - mark_share)

    def is_low(criterion: float) -> bool:
        return float(_WEIGHTS @ _sigmoid(skill * _NODES - criterion)) > mark_share

    return halve(is_low, -20.0 * spread, 20.0 * spread)


@lru_cache(maxsize=256)
def expected_conflict(
    kind: Kind, num_options: int, skill: float, skill_spread: float
) -> float:
    """Average conflict log(1 + exp(-M)) of an answer that is not a lapse.

    Skill is the mean over people, its spread the standard deviation of the signal over
    people and items; between 0 and log 2.

    The margin M of options with Gumbel noise has P(M > m) = sum_k sigma(d_k - m), with
    d_k the utility of k minus the log-sum-exp of the others; integrated by parts. On a
    scale it is that of two options one standard deviation apart, in a verification that
    of a right suggestion against all other classes.
    """
    is_checked = kind.is_check
    options = num_options if kind.options == "classes" and not is_checked else 2
    signal = (skill + skill_spread * _NODES)[:, None]
    if is_checked:
        signal = signal - np.log(num_options - 1.0)
    margin = np.linspace(0.0, 40.0, 4001)[None, :]
    lead = signal - np.log(options - 1.0)
    trail = -np.logaddexp(signal, np.log(options - 2.0)) if options > 2 else -signal
    exceeds = _sigmoid(lead - margin) + (options - 1) * _sigmoid(trail - margin)
    integral = np.trapezoid(_sigmoid(-margin) * exceeds, margin, axis=1)
    return float(np.log(2.0) - _WEIGHTS @ integral)


def halve(is_below: Callable[[float], bool], low: float, high: float) -> float:
    """Find where a rising curve crosses its aim, by halving."""
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if is_below(middle) else (low, middle)
    return 0.5 * (low + high)


def _item_offsets(options: int, items: ItemSpread) -> tuple[Signal, Signal]:
    """Return what items add to the lead of the right option, and how often.

    The right option leads by its evidence and ease, less the log-sum-exp of the
    evidence of the others, log(K - 1) where there is none.
    """
    rivals, rival_weight = _rivals(options - 1, items.evidence)
    spread = math.hypot(items.evidence, items.difficulty)
    if spread == 0.0:
        return -rivals, rival_weight
    offset = spread * _ITEM_NODES[:, None] - rivals[None, :]
    weight = _ITEM_WEIGHTS[:, None] * rival_weight[None, :]
    return offset.ravel(), weight.ravel()


@lru_cache(maxsize=64)
def _rivals(num_rivals: int, evidence: float) -> tuple[Signal, Signal]:
    """Return points and weights of log sum exp(e_j) over independent normal e_j."""
    if evidence == 0.0:
        return np.array([math.log(num_rivals)]), np.ones(1)
    if num_rivals == 1:
        return evidence * _ITEM_NODES, _ITEM_WEIGHTS
    rng = np.random.default_rng(0)
    total = np.full(_RIVAL_DRAWS, -np.inf)
    for _ in range(num_rivals):
        total = np.logaddexp(total, evidence * rng.normal(size=_RIVAL_DRAWS))
    points = np.sort(total).reshape(_RIVAL_NODES, -1).mean(axis=1)
    return points, np.full(_RIVAL_NODES, 1.0 / _RIVAL_NODES)


def _decided_accuracy(
    signal: Signal, lapse: Signal, band: float, offset: Signal, weight: Signal
) -> float:
    """Return the share of right answers among those that are not "unsure"."""
    lead = signal[:, None] + offset[None, :]
    guess = float(_sigmoid(np.array([-band]))[0])
    right = (1.0 - lapse) * (_sigmoid(lead - band) @ weight) + lapse * guess
    wrong = (1.0 - lapse) * (_sigmoid(-lead - band) @ weight) + lapse * guess
    num_right = float(_WEIGHTS @ right)
    return num_right / (num_right + float(_WEIGHTS @ wrong))


def _sigmoid(x: Signal) -> Signal:
    return np.exp(-np.logaddexp(0.0, -x))
