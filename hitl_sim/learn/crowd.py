"""Putting questions to a crowd: who answers, who is asked what, in which order."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from jaxtyping import Array, Bool, Float, Int, Key

from hitl_sim.learn.loss import is_number
from hitl_sim.part import Part, PartError, find
from oracles import Annotators, Oracle, Population, Query, Response, sample_annotators
from oracles.annotators import map_people
from oracles.people import draw_activity
from oracles.workload import activity_by_rank, assign_by_activity

BUILT_IN = "random_utility"
"""Annotator of a crowd that names none."""


@dataclass(frozen=True)
class AnnotatorConfig:
    """An annotator, and its static options.

    Attributes:
        part: of kind "annotator".
        options: those that are given; each value is a program.
    """

    part: Part
    options: Mapping[str, Any] = field(default_factory=dict)


def oracle_of(annotator: AnnotatorConfig | None, feedback: str) -> Oracle:
    """Build what answers questions of a kind.

    Args:
        annotator: whose answers; the built-in ones' if None.
        feedback: kind of the questions, which an annotator with an option of that name
            is told.

    Raises:
        PartError: an option that it does not have, or something else than an `Oracle`.
    """
    chosen = annotator or AnnotatorConfig(find("annotator", BUILT_IN))
    part, options = chosen.part, dict(chosen.options)
    if "feedback" in part.options:
        options.setdefault("feedback", feedback)
    oracle = part(**part.with_options(options))
    if not isinstance(oracle, Oracle):
        raise PartError(
            f"annotator {part.name!r} must return an `oracles.Oracle`, got "
            f"{type(oracle).__name__}."
        )
    return oracle


@dataclass(frozen=True)
class PanelConfig:
    """How many people answer one question, and how often each.

    Attributes:
        team: people in the team, A.
        people: different people per question; at most `workforce`.
        asks: times that each of them is asked the same question, on separate
            occasions.
        activity_spread: standard deviation of log activity over the team, by which
            questions are dealt; 0 deals them in turn.
        policy: what is done where recorded people have not answered, one of
            `oracles.replay.POLICIES`; None where simulated people answer.
        is_timed: whether every recorded answer has its time.
        annotator: how simulated people answer, those too who stand in for recorded
            ones; the built-in way if None.
    """

    team: int = 3
    people: int = 3
    asks: int = 1
    activity_spread: float = 0.0
    policy: str | None = None
    is_timed: bool = True
    annotator: AnnotatorConfig | None = None

    @property
    def answers(self) -> int:
        """Answers per question, M."""
        return self.people * self.asks


NOBODY = PanelConfig(1, 1, 1)
"""Stands for the people of a run that asks nobody."""


class Questions(NamedTuple):
    """One round's questions, whoever will answer them.

    Attributes:
        item: `[n]` stable item ids.
        truth: `[n]` right option.
        right: `[n]` the answer that counts as right; differs from `truth` where the
            read-out has more levels than options.
        utility: `[n, K]` systematic utilities of the options.
        difficulty: `[n]`.
        discrimination: `[n]`; 0 where an item has no right answer.
        size: `[n]` length of the item relative to the task's median.
        suggestion: `[n]` option that is proposed, -1 for none; None where nobody is
            shown any.
        options: `[n, K]` ids of the options where these are objects, as in
            preferences; None where option k is the k-th of its item.
        is_posed: `[n]` which of them are put to people at all; None for all. So their
            number may differ between runs of one program.
    """

    item: Int[Array, " n"]
    truth: Int[Array, " n"]
    right: Int[Array, " n"]
    utility: Float[Array, "n options"]
    difficulty: Float[Array, " n"]
    discrimination: Float[Array, " n"]
    size: Float[Array, " n"]
    suggestion: Int[Array, " n"] | None = None
    options: Int[Array, "n options"] | None = None
    is_posed: Bool[Array, " n"] | None = None


class Answers(NamedTuple):
    """Answers by question, `[n, M]`; a ranking has `[n, M, K]` option ids."""

    answer: Int[Array, "n answers ..."] | Float[Array, "n answers"]
    is_answered: Bool[Array, "n answers"]
    annotator: Int[Array, "n answers"]


class Labour(NamedTuple):
    """What a round cost its people, `[T, A]`, and how right they were, `[]`."""

    seconds: Float[Array, "queue annotators"]
    is_asked: Bool[Array, "queue annotators"]
    is_answered: Bool[Array, "queue annotators"]
    num_correct: Float[Array, ""]
    num_scored: Float[Array, ""]


class Assignment(NamedTuple):
    """A plan of n questions for A people: numpy arrays where it is fixed.

    Attributes:
        question: `[T, A]` question in each slot of each person's queue; one column
            where all queues go through the same questions.
        occasion: `[T, A]` 0 when the person first meets it, then 1, 2, ...
        is_asked: `[T, A]` False where a queue is padded, or another is asked; traced
            where who is asked is drawn.
        slot: `[n, M]` queue position of each answer of each question.
        person: `[n, M]` who gives it; traced as `is_asked`.
    """

    question: npt.NDArray[np.int32]
    occasion: npt.NDArray[np.int32]
    is_asked: npt.NDArray[np.bool_] | Array
    slot: npt.NDArray[np.int32]
    person: npt.NDArray[np.int32] | Array


def assign(num_questions: int, panel: PanelConfig) -> Assignment:
    """Deal questions to people, everybody's second ask after all first ones.

    Args:
        num_questions: n.
        panel: the team and who answers one question.

    Returns:
        The plan; no person meets a question twice unless `panel.asks` > 1. Dealt in
        turn, nobody's queue is longer than another's by more than one ask of each
        question; dealt by activity, person 0 is the busiest.

    Raises:
        ValueError: more people per question than the team has.
    """
    if panel.people > panel.team:
        raise ValueError(
            f"`people` must be <= `workforce` ({panel.team}), got {panel.people}."
        )
    # by ask, question and person, which is the order of each queue
    shape = (panel.asks, num_questions, panel.people)
    ask, q, _ = (place.ravel() for place in np.indices(shape, np.int32))
    who = np.broadcast_to(_deal(num_questions, panel), shape).ravel()
    load = np.bincount(who, minlength=panel.team)
    place = np.zeros(who.size, np.int32)
    begin = np.repeat(np.cumsum(load) - load, load)
    place[np.argsort(who, kind="stable")] = np.arange(who.size) - begin
    question = np.zeros((load.max(), panel.team), np.int32)
    occasion, is_asked = np.zeros_like(question), np.zeros(question.shape, bool)
    question[place, who], occasion[place, who], is_asked[place, who] = q, ask, True
    slot, person = (
        found.reshape(shape).swapaxes(0, 1).reshape(num_questions, -1)
        for found in (place, who)
    )
    return Assignment(question, occasion, is_asked, slot, person)


def _deal(num_questions: int, panel: PanelConfig) -> npt.NDArray[np.int32]:
    """`[n, people]` who answers each question."""
    if panel.activity_spread == 0.0:
        turn = np.arange(num_questions * panel.people, dtype=np.int32) % panel.team
        return turn.reshape(num_questions, panel.people)
    activity = activity_by_rank(panel.team, panel.activity_spread)
    return assign_by_activity(num_questions, panel.people, activity)


def sample_team(
    key: Key[Array, ""], population: Population, panel: PanelConfig
) -> Annotators:
    """Draw the team of a panel; where questions go by activity, busiest first."""
    team = sample_annotators(key, population, panel.team)
    if panel.activity_spread == 0.0:
        return team
    order = jnp.argsort(-draw_activity(key, population, panel.team))
    return map_people(lambda leaf: leaf[order], team)


def posed(questions: Questions, plan: Assignment) -> Assignment:
    """Take questions that are not put to people out of everybody's queue."""
    if questions.is_posed is None:
        return plan
    is_asked = plan.is_asked & questions.is_posed[plan.question]
    return plan._replace(is_asked=is_asked)


def build_query(questions: Questions, plan: Assignment) -> Query:
    """Lay one round's questions out on the queues of the people.

    Args:
        questions: of this round; none of them was asked in an earlier round.
        plan: who is asked what.

    Returns:
        The query. What belongs to an item has one column where all people share one
        queue. Occasions are left out where the plan asks nobody the same question
        twice: what a person alone sees in an item is then noise like any other.
    """
    q = plan.question
    if q.shape[1] > 1 and plan.is_asked.all() and (q == q[:, :1]).all():
        q = q[:, :1]
    proposed, objects = questions.suggestion, questions.options
    return Query(
        item=questions.item[q],
        occasion=jnp.asarray(plan.occasion) if plan.occasion.any() else None,
        truth=questions.truth[q],
        utility=questions.utility[q],
        difficulty=questions.difficulty[q],
        discrimination=questions.discrimination[q],
        size=questions.size[q],
        is_asked=jnp.asarray(posed(questions, plan).is_asked),
        suggestion=None if proposed is None else proposed[q],
        options=None if objects is None else objects[q],
    )


def ask(
    key: Key[Array, ""],
    oracle: Oracle,
    annotators: Annotators,
    state: Any,
    questions: Questions,
    plan: Assignment,
) -> tuple[Any, Response]:
    """Put one round's questions to the crowd."""
    return oracle.answer(key, annotators, state, build_query(questions, plan))


def collect(
    response: Response, questions: Questions, plan: Assignment
) -> tuple[Answers, Labour]:
    """Sort answers by question, and keep what they cost.

    A question without a right answer (`discrimination` 0) is not scored; nor is a
    ranking or a number.
    """
    is_answered = response.is_answered[plan.slot, plan.person]
    answer = response.answer[plan.slot, plan.person]
    scored = is_answered & (questions.discrimination > 0)[:, None]
    if answer.ndim == 2 and not is_number(answer):
        right = scored & (answer == questions.right[:, None])
    else:
        right = scored = jnp.zeros_like(scored)
    labour = Labour(
        seconds=response.seconds,
        is_asked=jnp.asarray(posed(questions, plan).is_asked),
        is_answered=response.is_answered,
        num_correct=right.sum(dtype=jnp.float32),
        num_scored=scored.sum(dtype=jnp.float32),
    )
    return Answers(answer, is_answered, jnp.asarray(plan.person)), labour
