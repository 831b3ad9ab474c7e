"""The device's side of a run: rounds of learning from answers, and of choosing."""

import bisect
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple, TypeVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from hitl_sim.learn.crowd import Answers, Questions
from hitl_sim.learn.efficiency import Phase, TrainingPhases
from hitl_sim.learn.intervention import Intervention, Setting
from hitl_sim.learn.loop.config import RunKeys
from hitl_sim.learn.loss import is_number
from hitl_sim.learn.optimise import (
    Curve,
    Evaluation,
    Learner,
    TrainConfig,
    TrainSet,
    init_learner,
    train,
)
from hitl_sim.task import Pool, Split

Fitted = TypeVar("Fitted")


class Learned(NamedTuple):
    """What the last training set was; see `Trace`, `[]` each."""

    kept_clean_frac: Float[Array, ""]
    train_items: Int[Array, ""]
    label_accuracy: Float[Array, ""]


class RoundState(NamedTuple):
    """What the device carries from round to round.

    Attributes:
        number: `[]` of the next round.
        learner: network and optimiser.
        plan: the intervention's own state.
        questions: what people are asked next; None where nobody is asked.
        learned: from what it was trained last.
    """

    number: Int[Array, ""]
    learner: Learner
    plan: Any
    questions: Questions | None
    learned: Learned


class RoundDriver(NamedTuple):
    """The device's side of a run, as plain callables.

    Attributes:
        start: `() -> (RoundState, Curve | None)`, with the first questions, and the
            curve of the model that chose them where there is one.
        round_step: `(state, answers | None, is_first) -> (state, Curve)`; `is_first`,
            static, says that no model was trained before, which matters where a method
            changes the network's shapes on the way.
    """

    start: Callable[[], tuple[RoundState, Curve | None]]
    round_step: Callable[..., tuple[RoundState, Curve]]


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
    course: TrainingPhases,
    config: TrainConfig,
    setting: Setting,
    keys: RunKeys,
) -> RoundDriver:
    """Build the device's side of one run.

    Args:
        intervention: what is asked and learned.
        course: the forms of the network, on `intervention.num_features` inputs.
        config: batch, checkpoints and optimiser.
        setting: the run's data and leaves.
        keys: the run's keys.

    Returns:
        `start` and `round_step`.
    """
    network = course.phases[0].network
    lengths = intervention.stage_lengths(config.num_checkpoints)
    fit_stage = _build_fit(intervention, config, setting, keys, course)

    def start() -> tuple[RoundState, Curve | None]:
        plan, questions = intervention.begin(
            jax.random.fold_in(keys.choose, 0), setting
        )
        learner = init_learner(keys.init, network, config, setting.optimiser)
        nothing = Learned(jnp.float32(0), jnp.int32(0), jnp.float32(0))
        state = RoundState(jnp.int32(0), learner, plan, questions, nothing)
        if not intervention.has_start:
            return state, None
        return learn(state, True)

    def refit(state: RoundState) -> Learner:
        if not intervention.is_scratch:
            return state.learner
        key = jax.random.fold_in(keys.init, state.number)
        return init_learner(key, network, config, setting.optimiser)

    def learn(state: RoundState, is_first: bool) -> tuple[RoundState, Curve]:
        learner, curve, learned = fit_stage(refit(state), state, is_first)
        if course.ready:
            begin = _begin(lengths, state.number)
            curve = _blank_before(course.ready, begin, curve)
        params = course.plain(learner)
        key = jax.random.fold_in(keys.choose, state.number + 1)
        plan, questions = intervention.choose(key, setting, state.plan, params)
        return RoundState(state.number + 1, learner, plan, questions, learned), curve

    def round_step(
        state: RoundState,
        answers: Answers | None,
        is_first: bool = False,
    ) -> tuple[RoundState, Curve]:
        if intervention.num_questions and answers is None:
            raise TypeError(
                "`answers` must be given where people are asked, got None for "
                f"{intervention.feedback!r}."
            )
        plan = intervention.absorb(setting, state.plan, answers)
        return learn(state._replace(plan=plan), is_first)

    return RoundDriver(start, round_step)


def _build_fit(
    intervention: Intervention,
    config: TrainConfig,
    setting: Setting,
    keys: RunKeys,
    course: TrainingPhases,
) -> Callable[[Learner, RoundState, bool], tuple[Learner, Curve, Learned]]:
    """Build the training of one stage, on what is known before it.

    What has a size of its own for each capacity is compiled as often as there are: the
    labels, where they cost, and the steps.
    """
    lengths = intervention.stage_lengths(config.num_checkpoints)
    schedule = _schedule(intervention)
    buckets = buckets_of(intervention, config)

    def fit_stage(
        learner: Learner, state: RoundState, is_first: bool
    ) -> tuple[Learner, Curve, Learned]:
        in_room = partial(fit_in_bucket, buckets, None if is_first else state.number)
        known = _known(intervention, setting, state.plan, in_room)
        # all stages but a start are equally long
        length = lengths[0] if is_first else lengths[-1]
        checkpoints = _begin(lengths, state.number) + jnp.arange(length)
        learner, curve = _travel(
            course.phases if is_first else course.phases[-1:],
            learner,
            checkpoints,
            None if schedule is None else schedule[checkpoints],
            lambda phase, learner, checkpoints, steps: train(
                keys.batch,
                phase.network,
                config,
                learner,
                setting.optimiser,
                known,
                _evaluation(setting.split, intervention.columns(setting, state.plan)),
                checkpoints,
                steps,
                max(intervention.steps),
                in_room,
            ),
        )
        return learner, curve, _describe(setting.split.pool, known)

    return fit_stage


def _known(
    intervention: Intervention,
    setting: Setting,
    plan: Any,
    in_room: Callable[[Callable[[int | None], jax.Array]], jax.Array],
) -> TrainSet:
    """Make what is trained on; labels with no more room than a stage needs."""
    known, narrow = intervention.training(setting, plan), intervention.narrow
    if narrow is None:
        return known

    def label(capacity: int | None) -> jax.Array:
        within = plan if capacity is None else narrow(plan, capacity)
        return intervention.training(setting, within).labels

    return known._replace(labels=in_room(label))


def _describe(pool: Pool, known: TrainSet) -> Learned:
    """Hold a training set against the truth.

    It is done where the set is made: made once more for it, after all rounds, it would
    be compiled twice.
    """
    is_used = jnp.arange(known.order.shape[0]) < known.num_items
    status, truth = pool.status[known.order], pool.truth[known.order]
    is_right = is_used & (known.labels[known.order] == truth) & (status != 1)
    right = is_right.sum(dtype=jnp.float32) / known.num_items
    if is_number(truth):
        # a number that people gave is nearer or farther, and never just right
        right = jnp.full_like(right, jnp.nan)
    return Learned(
        (is_used & (status == 0)).sum(dtype=jnp.float32) / known.num_items,
        jnp.int32(known.num_items),
        right,
    )


def _begin(lengths: tuple[int, ...], number: Int[Array, ""]) -> Int[Array, ""]:
    """Return the checkpoint at which a stage begins."""
    ahead = lengths[0] - lengths[-1]
    begin = number * lengths[-1]
    return begin + jnp.where(number > 0, ahead, 0) if ahead else begin


def _schedule(intervention: Intervention) -> Int[Array, " checkpoints"] | None:
    """Lay steps out; None where they are the same before each checkpoint."""
    if min(intervention.steps) == max(intervention.steps):
        return None
    return jnp.asarray(intervention.steps, jnp.int32)


def _travel(
    phases: tuple[Phase, ...],
    learner: Learner,
    checkpoints: Int[Array, " stage"],
    steps: Int[Array, " stage"] | None,
    go: Callable[..., tuple[Learner, Curve]],
) -> tuple[Learner, Curve]:
    """Train through the checkpoints of a stage, phase by phase."""
    if len(phases) == 1:
        return go(phases[0], learner, checkpoints, steps)
    begin, curves = 0, []
    for phase in phases:
        if phase.take_over is not None:
            learner = phase.take_over(learner)
        end = begin + phase.checkpoints if phase.checkpoints else checkpoints.shape[0]
        due = None if steps is None else steps[begin:end]
        learner, curve = go(phase, learner, checkpoints[begin:end], due)
        curves.append(curve)
        begin = end
    whole: Curve = jax.tree.map(lambda *a: jnp.concatenate(a), *curves)
    return learner, whole


def _blank_before(ready: int, begin: Int[Array, ""], curve: Curve) -> Curve:
    """Leave out accuracies of models that do not have every method in full yet."""
    is_there = begin + jnp.arange(curve.validation.shape[0]) >= ready
    validation = jnp.where(is_there, curve.validation, jnp.nan)
    test = jnp.where(is_there, curve.test, jnp.nan)
    return Curve(validation, test, curve.is_finite)


class Buckets(NamedTuple):
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
"""Most items that may be computed per item that is there; see `buckets_of`."""


def buckets_of(intervention: Intervention, train: TrainConfig) -> Buckets:
    """Give the stages room for their training sets, where room is what costs.

    Padding to the largest training set computes 1.9 times the items that are there
    when it grows from 20 to 420 in 20 rounds; 7 buckets 1.09 times, 11 of them 1.04
    times. Each is a training loop that must be compiled, so the fewest are taken that
    keep padding below its bound.

    Args:
        intervention: what it can know at most in each stage.
        train: whether a step takes all of it.

    Returns:
        Buckets for equally many rounds each, as far as that divides them.
    """
    rounds, starts = intervention.num_rounds, (0,) * intervention.has_start
    if intervention.capacity is None or train.batch is not None:
        return Buckets(None, (None,), starts + (0,) * rounds)
    own = intervention.capacity[len(starts) :]
    for pieces in range(1, rounds + 1):
        ends = [rounds * (piece + 1) // pieces for piece in range(pieces)]
        of_round = tuple(bisect.bisect(ends, number) for number in range(rounds))
        each = tuple(own[end - 1] for end in ends)
        if sum(each[bucket] for bucket in of_round) <= _WASTE * sum(own):
            break
    return Buckets(intervention.capacity[0], each, starts + of_round)


def fit_in_bucket(
    buckets: Buckets,
    stage: Int[Array, ""] | None,
    fit: Callable[..., Fitted],
    *args: Any,
) -> Fitted:
    """Call `fit(capacity, *args)` for a stage; None is the first, compiled apart."""
    if stage is None:
        return fit(buckets.first, *args)
    if len(buckets.each) == 1:
        return fit(buckets.each[0], *args)
    fits = [partial(fit, capacity) for capacity in buckets.each]
    fitted: Fitted = jax.lax.switch(jnp.asarray(buckets.of_stage)[stage], fits, *args)
    return fitted
