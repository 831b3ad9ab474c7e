"""Labels of the validation items as people give them, where nobody knows the true ones.

A study that stops at a target judges by these labels. With gold ones control and arms
are judged without noise, which no study without gold has.
"""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jaxtyping import Array, Int

from hitl_sim.learn.crowd import (
    PanelConfig,
    Questions,
    ask,
    assign,
    collect,
    oracle_of,
    sample_team,
)
from hitl_sim.task.data import TaskData
from oracles import Population
from oracles.aggregate.votes import count_votes
from oracles.evidence import perceive
from oracles.feedback import KINDS

LABEL = "label"
"""Kind of question that those who label validation items answer."""
_JUDGES = 5_000_011
"""Folds the key of those who label validation items from that of the crowd."""


@dataclass(frozen=True)
class Judging:
    """How validation items are labelled, as far as it fixes the program.

    Attributes:
        panel: who answers one question.
        num_classes: K.
    """

    panel: PanelConfig
    num_classes: int


def judge(
    key: jax.Array,
    data: TaskData,
    rows: Int[Array, " validation"],
    population: Population,
    judging: Judging,
) -> Int[Array, " validation"]:
    """Let people label items, each by as many as the panel says.

    They are drawn anew for each run and are others than those whom an arm asks; the
    arms of one replicate have the same.

    Args:
        key: the run's key of its crowd.
        data: of the task.
        rows: of the items in it.
        population: of those who label.
        judging: how many they are.

    Returns:
        `[V]` the class with most votes, a tie decided at random; -1, which no
        prediction meets, where nobody answered.
    """
    key_people, key_tie = jax.random.split(jax.random.fold_in(key, _JUDGES))
    num, kind, panel = rows.shape[0], KINDS[LABEL], judging.panel
    truth = jnp.asarray(data.labels)[rows]
    x, ones = jnp.asarray(data.features)[rows], jnp.ones(num)
    own = (population, x, truth, ones > 0, judging.num_classes)
    utility, difficulty = perceive(key_people, kind, *own)
    questions = Questions(
        item=rows.astype(jnp.int32),
        truth=truth,
        right=truth,
        utility=jnp.zeros((num, own[-1])) if utility is None else utility,
        difficulty=jnp.zeros(num) if difficulty is None else difficulty,
        discrimination=ones,
        size=jnp.asarray(data.size)[rows],
    )
    plan, oracle = assign(num, panel), oracle_of(None, LABEL)
    team = sample_team(key_people, population, panel)
    begun = oracle.init(key_people, team)
    _, response = ask(key_people, oracle, team, begun, questions, plan)
    given, _ = collect(response, questions, plan)
    label, _ = count_votes(given.answer, given.is_answered, own[-1], key_tie)
    return label.astype(jnp.int32)
