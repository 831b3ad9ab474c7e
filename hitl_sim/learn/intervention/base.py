"""The contract of an intervention: what it asks, and what it does with the answers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from hitl_sim.learn.crowd import NOBODY, PanelConfig, Questions
from hitl_sim.learn.network import NetworkChoice
from hitl_sim.learn.optimise import TrainConfig, TrainSet
from hitl_sim.learn.optimiser import Params
from hitl_sim.learn.work import WorkLine
from hitl_sim.part import Part
from hitl_sim.task import Split, Status
from oracles.machine import Machine

_LAST = float(np.finfo(np.float32).min)
"""Below any score of a strategy, and still finite."""


@dataclass(frozen=True)
class Shape:
    """Static sizes of a task: pool N, features D, classes K, G groups of S features."""

    num_pool: int
    num_features: int
    num_classes: int
    num_groups: int
    group_size: int


class Perceived(NamedTuple):
    """How the people of a run see the pool, beyond its truth.

    Attributes:
        utility: `[N, K]` what an item's features say for each option of a question;
            None where they say nothing.
        difficulty: `[N]` utility that each item costs; None where all cost the same.
    """

    utility: Float[Array, "items options"] | None = None
    difficulty: Float[Array, " items"] | None = None


class Machines(NamedTuple):
    """Machines that answer as annotators do, by what a study calls them.

    Attributes:
        key: of all of them, the same in every arm of a replicate.
        known: their numbers.
    """

    key: jax.Array
    known: Mapping[str, Machine]


class Setting(NamedTuple):
    """What an intervention may look at in one run.

    Attributes:
        split: pool with given labels, and held-out items.
        groups: `[G, S]` features of each group.
        importance: `[G]` standardised reference importance: what people perceive.
        params: `[]` each, the arm's own traced numbers by name.
        optimiser: its traced numbers, `[]` each.
        perceived: what `asked_utility` and `asked_difficulty` read.
        is_askable: `[N]` items that may be asked about; None where all may.
        earlier: what earlier stages of the arm made of the pool, whose labels the
            split's pool has already; None where there were none.
        machines: that may be asked; None where no stage asks any.
    """

    split: Split
    groups: Int[Array, "groups members"]
    importance: Float[Array, " groups"]
    params: Mapping[str, Float[Array, ""]]
    optimiser: Params
    perceived: Perceived = Perceived()
    is_askable: Bool[Array, " items"] | None = None
    earlier: TrainSet | None = None
    machines: Machines | None = None

    @property
    def is_kept(self) -> Bool[Array, " items"]:
        """Items that no earlier stage of the arm has taken out."""
        num_pool = self.split.pool.label.shape[0]
        return jnp.ones(num_pool, bool) if self.earlier is None else kept(self.earlier)


def kept(known: TrainSet) -> Bool[Array, " items"]:
    """Say which items of the pool, `[N]`, a training set has."""
    nothing = jnp.zeros(known.labels.shape[0], bool)
    is_used = jnp.arange(known.order.shape[0]) < known.num_items
    return nothing.at[known.order].set(is_used)


def askable_first(
    setting: Setting, score: Float[Array, " items"]
) -> Float[Array, " items"]:
    """Score items that may not be asked about below all others, but not at infinity."""
    if setting.is_askable is None:
        return score
    return jnp.where(setting.is_askable, score, _LAST)


def asked_utility(
    setting: Setting, position: Int[Array, " n"], num_options: int
) -> Float[Array, "n options"]:
    """Return what people see for each option of the items at some positions."""
    seen = setting.perceived.utility
    if seen is None:
        return jnp.zeros((position.shape[0], num_options))
    return seen[position]


def asked_difficulty(
    setting: Setting, position: Int[Array, " n"]
) -> Float[Array, " n"]:
    """Return how hard people find the items at some positions."""
    seen = setting.perceived.difficulty
    return jnp.zeros(position.shape[0]) if seen is None else seen[position]


def label_questions(
    setting: Setting,
    position: Int[Array, " n"],
    num_classes: int,
    none_of_these: bool = False,
) -> Questions:
    """Ask for the classes of the items at some positions of the pool.

    Args:
        setting: of the run.
        position: in the pool.
        num_classes: K.
        none_of_these: whether "none of these" is offered as option K, which is right
            for an item that belongs to no class. Where it is not, people guess, and
            such an answer is neither right nor wrong.
    """
    pool = setting.split.pool
    truth, has_class = pool.truth[position], pool.status[position] != Status.IRRELEVANT
    utility = asked_utility(setting, position, num_classes)
    discrimination = has_class.astype(jnp.float32)
    if none_of_these:
        truth = jnp.where(has_class, truth, num_classes)
        utility = jnp.pad(utility, ((0, 0), (0, 1)))
        discrimination = jnp.ones_like(discrimination)
    return Questions(
        item=pool.item[position],
        truth=truth,
        right=truth,
        utility=utility,
        difficulty=asked_difficulty(setting, position),
        discrimination=discrimination,
        size=pool.size[position],
    )


def number_questions(setting: Setting, position: Int[Array, " n"]) -> Questions:
    """Ask for the numbers of the items at some positions of the pool.

    What an irrelevant item shows says nothing of any number, so its answers are noise.
    """
    pool = setting.split.pool
    truth, has_number = pool.truth[position], pool.status[position] != Status.IRRELEVANT
    nothing = jnp.zeros_like(position)
    return Questions(
        item=pool.item[position],
        truth=nothing,
        right=nothing,
        utility=jnp.stack([jnp.zeros_like(truth), truth], axis=1),
        difficulty=asked_difficulty(setting, position),
        discrimination=has_number.astype(jnp.float32),
        size=pool.size[position],
    )


class Intervention(NamedTuple):
    """One way to guide training, as pure functions over its own `plan` pytree.

    Attributes:
        num_features: width of the network's input.
        steps: `C` training steps before each checkpoint; 0 where no model is due yet.
        begin: `(key, setting) -> (plan, questions | None)` before the first round.
        training: `(setting, plan) -> TrainSet` on the network's own columns.
        absorb: `(setting, plan, answers) -> plan`, where `Answers` are None only where
            no question is asked; the plan stays as it is when left out.
        num_rounds: rounds of questions and training.
        num_questions: questions per round; 0 where nobody is asked.
        feedback: kind of question, None where nobody is asked.
        is_scratch: whether each round trains from fresh weights.
        has_penalty: whether `training` penalises input gradients.
        penalty_from: checkpoints of training before it does.
        columns: `(setting, plan) -> [D'] | None`, the features kept; None keeps all.
        choose: `(key, setting, plan, params) -> (plan, questions | None)`; no question
            that was asked in an earlier round. All are asked before training when left
            out.
        work: cumulative counts of what choosing costs, beside training itself.
        has_start: whether a model is fitted to what is known before the first question,
            which is then a stage of its own before the rounds.
        first: checkpoints of that start, of which the rounds leave as many; None where
            all stages are equally long.
        capacity: of each stage, the most items that training can have; None where all
            stages have the same.
        narrow: `(plan, capacity) -> plan` without room for more items than that, where
            finding labels to train on is worth compiling for each capacity; None where
            it is cheap. Only the labels of `training` are read of it.
        given_labels: given labels of the pool that are used, where the arm does not
            say so itself; None for all of them.
        items_kept: fewest items of the pool that it leaves to what comes after it; None
            where it does not say, so that no later stage can ask about items. Of what a
            study brings alone; other arms say it themselves.
        before: stages of the arm that are over before this one begins.
    """

    num_features: int
    steps: tuple[int, ...]
    begin: Callable[[jax.Array, Setting], tuple[Any, Questions | None]]
    training: Callable[[Setting, Any], TrainSet]
    absorb: Callable[[Setting, Any, Any], Any] = lambda setting, plan, answers: plan
    num_rounds: int = 1
    num_questions: int = 0
    feedback: str | None = None
    is_scratch: bool = False
    has_penalty: bool = False
    penalty_from: int = 0
    columns: Callable[[Setting, Any], jax.Array | None] = lambda setting, plan: None
    choose: Callable[[jax.Array, Setting, Any, Any], tuple[Any, Questions | None]] = (
        lambda key, setting, plan, params: (plan, None)
    )
    work: tuple[WorkLine, ...] = ()
    has_start: bool = False
    first: int | None = None
    capacity: tuple[int, ...] | None = None
    narrow: Callable[[Any, int], Any] | None = None
    given_labels: int | None = None
    items_kept: int | None = None
    before: tuple["Before", ...] = ()

    @property
    def num_stages(self) -> int:
        """Fits of a model: the rounds, and a start where there is one."""
        return self.num_rounds + self.has_start

    def stage_lengths(self, num_checkpoints: int) -> tuple[int, ...]:
        """Return how many of C checkpoints each stage has.

        Raises:
            ValueError: they cannot be divided so.
        """
        return stage_lengths(
            num_checkpoints, self.num_rounds, self.first, has_start=self.has_start
        )


class Before(NamedTuple):
    """A stage of an arm that is over before the next one begins.

    Attributes:
        kind: of its intervention, under which its traced numbers stand.
        guidance: what it asks, and what it makes of the pool, without training.
        panel: who answers.
    """

    kind: str
    guidance: Intervention
    panel: PanelConfig


def stage_lengths(
    num_checkpoints: int, rounds: int, first: int | None = None, *, has_start: bool
) -> tuple[int, ...]:
    """Divide C checkpoints among a start, if there is one, and the rounds.

    Args:
        num_checkpoints: C.
        rounds: of equal length.
        first: checkpoints of the start; None where all stages are equally long.
        has_start: whether there is a start.

    Raises:
        ValueError: something is left over, or nothing for a stage.
    """
    starts = () if first is None else (first,)
    left, among = num_checkpoints - sum(starts), rounds + has_start - len(starts)
    if not has_start and starts:
        raise ValueError(f"`first` must be None without a start, got {first}.")
    if left < among or left % among or min(starts, default=1) < 1:
        raise ValueError(
            "`rounds` and the start, if any, must divide the number of checkpoints "
            f"({num_checkpoints}{f' - {first}' if starts else ''}), got {among}."
        )
    return (*starts, *(left // among,) * among)


@dataclass(frozen=True)
class Program:
    """The static surroundings that an intervention is built for.

    Attributes:
        shape: sizes of the task.
        network: of the study.
        train: its training.
        panel: who answers, which fixes how many answers a question gets.
        parts: parts that the study brings, by the names it gave them.
    """

    shape: Shape
    network: NetworkChoice
    train: TrainConfig
    panel: PanelConfig = NOBODY
    parts: Mapping[str, Part] = field(default_factory=dict, hash=False)


def even_steps(train: TrainConfig) -> tuple[int, ...]:
    """Spread training evenly over the checkpoints up to the common cap."""
    return (train.steps_per_checkpoint,) * train.num_checkpoints
