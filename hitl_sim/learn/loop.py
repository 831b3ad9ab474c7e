"""One run: rounds of asking, learning from the answers, and choosing the next question.

The sweep scans and maps `round_step`; an event-driven driver may call it as it is,
with answers that come from elsewhere.
"""

import bisect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from hitl_sim.learn.annotator import oracle_of
from hitl_sim.learn.crowd import (
    Answers,
    Assignment,
    Labour,
    Questions,
    assign,
    collect,
    hire,
)
from hitl_sim.learn.crowd import ask as ask_crowd
from hitl_sim.learn.intervention import (
    Arm,
    Intervention,
    Program,
    Setting,
)
from hitl_sim.learn.intervention.base import Perceived, Shape
from hitl_sim.learn.lever import (
    NO_LEVER,
    Course,
    Leg,
    LeverConfig,
    build_course,
)
from hitl_sim.learn.network import Network, NetworkConfig, build_network, layers_of
from hitl_sim.learn.optimise import (
    Curve,
    Evaluation,
    Learner,
    TrainConfig,
    TrainSet,
    fit,
    init_learner,
    train,
)
from hitl_sim.learn.optimiser import Params
from hitl_sim.learn.query import true_first
from hitl_sim.learn.replay import (
    REPLAYED,
    ReplayCount,
    answerable,
    ask_recorded,
    begin,
    build_crowd,
    count,
)
from hitl_sim.task import (
    Corruption,
    Split,
    TaskData,
    build_leftover,
    build_split,
)
from oracles import Population, Response
from oracles.evidence import perceive
from oracles.feedback import KINDS
from oracles.replay import RecordedAnswers

_PRETRAINING = 1_000_003
"""Folds pretraining's key from that of a run's weights; no round has this number."""


@dataclass(frozen=True)
class RunConfig:
    """Everything that fixes the program of a run.

    Attributes:
        program: task shape, network, training, and who answers.
        intervention: which guidance; neither its name nor its traced numbers are read.
        num_validation: validation items V.
        num_test: test items.
        lever: what acts on the network beside guidance.
        num_leftover: items of the source outside the split, which a lever may use.
    """

    program: Program
    intervention: Arm
    num_validation: int
    num_test: int
    lever: LeverConfig = NO_LEVER
    num_leftover: int = 0


class Hyper(NamedTuple):
    """Everything that may be swept without another program; float32 leaves, `[]`.

    Attributes:
        optimiser: its own, by name.
        params: the arm's own, by name.
        corruption: shares of the pool that are corrupted.
        population: who answers.
    """

    optimiser: Params
    params: Mapping[str, Float[Array, ""]]
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
        replay: where answers came from; None where nobody's were recorded.
    """

    curve: Curve
    labour: Labour | None
    kept_clean_frac: Float[Array, ""]
    train_items: Int[Array, ""]
    label_accuracy: Float[Array, ""]
    replay: ReplayCount | None = None


class RoundDriver(NamedTuple):
    """The device's side of a run, as plain callables.

    Attributes:
        start: `() -> (RoundState, Curve | None)`, with the first questions, and the
            curve of the model that chose them where there is one.
        round_step: `(state, answers | None, is_first) -> (state, Curve)`; `is_first`,
            static, says that no model was trained before, which matters where a lever
            changes the network's shapes on the way.
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
    course: Course | None = None,
) -> RoundDriver:
    """Build the device's side of one run.

    Args:
        intervention: what is asked and learned.
        network: on `intervention.num_features` inputs.
        config: batch, checkpoints and optimiser.
        setting: the run's data and leaves.
        keys: the run's keys.
        course: the forms that levers give the network; `network` alone if left out.

    Returns:
        `start` and `round_step`.
    """
    if course is None:
        course = Course((Leg(NetworkConfig(), network),))
    per_stage = config.num_checkpoints // intervention.num_stages
    fit_stage = _build_fit(intervention, config, setting, keys, course)

    def start() -> tuple[RoundState, Curve | None]:
        plan, questions = intervention.begin(
            jax.random.fold_in(keys.choose, 0), setting
        )
        first, rates = course.legs[0].network, setting.optimiser
        learner = init_learner(keys.init, first, config, rates)
        state = RoundState(jnp.int32(0), learner, plan, questions)
        if not intervention.has_start:
            return state, None
        return learn(state, True)

    def refit(state: RoundState) -> Learner:
        if not intervention.is_scratch:
            return state.learner
        key = jax.random.fold_in(keys.init, state.number)
        return init_learner(key, network, config, setting.optimiser)

    def learn(state: RoundState, is_first: bool) -> tuple[RoundState, Curve]:
        learner, curve = fit_stage(refit(state), state, is_first)
        if course.ready:
            curve = _blank_before(course.ready, state.number * per_stage, curve)
        params = course.plain(learner)
        key = jax.random.fold_in(keys.choose, state.number + 1)
        plan, questions = intervention.choose(key, setting, state.plan, params)
        return RoundState(state.number + 1, learner, plan, questions), curve

    def round_step(
        state: RoundState,
        answers: Answers | None,
        is_first: bool = False,
    ) -> tuple[RoundState, Curve]:
        plan = intervention.absorb(setting, state.plan, answers)
        return learn(state._replace(plan=plan), is_first)

    return RoundDriver(start, round_step)


def _build_fit(
    intervention: Intervention,
    config: TrainConfig,
    setting: Setting,
    keys: RunKeys,
    course: Course,
) -> Callable[[Learner, RoundState, bool], tuple[Learner, Curve]]:
    """Build the training of one stage, on what is known before it."""
    per_stage = config.num_checkpoints // intervention.num_stages
    schedule = _schedule(intervention, per_stage)
    rooms, narrow = rooms_of(intervention, config), intervention.narrow

    def fit_stage(
        learner: Learner, state: RoundState, is_first: bool
    ) -> tuple[Learner, Curve]:
        whole = None
        if narrow is None:
            whole = intervention.training(setting, state.plan)

        def fit_within(
            capacity: int | None, learner: Learner, plan: Any, number: jax.Array
        ) -> tuple[Learner, Curve]:
            if narrow is not None and capacity is not None:
                plan = narrow(plan, capacity)
            known = whole or intervention.training(setting, plan)
            known = known._replace(order=known.order[:capacity])
            return _travel(
                course.legs if is_first else course.legs[-1:],
                learner,
                number * per_stage + jnp.arange(per_stage),
                None if schedule is None else schedule[number],
                lambda leg, learner, checkpoints, steps: train(
                    keys.batch,
                    leg.network,
                    config,
                    learner,
                    setting.optimiser,
                    known,
                    _evaluation(setting.split, intervention.columns(setting, plan)),
                    checkpoints,
                    steps,
                    max(intervention.steps),
                ),
            )

        stage = None if is_first else state.number
        args = (learner, state.plan, state.number)
        return _fit_in_room(rooms, stage, fit_within, *args)

    return fit_stage


def _schedule(
    intervention: Intervention, per_stage: int
) -> Int[Array, "stages checkpoints"] | None:
    """Lay steps out by stage; None where they are the same before each checkpoint."""
    if min(intervention.steps) == max(intervention.steps):
        return None
    rows = np.reshape(intervention.steps, (intervention.num_stages, per_stage))
    return jnp.asarray(rows, jnp.int32)


def _travel(
    legs: tuple[Leg, ...],
    learner: Learner,
    checkpoints: Int[Array, " stage"],
    steps: Int[Array, " stage"] | None,
    go: Callable[..., tuple[Learner, Curve]],
) -> tuple[Learner, Curve]:
    """Train through the checkpoints of a stage, leg by leg."""
    if len(legs) == 1:
        return go(legs[0], learner, checkpoints, steps)
    begin, curves = 0, []
    for leg in legs:
        if leg.take_over is not None:
            learner = leg.take_over(learner)
        end = begin + leg.checkpoints if leg.checkpoints else checkpoints.shape[0]
        due = None if steps is None else steps[begin:end]
        learner, curve = go(leg, learner, checkpoints[begin:end], due)
        curves.append(curve)
        begin = end
    whole: Curve = jax.tree.map(lambda *a: jnp.concatenate(a), *curves)
    return learner, whole


def _blank_before(ready: int, begin: Int[Array, ""], curve: Curve) -> Curve:
    """Leave out accuracies of models that do not have every lever in full yet."""
    is_there = begin + jnp.arange(curve.validation.shape[0]) >= ready
    validation = jnp.where(is_there, curve.validation, jnp.nan)
    test = jnp.where(is_there, curve.test, jnp.nan)
    return Curve(validation, test, curve.is_finite)


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
    if feedback is None:
        return Perceived()
    pool, kind = split.pool, KINDS[feedback]
    has_class = pool.status != 1
    seen = (pool.features, pool.truth, has_class, shape.num_classes)
    return Perceived(*perceive(key, kind, population, *seen))


def _build_stage(
    config: RunConfig, intervention: Intervention
) -> Callable[[Seeds, Hyper, TaskData, RecordedAnswers | None], _Stage]:
    """Build the function that makes a run's task and what acts on it."""
    program = config.program
    shape = program.shape
    sizes = (intervention.num_features, shape.num_classes)
    network = network_of(config, intervention)
    lever = config.lever

    def pretrain(keys: RunKeys, hyper: Hyper, data: TaskData) -> Any:
        if lever.fine_tune is None:
            return None
        num_used = shape.num_pool + config.num_validation + config.num_test
        x, y = build_leftover(keys.split, data, num_used)
        is_related = y < lever.fine_tune.classes
        num_items = jnp.maximum(is_related.sum(dtype=jnp.int32), 1)
        related = TrainSet(x, y, true_first(is_related), num_items)
        key = jax.random.fold_in(keys.init, _PRETRAINING)
        rates, num_steps = hyper.optimiser, lever.fine_tune.steps
        return fit(key, network, program.train, rates, related, num_steps)

    def set_up(
        seeds: Seeds, hyper: Hyper, data: TaskData, answers: RecordedAnswers | None
    ) -> _Stage:
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
            hyper.params,
            hyper.optimiser,
            _perceive(
                keys.crowd, intervention.feedback, hyper.population, split, shape
            ),
        )
        if answers is not None and config.program.panel.policy == "restrict":
            is_askable = answerable(answers, config.program.panel, split.pool.item)
            setting = setting._replace(is_askable=is_askable)
        course = None
        if lever != NO_LEVER:
            known = pretrain(keys, hyper, data)
            layers = layers_of(program.network)
            trained = (program.train, hyper.optimiser)
            course = build_course(layers, sizes, lever, *trained, known)
        driver = build_driver(
            intervention, network, program.train, setting, keys, course
        )
        return _Stage(keys, setting, driver)

    return set_up


class _Crowd(NamedTuple):
    """Whoever answers in a run.

    Attributes:
        state: before the first question.
        ask: `(state, questions) -> (state, response, who was asked what)`.
    """

    state: Any
    ask: Callable[[Any, Questions], tuple[Any, Response, Assignment]]


def _build_crowd(
    config: RunConfig, intervention: Intervention
) -> Callable[[jax.Array, Population, RecordedAnswers | None], _Crowd]:
    """Build the function that gathers whoever answers in a run."""
    panel, feedback = config.program.panel, intervention.feedback
    plan = assign(max(intervention.num_questions, 1), panel)
    if panel.policy is not None and feedback not in REPLAYED:
        raise ValueError(
            f"`policy` must be None with questions of kind {feedback!r}, for only "
            f"{', '.join(map(repr, REPLAYED))} can be replayed, got {panel.policy!r}."
        )

    def gather(
        key: jax.Array, population: Population, answers: RecordedAnswers | None
    ) -> _Crowd:
        annotators = hire(key, population, panel)
        if panel.policy is not None:
            crowd = build_crowd(str(feedback), answers, annotators, panel)
            return _Crowd(begin(key, crowd), partial(ask_recorded, key, crowd))
        oracle = oracle_of(panel.annotator, str(feedback))

        def ask(state: Any, questions: Questions) -> tuple[Any, Response, Assignment]:
            after, response = ask_crowd(key, oracle, annotators, state, questions, plan)
            return after, response, plan

        return _Crowd(oracle.init(key, annotators), ask)

    return gather


def build_run(config: RunConfig) -> Callable[..., Trace]:
    """Build the pure function that is one whole run.

    Args:
        config: the program.

    Returns:
        `(seeds, hyper, data, answers=None) -> Trace`, to be mapped and compiled by the
        caller; `answers` are those of recorded people, where the panel has a policy.

    Raises:
        ValueError: the rounds do not divide the checkpoints, or the panel does not
            fit the crew.
    """
    program = config.program
    intervention = guidance_of(config)
    num_checkpoints, stages = program.train.num_checkpoints, intervention.num_stages
    if num_checkpoints % stages:
        raise ValueError(
            "`rounds` and the start, if any, must divide the number of checkpoints "
            f"({num_checkpoints}), got {stages}."
        )
    # the network has other shapes after its first round
    is_apart = config.lever.cut is not None and not intervention.has_start
    set_up = _build_stage(config, intervention)
    gather = _build_crowd(config, intervention)

    def run(
        seeds: Seeds,
        hyper: Hyper,
        data: TaskData,
        answers: RecordedAnswers | None = None,
    ) -> Trace:
        keys, setting, driver = set_up(seeds, hyper, data, answers)
        state, begun = driver.start()
        if intervention.feedback is None:
            state, curve = driver.round_step(state, None, is_first=True)
            return _trace(intervention, setting, state, curve, None)
        crowd = gather(keys.crowd, hyper.population, answers)

        def one_round(
            carry: tuple[RoundState, Any], is_first: bool
        ) -> tuple[tuple[RoundState, Any], tuple[Curve, Labour]]:
            state, people = carry
            questions = state.questions
            if questions is None:
                raise TypeError("an intervention with feedback must ask questions.")
            people, response, plan = crowd.ask(people, questions)
            given, labour = collect(response, questions, plan)
            state, curve = driver.round_step(state, given, is_first)
            return (state, people), (curve, labour)

        carry, parts = (state, crowd.state), []
        later = intervention.num_rounds - is_apart
        for rounds, is_first in ((int(is_apart), True), (later, False)):
            if rounds:
                step = partial(one_round, is_first=is_first)
                carry, part = _repeat(step, carry, rounds)
                parts.append(part)
        curve, labour = jax.tree.map(lambda *a: jnp.concatenate(a), *parts)
        curve = jax.tree.map(lambda a: a.reshape(-1), curve)
        if begun is not None:
            curve = jax.tree.map(lambda *a: jnp.concatenate(a), begun, curve)
        trace = _trace(intervention, setting, carry[0], curve, labour)
        if config.program.panel.policy is None:
            return trace
        return trace._replace(replay=count(carry[1]))

    return run


class Rooms(NamedTuple):
    """Sizes of training set for which training is compiled.

    Attributes:
        first: of the first stage where that is compiled apart, as a start is; None for
            no bound, here and below.
        each: of the others.
        of_stage: by stage, which of `each` has room for it; a start has 0.
    """

    first: int | None
    each: tuple[int | None, ...]
    of_stage: tuple[int, ...]


_WASTE = 1.05
"""Most items that may be computed per item that is there; see `rooms_of`."""


def rooms_of(intervention: Intervention, train: TrainConfig) -> Rooms:
    """Give the stages room for their training sets, where room is what costs.

    Padding to the largest training set computes 1.9 times the items that are there
    when it grows from 20 to 420 in 20 rounds; 7 rooms 1.09 times, 11 rooms 1.04 times.
    Each is a training loop that must be compiled, so the fewest are taken that keep
    padding below its bound.

    Args:
        intervention: what it can know at most in each stage.
        train: whether a step takes all of it.

    Returns:
        Rooms for equally many rounds each, as far as that divides them.
    """
    rounds, starts = intervention.num_rounds, (0,) * intervention.has_start
    if intervention.capacity is None or train.batch is not None:
        return Rooms(None, (None,), starts + (0,) * rounds)
    own = intervention.capacity[len(starts) :]
    for pieces in range(1, rounds + 1):
        ends = [rounds * (piece + 1) // pieces for piece in range(pieces)]
        of_round = tuple(bisect.bisect(ends, number) for number in range(rounds))
        each = tuple(own[end - 1] for end in ends)
        if sum(each[room] for room in of_round) <= _WASTE * sum(own):
            break
    return Rooms(intervention.capacity[0], each, starts + of_round)


def _fit_in_room(
    rooms: Rooms,
    stage: Int[Array, ""] | None,
    fit: Callable[..., tuple[Learner, Curve]],
    *args: Any,
) -> tuple[Learner, Curve]:
    """Call `fit(capacity, *args)` for a stage; None is the first, compiled apart."""
    if stage is None:
        return fit(rooms.first, *args)
    if len(rooms.each) == 1:
        return fit(rooms.each[0], *args)
    fits = [partial(fit, capacity) for capacity in rooms.each]
    fitted: tuple[Learner, Curve] = jax.lax.switch(
        jnp.asarray(rooms.of_stage)[stage], fits, *args
    )
    return fitted


def guidance_of(config: RunConfig) -> Intervention:
    """Build the intervention; where it looks at the trained network, at its last form.

    A proxy that chooses before training stays the network as the study has it.

    Raises:
        ValueError: the intervention is impossible, or no lever can act on it.
    """
    program, cut = config.program, config.lever.cut
    if cut is not None and config.intervention.uses_trained_network:
        small = layers_of(program.network).shrink(cut.share)
        program = replace(program, network=small)
    built = config.intervention.build(program)
    if built.is_scratch and config.lever != NO_LEVER:
        raise ValueError(
            "`lever` must be left out where each round trains from fresh weights, for "
            f"it acts on one training from begin to end, got {config.lever}."
        )
    return built


def network_of(config: RunConfig, intervention: Intervention) -> Network:
    """Build the network of a run, which is trained, looked with and billed."""
    sizes = (intervention.num_features, config.program.shape.num_classes)
    return build_network(config.program.network, *sizes)


def _repeat(step: Callable[[Any], Any], carry: Any, rounds: int) -> tuple[Any, Any]:
    """Take some rounds alike; results are stacked as by a scan."""
    if rounds > 1:
        return jax.lax.scan(lambda carry, _: step(carry), carry, None, rounds)
    # nothing need be asked after it, so that it may end in another form
    carry, out = step(carry)
    return carry, jax.tree.map(lambda a: a[None], out)


def build_simulation(config: RunConfig) -> Callable[..., Any]:
    """Build what a run does that no protocol would: make its task, simulate people.

    People are asked the first round's questions in each round, under other item ids:
    what they are asked does not change what it takes to simulate them.

    Args:
        config: the program of the run.

    Returns:
        `(seeds, hyper, data, answers=None) -> arrays`, to be timed beside the run.
    """
    intervention = guidance_of(config)
    set_up = _build_stage(config, intervention)
    gather = _build_crowd(config, intervention)

    def simulate(
        seeds: Seeds,
        hyper: Hyper,
        data: TaskData,
        answers: RecordedAnswers | None = None,
    ) -> Any:
        keys, setting, driver = set_up(seeds, hyper, data, answers)
        questions = driver.start()[0].questions
        if intervention.feedback is None or questions is None:
            return setting.split
        crowd = gather(keys.crowd, hyper.population, answers)

        def one_round(people: Any, number: jax.Array) -> tuple[Any, Any]:
            asked = questions._replace(item=questions.item + number)
            people, response, plan = crowd.ask(people, asked)
            return people, collect(response, asked, plan)

        rounds = jnp.arange(intervention.num_rounds, dtype=questions.item.dtype)
        return setting.split, jax.lax.scan(one_round, crowd.state, rounds)

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
