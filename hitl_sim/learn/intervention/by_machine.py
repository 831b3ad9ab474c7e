"""What arms share in which a machine names the class of every item, and people of some.

The machine answers the whole pool once, whatever an earlier stage took out of it: so
many answers are billed. How many of them people look at is a number of the run.
"""

from collections.abc import Callable, Sequence
from typing import ClassVar, Literal, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from hitl_sim.learn.crowd import Answers, Questions
from hitl_sim.learn.intervention.arm import (
    PeopleArm,
    check_names_a_class,
)
from hitl_sim.learn.intervention.base import (
    Intervention,
    Program,
    Setting,
    even_steps,
    label_questions,
)
from hitl_sim.learn.optimise import TrainSet
from hitl_sim.learn.query import lowest_first, true_first
from hitl_sim.learn.work import Unit, WorkLine, abstract, done_once
from hitl_sim.purpose import MACHINE
from hitl_sim.schema import Share
from hitl_sim.task import Status
from oracles.aggregate.votes import count_votes
from oracles.machine import MachineAnswers, answer_items, copy_id

Repair = Literal["correct", "drop"]
TYPICAL = "typical"
"""Machine of an arm that names none."""


def say_labels(setting: Setting, name: str, copy: int = 0) -> MachineAnswers:
    """Let a copy of a machine name the class of every item of the pool, `[N]`.

    Raises:
        KeyError: the run has no such machine.
    """
    if setting.machines is None:
        raise KeyError(f"`machines` must hold {name!r}, got none.")
    pool = setting.split.pool
    return answer_items(
        setting.machines.key,
        setting.machines.known[name],
        pool.item,
        pool.truth,
        pool.status != Status.IRRELEVANT,
        copy=copy_id(name, copy),
    )


def machine_work(program: Program, names: Sequence[str]) -> tuple[WorkLine, ...]:
    """Count an answer to each item of the pool, of each machine that is named.

    An answer is a unit of work that the training's device has no part in; what one
    costs is among the prices.
    """
    num_pool = program.shape.num_pool
    lines = []
    for name in dict.fromkeys(names):
        unit = Unit(f"{MACHINE}:{name}", MACHINE, lambda x: x, (abstract(),), 1)
        count = num_pool * list(names).count(name)
        lines.append(done_once(unit, count, program.train))
    return tuple(lines)


class Named(NamedTuple):
    """Labels of a pool, and which of its items people look at.

    Attributes:
        label: `[N]` what is trained on.
        stays: `[N]` which items are.
        asked: `[N]` pool positions in the order in which people would look at them.
        key: decides between labels with equally many votes.
    """

    label: Int[Array, " items"]
    stays: Bool[Array, " items"]
    asked: Int[Array, " items"]
    key: jax.Array


def train_on_named(setting: Setting, plan: Named) -> TrainSet:
    """Train on the items that stay, under the labels that they were given here."""
    return train_under(setting, plan.label, plan.stays)


def train_under(
    setting: Setting, label: Int[Array, " items"], stays: Bool[Array, " items"]
) -> TrainSet:
    """Train on the items that stay, under some labels."""
    num_items = jnp.maximum(stays.sum(dtype=jnp.int32), 1)
    return TrainSet(setting.split.pool.features, label, true_first(stays), num_items)


def share_of(share: Float[Array, ""], total: Int[Array, ""]) -> Int[Array, ""]:
    """Count the items of a share, none if it is 0; rounded as `share.kept_count`."""
    return jnp.floor(share * total + 1e-3).astype(jnp.int32)


def items_in(share: float, total: int) -> int:
    """Count the items of a share, by the rounding of `share_of`, before any run."""
    return min(int(share * total + 1e-3), total)


class CheckedArm(PeopleArm, frozen=True):
    """An arm in which a machine labels the pool, and people look at some of it.

    Attributes:
        machine: what names every item's class: a table [machine.NAME] of the study, or
            a machine that ships.
        share: of the pool that people look at, at most; may be swept.
        repair: whether people are asked which class it is, which is then trained on
            ("correct"), or if the machine's is right, and its item goes where they
            reject it ("drop").
        none_of_these: whether people know that an item may belong to no class, which
            then goes.
    """

    machine: str = TYPICAL
    share: Share = 1.0
    repair: Repair = "correct"
    none_of_these: bool = False

    traced: ClassVar[tuple[str, ...]] = ("share",)
    gives_labels: ClassVar[bool] = True

    @property
    def machines(self) -> tuple[str, ...]:
        """The one that is named."""
        return (self.machine,)

    @property
    def question(self) -> str:
        """Which class it is, or whether the machine's is right."""
        return "label" if self.repair == "correct" else "verification"

    @property
    def suggests(self) -> bool:
        """The machine's label is what people are shown, where they verify it."""
        return self.repair == "drop"

    def num_options(self, num_classes: int, num_groups: int) -> int:
        """The classes, and none of them where that is offered."""
        return super().num_options(num_classes, num_groups) + self.none_of_these

    def pool_labels(self, pool: int) -> int:
        """None: the machine gives its own."""
        del pool
        return 0

    def asked_in(self, program: Program) -> int:
        """The share, where there is as much to ask."""
        return items_in(self.share, program.shape.num_pool)

    def items_kept(self, pool: int) -> int:
        """All but those that may be found wrong, or of no class."""
        may_go = self.repair == "drop" or self.none_of_these
        return pool - may_go * items_in(self.share, pool)

    def check_replayed(self) -> None:
        """Labels can be recorded, where they name a class."""
        check_names_a_class(self, self.repair, self.none_of_these)


def is_open(setting: Setting) -> Bool[Array, " items"]:
    """Say which items people may be asked about."""
    kept = setting.is_kept
    return kept if setting.is_askable is None else kept & setting.is_askable


Urgency = Callable[
    [jax.Array, Setting, MachineAnswers],
    tuple[Float[Array, " items"], Int[Array, ""]],
]
"""`(key, setting, what the machine says) -> (`[N]` score of items that people look at
first, how many they look at, `[]`)`; as many as are open at most."""


def build_checked(
    program: Program, arm: CheckedArm, urgency: Urgency, work: tuple[WorkLine, ...]
) -> Intervention:
    """Build an arm in which a machine labels the pool, and people look at some of it.

    What nobody answered keeps the machine's label.

    Args:
        program: the static surroundings.
        arm: who is asked what.
        urgency: which items people look at first, and how many.
        work: answers of machines.
    """
    num_classes, num_pool = program.shape.num_classes, program.shape.num_pool

    def begin(key: jax.Array, setting: Setting) -> tuple[Named, Questions]:
        key_first, key_lot, key_vote = jax.random.split(key, 3)
        said = say_labels(setting, arm.machine)
        score, number = urgency(key_first, setting, said)
        may_ask = is_open(setting)
        asked = lowest_first(key_lot, jnp.where(may_ask, -score, jnp.inf))
        questions = label_questions(setting, asked, num_classes, arm.none_of_these)
        if arm.repair == "drop":
            label = said.label[asked]
            right = (label == questions.truth).astype(jnp.int32)
            questions = questions._replace(right=right, suggestion=label)
        most = jnp.minimum(number, may_ask.sum(dtype=jnp.int32))
        is_posed = jnp.arange(num_pool) < most
        questions = questions._replace(is_posed=is_posed)
        return Named(said.label, setting.is_kept, asked, key_vote), questions

    def absorb(setting: Setting, plan: Named, answers: Answers) -> Named:
        del setting
        own = answers.answer, answers.is_answered
        if arm.repair == "drop":
            vote, _ = count_votes(*own, 2, plan.key)
            stays = plan.stays.at[plan.asked].min(vote != 0)
            return plan._replace(stays=stays)
        vote, _ = count_votes(*own, num_classes + arm.none_of_these, plan.key)
        label, stays = take_names(plan.label, plan.stays, plan.asked, vote, num_classes)
        return plan._replace(label=label, stays=stays)

    return Intervention(
        program.shape.num_features,
        even_steps(program.train),
        begin,
        train_on_named,
        absorb,
        feedback=arm.question,
        num_questions=num_pool,
        work=work,
    )


def take_names(
    label: Int[Array, " items"],
    stays: Bool[Array, " items"],
    place: Int[Array, " n"],
    vote: Int[Array, " n"],
    num_classes: int,
) -> tuple[Int[Array, " items"], Bool[Array, " items"]]:
    """Take the classes that people named; what is of none goes, -1 changes nothing.

    Returns:
        Labels, and which items stay.
    """
    own = label[place]
    named = jnp.where(vote < 0, own, vote)
    is_class = named < num_classes
    named = jnp.where(is_class, named, own).astype(jnp.int32)
    return label.at[place].set(named), stays.at[place].min(is_class)
