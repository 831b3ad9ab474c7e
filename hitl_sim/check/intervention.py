"""Samples and checks of interventions: whole rounds on a pool, rightly answered."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from hitl_sim.check.base import Check, CheckError, Subject, build, struct
from hitl_sim.learn.crowd import Answers, PanelConfig, Questions
from hitl_sim.learn.intervention import Intervention, Program, Setting, Shape
from hitl_sim.learn.network import NetworkConfig, build_network
from hitl_sim.learn.optimise import TrainConfig
from hitl_sim.task import Corruption, build_split, load_task
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
    return Setting(
        split,
        jnp.asarray(data.groups),
        jnp.asarray(data.importance),
        params={},
        optimiser={"learning_rate": jnp.float32(1e-2)},
    )


def sample(part: Part, options: Mapping[str, Any]) -> Subject:
    """Build an intervention, and all its rounds on a pool as one call.

    Raises:
        CheckError: it does not build, or returns no `Intervention`.
    """
    program = _program()
    built = build(part, options, lambda given: part.factory(program, **given))
    if not isinstance(built, Intervention):
        raise CheckError(
            f"its factory must return an `Intervention`, got {type(built).__name__}."
        )
    network = build_network(program.network, _FEATURES, NUM_CLASSES)

    def call(key: jax.Array, data: Setting, params: Mapping[str, Any]) -> Any:
        setting = data._replace(params=params)
        key_begin, *keys = jax.random.split(key, built.num_rounds + 1)
        weights = network.init(jax.random.key(3))
        plan, questions = built.begin(key_begin, setting)
        asked = []
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
        part=part,
        options=options,
        call=call,
        data=_setting(),
        expected={
            "features": struct((NUM_POOL, built.num_features), jnp.float32),
            "labels": struct((NUM_POOL,), jnp.int32),
            "num_items": struct((), jnp.int32),
            "order": struct((most,), jnp.int32),
            "asked": struct((num_asked,), jnp.int32),
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


def check_training_set(subject: Subject) -> str:
    """Training takes distinct items of the pool, under labels that are classes."""
    out = jax.tree.map(np.asarray, jax.jit(subject.call)(*subject.args))
    number, order = int(out["num_items"]), out["order"]
    if not 1 <= number <= order.size:
        raise CheckError(
            f"`num_items` must be from 1 to the {order.size} of `order`, got {number}."
        )
    used = order[:number]
    if len(set(used.tolist())) != number or not ((used >= 0) & (used < NUM_POOL)).all():
        raise CheckError(
            "`order` must hold distinct positions of the pool as far as they are "
            "trained on, got others."
        )
    label = out["labels"][used]
    if not ((label >= 0) & (label < NUM_CLASSES)).all():
        raise CheckError(
            f"`labels` must be in [0, {NUM_CLASSES - 1}] where they are trained on, "
            f"got {label.min()} to {label.max()}."
        )
    return ""


def check_questions(subject: Subject) -> str:
    """No item is asked about twice."""
    asked = np.asarray(jax.jit(subject.call)(*subject.args)["asked"])
    if subject.more.num_questions <= 1:
        return "" if asked.size else "nobody is asked"
    if len(set(asked.tolist())) != asked.size:
        raise CheckError("questions must be about distinct items, got one twice.")
    return ""


def check_rounds(subject: Subject) -> str:
    """Steps and rounds fit the checkpoints of the training."""
    built, checkpoints = subject.more, _program().train.num_checkpoints
    if len(built.steps) != checkpoints:
        raise CheckError(
            f"`steps` must be {checkpoints}, one for each checkpoint, got "
            f"{len(built.steps)}."
        )
    if checkpoints % built.num_stages:
        raise CheckError(
            f"`num_rounds`, and a start if there is one, must divide the {checkpoints} "
            f"checkpoints, got {built.num_stages}."
        )
    return "" if built.work else "it bills nothing for choosing"


CHECKS = (
    Check("training set", check_training_set),
    Check("questions", check_questions),
    Check("rounds", check_rounds),
)
