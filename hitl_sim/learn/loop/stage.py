"""What a run stands on: its task, its guidance, its network, and who answers."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from hitl_sim.learn.crowd import (
    Answers,
    Labour,
    PanelConfig,
    Questions,
    ask as ask_crowd,
    assign,
    collect,
    oracle_of,
    sample_team,
)
from hitl_sim.learn.efficiency import Host, TrainingPhases, build_course
from hitl_sim.learn.intervention.base import (
    Intervention,
    Machines,
    Perceived,
    Setting,
    Shape,
)
from hitl_sim.learn.intervention.before import (
    build_guidance,
    params_of,
    setting_after,
)
from hitl_sim.learn.loop.config import Draw, Hyper, RunConfig, RunKeys
from hitl_sim.learn.loop.driver import RoundDriver, build_driver
from hitl_sim.learn.loop.threefry import key_kind
from hitl_sim.learn.replay import REPLAYED, Asked, answerable, recorded_people
from hitl_sim.task import Split, TaskData, build_leftover, read_split
from oracles import Population
from oracles.evidence import perceive
from oracles.feedback import KINDS
from oracles.replay import RecordedAnswers

_PRETRAINING = 1_000_003
"""Folds pretraining's key from that of a run's weights; no round has this number."""
_BEFORE = 2_000_003
"""Folds the keys of stages before the arm's own; no round has such a number."""
_MACHINES = 3_000_017
"""Folds the key of machines from that of the crowd; no stage has this number."""


def guidance_of(config: RunConfig) -> Intervention:
    """Build the intervention; where it looks at the trained network, at its last form.

    A proxy that chooses before training stays the network as the study has it.

    Raises:
        ValueError: the intervention is impossible, or no method can act on it.
    """
    program, arm = config.program, config.intervention
    if arm.method and arm.uses_trained_network:
        course = course_of(config, program.shape.num_features)
        program = replace(program, network=course.phases[-1].config)
    built = build_guidance(arm, program)
    if built.is_scratch and arm.method:
        raise ValueError(
            "`method` must be left out where each round trains from fresh weights, for "
            f"it acts on one training from begin to end, got {arm.method}."
        )
    return built


def host_of(config: RunConfig, num_features: int) -> Host:
    """Say what methods act on, of a network of D inputs."""
    program = config.program
    sizes = (num_features, program.shape.num_classes)
    left, parts = config.num_leftover, program.parts
    return Host(program.network, sizes, program.train, left, parts)


def course_of(config: RunConfig, num_features: int) -> TrainingPhases:
    """Build the course of a network of D inputs without what a run would put into it.

    Any numbers will do: shapes are the same.
    """
    numbers = config.program.train.optimiser.part.params
    rates = {name: jnp.float32(number) for name, number in numbers.items()}
    leaves = config.intervention.all_leaves
    params = {name: jnp.float32(number) for name, number in leaves.items()}
    host, methods = host_of(config, num_features), config.intervention.method
    return build_course(host, methods, params, rates)


class Stage(NamedTuple):
    """What a run stands on once its task is made.

    Attributes:
        keys: the run's keys.
        setting: the run's data and leaves.
        drive: builds the device's side on a setting, this or what stages made of it.
    """

    keys: RunKeys
    setting: Setting
    drive: Callable[[Setting], RoundDriver]


def perceive_pool(
    key: jax.Array,
    feedback: str | None,
    population: Population,
    split: Split,
    shape: Shape,
) -> Perceived:
    """Let a crowd see the pool, where features or a model say anything to it."""
    if feedback is None or not KINDS[feedback].is_of_class:
        return Perceived()
    pool, kind = split.pool, KINDS[feedback]
    has_class = pool.status != 1
    seen = (pool.features, pool.truth, has_class, shape.num_classes)
    return Perceived(*perceive(key, kind, population, *seen))


def build_stage(
    config: RunConfig, intervention: Intervention
) -> Callable[[Draw, Hyper, TaskData, RecordedAnswers | None], Stage]:
    """Build the function that makes a run's task and what acts on it."""
    program, shape = config.program, config.program.shape
    host = host_of(config, intervention.num_features)
    methods = config.intervention.method
    found = (method.build(host).pretrain for method in methods)
    pretrain = next(filter(None, found), None)

    def pretrained(keys: RunKeys, hyper: Hyper, data: TaskData) -> Any:
        if pretrain is None:
            return None
        items = build_leftover(keys.split, data, sum(config.sizes))
        key = jax.random.fold_in(keys.init, _PRETRAINING)
        return pretrain(key, *items, hyper.optimiser)

    def set_up(
        draw: Draw, hyper: Hyper, data: TaskData, answers: RecordedAnswers | None
    ) -> Stage:
        keys = draw.run_keys
        split = read_split(key_kind(), data, draw.places)
        seen = (hyper.population, split, shape)
        setting = Setting(
            split,
            jnp.asarray(data.groups),
            jnp.asarray(data.importance),
            hyper.params,
            hyper.optimiser,
            perceive_pool(keys.crowd, intervention.feedback, *seen),
        )
        if hyper.machines:
            key = jax.random.fold_in(keys.crowd, _MACHINES)
            setting = setting._replace(machines=Machines(key, hyper.machines))
        if answers is not None and program.panel.policy == "restrict":
            is_askable = answerable(answers, program.panel, split.pool.item)
            setting = setting._replace(is_askable=is_askable)
        known = pretrained(keys, hyper, data)
        course = build_course(host, methods, hyper.params, hyper.optimiser, known)

        def drive(setting: Setting) -> RoundDriver:
            return build_driver(intervention, course, program.train, setting, keys)

        return Stage(keys, setting, drive)

    return set_up


class People(NamedTuple):
    """Whoever answers in a run.

    Attributes:
        state: before the first question.
        ask: `(state, questions) -> (state, response, who was asked what)`.
    """

    state: Any
    ask: Callable[[Any, Questions], Asked]


def build_people(
    intervention: Intervention, panel: PanelConfig
) -> Callable[..., People]:
    """Build the function that gathers whoever answers an intervention's questions.

    Returns:
        `(key, population, answers, apart=None) -> People`; people are drawn by the key,
        and what they answer too, folded by a number where their stage is another.
    """
    feedback = intervention.feedback
    plan = assign(max(intervention.num_questions, 1), panel)
    if panel.policy is not None and feedback not in REPLAYED:
        raise ValueError(
            f"`policy` must be None with questions of kind {feedback!r}, for only "
            f"{', '.join(map(repr, REPLAYED))} can be replayed, got {panel.policy!r}."
        )

    def gather(
        key: jax.Array,
        population: Population,
        answers: RecordedAnswers | None,
        apart: int | None = None,
    ) -> People:
        annotators = sample_team(key, population, panel)
        if panel.policy is not None:
            own = (key, str(feedback), answers, annotators, panel)
            return People(*recorded_people(*own))
        oracle = oracle_of(panel.annotator, str(feedback))
        if apart is not None:
            key = jax.random.fold_in(key, apart)

        def ask(state: Any, questions: Questions) -> Asked:
            after, response = ask_crowd(key, oracle, annotators, state, questions, plan)
            return after, response, plan

        return People(oracle.init(key, annotators), ask)

    return gather


class Opened(NamedTuple):
    """A stage before an arm's own, up to its questions.

    Attributes:
        setting: that it acts in.
        plan: its own state.
        questions: what people are asked; None where nobody is.
    """

    setting: Setting
    plan: Any
    questions: Questions | None


def begin_before(
    guidance: Intervention,
    shape: Shape,
    number: int,
    stage: Stage,
    setting: Setting,
    hyper: Hyper,
) -> Opened:
    """Begin a stage before the arm's own.

    Args:
        guidance: of the arm.
        shape: of the task.
        number: of the stage.
        stage: what the run stands on.
        setting: as the stages before this one left it.
        hyper: what may be swept.
    """
    one, population = guidance.before[number], hyper.before[number]
    own = setting._replace(params=params_of(one.kind, hyper.params))
    key = jax.random.fold_in(stage.keys.choose, apart_of(number))
    if population is not None:
        # people see the whole item, whatever was taken from the network
        seen = (population, stage.setting.split, shape)
        perceived = perceive_pool(stage.keys.crowd, one.guidance.feedback, *seen)
        own = own._replace(perceived=perceived)
    plan, questions = one.guidance.begin(key, own)
    return Opened(own, plan, None if population is None else questions)


def end_before(
    guidance: Intervention,
    number: int,
    opened: Opened,
    setting: Setting,
    answers: Answers | None,
) -> Setting:
    """End a stage before the arm's own, and return what it leaves to what follows."""
    built = guidance.before[number].guidance
    plan = built.absorb(opened.setting, opened.plan, answers)
    left = setting_after(built, opened.setting, plan)
    return left._replace(params=setting.params, perceived=setting.perceived)


def apart_of(number: int) -> int:
    """Return what folds the keys of a stage before the arm's own."""
    return _BEFORE + number


def build_before(
    guidance: Intervention, shape: Shape
) -> Callable[[Stage, Hyper], tuple[Setting, tuple[Labour, ...]]]:
    """Build the function that goes through the stages before an arm's own.

    Returns:
        `(stage, hyper) -> (setting, labour)`: what they leave to what follows, and what
        each that asks cost its people, `[T, A]`.
    """
    gathers = [build_people(one.guidance, one.panel) for one in guidance.before]

    def go(stage: Stage, hyper: Hyper) -> tuple[Setting, tuple[Labour, ...]]:
        keys, setting, spent = stage.keys, stage.setting, list[Labour]()
        for number, population in enumerate(hyper.before):
            begun = (guidance, shape, number, stage, setting, hyper)
            opened, answers = begin_before(*begun), None
            if population is not None and opened.questions is not None:
                apart = apart_of(number)
                people = gathers[number](keys.crowd, population, None, apart)
                _, response, who = people.ask(people.state, opened.questions)
                answers, labour = collect(response, opened.questions, who)
                spent.append(labour)
            setting = end_before(guidance, number, opened, setting, answers)
        return setting, tuple(spent)

    return go
