"""One run: rounds of asking, learning from the answers, and choosing the next question.

The sweep scans and maps `round_step`; an event-driven driver may call it as it is,
with answers that come from elsewhere.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from jaxtyping import Array, Float, Int

from hitl_sim.learn.crowd import (
    Answers,
    Labour,
    PanelConfig,
    Questions,
    assign,
    collect,
    hire,
)
from hitl_sim.learn.crowd import ask as ask_crowd
from hitl_sim.learn.intervention import (
    Intervention,
    InterventionConfig,
    Program,
    Setting,
    build_intervention,
)
from hitl_sim.learn.intervention.base import Perceived, Shape
from hitl_sim.learn.network import Network, build_network
from hitl_sim.learn.optimise import (
    Curve,
    Evaluation,
    Learner,
    TrainConfig,
    init_learner,
    train,
)
from hitl_sim.learn.work import (
    INSTRUMENT,
    PROTOCOL,
    WorkLine,
    forward_unit,
    spread,
    train_unit,
)
from hitl_sim.task import Corruption, Split, TaskData, build_split
from oracles import Population
from oracles.evidence import item_evidence, margin_difficulty
from oracles.feedback import FEEDBACK
from oracles.feedback.label import LABEL_SPACE
from oracles.feedback.relevance import RELEVANCE_SPACE

_SEEN_BY = {
    "label": LABEL_SPACE,
    "verification": LABEL_SPACE,
    "relevance": RELEVANCE_SPACE,
}
"""Kinds of question about whole items, on which the items' features bear."""


@dataclass(frozen=True)
class RunConfig:
    """Everything that fixes the program of a run.

    Attributes:
        program: task shape, network and training.
        intervention: which guidance.
        panel: who answers.
        num_validation: validation items V.
        num_test: test items.
    """

    program: Program
    intervention: InterventionConfig
    panel: PanelConfig
    num_validation: int
    num_test: int


class Hyper(NamedTuple):
    """Everything that may be swept without another program; float32 leaves, `[]`."""

    learning_rate: Float[Array, ""]
    share: Float[Array, ""]
    penalty: Float[Array, ""]
    corruption: Corruption
    population: Population


class Seeds(NamedTuple):
    """Which random streams a run uses, `[]` each.

    Attributes:
        study: the study's seed.
        replicate: redraws split, corruption, initialisation, batches and crowd.
        stream: redraws initialisation and batches only, for null and pilot runs.
    """

    study: Int[Array, ""]
    replicate: Int[Array, ""]
    stream: Int[Array, ""]


class RunKeys(NamedTuple):
    """Independent keys of one run, so that arms share what they have in common."""

    split: jax.Array
    init: jax.Array
    batch: jax.Array
    choose: jax.Array
    crowd: jax.Array


class RoundState(NamedTuple):
    """What the device carries from round to round.

    Attributes:
        number: `[]` of the next round.
        learner: network and optimiser.
        plan: the intervention's own state.
        questions: what people are asked next; None where nobody is asked.
    """

    number: Int[Array, ""]
    learner: Learner
    plan: Any
    questions: Questions | None


class Trace(NamedTuple):
    """Physical facts of one run, of R rounds and C checkpoints.

    Attributes:
        curve: `[C]` accuracies.
        labour: per round; None where nobody was asked.
        kept_clean_frac: `[]` share of the final training set that is clean.
        train_items: `[]` items in the final training set.
        label_accuracy: `[]` share of the final training set whose label is the truth.
    """

    curve: Curve
    labour: Labour | None
    kept_clean_frac: Float[Array, ""]
    train_items: Int[Array, ""]
    label_accuracy: Float[Array, ""]


class RoundDriver(NamedTuple):
    """The device's side of a run, as plain callables.

    Attributes:
        start: `() -> (RoundState, Curve | None)`, with the first questions, and the
            curve of the model that chose them where there is one.
        round_step: `(state, answers | None, capacity) -> (state, Curve)`; the capacity
            is the most items that training can have, static; None for no bound.
    """

    start: Callable[[], tuple[RoundState, Curve | None]]
    round_step: Callable[..., tuple[RoundState, Curve]]


def run_keys(seeds: Seeds) -> RunKeys:
    """Derive the keys of a run; arms of one replicate share all of them."""
    key = jax.random.fold_in(jax.random.key(seeds.study), seeds.replicate)
    key_split, key_learn, key_choose, key_crowd = jax.random.split(key, 4)
    key_init, key_batch = jax.random.split(jax.random.fold_in(key_learn, seeds.stream))
    return RunKeys(key_split, key_init, key_batch, key_choose, key_crowd)


def _columns(x: jax.Array, columns: jax.Array | None) -> jax.Array:
    return x if columns is None else x[:, columns]


def _evaluation(split: Split, columns: jax.Array | None) -> Evaluation:
    return Evaluation(
        _columns(split.validation_x, columns),
        split.validation_y,
        _columns(split.test_x, columns),
        split.test_y,
    )


def build_driver(
    intervention: Intervention,
    network: Network,
    config: TrainConfig,
    setting: Setting,
    keys: RunKeys,
) -> RoundDriver:
    """Build the device's side of one run.

    Args:
        intervention: what is asked and learned.
        network: on `intervention.num_features` inputs.
        config: batch, checkpoints and optimiser.
        setting: the run's data and leaves.
        keys: the run's keys.

    Returns:
        `start` and `round_step`.
    """
    per_stage = config.num_checkpoints // intervention.num_stages
    most_steps = max(intervention.steps)
    schedule = None
    if min(intervention.steps) != most_steps:
        rows = np.reshape(intervention.steps, (intervention.num_stages, per_stage))
        schedule = jnp.asarray(rows, jnp.int32)

    def start() -> tuple[RoundState, Curve | None]:
        plan, questions = intervention.begin(
            jax.random.fold_in(keys.choose, 0), setting
        )
        learner = init_learner(keys.init, network, config.optimiser)
        state = RoundState(jnp.int32(0), learner, plan, questions)
        if not intervention.has_start:
            return state, None
        return learn(state, intervention.capacity[0] if intervention.capacity else None)

    def refit(state: RoundState) -> Learner:
        if not intervention.is_scratch:
            return state.learner
        key = jax.random.fold_in(keys.init, state.number)
        return init_learner(key, network, config.optimiser)

    def learn(state: RoundState, capacity: int | None) -> tuple[RoundState, Curve]:
        known = state.plan
        if capacity is not None:
            known = intervention.narrow(known, capacity)
        learner, curve = train(
            keys.batch,
            network,
            config,
            refit(state),
            setting.learning_rate,
            intervention.training(setting, known),
            _evaluation(setting.split, intervention.columns(setting, known)),
            state.number * per_stage + jnp.arange(per_stage),
            None if schedule is None else schedule[state.number],
            most_steps,
        )
        key = jax.random.fold_in(keys.choose, state.number + 1)
        plan, questions = intervention.choose(key, setting, state.plan, learner.params)
        return RoundState(state.number + 1, learner, plan, questions), curve

    def round_step(
        state: RoundState, answers: Answers | None, capacity: int | None = None
    ) -> tuple[RoundState, Curve]:
        plan = intervention.absorb(setting, state.plan, answers)
        return learn(state._replace(plan=plan), capacity)

    return RoundDriver(start, round_step)


class _Stage(NamedTuple):
    """What a run stands on once its task is made.

    Attributes:
        keys: the run's keys.
        setting: the run's data and leaves.
        driver: the device's side.
    """

    keys: RunKeys
    setting: Setting
    driver: RoundDriver


def _perceive(
    key: jax.Array,
    feedback: str | None,
    population: Population,
    split: Split,
    shape: Shape,
) -> Perceived:
    """Let a crowd see the pool, where features or a model say anything to it."""
    pool, seen = split.pool, Perceived()
    if feedback not in _SEEN_BY:
        return seen
    space, num_options = _SEEN_BY[feedback], shape.num_classes
    # Nobody is right or wrong about the class of an item that has none.
    is_counted = pool.status != 1
    if feedback == "relevance":
        num_options, is_counted = 2, jnp.ones_like(is_counted)
    if population.evidence is not None:
        drawn = item_evidence(key, space, pool.features, is_counted, num_options)
        seen = seen._replace(utility=jnp.asarray(population.evidence) * drawn)
    if population.model_difficulty is not None:
        hard = margin_difficulty(
            pool.features, pool.truth, is_counted, shape.num_classes
        )
        cost = jnp.asarray(population.model_difficulty)
        seen = seen._replace(difficulty=cost * hard)
    return seen


def _build_stage(
    config: RunConfig, intervention: Intervention
) -> Callable[[Seeds, Hyper, TaskData], _Stage]:
    """Build the function that makes a run's task and what acts on it."""
    program = config.program
    shape = program.shape
    network = build_network(
        program.network, intervention.num_features, shape.num_classes
    )

    def set_up(seeds: Seeds, hyper: Hyper, data: TaskData) -> _Stage:
        keys = run_keys(seeds)
        split = build_split(
            keys.split,
            data,
            hyper.corruption,
            shape.num_pool,
            config.num_validation,
            config.num_test,
        )
        setting = Setting(
            split,
            jnp.asarray(data.groups),
            jnp.asarray(data.importance),
            hyper.share,
            hyper.penalty,
            hyper.learning_rate,
            _perceive(
                keys.crowd, intervention.feedback, hyper.population, split, shape
            ),
        )
        driver = build_driver(intervention, network, program.train, setting, keys)
        return _Stage(keys, setting, driver)

    return set_up


def build_run(config: RunConfig) -> Callable[[Seeds, Hyper, TaskData], Trace]:
    """Build the pure function that is one whole run.

    Args:
        config: the program.

    Returns:
        `(seeds, hyper, data) -> Trace`, to be mapped and compiled by the caller.

    Raises:
        ValueError: the rounds do not divide the checkpoints, or the panel does not
            fit the crew.
    """
    program = config.program
    intervention = build_intervention(config.intervention, program)
    num_checkpoints, stages = program.train.num_checkpoints, intervention.num_stages
    if num_checkpoints % stages:
        raise ValueError(
            "`rounds` and the start, if any, must divide the number of checkpoints "
            f"({num_checkpoints}), got {stages}."
        )
    spans = spans_of(intervention, program.train)
    set_up = _build_stage(config, intervention)
    plan = assign(max(intervention.num_questions, 1), config.panel)

    def run(seeds: Seeds, hyper: Hyper, data: TaskData) -> Trace:
        keys, setting, driver = set_up(seeds, hyper, data)
        state, begun = driver.start()
        if intervention.feedback is None:
            state, curve = driver.round_step(state, None)
            return _trace(intervention, setting, state, curve, None)
        oracle = FEEDBACK[intervention.feedback]
        annotators = hire(keys.crowd, hyper.population, config.panel)
        people = oracle.init(keys.crowd, annotators)

        def one_round(
            carry: tuple[RoundState, Any], capacity: int | None
        ) -> tuple[tuple[RoundState, Any], tuple[Curve, Labour]]:
            state, people = carry
            questions = state.questions
            if questions is None:
                raise TypeError("an intervention with feedback must ask questions.")
            people, response = ask_crowd(
                keys.crowd, oracle, annotators, people, questions, plan
            )
            answers, labour = collect(response, questions, plan)
            state, curve = driver.round_step(state, answers, capacity)
            return (state, people), (curve, labour)

        carry, parts = (state, people), []
        for span in spans:
            carry, part = _repeat(one_round, carry, span)
            parts.append(part)
        curve, labour = jax.tree.map(lambda *a: jnp.concatenate(a), *parts)
        curve = jax.tree.map(lambda a: a.reshape(-1), curve)
        if begun is not None:
            curve = jax.tree.map(lambda *a: jnp.concatenate(a), begun, curve)
        return _trace(intervention, setting, carry[0], curve, labour)

    return run


class Span(NamedTuple):
    """Rounds that share one program.

    Attributes:
        rounds: how many.
        capacity: the most items that training has in them; None for no bound.
    """

    rounds: int
    capacity: int | None


_WASTE = 1.1
"""Most items that may be computed per item that is there; see `spans_of`."""


def spans_of(intervention: Intervention, train: TrainConfig) -> tuple[Span, ...]:
    """Cut rounds into spans of one capacity each, where capacity is what costs.

    Padding to the largest training set computes 1.9 times the items that are there
    when it grows from 20 to 420 in 20 rounds; 7 spans 1.09 times, 11 spans 1.04 times.
    Each span is a program that must be compiled, so the fewest are taken that keep
    padding below 10 %.

    Args:
        intervention: what it can know at most in each stage.
        train: whether a step takes all of it.

    Returns:
        Spans of equal length, as far as that divides the rounds.
    """
    rounds = intervention.num_rounds
    if intervention.capacity is None or train.batch is not None:
        return (Span(rounds, None),)
    own = intervention.capacity[intervention.has_start :]
    for pieces in range(1, rounds + 1):
        ends = [rounds * (piece + 1) // pieces for piece in range(pieces)]
        begins = [0, *ends[:-1]]
        spans = tuple(
            Span(end - begin, own[end - 1])
            for begin, end in zip(begins, ends, strict=True)
        )
        if sum(s.rounds * (s.capacity or 0) for s in spans) <= _WASTE * sum(own):
            break
    return spans


def _repeat(step: Callable[[Any, Any], Any], carry: Any, span: Span) -> tuple[Any, Any]:
    """Take the rounds of a span; results are stacked as by a scan."""
    if span.rounds > 1:
        return jax.lax.scan(
            lambda carry, _: step(carry, span.capacity), carry, None, span.rounds
        )
    carry, out = step(carry, span.capacity)
    return carry, jax.tree.map(lambda a: a[None], out)


def build_simulation(config: RunConfig) -> Callable[[Seeds, Hyper, TaskData], Any]:
    """Build what a run does that no protocol would: make its task, simulate people.

    People are asked the first round's questions in each round, under other item ids:
    what they are asked does not change what it takes to simulate them.

    Args:
        config: the program of the run.

    Returns:
        `(seeds, hyper, data) -> arrays`, to be timed beside the run.
    """
    intervention = build_intervention(config.intervention, config.program)
    set_up = _build_stage(config, intervention)
    plan = assign(max(intervention.num_questions, 1), config.panel)

    def simulate(seeds: Seeds, hyper: Hyper, data: TaskData) -> Any:
        keys, setting, driver = set_up(seeds, hyper, data)
        questions = driver.start()[0].questions
        if intervention.feedback is None or questions is None:
            return setting.split
        oracle = FEEDBACK[intervention.feedback]
        annotators = hire(keys.crowd, hyper.population, config.panel)
        people = oracle.init(keys.crowd, annotators)

        def one_round(people: Any, number: jax.Array) -> tuple[Any, Any]:
            asked = questions._replace(item=questions.item + number)
            people, response = ask_crowd(
                keys.crowd, oracle, annotators, people, asked, plan
            )
            return people, collect(response, asked, plan)

        rounds = jnp.arange(intervention.num_rounds, dtype=questions.item.dtype)
        return setting.split, jax.lax.scan(one_round, people, rounds)

    return simulate


def _trace(
    intervention: Intervention,
    setting: Setting,
    state: RoundState,
    curve: Curve,
    labour: Labour | None,
) -> Trace:
    pool = setting.split.pool
    final = intervention.training(setting, state.plan)
    is_used = jnp.arange(final.order.shape[0]) < final.num_items
    status, truth = pool.status[final.order], pool.truth[final.order]
    is_clean = is_used & (status == 0)
    is_right = is_used & (final.labels[final.order] == truth) & (status != 1)
    return Trace(
        curve,
        labour,
        is_clean.sum(dtype=jnp.float32) / final.num_items,
        final.num_items,
        is_right.sum(dtype=jnp.float32) / final.num_items,
    )


class StepCounts(NamedTuple):
    """Training steps at each checkpoint, `[C]`: of all fits, and of the current one."""

    all_fits: npt.NDArray[np.int64]
    current_fit: npt.NDArray[np.int64]


def describe_steps(config: RunConfig) -> StepCounts:
    """Count a run's training steps, and those that made the weights in use.

    Where each round starts afresh, only the steps since then made them.
    """
    intervention = build_intervention(config.intervention, config.program)
    done = spread(np.asarray(intervention.steps, np.int64))
    if not intervention.is_scratch:
        return StepCounts(done, done)
    by_round = done.reshape(intervention.num_stages, -1)
    before = np.concatenate([[0], by_round[:-1, -1]])
    return StepCounts(done, (by_round - before[:, None]).reshape(-1))


def describe_work(config: RunConfig) -> tuple[WorkLine, ...]:
    """List a run's work: its cumulative counts at each checkpoint, by unit.

    Training and validation are what the protocol needs to stop at a target; the test
    set is only watched. What choosing costs is the intervention's own.
    """
    program = config.program
    intervention = build_intervention(config.intervention, program)
    network, training = program.network, program.train
    sizes = (intervention.num_features, program.shape.num_classes)
    due = np.asarray(intervention.steps, np.int64)
    is_evaluated = (due > 0).astype(np.int64)
    held_out = [
        (PROTOCOL, config.num_validation),
        (INSTRUMENT, config.num_test),
    ]
    evaluations = tuple(
        WorkLine(
            forward_unit("evaluate", network, n, *sizes, _class_of, "class"),
            standing,
            spread(n * is_evaluated),
        )
        for standing, n in held_out
    )
    reach = _items_in_reach(intervention, program)
    penalised = intervention.has_penalty
    trained = tuple(
        WorkLine(
            train_unit("train", network, training, n, *sizes, has_penalty=penalised),
            PROTOCOL,
            spread(np.where(reach == n, due, 0)),
        )
        for n in np.unique(reach).tolist()
    )
    return (*trained, *evaluations, *intervention.work)


def _items_in_reach(
    intervention: Intervention, program: Program
) -> npt.NDArray[np.int64]:
    """Items that one training step before each checkpoint takes or fetches from."""
    per_stage = program.train.num_checkpoints // intervention.num_stages
    if program.train.batch is None and intervention.capacity is not None:
        return np.repeat(np.asarray(intervention.capacity, np.int64), per_stage)
    return np.full(program.train.num_checkpoints, program.shape.num_pool, np.int64)


def _class_of(logits: jax.Array) -> jax.Array:
    return logits.argmax(axis=1)
