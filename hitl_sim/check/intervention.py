"""Samples and checks of interventions: whole rounds on a pool, rightly answered."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp

from hitl_sim.check.base import (
    CheckError,
    Subject,
    build,
    promise,
    require,
    require_within,
)
from hitl_sim.learn.crowd import Answers, PanelConfig, Questions
from hitl_sim.learn.intervention import Intervention, Program, Setting, Shape
from hitl_sim.learn.intervention.base import Machines
from hitl_sim.learn.network import NetworkConfig, build_network
from hitl_sim.learn.optimise import TrainConfig
from hitl_sim.task import Corruption, build_split, load_task
from oracles.machine import build_machine
from oracles.machines import MACHINES
from oracles.part import Part

NUM_POOL, NUM_CLASSES = 240, 4
_FEATURES, _GROUPS, _GROUP_SIZE = 64, 16, 4
_PANEL = PanelConfig(3, 3, 1)


def _program() -> Program:
    """Surroundings in which every built-in intervention fits at its defaults."""
    shape = Shape(NUM_POOL, _FEATURES, NUM_CLASSES, _GROUPS, _GROUP_SIZE)
    train = TrainConfig(batch=8, steps_per_checkpoint=2, num_checkpoints=10)
    return Program(shape, NetworkConfig((8,)), train, _PANEL)


@cache
def _setting() -> Setting:
    """Made-up items, a fifth of them of no class and a fifth under a wrong label."""
    options = {"num_features": _FEATURES, "num_groups": _GROUPS}
    _, data = load_task("planted", options=options)
    corruption = Corruption(jnp.float32(0.2), jnp.float32(0.1), jnp.float32(0.2))
    draw = jax.jit(build_split, static_argnums=(3, 4, 5))
    split = draw(jax.random.key(5), data, corruption, NUM_POOL, 30, 20)
    machines = {n: build_machine(one, NUM_CLASSES) for n, one in MACHINES.items()}
    return Setting(
        split,
        jnp.asarray(data.groups),
        jnp.asarray(data.importance),
        params={},
        optimiser={"learning_rate": jnp.float32(1e-2)},
        machines=Machines(jax.random.key(6), machines),
    )


def sample(part: Part, options: Mapping[str, Any]) -> Subject:
    """Build an intervention, and all its rounds on a pool as one call.

    Raises:
        CheckError: it does not build, or returns no `Intervention`.
    """
    program = _program()
    wanted = (Intervention, "an `Intervention`")
    built: Intervention = build(part, options, lambda o: part(program, **o), wanted)
    network = build_network(program.network, _FEATURES, NUM_CLASSES)

    def call(key: jax.Array, data: Setting, params: Mapping[str, Any]) -> Any:
        setting = data._replace(params=params)
        key_begin, *keys = jax.random.split(key, built.num_stages + 1)
        weights = network.init(jax.random.key(3))
        plan, questions = built.begin(key_begin, setting)
        asked = []
        if built.has_start:
            plan, questions = built.choose(keys[-1], setting, plan, weights)
        for number in range(built.num_rounds):
            if questions is not None:
                asked.append(questions.item)
            plan = built.absorb(setting, plan, _answered(built, questions))
            if number + 1 < built.num_rounds:
                plan, questions = built.choose(keys[number], setting, plan, weights)
        training = built.training(setting, plan)
        items = jnp.concatenate(asked) if asked else jnp.zeros(0, jnp.int32)
        return {
            "features": training.features,
            "labels": training.labels,
            "num_items": training.num_items,
            "order": training.order,
            "asked": items.astype(jnp.int32),
        }

    num_asked = built.num_rounds * built.num_questions
    most = NUM_POOL if built.capacity is None else built.capacity[-1]
    return Subject(
        part,
        options,
        call,
        _setting(),
        {
            "features": f"float32[{NUM_POOL}, {built.num_features}]",
            "labels": f"int32[{NUM_POOL}]",
            "num_items": "int32[]",
            "order": f"int32[{most}]",
            "asked": f"int32[{num_asked}]",
        },
        more=built,
    )


def _answered(built: Intervention, questions: Questions | None) -> Answers | None:
    """Let three people give the right answer to each question."""
    if questions is None:
        return None
    right = questions.right
    if built.feedback == "importance":
        right = jnp.argsort(-questions.utility, axis=1)
    elif built.feedback == "marks":
        right = (questions.utility > 0.0).astype(jnp.int32)
    num = questions.item.shape[0]
    everybody = jnp.repeat(right[:, None].astype(jnp.int32), _PANEL.answers, axis=1)
    people = jnp.broadcast_to(jnp.arange(_PANEL.answers)[None], (num, _PANEL.answers))
    return Answers(everybody, jnp.ones(people.shape, bool), people)


@promise
def training_set(subject: Subject) -> str:
    """Training takes distinct items of the pool, under labels that are classes."""
    out = subject.run()
    number, order = int(out["num_items"]), out["order"]
    require(
        1 <= number <= order.size,
        f"`num_items` must be from 1 to the {order.size} of `order`, got {number}.",
    )
    used = order[:number]
    is_in_pool = ((used >= 0) & (used < NUM_POOL)).all()
    require(
        is_in_pool and len(set(used.tolist())) == number,
        "`order` must hold distinct positions of the pool as far as they are trained "
        "on, got others.",
    )
    where = " where they are trained on"
    require_within("labels", out["labels"][used], 0, NUM_CLASSES - 1, where)
    return ""


@promise
def questions(subject: Subject) -> str:
    """No item is asked about twice."""
    asked = subject.run()["asked"]
    if subject.more.num_questions <= 1:
        return "" if asked.size else "nobody is asked"
    is_once = len(set(asked.tolist())) == asked.size
    require(is_once, "questions must be about distinct items, got one twice.")
    return ""


@promise
def rounds(subject: Subject) -> str:
    """Steps and rounds fit the checkpoints of the training."""
    built, checkpoints = subject.more, _program().train.num_checkpoints
    require(
        len(built.steps) == checkpoints,
        f"`steps` must be {checkpoints}, one for each checkpoint, got "
        f"{len(built.steps)}.",
    )
    try:
        built.stage_lengths(checkpoints)
    except ValueError as error:
        raise CheckError(str(error)) from error
    return "" if built.work else "it bills nothing for choosing"
