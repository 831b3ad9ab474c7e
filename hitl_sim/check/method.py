"""Samples and checks of methods: a small network is trained with one, then used."""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from hitl_sim.check.base import Subject, build, forms, promise, require
from hitl_sim.learn.efficiency import Host, MethodSpec, TrainingPhases, build_course
from hitl_sim.learn.efficiency.own import BROUGHT
from hitl_sim.learn.network import NetworkConfig, build_network
from hitl_sim.learn.optimise import (
    Batch,
    Learner,
    TrainConfig,
    in_use,
    init_learner,
    revise,
    train_step,
)
from oracles.part import Part

NUM_ITEMS, WIDTH, NUM_CLASSES = 12, 6, 3
_TRAIN = TrainConfig(batch=NUM_ITEMS, steps_per_checkpoint=1, num_checkpoints=6)


def _rates() -> dict[str, jax.Array]:
    return {"learning_rate": jnp.float32(0.05)}


def sample(part: Part, options: Mapping[str, Any]) -> Subject:
    """Build a method, and train and use a network with it as one call.

    Raises:
        CheckError: it does not build, or returns no method.
    """
    parts = {part.name: part}
    host = Host(NetworkConfig((8,)), (WIDTH, NUM_CLASSES), _TRAIN, 100, parts)
    table: type[MethodSpec] | None = getattr(part.factory, "table", None)

    def read(given: dict[str, Any]) -> MethodSpec:
        brought: Any = BROUGHT
        spec: MethodSpec = (
            table(**given) if table else brought(kind=part.name, options=given)
        )
        course_of(spec, {n: jnp.float32(v) for n, v in part.params.items()})
        return spec

    def course_of(spec: MethodSpec, params: Mapping[str, Any]) -> TrainingPhases:
        named = {f"method.{spec.kind}.{name}": n for name, n in params.items()}
        return build_course(host, (spec,), named, _rates())

    spec = build(part, options, read)

    def call(key: jax.Array, data: Batch, params: Mapping[str, Any]) -> Any:
        course = course_of(spec, params)
        learner = init_learner(key, course.phases[0].network, _TRAIN, _rates())
        learner = _trained(course, learner, data)
        return {"logits": in_use(course.phases[-1].network, learner)(data.x)}

    rng = np.random.default_rng(0)
    x = jnp.asarray(rng.normal(size=(NUM_ITEMS, WIDTH)), jnp.float32)
    data = Batch(x, jnp.arange(NUM_ITEMS) % NUM_CLASSES)
    return Subject(
        part,
        options,
        call,
        data,
        {"logits": f"float32[{NUM_ITEMS}, {NUM_CLASSES}]"},
        extremes={"items of zeros": data._replace(x=0.0 * x)},
        more=lambda params: course_of(spec, params),
    )


def _trained(course: TrainingPhases, learner: Learner, data: Batch) -> Learner:
    """Take one step before each checkpoint, phase by phase."""
    adam, begin = _TRAIN.transform(_rates()), 0
    for phase in course.phases:
        if phase.take_over is not None:
            learner = phase.take_over(learner)
        end = begin + phase.checkpoints if phase.checkpoints else _TRAIN.num_checkpoints
        for number in range(begin, end):
            learner = revise(phase.network, learner, jnp.int32(number))
            learner = train_step(phase.network, adam, learner, data)
        begin = end
    return learner


@promise
def course(subject: Subject) -> str:
    """Training keeps its arrays, the plain network is there, and the course ends."""
    phases: TrainingPhases = subject.more(subject.params)
    require(
        phases.ready < _TRAIN.num_checkpoints,
        f"`ready` must be a checkpoint of the training (< {_TRAIN.num_checkpoints}), "
        f"got {phases.ready}.",
    )
    phase, key = phases.phases[-1], jax.random.key(0)
    learner = jax.eval_shape(
        lambda key: init_learner(key, phase.network, _TRAIN, _rates()), key
    )
    stepped = jax.eval_shape(
        lambda one: train_step(
            phase.network,
            _TRAIN.transform(_rates()),
            revise(phase.network, one, jnp.int32(0)),
            subject.data,
        ),
        learner,
    )
    plain = build_network(phase.config, WIDTH, NUM_CLASSES)
    weights = jax.eval_shape(plain.init, key), jax.eval_shape(phases.plain, learner)
    pairs = {"what is trained": (learner, stepped), "the plain network": weights}
    for words, trees in pairs.items():
        want, got = map(forms, trees)
        message = f"{words} must keep its arrays, got {got} after {want}."
        require(want == got, message)
    return ""
