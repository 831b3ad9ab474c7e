"""The simulated desk: people of a population answer, at once and by a simulated clock.

What a person says depends on seed, replicate, item, person and occasion alone, but for
what a population has of habit, learning and fatigue: neither on the order of the
questions nor on what else is asked in a round. The time that it takes depends on the
person's work so far.

People are computed on the processor, whatever device the loop trains on.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from hitl_sim.session.desk import Desk, Run, Source
from hitl_sim.session.desk.paced import paced
from hitl_sim.session.error import SessionError
from hitl_sim.session.question import CLASSES, GROUPS, PAIR, Answer, Question
from oracles.populations import describe_population

_IDS = 2**31 - 1
_LEAST_QUEUE = 8
"""Queues are padded to powers of two from here on: rounds of like sizes then share one
compiled program. Padding asks nothing and changes nothing."""


@dataclass(frozen=True)
class SimulatedCrowd:
    """Simulated people; `hitl_sim.crowd` makes them.

    Attributes:
        population: name, or file, of the population that they are drawn from.
        size: how many they are.
        given: parameters that depart from it, by name.
        workforce: how they work, by the fields of `[workforce]`.
        speed: how many times faster than people they answer, in real time; at once
            where None.
    """

    population: str
    size: int
    given: Mapping[str, Any] = field(default_factory=dict)
    workforce: Mapping[str, Any] = field(default_factory=dict)
    speed: float | None = None
    source: Source = "simulated"
    is_timed: bool = False

    @property
    def name(self) -> str:
        """Return what records call them."""
        return describe_population(self.population).name

    def open(self, run: Run) -> Desk:
        """Open a desk; the people of one replicate are the same in every arm."""
        return paced(SimulatedDesk(self, run), self.speed)

    def check(self, questions: Sequence[Question]) -> None:
        """Refuse questions without a truth, or to more people than there are.

        Raises:
            SessionError: names the argument of `Arm.ask`.
        """
        most = max(question.people for question in questions)
        if most > self.size:
            raise SessionError(
                f"`people` must be at most the {self.size} of the crowd, got {most}."
            )
        if any(question.truth is None for question in questions):
            raise SessionError(
                "`truth` must be given where simulated people answer, for they err "
                "around what is right, got None."
            )

    def identity(self) -> dict[str, Any]:
        """Return what decides the answers; what a name means may change."""
        source = describe_population(self.population)
        kinds = {kind: source.content_hash(kind) for kind in source.status}
        return {
            "source": self.source,
            "population": kinds,
            "size": self.size,
            **self.parameters(),
            "workforce": dict(self.workforce),
        }

    def parameters(self) -> dict[str, Any]:
        """Return the parameters that depart from the population."""
        return dict(self.given)

    def table(self) -> dict[str, Any]:
        """Return the arguments of `hitl_sim.crowd`."""
        own = {"population": self.population, "size": self.size, "speed": self.speed}
        return own | {"workforce": dict(self.workforce)} | self.parameters()

    def described(self, kinds: Sequence[str]) -> dict[str, Any]:
        """Return numbers and evidence of the population, by kind of question."""
        source = describe_population(self.population)
        return {
            "summary": source.summary,
            "status": {kind: source.status[kind] for kind in kinds},
            "numbers": {kind: source.values(kind) for kind in kinds},
        }


class _Team(NamedTuple):
    """The people who answer one kind of question: who they are, and their state."""

    people: Any
    state: Any
    activity_spread: float


class SimulatedDesk:
    """Answers as soon as it is asked."""

    def __init__(self, crowd: SimulatedCrowd, run: Run) -> None:
        """Open the desk for one run."""
        self._crowd, self._run = crowd, run
        self._teams: dict[tuple[str, int], _Team] = {}
        self._looks: Counter[tuple[str, int, int]] = Counter()
        self._given: list[Answer] = []
        self._num_posted = 0

    def post(self, questions: Sequence[Question]) -> list[str | None]:
        """Let the people answer a round of one kind of question."""
        first = questions[0]
        alike = {(q.kind, q.people, q.asks, q.options) for q in questions}
        if len(alike) > 1:
            raise SessionError(
                "`questions` must be of one kind, with equal people, asks and options, "
                f"got {sorted(alike)}."
            )
        ids = [f"q{self._num_posted + i}" for i in range(len(questions))]
        self._num_posted += len(questions)
        self._given += self._answer(first, questions, ids)
        return list(ids)

    def poll(self) -> list[Answer]:
        """Return what was answered since the last call."""
        given, self._given = self._given, []
        return given

    def close(self) -> None:
        """Forget the people."""
        self._teams.clear()

    def _answer(
        self, first: Question, questions: Sequence[Question], ids: Sequence[str]
    ) -> list[Answer]:
        from hitl_sim.learn.crowd import (  # noqa: PLC0415 - loads jax
            PanelConfig,
            assign,
        )

        with _on_processor():
            team = self._team(first)
            panel = PanelConfig(
                self._crowd.size, first.people, first.asks, team.activity_spread
            )
            plan = assign(len(questions), panel)
            items = np.array([_id_of(q.item) for q in questions], np.int32)
            occasion = plan.occasion + self._seen(first.kind, items, plan)
            query = _query(questions, items, plan, occasion)
            state, response = _oracle(first.kind)(
                self._key(), team.people, team.state, query
            )
        self._teams[first.kind, _num_options(first)] = team._replace(state=state)
        answer, is_answered, seconds, confidence = (
            np.asarray(leaf) for leaf in response
        )
        found = []
        # in the order of each person's work
        for slot, person in np.argwhere(np.asarray(plan.is_asked)):
            said = answer[slot, person]
            question = int(plan.question[slot, person])
            found.append(
                Answer(
                    ids[question],
                    f"p{person}",
                    _said(said) if is_answered[slot, person] else None,
                    float(seconds[slot, person]),
                    int(occasion[slot, person]),
                    float(confidence[slot, person])
                    if is_answered[slot, person]
                    else None,
                    "simulated",
                )
            )
        return found

    def _seen(self, kind: str, items: Any, plan: Any) -> Any:
        """Count how often each person met each item in earlier rounds, `[T, A]`."""
        before = np.zeros_like(plan.occasion)
        asked = np.argwhere(np.asarray(plan.is_asked))
        for slot, person in asked:
            item = int(items[plan.question[slot, person]])
            before[slot, person] = self._looks[kind, int(person), item]
        for slot, person in asked:
            item = int(items[plan.question[slot, person]])
            self._looks[kind, int(person), item] += 1
        return before

    def _key(self) -> Any:
        import jax  # noqa: PLC0415 - a loop that asks nobody needs none

        return jax.random.fold_in(jax.random.key(self._run.seed), self._run.replicate)

    def _team(self, first: Question) -> _Team:
        """Draw the people who answer a kind of question, once in a run."""
        place = first.kind, _num_options(first)
        if place in self._teams:
            return self._teams[place]
        import jax  # noqa: PLC0415
        import jax.numpy as jnp  # noqa: PLC0415

        from hitl_sim.learn.crowd import PanelConfig, sample_team  # noqa: PLC0415
        from oracles.feedback import FEEDBACK  # noqa: PLC0415
        from oracles.population import build_population  # noqa: PLC0415

        crowd = self._crowd
        try:
            built = build_population(crowd.population, *place, **crowd.given)
        except ValueError as error:
            raise SessionError(f"`crowd`: {error}") from error
        spread = built.activity_spread
        activity = 0.0 if spread is None else float(np.asarray(spread))
        panel = PanelConfig(crowd.size, 1, 1, activity)
        population = jax.tree.map(jnp.float32, built)
        people = sample_team(self._key(), population, panel)
        state = FEEDBACK[first.kind].init(self._key(), people)
        self._teams[place] = _Team(people, state, activity)
        return self._teams[place]


def _num_options(question: Question) -> int:
    """Count the options of a question; two where the kind has levels of its own."""
    return len(question.options) or 2


@functools.cache
def _oracle(kind: str) -> Any:
    import jax  # noqa: PLC0415

    from oracles.feedback import FEEDBACK  # noqa: PLC0415

    return jax.jit(FEEDBACK[kind].answer)


def _on_processor() -> Any:
    """Compute on the processor inside a `with` block, and leave other devices alone."""
    if "torch" in sys.modules:
        # else JAX takes most of a GPU's memory, in which PyTorch trains
        os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    import jax  # noqa: PLC0415

    try:
        (processor, *_) = jax.local_devices(backend="cpu")
    except RuntimeError:
        return contextlib.nullcontext()  # JAX was told to leave it alone
    return jax.default_device(processor)


def _id_of(item: Any) -> int:
    """Return the number by which an item's draws are hashed; never its position."""
    if isinstance(item, int) and 0 <= item <= _IDS:
        return item
    if isinstance(item, tuple):
        # a pair is the same whichever of its objects stands first
        item = tuple(sorted(item, key=repr))
    digest = hashlib.sha256(repr(item).encode()).digest()
    return int.from_bytes(digest[:4], "big") & _IDS


def _query(questions: Sequence[Question], items: Any, plan: Any, occasion: Any) -> Any:
    """Lay a round out on the queues of the people, padded to a power of two."""
    from oracles.contract import Query  # noqa: PLC0415 - loads jax

    first, num = questions[0], len(questions)
    length, team = plan.question.shape
    padded = max(_LEAST_QUEUE, 1 << (length - 1).bit_length())

    def laid(values: Any) -> Any:
        """Put what belongs to questions on the queues, `[T, A, ...]`."""
        placed = np.asarray(values)[plan.question]
        wider = ((0, padded - length), *((0, 0),) * (placed.ndim - 1))
        return np.pad(placed, wider)

    def queued(values: Any) -> Any:
        """Pad what belongs to the queues, `[T, A]`."""
        return np.pad(np.asarray(values), ((0, padded - length), (0, 0)))

    utility = np.zeros((num, _num_options(first)), np.float32)
    truth = np.zeros(num, np.int32)
    if first.kind in (*GROUPS, PAIR):
        utility[:] = [question.truth for question in questions]
        if first.kind in GROUPS:
            utility = _standardised(utility)
    elif first.kind == "difficulty":
        utility[:, 1] = [question.truth[0] for question in questions]
    else:
        truth[:] = [question.truth for question in questions]
    suggestion = options = None
    if first.suggestion is not None:
        suggestion = laid(np.array([q.suggestion for q in questions], np.int32))
    if first.kind == PAIR:
        pairs = [[_id_of(one) for one in q.item] for q in questions]
        options = laid(np.array(pairs, np.int32))
    sizes = np.array([question.size for question in questions], np.float32)
    ones = np.ones((padded, team), np.float32)
    asked: dict[str, Any] = {"difficulty": 0.0 * ones, "discrimination": ones}
    asked["size"] = np.where(queued(plan.is_asked), laid(sizes), np.float32(1.0))
    return Query(
        item=laid(items),
        occasion=queued(occasion).astype(np.int32),
        truth=laid(truth),
        utility=laid(utility),
        is_asked=queued(plan.is_asked),
        suggestion=suggestion,
        options=options,
        **asked,
    )


def _standardised(worth: Any) -> Any:
    """Give the groups of each item mean 0 and standard deviation 1."""
    centred = worth - worth.mean(axis=1, keepdims=True)
    spread = centred.std(axis=1, keepdims=True)
    return centred / np.where(spread > 0.0, spread, 1.0)


def _said(said: Any) -> int | tuple[int, ...]:
    return int(said) if said.ndim == 0 else tuple(int(one) for one in said)


_RIGHT: Mapping[str, Any] = MappingProxyType(
    {"label": lambda q: q.truth, "relevance": lambda q: 2 * q.truth}
    | {"verification": lambda q: int(q.truth == q.suggestion)}
)


def right_answer(question: Question) -> int | None:
    """Return the answer that counts as right; None where there is no single one."""
    if question.truth is None or question.kind not in (*CLASSES, "relevance"):
        return None
    right: int = _RIGHT[question.kind](question)
    return right
