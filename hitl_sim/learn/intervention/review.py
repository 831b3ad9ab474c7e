"""While a network trains, people look at what it doubts, and wrong labels are repaired.

Training begins on the whole pool. After some checkpoints, and again in later rounds,
the items that the network in training doubts most go to people, who reject their labels
or name the class anew; training goes on from the weights that there are. One round when
most of training is done is the last check before a network is used.
"""

from collections.abc import Callable
from typing import Any, ClassVar, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from jaxtyping import Array, Bool, Float, Int

from hitl_sim.learn.crowd import Answers, Questions
from hitl_sim.learn.intervention.arm import (
    Arm,
    PeopleArm,
    Surroundings,
    TaskFacts,
    built_in,
    check_names_a_class,
)
from hitl_sim.learn.intervention.base import (
    Intervention,
    Program,
    Setting,
    even_steps,
    label_questions,
    stage_lengths,
)
from hitl_sim.learn.intervention.machine_share import loss_score
from hitl_sim.learn.network import Network, build_network
from hitl_sim.learn.optimise import TrainSet
from hitl_sim.learn.query import closeness, top_items, true_first
from hitl_sim.learn.work import Unit, WorkLine, abstract, due_line
from hitl_sim.schema import Count
from oracles.aggregate.votes import count_votes

Doubt = Literal["loss", "margin"]
Repair = Literal["drop", "correct"]


class ReviewArm(PeopleArm, frozen=True, tag="review"):
    """People look at what a network in training doubts, and repair it.

    Attributes:
        rounds: of looking.
        questions: items per round; none is looked at twice.
        after: checkpoints before the first round, of which the rounds share the rest;
            when left out training begins with a stage as long as each round's.
        doubts: whether these are the items whose label the network finds least likely
            ("loss": its confident mistakes come first), or those whose two best classes
            are closest ("margin").
        repair: whether people are asked if the label is right, and its item goes where
            they reject it ("drop"), or which class it is, which is then trained on
            ("correct").
        none_of_these: whether people know that an item may belong to no class.
    """

    rounds: Count = 1
    questions: Count = 50
    after: Count | None = None
    doubts: Doubt = "loss"
    repair: Repair = "drop"
    none_of_these: bool = False

    uses_trained_network: ClassVar[bool] = True

    @property
    def question(self) -> str:
        """Whether a label is right, or which class it is."""
        return "verification" if self.repair == "drop" else "label"

    @property
    def suggests(self) -> bool:
        """The given label is what people are shown, where they verify it."""
        return self.repair == "drop"

    @property
    def num_questions(self) -> int:
        """Those of all rounds."""
        return self.rounds * self.questions

    @property
    def stages(self) -> int:
        """The rounds, and training before them."""
        return self.rounds + 1

    def first_stage(self, checkpoints: int) -> int:
        """Training before the first round."""
        return self.after or super().first_stage(checkpoints)

    def num_options(self, num_classes: int, num_groups: int) -> int:
        """The classes, and none of them where that is offered."""
        return super().num_options(num_classes, num_groups) + self.none_of_these

    def check(self, study: Surroundings) -> None:
        """Refuse rounds that do not fit the checkpoints."""
        super().check(study)
        check_stages(self, self.rounds, self.after, study)

    def check_task(self, task: TaskFacts) -> None:
        """Refuse more items than a pool has to be looked at once each."""
        check_items(self, self.rounds, self.questions, task, "questions")

    def check_replayed(self) -> None:
        """Labels can be recorded, where they name a class."""
        check_names_a_class(self, self.repair, self.none_of_these)

    def build(self, program: Program) -> Intervention:
        """Build the review of what a network in training doubts.

        References:
            Northcutt, Jiang, Chuang (2021), Confident learning: estimating uncertainty
            in dataset labels, JAIR 70; Bernhardt et al. (2022), Active label cleaning
            for improved dataset quality under resource constraints, Nature
            Communications 13: relabelling ordered by the model's doubt.
        """
        looks = Review(program, self.questions, self.doubts)
        choose = looks.asker(self)
        return looks.build(self.rounds, self.after, choose, people=self)


def check_stages(arm: Arm, rounds: int, after: int | None, study: Surroundings) -> None:
    """Refuse rounds that do not divide the checkpoints.

    Raises:
        ValueError: the message names field, value and what is allowed.
    """
    try:
        stage_lengths(study.checkpoints, rounds, after, has_start=True)
    except ValueError as error:
        field = "`arm.rounds`" if after else "`arm.rounds` + 1"
        left = f" - `arm.after` ({after})" if after else ""
        raise ValueError(
            f"{field} must divide `training.checkpoints` ({study.checkpoints}){left}, "
            f"got {rounds if after else rounds + 1} in arm {arm.name!r}."
        ) from error


def check_items(arm: Arm, rounds: int, each: int, task: TaskFacts, field: str) -> None:
    """Refuse more items than a pool has to be looked at once each.

    Raises:
        ValueError: the message names field, value and what is allowed.
    """
    # a look after the last round asks nobody, but is taken at items that are left
    num_pool = task.program.shape.num_pool
    if (rounds + 1) * each > num_pool:
        raise ValueError(
            f"(`arm.rounds` + 1) x `arm.{field}` must be <= `task.{task.name}.pool` "
            f"({num_pool}), got {(rounds + 1) * each} in arm {arm.name!r}."
        )


def look_work(
    program: Program,
    network: Network,
    look: Callable[..., Any],
    what: str,
    before: npt.NDArray[np.integer[Any]] | int,
) -> WorkLine:
    """Count looks of a network in training at its whole pool.

    Args:
        program: the arm's surroundings.
        network: that looks.
        look: `(params, features [N, D], label [N]) -> Any`, what it computes.
        what: name of the look.
        before: number of checkpoints, each before which it looks once.
    """
    shape, num = program.shape, program.shape.num_pool
    name = program.network.describe(shape.num_features, shape.num_classes)
    params = jax.eval_shape(network.init, jax.random.key(0))
    features = abstract(num, shape.num_features)
    args = (params, features, abstract(num, dtype=np.int32))
    due = np.zeros(program.train.num_checkpoints, np.int64)
    due[before] = num
    return due_line(Unit(f"score:{name}:{what}:n{num}", "score", look, args, num), due)


class ReviewPlan(NamedTuple):
    """What has been looked at, and what is trained on.

    Attributes:
        asked: `[n]` pool positions of this round.
        is_seen: `[N]` whether an item was looked at, or may not be.
        stays: `[N]` whether it is trained on.
        label: `[N]` under which label.
        key: decides between labels with equally many votes.
    """

    asked: Int[Array, " n"]
    is_seen: Bool[Array, " items"]
    stays: Bool[Array, " items"]
    label: Int[Array, " items"]
    key: jax.Array


class Review:
    """Looks of a network in training at its pool, in their surroundings."""

    def __init__(self, program: Program, each: int, doubts: Doubt) -> None:
        """Build the network that looks at `each` items per round, by its `doubts`."""
        self.program, self.shape = program, program.shape
        self.each, self.doubts = each, doubts
        sizes = self.shape.num_features, self.shape.num_classes
        self.network: Network = build_network(program.network, *sizes)

    def begin(self, key: jax.Array, setting: Setting) -> tuple[ReviewPlan, None]:
        """Train on the pool as it was given."""
        label, stays = setting.split.pool.label, setting.is_kept
        may = stays if setting.is_askable is None else setting.is_askable
        asked = jnp.zeros(self.each, jnp.int32)
        return ReviewPlan(asked, ~may, stays, label, key), None

    def training(self, setting: Setting, plan: ReviewPlan) -> TrainSet:
        """Train on what stays."""
        num_items = jnp.maximum(plan.stays.sum(dtype=jnp.int32), 1)
        features = setting.split.pool.features
        return TrainSet(features, plan.label, true_first(plan.stays), num_items)

    def look(
        self, params: Any, features: Float[Array, "n d"], label: Int[Array, " n"]
    ) -> tuple[Float[Array, " n"], Int[Array, " n"]]:
        """Say how much the network doubts items, and what it takes them for."""
        logits = self.network.apply(params, features)
        doubt = (
            loss_score(logits, label) if self.doubts == "loss" else closeness(logits)
        )
        return doubt, logits.argmax(axis=1).astype(jnp.int32)

    def pick(
        self, key: jax.Array, setting: Setting, plan: ReviewPlan, params: Any
    ) -> tuple[ReviewPlan, Int[Array, " items"]]:
        """Take the items that are doubted most, and say what they are taken for."""
        features = setting.split.pool.features
        doubt, guess = self.look(params, features, plan.label)
        asked = top_items(key, doubt, ~plan.is_seen, self.each)
        is_seen = plan.is_seen.at[asked].set(True)
        return plan._replace(asked=asked, is_seen=is_seen), guess

    def work(self, rounds: int, lengths: tuple[int, ...]) -> tuple[WorkLine, ...]:
        """Count a look at the whole pool before each round."""
        before = np.cumsum(lengths)[:rounds]
        what = f"{self.doubts}-review"
        return (look_work(self.program, self.network, self.look, what, before),)

    def build(
        self,
        rounds: int,
        after: int | None,
        choose: Callable[..., Any],
        *,
        people: ReviewArm | None = None,
    ) -> Intervention:
        """Build it: training, a look before each round, and what is made of it.

        Args:
            rounds: of looking.
            after: checkpoints before the first.
            choose: what is done with what is seen, as `Intervention.choose`.
            people: who are asked about it; None where nobody is.
        """
        train = self.program.train
        lengths = stage_lengths(train.num_checkpoints, rounds, after, has_start=True)
        asked = {}
        if people is not None:
            asked = {
                "absorb": self._absorber(people),
                "num_questions": self.each,
                "feedback": people.question,
            }
        return Intervention(
            self.shape.num_features,
            even_steps(train),
            self.begin,
            self.training,
            num_rounds=rounds,
            choose=choose,
            work=self.work(rounds, lengths),
            has_start=True,
            first=after,
            **asked,
        )

    def asker(self, arm: ReviewArm) -> Any:
        """Build what puts doubted items to people."""

        def choose(
            key: jax.Array, setting: Setting, plan: ReviewPlan, params: Any
        ) -> tuple[ReviewPlan, Questions]:
            plan, _ = self.pick(key, setting, plan, params)
            own = self.shape.num_classes, arm.none_of_these
            questions = label_questions(setting, plan.asked, *own)
            if arm.repair == "drop":
                label = plan.label[plan.asked]
                right = (label == questions.truth).astype(jnp.int32)
                questions = questions._replace(right=right, suggestion=label)
            return plan, questions

        return choose

    def _absorber(self, arm: ReviewArm) -> Any:
        """Build what is done with people's answers."""
        num_classes = self.shape.num_classes

        def absorb(setting: Setting, plan: ReviewPlan, answers: Answers) -> ReviewPlan:
            del setting
            own = answers.answer, answers.is_answered
            if arm.repair == "drop":
                vote, _ = count_votes(*own, 2, plan.key)
                stays = plan.stays.at[plan.asked].set(vote != 0)
                return plan._replace(stays=stays)
            vote, _ = count_votes(*own, num_classes + arm.none_of_these, plan.key)
            # what nobody answered keeps its label
            named = jnp.where(vote < 0, plan.label[plan.asked], vote)
            is_class = named < num_classes
            label = jnp.where(is_class, named, plan.label[plan.asked])
            return plan._replace(
                stays=plan.stays.at[plan.asked].set(is_class),
                label=plan.label.at[plan.asked].set(label.astype(jnp.int32)),
            )

        return absorb


review = built_in(ReviewArm)
