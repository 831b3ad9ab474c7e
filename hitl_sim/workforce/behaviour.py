"""What people answer: how right they are, how unequal, and how far they err together.

The noise is that of the random-utility annotators of `oracles`: person a gives item i
the class of greatest utility, skill_a for the right class plus a part that all people
share on that item and a part of each answer's own,

    U[k] = skill_a 1[k = right] + shared (log S[i, k] + Gumbel),

with S positive stable of index `shared` (the error components of the nested logit).
Over items one answer is right as often as without any shared part; given an item the
answers of people are independent.

References:
    McFadden (1978), Modelling the choice of residential location.
    Cardell (1997), Variance components structures for the extreme-value and logistic
    distributions, Econometric Theory 13.
    Kanter (1975), Stable densities under change of scale, Annals of Probability 3.
"""

import math
from collections.abc import Generator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.optimize import brentq
from scipy.special import xlogy

from hitl_sim.array import FloatArray, IntArray
from hitl_sim.workforce.duration import uniforms

_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(41)
_LARGEST_SKILL = 60.0
_LEAST = 1e-12
_BLOCK = 1_024
_LARGEST_GAIN = math.sqrt(np.finfo(float).max)
_GOLD_QUESTIONS = 200


@dataclass(frozen=True)
class Behaviour:
    """What people answer.

    Attributes:
        accuracy: how often one answer is right, over people and items; in
            (1/classes, 1).
        num_classes: classes that there are; >= 2.
        skill_spread: standard deviation of skill between people, in units of the
            noise; >= 0.
        shared: 1 where people err independently; the nearer to 0, the more they err on
            the same items and alike; in (0, 1]. Their noise correlates by 1 - shared².
    """

    accuracy: float = 0.85
    num_classes: int = 2
    skill_spread: float = 0.0
    shared: float = 1.0


def check_behaviour(behaviour: Behaviour) -> None:
    """Refuse people who cannot be.

    Raises:
        ValueError: a field is out of range; the message names it.
    """
    classes = behaviour.num_classes
    chance = 1.0 / max(classes, 1)
    conditions = {
        "num_classes": (classes >= 2, ">= 2"),
        "accuracy": (
            chance < behaviour.accuracy < 1,
            f"in ({chance:.3g}, 1), above chance",
        ),
        "skill_spread": (0 <= behaviour.skill_spread < np.inf, "finite and >= 0"),
        "shared": (0 < behaviour.shared <= 1, "in (0, 1]"),
    }
    for name, (is_met, condition) in conditions.items():
        if not is_met:
            raise ValueError(
                f"`behaviour.{name}` must be {condition}, got "
                f"{getattr(behaviour, name)!r}."
            )


def mean_skill(behaviour: Behaviour) -> float:
    """Solve for the skill at which people are as accurate as they are said to be."""
    others = behaviour.num_classes - 1

    def excess(skill: float) -> float:
        each = skill + behaviour.skill_spread * _NODES
        right = 1.0 / (1.0 + others * np.exp(-each))
        return float(right @ _WEIGHTS / _WEIGHTS.sum()) - behaviour.accuracy

    return float(brentq(excess, -_LARGEST_SKILL, _LARGEST_SKILL, xtol=1e-12))


def skill_nodes(behaviour: Behaviour) -> tuple[FloatArray, FloatArray]:
    """Return skills and weights that add up to 1, to take a mean over people by."""
    skill = mean_skill(behaviour) + behaviour.skill_spread * _NODES
    return skill, _WEIGHTS / _WEIGHTS.sum()


def draw_skills(
    behaviour: Behaviour, rng: np.random.Generator, num_people: int
) -> FloatArray:
    """Draw the skill of each person, `[A]`."""
    spread = behaviour.skill_spread * rng.standard_normal(num_people)
    return np.asarray(mean_skill(behaviour) + spread)


def draw_appeal(
    behaviour: Behaviour, rng: np.random.Generator, num_items: int
) -> FloatArray:
    """Draw log S, the appeal of each class of each item to all people, `[N, K]`."""
    index = behaviour.shared
    if index == 1.0:
        return np.zeros((num_items, behaviour.num_classes))
    shape = (num_items, behaviour.num_classes)
    angle = np.pi * np.clip(rng.random(shape), _LEAST, 1.0 - _LEAST)
    times_index = (
        xlogy(index, np.sin(index * angle))
        - np.log(np.sin(angle))
        + xlogy(
            1.0 - index, np.sin((1.0 - index) * angle) / rng.exponential(1.0, shape)
        )
    )
    return np.asarray(times_index / index)


def draw_answers(
    behaviour: Behaviour,
    rng: np.random.Generator,
    skills: FloatArray,
    appeal: FloatArray,
) -> IntArray:
    """Draw answers of people to items.

    Args:
        behaviour: what people answer.
        rng: of the noise of each answer.
        skills: `[N, M]` skill of the person who gives each answer.
        appeal: `[N, K]` of the items; class 0 is right.

    Returns:
        `[N, M]` classes.
    """
    index = behaviour.shared
    best = np.full(skills.shape, -np.inf)
    answers = np.zeros(skills.shape, np.int64)
    for k in range(behaviour.num_classes):
        utility = appeal[:, k, None] - np.log(rng.exponential(1.0, skills.shape))
        if k == 0:
            utility += skills / index
        is_better = utility > best
        answers[is_better] = k
        best = np.where(is_better, utility, best)
    return answers


class AnswerSource(Protocol):
    """Whoever knows what a person answers to an item: a model, or a recording.

    Items are numbered in the order in which they open, people as the roster does.
    """

    num_classes: int

    def answer(self, item: int, person: int) -> int:
        """Return the class that a person gives an item, 0 being right."""

    def close(self, item: int) -> None:
        """Learn that nobody is asked about an item any more."""


class SimulatedAnswers:
    """Answers of people who behave as described, drawn when they are asked for.

    The appeal of an item is kept while it is open, so that memory stays flat; a later
    question on it is a fault of the caller's.
    """

    def __init__(
        self, behaviour: Behaviour, skills: FloatArray, rng: np.random.Generator
    ) -> None:
        """Let people of these skills answer, `[A]`."""
        self.num_classes = behaviour.num_classes
        self._gain = _gains(skills, behaviour.shared)
        chance, nature = rng.spawn(2)
        self._shared = behaviour.shared
        self._draws = uniforms(chance)
        self._items = _items(behaviour, nature)
        self._open: dict[int, list[float]] = {}

    def answer(self, item: int, person: int) -> int:
        """Return the class that a person gives an item, 0 being right."""
        weights = self._open.get(item)
        if weights is None:
            weights = self._open[item] = next(self._items)
        draw = next(self._draws)
        total = weights[0] * self._gain[person]
        if self.num_classes == 2:
            return int(draw * (total + weights[1]) >= total)
        left = draw * (total + weights[-1])
        if left < total:
            return 0
        left -= total
        low = 1
        while low < self.num_classes - 1 and weights[low] <= left:
            low += 1
        return low

    def close(self, item: int) -> None:
        """Forget an item that nobody is asked any more."""
        self._open.pop(item, None)

    def answer_gold(self, number: int, person: int) -> bool:
        """Return whether a person is right about a question whose answer is known.

        Everybody is asked the same ones.
        """
        return self.answer(-1 - number % _GOLD_QUESTIONS, person) == 0

    def teach(self, person: int, skill: float) -> None:
        """Let a person gain skill, in units of the noise."""
        self._gain[person] = min(
            self._gain[person] * math.exp(skill / self._shared), _LARGEST_GAIN
        )

    def join(self, skills: FloatArray) -> None:
        """Let further people answer, numbered after those who do."""
        self._gain += _gains(skills, self._shared)


def _gains(skills: FloatArray, shared: float) -> list[float]:
    gains = np.exp(np.minimum(skills / shared, math.log(_LARGEST_GAIN)))
    return [float(gain) for gain in gains]


def _items(
    behaviour: Behaviour, rng: np.random.Generator
) -> Generator[list[float], None, None]:
    """Yield, item by item, the weight of the right class and sums over the others."""
    while True:
        appeal = draw_appeal(behaviour, rng, _BLOCK)
        weight = np.exp(appeal - appeal.max(axis=1, keepdims=True))
        weight[:, 1:] = weight[:, 1:].cumsum(axis=1)
        yield from weight.tolist()
