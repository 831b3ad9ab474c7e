"""What a run stands on: its task, its guidance, its network, and who answers."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from hitl_sim.learn.annotator import oracle_of
from hitl_sim.learn.crowd import Assignment, Questions, assign, hire
from hitl_sim.learn.crowd import ask as ask_crowd
from hitl_sim.learn.intervention import Intervention, Setting
from hitl_sim.learn.intervention.base import Perceived, Shape
from hitl_sim.learn.lever import NO_LEVER, build_course
from hitl_sim.learn.loop.config import Hyper, RunConfig, RunKeys, Seeds, run_keys
from hitl_sim.learn.loop.driver import RoundDriver, build_driver
from hitl_sim.learn.network import Network, build_network, layers_of
from hitl_sim.learn.optimise import TrainSet, fit
from hitl_sim.learn.query import true_first
from hitl_sim.learn.replay import REPLAYED, answerable, ask_recorded, begin, build_crowd
from hitl_sim.task import Split, TaskData, build_leftover, build_split
from oracles import Population, Response
from oracles.evidence import perceive
from oracles.feedback import KINDS
from oracles.replay import RecordedAnswers

_PRETRAINING = 1_000_003
"""Folds pretraining's key from that of a run's weights; no round has this number."""


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


class Stage(NamedTuple):
    """What a run stands on once its task is made.

    Attributes:
        keys: the run's keys.
        setting: the run's data and leaves.
        driver: the device's side.
    """

    keys: RunKeys
    setting: Setting
    driver: RoundDriver


def perceive_pool(
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


def set_up(
    config: RunConfig,
    intervention: Intervention,
    seeds: Seeds,
    hyper: Hyper,
    data: TaskData,
    answers: RecordedAnswers | None,
) -> Stage:
    """Make a run's task, and what acts on it."""
    program, shape, lever = config.program, config.program.shape, config.lever
    network, keys = network_of(config, intervention), run_keys(seeds)
    sizes = (shape.num_pool, config.num_validation, config.num_test)
    split = build_split(keys.split, data, hyper.corruption, *sizes)
    seen = (hyper.population, split, shape)
    setting = Setting(
        split,
        jnp.asarray(data.groups),
        jnp.asarray(data.importance),
        hyper.params,
        hyper.optimiser,
        perceive_pool(keys.crowd, intervention.feedback, *seen),
    )
    if answers is not None and program.panel.policy == "restrict":
        is_askable = answerable(answers, program.panel, split.pool.item)
        setting = setting._replace(is_askable=is_askable)
    course = None
    if lever != NO_LEVER:
        known = _pretrain(config, network, keys, hyper, data)
        layers = layers_of(program.network)
        ends = (intervention.num_features, shape.num_classes)
        trained = (program.train, hyper.optimiser)
        course = build_course(layers, ends, lever, *trained, known)
    driver = build_driver(intervention, network, program.train, setting, keys, course)
    return Stage(keys, setting, driver)


def _pretrain(
    config: RunConfig, network: Network, keys: RunKeys, hyper: Hyper, data: TaskData
) -> Any:
    """Train on what the split leaves, where a lever asks for it."""
    program, tune = config.program, config.lever.fine_tune
    if tune is None:
        return None
    num_used = program.shape.num_pool + config.num_validation + config.num_test
    x, y = build_leftover(keys.split, data, num_used)
    is_related = y < tune.classes
    num_items = jnp.maximum(is_related.sum(dtype=jnp.int32), 1)
    related = TrainSet(x, y, true_first(is_related), num_items)
    key = jax.random.fold_in(keys.init, _PRETRAINING)
    return fit(key, network, program.train, hyper.optimiser, related, tune.steps)


class People(NamedTuple):
    """Whoever answers in a run.

    Attributes:
        state: before the first question.
        ask: `(state, questions) -> (state, response, who was asked what)`.
    """

    state: Any
    ask: Callable[[Any, Questions], tuple[Any, Response, Assignment]]


def build_people(
    config: RunConfig, intervention: Intervention
) -> Callable[[jax.Array, Population, RecordedAnswers | None], People]:
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
    ) -> People:
        annotators = hire(key, population, panel)
        if panel.policy is not None:
            crowd = build_crowd(str(feedback), answers, annotators, panel)
            return People(begin(key, crowd), partial(ask_recorded, key, crowd))
        oracle = oracle_of(panel.annotator, str(feedback))

        def ask(state: Any, questions: Questions) -> tuple[Any, Response, Assignment]:
            after, response = ask_crowd(key, oracle, annotators, state, questions, plan)
            return after, response, plan

        return People(oracle.init(key, annotators), ask)

    return gather
