"""Active labelling: a model chooses which items people label next."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int
from msgspec import Meta, field
from msgspec.structs import replace

from hitl_sim.learn.crowd import Answers, Questions
from hitl_sim.learn.intervention.arm import (
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
    askable_first,
    label_questions,
    number_questions,
)
from hitl_sim.learn.loss import is_number, label_type
from hitl_sim.learn.network import Network, build_network
from hitl_sim.learn.optimise import TrainConfig, TrainSet
from hitl_sim.learn.query import top_items, true_first
from hitl_sim.learn.strategy import build_strategy, check_sight, look
from hitl_sim.learn.work import (
    Unit,
    WorkLine,
    abstract,
    due_line,
    forward_unit,
    list_shape,
    trace,
)
from hitl_sim.part import PROBLEMS, Part, check_problem, find
from hitl_sim.schema import Count, Scalar
from oracles.aggregate.votes import Votes

QUESTION = {"class": "label", "number": "number"}
"""Kind of question behind each kind of label."""
PROBLEM = {"classification": "class", "regression": "number"}
"""Kind of label that each problem asks for."""


class LabellingArm(PeopleArm, frozen=True, tag="labelling"):
    """People label what a model asks for, round after round.

    Attributes:
        strategy: name of what is asked next; the first round is always random where no
            label was there before, for there is no model yet.
        options: of the strategy; each of their values is a program.
        params: of the strategy, traced; those left out have its defaults.
        rounds: rounds of questions.
        questions: items per round.
        aggregate: name of how several answers become one label.
        aggregate_options: of the aggregation; each of their values is a program.
        aggregate_params: of the aggregation, traced.
        refit: "warm" trains on from the last weights, "scratch" afresh every round,
            "final_only" in the last round alone (with strategy "random").
        epochs: passes over the labelled items per fit; every round trains an equal
            share of the cap when left out.
        score: whether a model scores the whole unlabelled pool before each round, or
            a random subsample.
        score_items: size of that subsample; given exactly with score = "subsample".
        suggest: whether people are shown the class that the model would give, from the
            second round on; how much that sways them is `crowd.automation_bias`.
        initial: items whose given labels are there before the first round, as evenly
            over the given classes as can be; a model of them chooses what comes first.
        none_of_these: whether people may answer that an item belongs to no class; one
            of which that is decided is not trained on. Else they guess a class for it.
        feedback: whether people give the "class" of an item, or its "number"; as the
            task asks for.
        staleness: rounds of answers that the model of a round does not know yet, for
            the device fits and chooses while people give them: after round r it knows
            the answers up to round r - staleness. What is asked before there is a model
            is random. 0 fits when the round's answers are in.
    """

    strategy: str = "margin"
    options: dict[str, Scalar] = field(default_factory=dict)
    params: dict[str, float] = field(default_factory=dict)
    rounds: Count = 10
    questions: Count = 20
    aggregate: str = "majority"
    aggregate_options: dict[str, Scalar] = field(default_factory=dict)
    aggregate_params: dict[str, float] = field(default_factory=dict)
    refit: Literal["warm", "scratch", "final_only"] = "warm"
    epochs: Count | None = None
    score: Literal["pool", "subsample"] = "pool"
    score_items: Count | None = None
    suggest: bool = False
    initial: Annotated[int, Meta(ge=0)] = 0
    none_of_these: bool = False
    feedback: Literal["class", "number"] = "class"
    staleness: Annotated[int, Meta(ge=0)] = 0

    traced: ClassVar[tuple[str, ...]] = ("params", "aggregate_params")
    uses_trained_network: ClassVar[bool] = True

    @property
    def question(self) -> str:
        """The class of an item, or its number."""
        return QUESTION[self.feedback]

    @property
    def suggests(self) -> bool:
        """Where the arm says so."""
        return self.suggest

    @property
    def num_questions(self) -> int:
        """Those of all rounds."""
        return self.rounds * self.questions

    @property
    def num_items(self) -> int:
        """Those that are asked about, and those that were there."""
        return self.initial + self.num_questions

    @property
    def stages(self) -> int:
        """Fits of a model: the rounds, and one before them if labels are there."""
        return self.rounds + (self.initial > 0)

    @property
    def leaves(self) -> Mapping[str, float]:
        """Those of the strategy and of the aggregation, told apart."""
        of_votes = {_of_votes(name): n for name, n in self.aggregate_params.items()}
        return {**self.params, **of_votes}

    def labelled(self, stage: int) -> int:
        """Count the items that have been asked about, or given, by a stage's fit."""
        rounds = stage if self.initial else stage + 1
        return self.initial + rounds * self.questions

    def known(self, stage: int) -> int:
        """Count the items of which a stage's fit knows all answers, or the label."""
        late = self.staleness * self.questions
        return max(self.labelled(stage) - late, self.initial)

    def num_options(self, num_classes: int, num_groups: int) -> int:
        """The classes, and none of them where that is offered."""
        return super().num_options(num_classes, num_groups) + self.none_of_these

    def pool_labels(self, pool: int) -> int:
        """Those that were there."""
        del pool
        return self.initial

    def items_per_step(self, pool: int) -> float:
        """Mean over the rounds."""
        del pool
        return sum(map(self.known, range(self.stages))) / self.stages

    def items_at_once(self, pool: int) -> int:
        """Those that a model scores."""
        return self.score_items or pool

    def complete(self, parts: Mapping[str, Part]) -> "LabellingArm":
        """Fill in the defaults of the strategy and of the aggregation."""
        try:
            strategy = find("strategy", self.strategy, parts)
            aggregation = find("aggregation", self.aggregate, parts, "aggregate")
            return replace(
                self,
                options=strategy.with_options(self.options),
                params=strategy.with_params(self.params),
                aggregate_options=aggregation.with_options(self.aggregate_options),
                aggregate_params=aggregation.with_params(self.aggregate_params),
            )
        except ValueError as error:
            raise ValueError(f"Arm {self.name!r}: {error}") from error

    def check(self, study: Surroundings) -> None:
        """Refuse rounds, fits and choices that cannot be, and methods between them."""
        # its training set has a size that the program knows
        super().check(study._replace(batch=study.batch or 1))
        _check_choice(self)
        _check_number(self)
        _check_staleness(self)
        _check_fits(self, study)
        _check_methods(self)

    def check_task(self, task: TaskFacts) -> None:
        """Refuse a strategy or an aggregation that does not fit task and network."""
        problem, parts = task.program.train.problem, task.program.parts
        if self.feedback != PROBLEM[problem]:
            raise ValueError(
                f"`arm.feedback` must be {PROBLEM[problem]!r} for task {task.name!r} "
                f"of {problem}, got {self.feedback!r} in arm {self.name!r}."
            )
        strategy = find("strategy", self.strategy, parts)
        check_problem(strategy, problem, "arm.strategy", task.name, parts)
        aggregation = find("aggregation", self.aggregate, parts)
        check_problem(aggregation, problem, "arm.aggregate", task.name, parts)
        built = _Labelling(self, task.program)
        built.check_strategy()
        built.check_aggregation()

    def check_replayed(self) -> None:
        """Labels can be recorded, of people who saw no suggestion."""
        if self.suggest:
            raise ValueError(
                "`arm.suggest` must be false where answers are replayed from "
                "`crowd.recording`, for those people saw no suggestion, got true in "
                f"arm {self.name!r}."
            )
        check_names_a_class(self, "correct", self.none_of_these)
        if self.feedback != "class":
            raise ValueError(
                "`arm.feedback` must be 'class' where answers are replayed from "
                f"`crowd.recording`, for no numbers are, got {self.feedback!r} in arm "
                f"{self.name!r}. Give it `simulated = true` to ask simulated people."
            )

    def build(self, program: Program) -> Intervention:
        """Build pool-based active labelling with several people per item."""
        return _Labelling(self, program).build()


def _of_votes(param: str) -> str:
    """Name a param of the aggregation among those of an arm."""
    return f"aggregate.{param}"


def _check_number(arm: LabellingArm) -> None:
    """Refuse what is said of classes where people give numbers."""
    if arm.feedback == "class":
        return
    for name in ("suggest", "none_of_these"):
        if getattr(arm, name):
            raise ValueError(
                f"`arm.{name}` must be false where `arm.feedback` is "
                f"{arm.feedback!r}, for it is of classes, got true in arm "
                f"{arm.name!r}."
            )


def _check_choice(arm: LabellingArm) -> None:
    where = f"in arm {arm.name!r}"
    if (arm.score == "subsample") != (arm.score_items is not None):
        raise ValueError(
            "`arm.score_items` must be given exactly where `arm.score` is "
            f"'subsample', got {arm.score_items!r} with {arm.score!r} {where}."
        )
    if arm.score_items is not None and arm.score_items < arm.questions:
        raise ValueError(
            f"`arm.score_items` must be >= `arm.questions` ({arm.questions}), got "
            f"{arm.score_items} {where}."
        )
    if arm.refit == "final_only" and arm.suggest:
        raise ValueError(
            "`arm.suggest` must be false where `arm.refit` is 'final_only', for there "
            f"is no model to suggest, got true {where}."
        )
    if arm.refit == "final_only" and arm.strategy != "random":
        raise ValueError(
            "`arm.strategy` must be 'random' where `arm.refit` is 'final_only', for "
            f"there is no model to choose with, got {arm.strategy!r} {where}."
        )


def _check_staleness(arm: LabellingArm) -> None:
    where = f"in arm {arm.name!r}"
    if arm.staleness >= arm.rounds:
        raise ValueError(
            f"`arm.staleness` must be < `arm.rounds` ({arm.rounds}), for else no model "
            f"would know any answer, got {arm.staleness} {where}."
        )
    if arm.staleness and arm.refit == "final_only":
        raise ValueError(
            "`arm.staleness` must be 0 where `arm.refit` is 'final_only', whose fit "
            f"waits for the last answer, got {arm.staleness} {where}."
        )
    if arm.staleness and arm.method and not arm.initial:
        raise ValueError(
            "`arm.staleness` must be 0 with a method where `arm.initial` is 0, for a "
            "method acts from the first round on, whose fit would know nothing, got "
            f"{arm.staleness} {where}."
        )


def _check_fits(arm: LabellingArm, study: Surroundings) -> None:
    where = f"in arm {arm.name!r}"
    if study.checkpoints % arm.stages:
        also = " + 1 (`arm.initial` is a stage of its own)" if arm.initial else ""
        raise ValueError(
            f"`arm.rounds`{also} must divide `training.checkpoints` "
            f"({study.checkpoints}), got {arm.stages} {where}."
        )
    cap = study.checkpoints * study.steps_per_checkpoint
    fits = [arm.known(stage) for stage in range(arm.stages)]
    if arm.refit == "final_only":
        fits = fits[-1:]
    steps = sum(-(-(arm.epochs or 0) * n // (study.batch or n)) for n in fits if n)
    if steps > cap:
        raise ValueError(
            f"`arm.epochs` must lead to at most the cap of {cap} training steps "
            f"(checkpoints x steps_per_checkpoint), got {steps} {where}."
        )


def _check_methods(arm: LabellingArm) -> None:
    if arm.method and arm.refit != "warm":
        raise ValueError(
            "`arm.refit` must be 'warm' with a method, which acts on one training from "
            f"its begin to its end, got {arm.refit!r} in arm {arm.name!r}."
        )


class LabellingPlan(NamedTuple):
    """Everything asked so far; rows past `num_asked` are not read.

    Attributes:
        asked: `[initial + budget]` pool positions: those whose labels were there, then
            the others in the order of asking.
        num_asked: `[]` of both.
        votes: `[budget, M]`, the answers.
        key: decides between labels with equally many votes.
    """

    asked: Int[Array, " all"]
    num_asked: Int[Array, ""]
    votes: Votes
    key: jax.Array


def fit_steps(arm: LabellingArm, train: TrainConfig) -> tuple[int, ...]:
    """List the training steps before each checkpoint, `C` of them.

    Args:
        arm: rounds, refits and epochs.
        train: batch, and the grid of checkpoints, which the stages divide.

    Returns:
        With `epochs` E, the fit of a round takes ceil(E n / batch) steps for its n
        labelled items, spread evenly over the round's checkpoints; else each takes
        `train.steps_per_checkpoint`. With "final_only" only the last round's count, and
        nothing is fitted while no answer is known.
    """
    per_stage = train.num_checkpoints // arm.stages
    steps: list[int] = []
    for stage in range(arm.stages):
        known = arm.known(stage)
        is_due = known and (arm.refit != "final_only" or stage == arm.stages - 1)
        total = per_stage * train.steps_per_checkpoint
        if arm.epochs is not None and known:
            total = -(-arm.epochs * known // (train.batch or known))
        ends = [total * (k + 1) // per_stage for k in range(per_stage)]
        fit = [b - a for a, b in itertools.pairwise([0, *ends])]
        steps.extend(fit if is_due else [0] * per_stage)
    return tuple(steps)


class _Labelling:
    """Pool-based active labelling with several people per item, in its surroundings."""

    def __init__(self, arm: LabellingArm, program: Program) -> None:
        self.arm, self.program, self.shape = arm, program, program.shape
        part = find("strategy", arm.strategy, program.parts)
        options = part.with_options(arm.options)
        self.strategy = build_strategy(part, program.shape, options)
        # options that are not the strategy's defaults tell its work apart
        own = {n: v for n, v in arm.options.items() if v != part.options[n]}
        self.own = "".join(f"-{name}={value}" for name, value in sorted(own.items()))

    @cached_property
    def network(self) -> Network:
        """What is trained, and looked with."""
        sizes = self.shape.num_features, self.shape.num_classes
        return build_network(self.program.network, *sizes)

    @property
    def label_type(self) -> Any:
        """Type of a label, and of an answer."""
        return label_type(self.program.train.problem)

    @property
    def suggests_anew(self) -> bool:
        """Whether suggestions take a look at items that no strategy has taken."""
        return self.arm.suggest and "logits" not in self.strategy.sees

    @property
    def num_options(self) -> int:
        """Options of a question."""
        return self.arm.num_options(self.shape.num_classes, self.shape.num_groups)

    def aggregation(self) -> Callable[..., Any]:
        """Build what makes one label of several answers."""
        part = find("aggregation", self.arm.aggregate, self.program.parts)
        options = part.with_options(self.arm.aggregate_options)
        sizes = self.num_options, self.program.panel.team
        built: Callable[..., Any] = part(*sizes, **options)
        return built

    def begin(
        self, key: jax.Array, setting: Setting
    ) -> tuple[LabellingPlan, Questions | None]:
        """Ask at random, or take the labels that are there."""
        arm, each = self.arm, (self.arm.num_questions, self.program.panel.answers)
        key_asked, key_vote = jax.random.split(key)
        nobody = jnp.zeros(each, jnp.int32)
        nothing = jnp.zeros(each, self.label_type)
        votes = Votes(nothing, jnp.zeros(each, bool), nobody)
        asked = jnp.zeros(arm.num_items, jnp.int32)
        plan = LabellingPlan(asked, jnp.int32(arm.initial), votes, key_vote)
        if arm.initial:
            start = self._given(key_asked, setting)
            return plan._replace(asked=asked.at[: arm.initial].set(start)), None
        no_score = jnp.zeros(self.shape.num_pool)
        return self._ask_about(key_asked, setting, plan, no_score, None)

    def _given(self, key: jax.Array, setting: Setting) -> Int[Array, " initial"]:
        """Draw the items whose labels are there, as evenly over classes as can be."""
        label = setting.split.pool.label
        order = jax.random.permutation(key, label.shape[0])
        if setting.earlier is not None:
            order = order[jnp.argsort(~setting.is_kept[order], stable=True)]
        if is_number(label):
            return order[: self.arm.initial]
        classes = jnp.arange(self.shape.num_classes)
        is_of = label[order][:, None] == classes[None]
        place = jnp.cumsum(is_of, axis=0)[jnp.arange(label.shape[0]), label[order]]
        # everybody's first before anybody's second
        return order[jnp.argsort(place, stable=True)[: self.arm.initial]]

    def _asked(self, plan: LabellingPlan, is_true: Any) -> Bool[Array, " items"]:
        """Mark the pool positions that were asked about, or given."""
        mask = jnp.zeros(self.shape.num_pool, bool)
        return mask.at[self._positions(plan)].set(is_true, mode="drop")

    def _positions(self, plan: LabellingPlan) -> Int[Array, " all"]:
        """Pool positions asked so far; past them the pool's size, out of range."""
        is_asked = jnp.arange(plan.asked.shape[0]) < plan.num_asked
        return jnp.where(is_asked, plan.asked, self.shape.num_pool)

    def _ask_about(
        self,
        key: jax.Array,
        setting: Setting,
        plan: LabellingPlan,
        score: Float[Array, " items"],
        params: object | None,
    ) -> tuple[LabellingPlan, Questions]:
        """Ask about the items of highest score that were not asked about."""
        num, is_free = self.arm.questions, ~self._asked(plan, True)
        has_model = self._has_model(plan)
        if has_model is not None and self.strategy.reads_network:
            score = jnp.where(has_model, score, 0.0)
        chosen = top_items(key, askable_first(setting, score), is_free, num)
        # past the last round there is no room left, and the write is dropped
        row = plan.num_asked + jnp.arange(num)
        asked = plan.asked.at[row].set(chosen, mode="drop")
        if self.arm.feedback == "number":
            return plan._replace(asked=asked), number_questions(setting, chosen)
        own = self.shape.num_classes, self.arm.none_of_these
        questions = label_questions(setting, chosen, *own)
        if self.arm.suggest:
            # there is no model to suggest anything in the first round
            seen = jnp.full(num, -1, jnp.int32)
            if params is not None:
                logits = self.network.apply(params, setting.split.pool.features[chosen])
                seen = logits.argmax(axis=1).astype(jnp.int32)
                if has_model is not None:
                    seen = jnp.where(has_model, seen, -1)
            questions = questions._replace(suggestion=seen)
        return plan._replace(asked=asked), questions

    def absorb(
        self, setting: Setting, plan: LabellingPlan, answers: Answers
    ) -> LabellingPlan:
        """Keep what was answered."""
        del setting
        row = plan.num_asked - self.arm.initial + jnp.arange(self.arm.questions)
        new = Votes(answers.answer, answers.is_answered, answers.annotator)
        votes = jax.tree.map(lambda kept, own: kept.at[row].set(own), plan.votes, new)
        return plan._replace(num_asked=plan.num_asked + self.arm.questions, votes=votes)

    def narrow(self, plan: LabellingPlan, items: int) -> LabellingPlan:
        """Keep room for the first items only."""
        answered = items - self.arm.initial
        votes = jax.tree.map(lambda kept: kept[:answered], plan.votes)
        return plan._replace(asked=plan.asked[:items], votes=votes)

    def _num_known(self, plan: LabellingPlan) -> Int[Array, ""]:
        """Count the rows of which the model knows the answers, or the given label."""
        if not self.arm.staleness:
            return plan.num_asked
        late = self.arm.staleness * self.arm.questions
        return jnp.maximum(plan.num_asked - late, self.arm.initial)

    def _has_model(self, plan: LabellingPlan) -> Bool[Array, ""] | None:
        """Whether a model was fitted to anything; None where one always was."""
        if not self.arm.staleness or self.arm.initial:
            return None
        return self._num_known(plan) > 0

    def _is_usable(self, plan: LabellingPlan) -> Bool[Array, " all"]:
        """Whether there is a label of each item that was asked about, or given."""
        is_known = jnp.ones(self.arm.initial, bool)
        is_answered = plan.votes.is_answered.any(axis=1)
        is_usable = jnp.concatenate([is_known, is_answered])
        return is_usable & (jnp.arange(plan.asked.shape[0]) < self._num_known(plan))

    def _votes(self, plan: LabellingPlan) -> Votes:
        """Return the answers, but for those that the model does not know yet."""
        if not self.arm.staleness:
            return plan.votes
        row = self.arm.initial + jnp.arange(plan.votes.answer.shape[0])
        is_known = (row < self._num_known(plan))[:, None]
        return plan.votes._replace(is_answered=plan.votes.is_answered & is_known)

    def training(self, setting: Setting, plan: LabellingPlan) -> TrainSet:
        """Train on the labels that were there, and on those that people agree on."""
        arm, pool = self.arm, setting.split.pool
        label = pool.label[plan.asked[: arm.initial]]
        decided = jnp.zeros(0, self.label_type)
        if plan.asked.shape[0] > arm.initial:
            params = {n: setting.params[_of_votes(n)] for n in arm.aggregate_params}
            decided = self.aggregation()(plan.key, self._votes(plan), params)[0]
        known = jnp.concatenate([label, decided.astype(self.label_type)])
        is_usable = self._is_usable(plan)
        if arm.none_of_these:
            is_usable &= known < self.shape.num_classes
        labels = jnp.zeros(self.shape.num_pool, self.label_type)
        return TrainSet(
            pool.features,
            labels.at[self._positions(plan)].set(known, mode="drop"),
            plan.asked[true_first(is_usable)],
            jnp.maximum(is_usable.sum(dtype=jnp.int32), 1),
        )

    def _score(
        self,
        key: jax.Array,
        setting: Setting,
        plan: LabellingPlan,
        params: Any,
        place: Int[Array, " n"] | slice,
    ) -> Float[Array, " n"]:
        """Score the items at some positions of the pool."""
        is_labelled, label = self._asked(plan, self._is_usable(plan))[place], None
        if "label" in self.strategy.sees:
            label = self.training(setting, plan).labels[place]
        features = setting.split.pool.features[place]
        seen = (self.network, params, features, is_labelled, label)
        own = {name: setting.params[name] for name in self.arm.params}
        key_look = jax.random.fold_in(key, 1)
        return self.strategy.score(key, look(key_look, self.strategy, *seen), own)

    def choose(
        self, key: jax.Array, setting: Setting, plan: LabellingPlan, params: object
    ) -> tuple[LabellingPlan, Questions]:
        """Ask what the strategy finds best, of the pool or of a subsample."""
        key_draw, key_score, key_lot = jax.random.split(key, 3)
        args = (key_score, setting, plan, params)
        if self.arm.score_items is None:
            score = self._score(*args, slice(None))
            return self._ask_about(key_lot, setting, plan, score, params)
        num_pool, is_free = self.shape.num_pool, ~self._asked(plan, True)
        equal = askable_first(setting, jnp.zeros(num_pool))
        drawn = top_items(key_draw, equal, is_free, self.arm.score_items)
        score = jnp.full(num_pool, -jnp.inf)
        score = score.at[drawn].set(self._score(*args, drawn))
        return self._ask_about(key_lot, setting, plan, score, params)

    def work(self) -> tuple[WorkLine, ...]:
        """Count the scored items, before each round but the first.

        They are all that are unlabelled, or the subsample. A strategy that does not
        look through the network scores nothing; suggestions look at what is asked,
        where no strategy has looked at it already.
        """
        arm, shape = self.arm, self.shape
        unlabelled = [
            shape.num_pool - arm.labelled(stage) if arm.known(stage) else 0
            for stage in range(arm.stages - 1)
        ]
        lines = []
        if self.strategy.reads_network:
            scored = [min(arm.score_items or n, n) for n in unlabelled]
            lines.append(self._before_rounds(self.score_unit(), scored))
        if self.suggests_anew:
            unit = forward_unit(
                "score",
                self.program.network,
                arm.questions,
                shape.num_features,
                shape.num_classes,
                lambda logits: logits.argmax(axis=1),
                "suggestion",
                built=self.network,
            )
            shown = [arm.questions if n else 0 for n in unlabelled]
            lines.append(self._before_rounds(unit, shown))
        return tuple(lines)

    def _before_rounds(self, unit: Unit, items: Sequence[int]) -> WorkLine:
        """Cumulate what falls due before each stage but the first, by checkpoint."""
        due = np.zeros(self.program.train.num_checkpoints, np.int64)
        due[due.size // self.arm.stages * np.arange(1, self.arm.stages)] = items
        return due_line(unit, due)

    def score_unit(self) -> Unit:
        """Describe one look at an item, with all that the strategy makes of it."""
        arm, shape = self.arm, self.shape
        num_items = arm.score_items or shape.num_pool

        def program_of(
            params: Any,
            own: Any,
            x: jax.Array,
            is_labelled: jax.Array,
            label: jax.Array,
        ) -> jax.Array:
            key = jax.random.key(0)
            seen = (self.network, params, x, is_labelled, label)
            return self.strategy.score(key, look(key, self.strategy, *seen), own)

        name = self.program.network.describe(shape.num_features, shape.num_classes)
        return Unit(
            f"score:{name}:{arm.strategy}{self.own}:n{num_items}",
            "score",
            program_of,
            (
                jax.eval_shape(self.network.init, jax.random.key(0)),
                {name: abstract() for name in arm.params},
                abstract(num_items, shape.num_features),
                abstract(num_items, dtype=np.bool_),
                abstract(num_items, dtype=self.label_type),
            ),
            num_items,
        )

    def build(self) -> Intervention:
        """Build it.

        Raises:
            ValueError: more questions than the pool has items, or a choice that cannot
                be.
        """
        arm, shape = self.arm, self.shape
        _check_choice(arm)
        if arm.num_items > shape.num_pool:
            raise ValueError(
                "`initial` + `rounds` x `questions` must be <= the pool "
                f"({shape.num_pool}), got {arm.num_items}."
            )
        check_sight(arm.strategy, self.strategy, self.network)
        return Intervention(
            num_rounds=arm.rounds,
            num_questions=arm.questions,
            feedback=arm.question,
            num_features=shape.num_features,
            is_scratch=arm.refit == "scratch",
            steps=fit_steps(arm, self.program.train),
            begin=self.begin,
            absorb=self.absorb,
            training=self.training,
            choose=self.choose,
            work=self.work(),
            has_start=arm.initial > 0,
            capacity=tuple(max(arm.known(stage), 1) for stage in range(arm.stages)),
            narrow=None if arm.aggregate == "majority" else self.narrow,
        )

    def check_strategy(self) -> None:
        """Refuse a strategy that cannot score this pool through this network.

        Raises:
            ValueError: the network does not show what it looks at, or it does not give
                one number per item.
        """
        arm, strategy = self.arm, self.strategy
        is_plain = not strategy.members and "embedding" not in strategy.sees
        if is_plain and arm.strategy not in self.program.parts:
            return
        check_sight(arm.strategy, strategy, self.network)
        unit = self.score_unit()
        score = trace(f"strategy {arm.strategy!r}", unit.program, *unit.args)
        if getattr(score, "shape", None) != (unit.items,):
            raise ValueError(
                f"strategy {arm.strategy!r} must return one number per item, "
                f"[{unit.items}], got {list_shape(score)}."
            )

    def check_aggregation(self) -> None:
        """Refuse an aggregation that the study brings and that gives no label per item.

        Raises:
            ValueError: it cannot be traced, or gives something else.
        """
        arm, num = self.arm, self.arm.num_questions
        if arm.aggregate not in self.program.parts:
            return
        kinds = (self.label_type, np.bool_, np.int32)
        each = (num, self.program.panel.answers)
        votes = Votes(*(abstract(*each, dtype=kind) for kind in kinds))
        key = jax.eval_shape(lambda: jax.random.key(0))
        params = {name: abstract() for name in arm.aggregate_params}
        words = f"aggregation {arm.aggregate!r}"
        out = trace(words, self.aggregation(), key, votes, params)
        if list_shape(out) != ([num], [num]):
            raise ValueError(
                f"{words} must return (label, confidence) of one number per item each, "
                f"([{num}], [{num}]), got {list_shape(out)}."
            )
        if arm.feedback == "class" and is_number(out[0]):
            raise ValueError(f"{words} must return whole labels, got {out[0].dtype}.")


labelling = built_in(LabellingArm, problems=PROBLEMS)
