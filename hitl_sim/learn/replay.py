"""Putting questions to recorded people: who of those that answered an item is asked.

Every question goes to people who have answered its item, drawn at random without
replacement, so that no recorded answer is used twice. The lot of an item is the same in
every round and arm of a run: those asked as one of three are among the three.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Key

from hitl_sim.learn.crowd import (
    Assignment,
    PanelConfig,
    Questions,
    build_query,
    oracle_of,
)
from oracles import Annotators, Response
from oracles.feedback import KINDS
from oracles.replay import (
    RecordedAnswers,
    Recording,
    ReplayState,
    build_replay,
    is_recorded,
)

_LOT = 7_340_033
"""Folds the key of who is asked from that of the crowd."""


REPLAYED = tuple(n for n, kind in KINDS.items() if kind.recorded_as is not None)
"""Kinds of question whose answers can be replayed in the loop."""


Asked = tuple[Any, Response, Assignment]
"""What people carry on, what they answered, and who was asked what."""


class ReplayCount(NamedTuple):
    """Where the answers of a run came from, `[]` each.

    Attributes:
        replayed: questions to a person that were answered, or skipped, from the record.
        modelled: those that fitted people answered, or skipped.
        untimed: of those replayed, how many took a fitted person's time.
        left_out: questions that nobody was asked, for too few had answered the item.
    """

    replayed: Int[Array, ""]
    modelled: Int[Array, ""]
    untimed: Int[Array, ""]
    left_out: Int[Array, ""]


class Progress(NamedTuple):
    """What replay carries from round to round."""

    oracle: ReplayState
    left_out: Int[Array, ""]


def answerable(
    answers: RecordedAnswers, panel: PanelConfig, item: Int[Array, " n"]
) -> Bool[Array, " n"]:
    """Say of which items enough people have recorded enough looks."""
    looks = jnp.asarray(answers.key)
    occasion, cell = looks % answers.num_occasions, looks // answers.num_occasions
    is_last = occasion == panel.asks - 1
    of_item = jnp.where(is_last, cell % answers.num_items, -1)
    ordered = jnp.sort(of_item)
    low = jnp.searchsorted(ordered, item, side="left")
    high = jnp.searchsorted(ordered, item, side="right")
    return (item >= 0) & (item < answers.num_items) & (high - low >= panel.people)


def deal(
    key: Key[Array, ""], answers: RecordedAnswers, panel: PanelConfig, item: Array
) -> tuple[Assignment, Bool[Array, " n"]]:
    """Choose for each question people who have answered it, at random.

    Args:
        key: the crowd's key.
        answers: what was recorded.
        panel: how many people are asked, how often, and what if too few answered.
        item: `[n]` of the questions.

    Returns:
        Who is asked what, and `[n]` which questions are asked at all. A person with
        fewer recorded looks than `panel.asks` comes after those with more.
    """
    num, asks, people = item.shape[0], panel.asks, panel.people
    ids = jnp.arange(panel.team, dtype=jnp.int32)
    looks = _looks(answers, ids, item, asks)
    lots = jax.random.fold_in(key, _LOT)
    lot = jax.vmap(
        lambda i: jax.random.uniform(jax.random.fold_in(lots, i), (panel.team,))
    )(item)
    person = jax.lax.top_k(looks + lot, people)[1].astype(jnp.int32)
    is_kept = jnp.ones(num, bool)
    if panel.policy == "restrict":
        is_kept = jnp.take_along_axis(looks, person, axis=1).min(axis=1) >= asks
    is_asked = (person[:, :, None] == ids[None, None]).any(axis=1) & is_kept[:, None]
    question = np.arange(num, dtype=np.int32)
    occasion = np.repeat(np.arange(asks, dtype=np.int32), num)
    slot = [question + ask * num for ask in range(asks) for _ in range(people)]
    plan = Assignment(
        question=np.tile(question, asks)[:, None],
        occasion=np.tile(occasion[:, None], (1, panel.team)),
        is_asked=jnp.tile(is_asked, (asks, 1)),
        slot=np.stack(slot, axis=1),
        person=jnp.tile(person, (1, asks)),
    )
    return plan, is_kept


def _looks(
    answers: RecordedAnswers, ids: Array, item: Array, asks: int
) -> Float[Array, "n A"]:
    """Count what each person has recorded of each item, up to the looks asked for."""
    found = jnp.zeros((item.shape[0], ids.shape[0]))
    for ask in range(asks):
        found += is_recorded(answers, ids, item[:, None], ask)[0]
    return found


def recorded_people(
    key: Key[Array, ""],
    feedback: str,
    answers: RecordedAnswers | None,
    people: Annotators,
    panel: PanelConfig,
) -> tuple[Progress, Callable[[Progress, Questions], Asked]]:
    """Gather the recorded people of a run.

    Args:
        key: the crowd's key.
        feedback: kind of the questions.
        answers: what was recorded.
        people: who stands in.
        panel: how many are asked, and what if too few answered.

    Returns:
        Everybody at the start of their work, and what puts a round's questions to them.

    Raises:
        TypeError: there are no answers, or the panel has no policy.
    """
    if answers is None or panel.policy is None:
        raise TypeError("`answers` must be given exactly where a panel has a policy.")
    own = None if panel.annotator is None else oracle_of(panel.annotator, feedback)
    oracle = build_replay(feedback, panel.policy, is_timed=panel.is_timed, stand_in=own)
    recording = Recording(answers, people)

    def ask(progress: Progress, questions: Questions) -> Asked:
        plan, is_kept = deal(key, answers, panel, questions.item)
        query = build_query(questions, plan)
        state, response = oracle.answer(key, recording, progress.oracle, query)
        is_wanted = True if questions.is_posed is None else questions.is_posed
        is_left_out = ~is_kept & is_wanted
        left_out = progress.left_out + is_left_out.sum(dtype=jnp.int32)
        return Progress(state, left_out), response, plan

    return Progress(oracle.init(key, recording), jnp.int32(0)), ask


def count(progress: Progress) -> ReplayCount:
    """Count where the answers of a run came from."""
    state: Any = progress.oracle
    return ReplayCount(
        replayed=state.num_replayed.sum(),
        modelled=state.num_missing.sum(),
        untimed=state.num_untimed.sum(),
        left_out=progress.left_out,
    )
