"""Who may answer, who is checked and sent away, and who decides what is unclear."""

import math
from dataclasses import dataclass

import numpy as np
from scipy.stats import binom

from hitl_sim.workforce.behaviour import Behaviour, skill_nodes

_FEWEST_PASS = 1e-3
"""Share of candidates of whom nobody is found in any reasonable time."""


@dataclass(frozen=True)
class Qualification:
    """A test before the onboarding; who fails it goes.

    Attributes:
        questions: of the test, whose right answers are known; >= 1.
        least_right: answers that must be right; 1 to `questions`.
        is_paid: whether the time of the test is paid, failed or not.
    """

    questions: int
    least_right: int
    is_paid: bool = True


@dataclass(frozen=True)
class Gold:
    """Questions among the others whose right answers are known.

    Attributes:
        share: of the questions that people answer; in [0, 1).
        gain: skill that somebody gains, in units of the noise, by being told the right
            answers of many; >= 0, and 0 where nobody is told.
        halfway: answers of these after which half of it is gained; > 0.
        least_right: share of somebody's answers that must be right; below it they are
            sent away. None where nobody is.
        after: answers from which on that is looked at; >= 1.
        is_redone: whether answers of who is sent away are refused, and asked anew of
            others.
    """

    share: float
    gain: float = 0.0
    halfway: float = 10.0
    least_right: float | None = None
    after: int = 10
    is_redone: bool = False


@dataclass(frozen=True)
class Adjudication:
    """Experts who decide an item on which the others do not agree enough.

    Attributes:
        below: an item goes to experts where its label, by people who were independent,
            would be right with less than this probability; in (0, 1].
        answers: experts who are asked about it; the label is theirs by majority, the
            first answered of equals.
    """

    below: float
    answers: int = 1


def pass_rate(test: Qualification, behaviour: Behaviour) -> float:
    """Return the share of people who pass a test, over people and tests."""
    skill, weight = skill_nodes(behaviour)
    others = behaviour.num_classes - 1
    right = 1.0 / (1.0 + others * np.exp(-skill))
    return float(weight @ binom.sf(test.least_right - 1, test.questions, right))


def check_qualification(name: str, test: Qualification, behaviour: Behaviour) -> None:
    """Refuse a test that cannot be, or that nobody passes.

    Args:
        name: of the field that it stands in, for the message.
        test: the test.
        behaviour: of the candidates.

    Raises:
        ValueError: a field is out of range; the message names it.
    """
    if test.questions < 1:
        raise ValueError(f"`{name}.questions` must be >= 1, got {test.questions!r}.")
    if not 1 <= test.least_right <= test.questions:
        raise ValueError(
            f"`{name}.least_right` must be in 1 to `questions` ({test.questions}), got "
            f"{test.least_right!r}."
        )
    if (rate := pass_rate(test, behaviour)) < _FEWEST_PASS:
        raise ValueError(
            f"`{name}.least_right` ({test.least_right} of {test.questions}) must be "
            f"lower: of people as accurate as these {rate:.1g} pass, fewer than one in "
            "a thousand."
        )


def check_gold(gold: Gold) -> None:
    """Refuse gold questions that cannot be.

    Raises:
        ValueError: a field is out of range; the message names it.
    """
    least = gold.least_right
    conditions = {
        "share": (
            0 <= gold.share < 1,
            "in [0, 1), for with 1 nobody answers a question of the project",
        ),
        "gain": (0 <= gold.gain < math.inf, "finite and >= 0"),
        "halfway": (0 < gold.halfway < math.inf, "finite and > 0"),
        "least_right": (least is None or 0 < least <= 1, "in (0, 1]"),
        "after": (gold.after >= 1, ">= 1"),
    }
    for name, (is_met, condition) in conditions.items():
        if not is_met:
            raise ValueError(
                f"`gold.{name}` must be {condition}, got {getattr(gold, name)!r}."
            )
    if gold.is_redone and least is None:
        raise ValueError(
            "`gold.least_right` must be given with `is_redone`, for only answers of "
            "people who are sent away are refused."
        )


def check_adjudication(adjudication: Adjudication) -> None:
    """Refuse experts who cannot be asked.

    Raises:
        ValueError: a field is out of range; the message names it.
    """
    if not 0 < adjudication.below <= 1:
        raise ValueError(
            f"`adjudication.below` must be in (0, 1], got {adjudication.below!r}."
        )
    if adjudication.answers < 1:
        raise ValueError(
            f"`adjudication.answers` must be >= 1, got {adjudication.answers!r}."
        )
