"""A run's steps and work, counted without running it."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from msgspec import structs

from hitl_sim.learn.efficiency import Phase, TrainingPhases
from hitl_sim.learn.efficiency.split import RANGE_BYTES
from hitl_sim.learn.intervention import Intervention, Program
from hitl_sim.learn.loop import RunConfig, course_of, guidance_of, host_of
from hitl_sim.learn.loss import label_type
from hitl_sim.learn.metric.accuracy import accuracy
from hitl_sim.learn.network import NetworkChoice, build_network
from hitl_sim.learn.work import (
    INSTRUMENT,
    PROTOCOL,
    Unit,
    WorkLine,
    abstract,
    abstract_learner,
    due_line,
    forward_unit,
    metric_unit,
    spread,
    train_unit,
)

IntArray = npt.NDArray[np.int64]


class StepCounts(NamedTuple):
    """Training steps at each checkpoint, `[C]`: of all fits, and of the current one."""

    all_fits: IntArray
    current_fit: IntArray


def describe_steps(config: RunConfig) -> StepCounts:
    """Count a run's training steps, and those that made the weights in use.

    Where each round starts afresh, only the steps since then made them.
    """
    intervention = guidance_of(config)
    done = spread(np.asarray(intervention.steps, np.int64))
    if not intervention.is_scratch:
        return StepCounts(done, done)
    lengths = intervention.stage_lengths(len(done))
    ends = np.cumsum(lengths)
    before = np.concatenate([[0], done[ends[:-1] - 1]])
    return StepCounts(done, done - np.repeat(before, lengths))


def describe_work(config: RunConfig) -> tuple[WorkLine, ...]:
    """List a run's work: its cumulative counts at each checkpoint, by unit.

    Training and validation are what the protocol needs to stop at a target; the test
    set is only watched. What choosing costs is the intervention's own, and what a
    method does beside training steps stands in lines of the method's. An approximate
    multiplier is counted as the exact one that the device has in its place.
    """
    built = _build(_as_billed(config))
    return (
        *_training(built),
        *_evaluations(built),
        *_methods(built),
        *built.intervention.work,
    )


def _as_billed(config: RunConfig) -> RunConfig:
    """Put what a device has in the place of a multiplier that none has."""
    arm = config.intervention
    methods = tuple(method.billed for method in arm.method)
    return replace(config, intervention=structs.replace(arm, method=methods))


class _Built(NamedTuple):
    """A run's config, and what is built of it."""

    config: RunConfig
    intervention: Intervention
    course: TrainingPhases

    @property
    def sizes(self) -> tuple[int, int]:
        """Input width D and output width K."""
        return self.intervention.num_features, self.config.program.shape.num_classes

    @property
    def checkpoints(self) -> IntArray:
        """Numbers of the checkpoints, `[C]`."""
        return np.arange(self.config.program.train.num_checkpoints)

    @property
    def is_evaluated(self) -> IntArray:
        """Whether there is a model to look at after each checkpoint, `[C]`."""
        is_due = np.asarray(self.intervention.steps) > 0
        return (is_due & (self.checkpoints >= self.course.ready)).astype(np.int64)

    def learner(self, phase: Phase) -> Any:
        """Describe a phase's network in training."""
        return abstract_learner(phase.network, self.config.program.train)

    def shape(self, phase: Phase) -> str:
        """Name a phase's network."""
        return phase.config.describe(*self.sizes)


def _build(config: RunConfig) -> _Built:
    intervention = guidance_of(config)
    course = course_of(config, intervention.num_features)
    return _Built(config, intervention, course)


class _Period(NamedTuple):
    """Checkpoints whose steps are of one kind, from `begin` to before `end`."""

    phase: Phase
    begin: int
    end: int


def _periods(built: _Built) -> Iterator[_Period]:
    """Cut a run by what its training steps do."""
    course = built.course
    begin, end = 0, built.config.program.train.num_checkpoints
    for phase in course.phases:
        stop = begin + phase.checkpoints if phase.checkpoints else end
        if phase.idle is not None:
            yield _Period(phase.idle, begin, phase.idle_until)
        yield _Period(phase, max(begin, phase.idle_until), stop)
        begin = stop


def _training(built: _Built) -> Iterator[WorkLine]:
    program, intervention = built.config.program, built.intervention
    due, at = np.asarray(intervention.steps, np.int64), built.checkpoints
    reach = _items_in_reach(intervention, program)
    for phase, begin, end in _periods(built):
        is_in = (at >= begin) & (at < end)
        for n in np.unique(reach[is_in]).tolist():
            is_here = is_in & (reach == n)
            for has_penalty, is_so in _penalties(intervention, at):
                unit = train_unit(
                    "train",
                    phase.config,
                    program.train,
                    n,
                    *built.sizes,
                    has_penalty=has_penalty,
                    built=phase.network,
                    mark=phase.mark,
                )
                yield due_line(unit, np.where(is_here & is_so, due, 0))
            if program.train.descent is not None:
                metric = metric_unit(
                    phase.config,
                    program.train,
                    n,
                    *built.sizes,
                    built=phase.network,
                )
                yield due_line(metric, is_here & (due > 0))


def _penalties(
    intervention: Intervention, at: IntArray
) -> Iterator[tuple[bool, npt.NDArray[np.bool_]]]:
    """Say of which checkpoints the steps go without a penalty, and with one."""
    is_so = (at >= intervention.penalty_from) & intervention.has_penalty
    if not is_so.all():
        yield False, ~is_so
    if is_so.any():
        yield True, is_so


def _evaluations(built: _Built) -> Iterator[WorkLine]:
    held_out = ((PROTOCOL, "num_validation"), (INSTRUMENT, "num_test"))
    for purpose, name in held_out:
        n = getattr(built.config, name)
        yield due_line(_look(built, n), n * built.is_evaluated, purpose)


def _look(built: _Built, num_items: int) -> Unit:
    """Describe one look at some items by the network in use."""
    phase = built.course.phases[-1]
    read_out = _read_out(built.config, num_items)
    network = phase.network
    hooks = network.hooks
    if hooks is not None:
        # through what methods make of the network in use
        network = network._replace(
            init=lambda key: hooks.deploy(*hooks.start(key)), apply=hooks.answer
        )
    unit = forward_unit(
        "evaluate", phase.config, num_items, *built.sizes, *read_out, built=network
    )
    return unit._replace(name=f"{unit.name}{phase.answer}")


class Query(NamedTuple):
    """A query of the network in use, in batches of some size.

    Attributes:
        held_out: name of the unit that looks at the validation set.
        unit: the same program for one batch, per query.
        network: shape of the network in use.
        sizes: input width D and output width K.
    """

    held_out: str
    unit: Unit
    network: NetworkChoice
    sizes: tuple[int, int]


def describe_query(config: RunConfig, batch: int | None = None) -> Query:
    """Describe a query of what a run trains.

    Args:
        config: the run.
        batch: queries that one call answers; those of the validation set when left out.
    """
    built = _build(_as_billed(config))
    seen, asked = (
        _look(built, n) for n in (config.num_validation, batch or config.num_validation)
    )
    return Query(seen.name, asked, built.course.phases[-1].config, built.sizes)


class Halves(NamedTuple):
    """The two halves of a network in use, per item.

    Attributes:
        whole: name of the unit that they are halves of.
        device: what comes before the cut, with the coding of features.
        server: decoding, and what comes after the cut.
        num_inputs: numbers that the device half reads.
        num_features: numbers that the server half reads.
        beside_b: bytes sent beside the numbers, B.
    """

    whole: str
    device: Unit
    server: Unit
    num_inputs: int
    num_features: int
    beside_b: int


def describe_halves(config: RunConfig, batch: int | None = None) -> Halves | None:
    """Describe what device and server do; None where no method splits the network.

    Args:
        config: the run.
        batch: queries that one call answers; those of the validation set when left out.
    """
    built = _build(config)
    host = host_of(config, built.sizes[0])
    made = (method.build(host).halves for method in config.intervention.method)
    halves = next(filter(None, made), None)
    if halves is None:
        return None
    n, sizes = batch or config.num_validation, built.sizes
    shape = built.course.phases[-1].config
    plain = build_network(shape, *sizes)
    params = jax.eval_shape(plain.init, jax.random.key(0))
    near, far = halves(shape)
    x = abstract(n, sizes[0])
    sent = jax.eval_shape(near, params, x)

    def decide(params: Any, sent: Any) -> Any:
        return _class_of(far(params, sent))

    whole = describe_query(config).held_out
    return Halves(
        whole,
        Unit(f"device:{whole}", "evaluate", near, (params, x), n),
        Unit(f"server:{whole}", "evaluate", decide, (params, sent), n),
        sizes[0],
        sent.level.shape[1],
        RANGE_BYTES,
    )


def _methods(built: _Built) -> Iterator[WorkLine]:
    """List what methods do beside training steps and looks at held-out items."""
    config, _, course = built
    host, last = host_of(config, built.sizes[0]), course.phases[-1]
    for method in config.intervention.method:
        if work := method.build(host).work:
            yield from work()
    for done in last.work:
        unit = _weights_unit(built, last, done.name, done.program)
        yield due_line(unit, done.due(built.checkpoints))
    begin = 0
    for phase, after in itertools.pairwise(course.phases):
        begin += phase.checkpoints
        take_over: Any = after.take_over
        name = f"train:cut:{built.shape(phase)}{phase.mark}"
        unit = Unit(name, "train", take_over, (built.learner(phase),), 1)
        yield due_line(unit, built.checkpoints == begin)
    if last.deploy:
        unit = _weights_unit(built, last, last.deploy, last.hooks.deploy)
        yield due_line(unit, built.is_evaluated)


def _weights_unit(
    built: _Built, phase: Phase, name: str, program: Callable[[Any, Any], Any]
) -> Unit:
    """Describe what is done once to all weights of a phase."""
    learner = built.learner(phase)
    args = (learner.params, learner.held)
    unit_name = f"train:{name}:{built.shape(phase)}{phase.mark}"
    return Unit(unit_name, "train", program, args, 1)


def _items_in_reach(intervention: Intervention, program: Program) -> IntArray:
    """Items that one training step before each checkpoint takes or fetches from."""
    lengths = intervention.stage_lengths(program.train.num_checkpoints)
    if program.train.batch is None and intervention.capacity is not None:
        return np.repeat(np.asarray(intervention.capacity, np.int64), lengths)
    return np.full(program.train.num_checkpoints, program.shape.num_pool, np.int64)


def _read_out(
    config: RunConfig, num_items: int
) -> tuple[Callable[[jax.Array], jax.Array], str]:
    """Say what is read from logits of items by the metric, and its name.

    Accuracy is counted without the comparison of classes: a query of the network in use
    ends with the class.
    """
    train = config.program.train
    if train.metric == accuracy:
        return _class_of, "class"
    labels = jnp.zeros(num_items, label_type(train.problem))
    options = [f"{name}={value}" for name, value in train.metric_options]
    name = ",".join([train.metric.name, *options])
    return lambda logits: train.measure(logits, labels), name


def _class_of(logits: jax.Array) -> jax.Array:
    return logits.argmax(axis=1)
