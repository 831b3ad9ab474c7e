"""Active labelling: a model chooses which items people label next."""

import itertools
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Annotated, Any, ClassVar, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from jaxtyping import Array, Bool, Float, Int
from msgspec import Meta, field
from msgspec.structs import replace

from hitl_sim.learn.crowd import Answers, PanelConfig, Questions
from hitl_sim.learn.intervention.arm import (
    PeopleArm,
    Surroundings,
    TaskFacts,
    built_in,
)
from hitl_sim.learn.intervention.base import (
    Intervention,
    Program,
    Setting,
    askable_first,
    keep_all_columns,
    label_questions,
)
from hitl_sim.learn.network import Network, build_network
from hitl_sim.learn.optimise import TrainConfig, TrainSet
from hitl_sim.learn.query import top_items, true_first
from hitl_sim.learn.strategy import Strategy, build_strategy, check_sight, look
from hitl_sim.learn.work import (
    PROTOCOL,
    Unit,
    WorkLine,
    abstract,
    forward_unit,
    spread,
)
from hitl_sim.part import Part, find
from hitl_sim.schema import Count, Scalar
from oracles.aggregate.votes import Votes


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
            second round on; how much that sways them is `crowd.pull`.
        initial: items whose given labels are there before the first round, as evenly
            over the given classes as can be; a model of them chooses what comes first.
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

    traced: ClassVar[tuple[str, ...]] = ("params", "aggregate_params")
    uses_trained_network: ClassVar[bool] = True

    @property
    def question(self) -> str:
        """The class of an item."""
        return "label"

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

    def pool_labels(self, pool: int) -> int:
        """Those that were there."""
        del pool
        return self.initial

    def items_per_step(self, pool: int) -> float:
        """Mean over the rounds."""
        del pool
        return self.initial + self.questions * (self.rounds + (self.initial == 0)) / 2

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
        """Refuse rounds, fits and choices that cannot be, and levers between them."""
        # its training set has a size that the program knows
        super().check(study._replace(batch=study.batch or 1))
        _check_choice(self)
        _check_fits(self, study)
        _check_levers(self)

    def check_task(self, task: TaskFacts) -> None:
        """Refuse a strategy that looks at what the network does not show."""
        _check_strategy(self, task.program)

    def check_replayed(self) -> None:
        """Labels can be recorded, of people who saw no suggestion."""
        if self.suggest:
            raise ValueError(
                "`arm.suggest` must be false where answers are replayed from "
                "`crowd.recording`, for those people saw no suggestion, got true in "
                f"arm {self.name!r}."
            )

    def build(self, program: Program) -> Intervention:
        """Build pool-based active labelling with several people per item."""
        return _build(self, program)


def _of_votes(param: str) -> str:
    """Name a param of the aggregation among those of an arm."""
    return f"aggregate.{param}"


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


def _check_fits(arm: LabellingArm, study: Surroundings) -> None:
    where = f"in arm {arm.name!r}"
    if study.checkpoints % arm.stages:
        also = " + 1 (`arm.initial` is a stage of its own)" if arm.initial else ""
        raise ValueError(
            f"`arm.rounds`{also} must divide `training.checkpoints` "
            f"({study.checkpoints}), got {arm.stages} {where}."
        )
    cap = study.checkpoints * study.steps_per_checkpoint
    fits = [arm.labelled(stage) for stage in range(arm.stages)]
    if arm.refit == "final_only":
        fits = fits[-1:]
    steps = sum(-(-(arm.epochs or 0) * n // (study.batch or n)) for n in fits)
    if steps > cap:
        raise ValueError(
            f"`arm.epochs` must lead to at most the cap of {cap} training steps "
            f"(checkpoints x steps_per_checkpoint), got {steps} {where}."
        )


def _check_levers(arm: LabellingArm) -> None:
    if arm.lever and arm.refit != "warm":
        raise ValueError(
            "`arm.refit` must be 'warm' with a lever, which acts on one training from "
            f"its begin to its end, got {arm.refit!r} in arm {arm.name!r}."
        )


class LabellingPlan(NamedTuple):
    """Everything asked so far; rows past `num_asked` are not read.

    Attributes:
        asked: `[initial + budget]` pool positions: those whose labels were there, then
            the others in the order of asking.
        num_asked: `[]` of both.
        answer: `[budget, M]`.
        is_answered: `[budget, M]`.
        annotator: `[budget, M]`.
        key: decides between labels with equally many votes.
    """

    asked: Int[Array, " all"]
    num_asked: Int[Array, ""]
    answer: Int[Array, "budget answers"]
    is_answered: Bool[Array, "budget answers"]
    annotator: Int[Array, "budget answers"]
    key: jax.Array


def _asked_positions(plan: LabellingPlan, num_pool: int) -> jax.Array:
    """Pool positions asked so far; past them `num_pool`, out of range."""
    is_asked = jnp.arange(plan.asked.shape[0]) < plan.num_asked
    return jnp.where(is_asked, plan.asked, num_pool)


def _labels(
    arm: LabellingArm, program: Program, setting: Setting, plan: LabellingPlan
) -> Int[Array, " budget"]:
    """One label per asked item."""
    part = find("aggregation", arm.aggregate, program.parts)
    options = part.with_options(arm.aggregate_options)
    aggregate = part(program.shape.num_classes, program.panel.crew, **options)
    votes = Votes(plan.answer, plan.is_answered, plan.annotator)
    params = {name: setting.params[_of_votes(name)] for name in arm.aggregate_params}
    label: jax.Array = aggregate(plan.key, votes, params)[0]
    return label


def _suggests_anew(arm: LabellingArm, strategy: Strategy) -> bool:
    """Whether suggestions take a look at items that no strategy has taken."""
    return arm.suggest and "logits" not in strategy.sees


def fit_steps(arm: LabellingArm, train: TrainConfig) -> tuple[int, ...]:
    """List the training steps before each checkpoint, `C` of them.

    Args:
        arm: rounds, refits and epochs.
        train: batch, and the grid of checkpoints, which the stages divide.

    Returns:
        With `epochs` E, the fit of a round takes ceil(E n / batch) steps for its n
        labelled items, spread evenly over the round's checkpoints; else each takes
        `train.steps_per_checkpoint`. With "final_only" only the last round's count.
    """
    per_stage = train.num_checkpoints // arm.stages
    steps: list[int] = []
    for stage in range(arm.stages):
        is_due = arm.refit != "final_only" or stage == arm.stages - 1
        total = per_stage * train.steps_per_checkpoint
        if arm.epochs is not None:
            labelled = arm.labelled(stage)
            total = -(-arm.epochs * labelled // (train.batch or labelled))
        ends = [total * (k + 1) // per_stage for k in range(per_stage)]
        fit = [b - a for a, b in itertools.pairwise([0, *ends])]
        steps.extend(fit if is_due else [0] * per_stage)
    return tuple(steps)


def _suggest(
    network: Network, params: object | None, features: Float[Array, "n features"]
) -> Int[Array, " n"]:
    """Name the class that the model would give; -1 where there is no model yet."""
    if params is None:
        return jnp.full(features.shape[0], -1, jnp.int32)
    return network.apply(params, features).argmax(axis=1).astype(jnp.int32)


def _empty_plan(arm: LabellingArm, panel: PanelConfig, key: jax.Array) -> LabellingPlan:
    budget, each = arm.num_questions, panel.answers
    return LabellingPlan(
        asked=jnp.zeros(arm.initial + budget, jnp.int32),
        num_asked=jnp.int32(arm.initial),
        answer=jnp.zeros((budget, each), jnp.int32),
        is_answered=jnp.zeros((budget, each), bool),
        annotator=jnp.zeros((budget, each), jnp.int32),
        key=key,
    )


def _with_given(
    key: jax.Array,
    setting: Setting,
    arm: LabellingArm,
    num_classes: int,
    plan: LabellingPlan,
) -> LabellingPlan:
    """Draw the items whose labels are there, as evenly over the classes as can be."""
    label = setting.split.pool.label
    order = jax.random.permutation(key, label.shape[0])
    is_of = label[order][:, None] == jnp.arange(num_classes)[None]
    place = jnp.cumsum(is_of, axis=0)[jnp.arange(label.shape[0]), label[order]]
    # everybody's first before anybody's second
    start = order[jnp.argsort(place, stable=True)[: arm.initial]]
    return plan._replace(asked=plan.asked.at[: arm.initial].set(start))


def _absorb(arm: LabellingArm, plan: LabellingPlan, answers: Answers) -> LabellingPlan:
    row = plan.num_asked - arm.initial + jnp.arange(arm.questions)
    return plan._replace(
        num_asked=plan.num_asked + arm.questions,
        answer=plan.answer.at[row].set(answers.answer),
        is_answered=plan.is_answered.at[row].set(answers.is_answered),
        annotator=plan.annotator.at[row].set(answers.annotator),
    )


def _narrow(arm: LabellingArm, plan: LabellingPlan, items: int) -> LabellingPlan:
    """Keep room for the first items only."""
    answered = items - arm.initial
    return plan._replace(
        asked=plan.asked[:items],
        answer=plan.answer[:answered],
        is_answered=plan.is_answered[:answered],
        annotator=plan.annotator[:answered],
    )


def _is_usable(arm: LabellingArm, plan: LabellingPlan) -> Bool[Array, " all"]:
    """Whether there is a label of each item that was asked about, or given."""
    is_known = jnp.ones(arm.initial, bool)
    is_usable = jnp.concatenate([is_known, plan.is_answered.any(axis=1)])
    return is_usable & (jnp.arange(plan.asked.shape[0]) < plan.num_asked)


def _train_set(
    arm: LabellingArm, program: Program, setting: Setting, plan: LabellingPlan
) -> TrainSet:
    """Train on the labels that were there, and on those that people agree on."""
    pool, most, shape = setting.split.pool, plan.asked.shape[0], program.shape
    given = pool.label[plan.asked[: arm.initial]]
    decided = jnp.zeros(0, jnp.int32)
    if most > arm.initial:
        decided = _labels(arm, program, setting, plan).astype(jnp.int32)
    is_usable = _is_usable(arm, plan)
    labels = jnp.zeros(shape.num_pool, jnp.int32)
    position = _asked_positions(plan, shape.num_pool)
    return TrainSet(
        pool.features,
        labels.at[position].set(jnp.concatenate([given, decided]), mode="drop"),
        plan.asked[true_first(is_usable)],
        jnp.maximum(is_usable.sum(dtype=jnp.int32), 1),
    )


def _score(
    arm: LabellingArm,
    program: Program,
    network: Network,
    strategy: Strategy,
    key: jax.Array,
    setting: Setting,
    plan: LabellingPlan,
    params: Any,
    place: Int[Array, " n"] | slice,
) -> Float[Array, " n"]:
    """Score the items at some positions of the pool."""
    position = _asked_positions(plan, program.shape.num_pool)
    is_labelled = jnp.zeros(program.shape.num_pool, bool)
    is_labelled = is_labelled.at[position].set(_is_usable(arm, plan), mode="drop")
    label = None
    if "label" in strategy.sees:
        label = _train_set(arm, program, setting, plan).labels[place]
    view = look(
        jax.random.fold_in(key, 1),
        strategy,
        network,
        params,
        setting.split.pool.features[place],
        is_labelled[place],
        label,
    )
    own = {name: setting.params[name] for name in arm.params}
    return strategy.score(key, view, own)


def _build(arm: LabellingArm, program: Program) -> Intervention:
    """Build pool-based active labelling with several people per item.

    Raises:
        ValueError: more questions than the pool has items, or a choice that cannot be.
    """
    shape = program.shape
    _check_choice(arm)
    if arm.num_items > shape.num_pool:
        raise ValueError(
            "`initial` + `rounds` x `questions` must be <= the pool "
            f"({shape.num_pool}), got {arm.num_items}."
        )
    network = build_network(program.network, shape.num_features, shape.num_classes)
    strategy = _strategy(arm, program)
    check_sight(arm.strategy, strategy, network)

    def ask_about(
        key: jax.Array,
        setting: Setting,
        plan: LabellingPlan,
        score: Float[Array, " items"],
        params: object | None,
    ) -> tuple[LabellingPlan, Questions]:
        position = _asked_positions(plan, shape.num_pool)
        is_free = jnp.ones(shape.num_pool, bool).at[position].set(False, mode="drop")
        score = askable_first(setting, score)
        chosen = top_items(key, score, is_free, arm.questions)
        # past the last round there is no room left, and the write is dropped
        asked = plan.asked.at[plan.num_asked + jnp.arange(arm.questions)].set(
            chosen, mode="drop"
        )
        questions = label_questions(setting, chosen, shape.num_classes)
        if arm.suggest:
            seen = setting.split.pool.features[chosen]
            questions = questions._replace(suggestion=_suggest(network, params, seen))
        return plan._replace(asked=asked), questions

    def begin(
        key: jax.Array, setting: Setting
    ) -> tuple[LabellingPlan, Questions | None]:
        key_asked, key_vote = jax.random.split(key)
        plan = _empty_plan(arm, program.panel, key_vote)
        if arm.initial:
            return _with_given(key_asked, setting, arm, shape.num_classes, plan), None
        no_score = jnp.zeros(shape.num_pool)
        return ask_about(key_asked, setting, plan, no_score, None)

    def absorb(
        setting: Setting, plan: LabellingPlan, answers: Answers | None
    ) -> LabellingPlan:
        del setting
        if answers is None:
            raise TypeError("`answers` must be given: labelling asks people.")
        return _absorb(arm, plan, answers)

    def choose(
        key: jax.Array, setting: Setting, plan: LabellingPlan, params: object
    ) -> tuple[LabellingPlan, Questions]:
        key_draw, key_score, key_lot = jax.random.split(key, 3)
        score_of = partial(_score, arm, program, network, strategy, key_score)
        if arm.score_items is None:
            score = score_of(setting, plan, params, slice(None))
            return ask_about(key_lot, setting, plan, score, params)
        position = _asked_positions(plan, shape.num_pool)
        is_free = jnp.ones(shape.num_pool, bool).at[position].set(False, mode="drop")
        equal = askable_first(setting, jnp.zeros(shape.num_pool))
        drawn = top_items(key_draw, equal, is_free, arm.score_items)
        score = jnp.full(shape.num_pool, -jnp.inf)
        score = score.at[drawn].set(score_of(setting, plan, params, drawn))
        return ask_about(key_lot, setting, plan, score, params)

    return Intervention(
        num_rounds=arm.rounds,
        num_questions=arm.questions,
        feedback="label",
        num_features=shape.num_features,
        is_scratch=arm.refit == "scratch",
        has_penalty=False,
        steps=fit_steps(arm, program.train),
        begin=begin,
        absorb=absorb,
        training=partial(_train_set, arm, program),
        columns=keep_all_columns,
        choose=choose,
        work=_work(arm, program, network, strategy),
        has_start=arm.initial > 0,
        capacity=tuple(arm.labelled(stage) for stage in range(arm.stages)),
        narrow=None if arm.aggregate == "majority" else partial(_narrow, arm),
    )


def _strategy(arm: LabellingArm, program: Program) -> Strategy:
    """Build what an arm asks by, with the options that it completes."""
    part = find("strategy", arm.strategy, program.parts)
    return build_strategy(part, program.shape, part.with_options(arm.options))


def _work(
    arm: LabellingArm, program: Program, network: Network, strategy: Strategy
) -> tuple[WorkLine, ...]:
    """Count the scored items, before each round but the first.

    They are all that are unlabelled, or the subsample. A strategy that does not look
    through the network scores nothing; suggestions look at what is asked, where no
    strategy has looked at it already.
    """
    shape, train = program.shape, program.train
    unlabelled = [shape.num_pool - arm.labelled(s - 1) for s in range(1, arm.stages)]
    lines = []
    if strategy.reads_network:
        scored = [min(arm.score_items or n, n) for n in unlabelled]
        unit = _score_unit(arm, program, network, strategy)
        lines.append(WorkLine(unit, PROTOCOL, _before_rounds(arm, train, scored)))
    if _suggests_anew(arm, strategy):
        unit = forward_unit(
            "score",
            program.network,
            arm.questions,
            shape.num_features,
            shape.num_classes,
            lambda logits: logits.argmax(axis=1),
            "suggestion",
            built=network,
        )
        looked = [arm.questions] * len(unlabelled)
        lines.append(WorkLine(unit, PROTOCOL, _before_rounds(arm, train, looked)))
    return tuple(lines)


def _before_rounds(
    arm: LabellingArm, train: TrainConfig, items: Sequence[int]
) -> npt.NDArray[np.int64]:
    """Cumulate what falls due before each stage but the first, by checkpoint."""
    per_stage = train.num_checkpoints // arm.stages
    due = np.zeros(train.num_checkpoints, np.int64)
    due[per_stage * np.arange(1, arm.stages)] = items
    return spread(due)


def _score_unit(
    arm: LabellingArm, program: Program, network: Network, strategy: Strategy
) -> Unit:
    """Describe one look at an item, with all that the strategy makes of it."""
    shape, num_items = program.shape, arm.score_items or program.shape.num_pool
    params = jax.eval_shape(network.init, jax.random.key(0))

    def program_of(
        params: Any, own: Any, x: jax.Array, is_labelled: jax.Array, label: jax.Array
    ) -> jax.Array:
        key = jax.random.key(0)
        view = look(key, strategy, network, params, x, is_labelled, label)
        return strategy.score(key, view, own)

    options = _own_options(arm, program)
    name = program.network.describe(shape.num_features, shape.num_classes)
    return Unit(
        f"score:{name}:{arm.strategy}{options}:n{num_items}",
        "score",
        program_of,
        (
            params,
            {name: abstract() for name in arm.params},
            abstract(num_items, shape.num_features),
            abstract(num_items, dtype=np.bool_),
            abstract(num_items, dtype=np.int32),
        ),
        num_items,
    )


def _check_strategy(arm: LabellingArm, program: Program) -> None:
    """Refuse a strategy that cannot score this pool through this network.

    Raises:
        ValueError: the network does not show what it looks at, or it does not give one
            number per item.
        TypeError: its factory returns no strategy.
    """
    strategy = _strategy(arm, program)
    is_plain = not strategy.members and "embedding" not in strategy.sees
    if is_plain and arm.strategy not in program.parts:
        return
    shape = program.shape
    network = build_network(program.network, shape.num_features, shape.num_classes)
    check_sight(arm.strategy, strategy, network)
    unit = _score_unit(arm, program, network, strategy)
    try:
        score = jax.eval_shape(unit.program, *unit.args)
    except Exception as error:
        first = str(error).strip().partition("\n")[0]
        raise ValueError(
            f"strategy {arm.strategy!r} must be traceable, got {type(error).__name__}: "
            f"{first}"
        ) from error
    shape_of = getattr(score, "shape", None)
    if shape_of != (unit.items,):
        raise ValueError(
            f"strategy {arm.strategy!r} must return one number per item, "
            f"[{unit.items}], got {score if shape_of is None else list(shape_of)}."
        )


def _own_options(arm: LabellingArm, program: Program) -> str:
    """Name the options that are not the strategy's defaults."""
    usual = find("strategy", arm.strategy, program.parts).options
    own = {n: v for n, v in arm.options.items() if v != usual[n]}
    return "".join(f"-{name}={value}" for name, value in sorted(own.items()))


labelling = built_in(LabellingArm)
