"""Feature groups in order of importance, and what a network makes of the order.

People rank the groups or mark those that matter; a machine reads the order off a
quickly trained model. The network then sees only the best groups, so that its input
shrinks, also when it is used later; or it sees all and is held not to rely on the rest.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from hitl_sim.learn.crowd import Answers, Questions
from hitl_sim.learn.intervention.base import (
    Intervention,
    Program,
    Setting,
    ask_nothing,
    even_steps,
)
from hitl_sim.learn.intervention.proxy import fit_proxy, proxy_network, proxy_work
from hitl_sim.learn.network import Network
from hitl_sim.learn.optimise import TrainSet
from hitl_sim.learn.query import lowest_first
from hitl_sim.learn.work import WorkLine
from oracles.aggregate import borda

FEEDBACK = ("importance", "marks")
"""People rank all groups, or mark those that matter."""
USES = ("select", "penalty")
"""The best groups are all that the network sees, or all that it may rely on."""


@dataclass(frozen=True)
class ImportanceConfig:
    """Whom people help to which groups.

    Attributes:
        kept_groups: how many of the G groups count as important; a shape, so static.
        feedback: one of `FEEDBACK`.
        use: one of `USES`.
    """

    kept_groups: int
    feedback: str = "importance"
    use: str = "select"


@dataclass(frozen=True)
class MachineImportanceConfig:
    """Importance from a quickly trained model.

    Attributes:
        kept_groups: how many of the G groups count as important; a shape, so static.
        proxy_steps: training steps of the model on the whole pool.
        use: one of `USES`.
    """

    kept_groups: int
    proxy_steps: int = 60
    use: str = "select"


class ImportancePlan(NamedTuple):
    """What is known of the groups.

    Attributes:
        key: decides between groups of equal score.
        best: `[kept]` groups that count as important, in ascending order.
    """

    key: jax.Array
    best: Int[Array, " kept"]


def marked_share(
    marks: Int[Array, "annotators groups"], is_answered: Bool[Array, " annotators"]
) -> Float[Array, " groups"]:
    """Return the share of people who marked each group; 0 where nobody answered."""
    weight = is_answered.astype(jnp.float32)
    total = jnp.maximum(weight.sum(), 1.0)
    share: jax.Array = (marks * weight[:, None]).sum(axis=0) / total
    return share


def attributed_importance(
    network: Network,
    params: Any,
    features: Float[Array, "items features"],
    label: Int[Array, " items"],
) -> Float[Array, " features"]:
    """Return the mean size of input times gradient of the label's log-probability.

    Args:
        network: a trained network.
        params: its weights.
        features: `[N, D]`.
        label: `[N]`.

    References:
        Ancona, Ceolini, Oztireli, Gross (2018), Towards better understanding of
        gradient-based attribution methods for deep neural networks, ICLR, table 1.
    """

    def total(x: jax.Array) -> jax.Array:
        log_p = jax.nn.log_softmax(network.apply(params, x))
        return jnp.take_along_axis(log_p, label[:, None], axis=1).sum()

    attributed: jax.Array = jnp.abs(features * jax.grad(total)(features)).mean(axis=0)
    return attributed


def build_importance(config: ImportanceConfig, program: Program) -> Intervention:
    """Build the use of importance as people see it.

    Each person answers one question about all groups; rankings are added up by Borda
    count, marks by how many people made them. What people perceive of a group is the
    task's reference importance, plus the noise of their own.

    Raises:
        ValueError: an unknown feedback or use, or a use that the network's input does
            not bear.

    References:
        de Borda (1781), Memoire sur les elections au scrutin.
    """
    _check("feedback", config.feedback, FEEDBACK)

    def begin(key: jax.Array, setting: Setting) -> tuple[ImportancePlan, Questions]:
        zero, one = jnp.zeros(1), jnp.ones(1)
        whole = jnp.zeros(1, jnp.int32)
        questions = Questions(
            item=whole,
            truth=whole,
            right=whole,
            utility=setting.importance[None],
            difficulty=zero,
            discrimination=one,
            size=one,
        )
        return ImportancePlan(key, jnp.arange(config.kept_groups)), questions

    def absorb(
        setting: Setting, plan: ImportancePlan, answers: Answers | None
    ) -> ImportancePlan:
        del setting
        if answers is None:
            raise TypeError("`answers` must be given: importance asks people.")
        add = borda if config.feedback == "importance" else marked_share
        score = add(answers.answer[0], answers.is_answered[0])
        return _take_best(plan, score)

    return _build(
        program, config.use, config.kept_groups, config.feedback, begin, absorb
    )


def build_machine_importance(
    config: MachineImportanceConfig, program: Program
) -> Intervention:
    """Build the use of importance as a quickly trained model sees it.

    Raises:
        ValueError: an unknown use, or one that the network's input does not bear.
    """
    network = proxy_network(program)

    def score(params: Any, features: jax.Array, label: jax.Array) -> jax.Array:
        return attributed_importance(network, params, features, label)

    def begin(key: jax.Array, setting: Setting) -> tuple[ImportancePlan, None]:
        key_fit, key_lot = jax.random.split(key)
        pool = setting.split.pool
        params = fit_proxy(key_fit, program, setting, config.proxy_steps)
        by_feature = score(params, pool.features, pool.label)
        plan = ImportancePlan(key_lot, jnp.arange(config.kept_groups))
        return _take_best(plan, by_feature[setting.groups].sum(axis=1)), None

    def absorb(
        setting: Setting, plan: ImportancePlan, answers: Answers | None
    ) -> ImportancePlan:
        del setting, answers
        return plan

    work = proxy_work(program, config.proxy_steps, score, "attribution")
    return _build(program, config.use, config.kept_groups, None, begin, absorb, work)


def _take_best(plan: ImportancePlan, score: Float[Array, " groups"]) -> ImportancePlan:
    best = lowest_first(plan.key, -score)[: plan.best.shape[0]]
    return plan._replace(best=jnp.sort(best))


def _build(
    program: Program,
    use: str,
    kept_groups: int,
    feedback: str | None,
    begin: Callable[[jax.Array, Setting], tuple[ImportancePlan, Questions | None]],
    absorb: Callable[[Setting, ImportancePlan, Answers | None], ImportancePlan],
    work: tuple[WorkLine, ...] = (),
) -> Intervention:
    """Build what a network makes of an order, whoever found it."""
    _check("use", use, USES)
    _check_input(program, use)
    shape, is_penalty = program.shape, use == "penalty"

    def columns(setting: Setting, plan: ImportancePlan) -> jax.Array | None:
        if is_penalty:
            return None
        return jnp.sort(setting.groups[plan.best].reshape(-1))

    def training(setting: Setting, plan: ImportancePlan) -> TrainSet:
        pool, kept = setting.split.pool, columns(setting, plan)
        penalty = None
        if is_penalty:
            held = setting.groups[plan.best].reshape(-1)
            whole = jnp.full(shape.num_features, setting.penalty)
            penalty = whole.at[held].set(0.0)
        return TrainSet(
            pool.features if kept is None else pool.features[:, kept],
            pool.label,
            jnp.arange(shape.num_pool),
            jnp.int32(shape.num_pool),
            penalty,
        )

    return Intervention(
        num_rounds=1,
        num_questions=0 if feedback is None else 1,
        feedback=feedback,
        num_features=(
            shape.num_features if is_penalty else kept_groups * shape.group_size
        ),
        is_scratch=False,
        has_penalty=is_penalty,
        steps=even_steps(program.train),
        begin=begin,
        absorb=absorb,
        training=training,
        columns=columns,
        choose=ask_nothing,
        work=work,
    )


def _check(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        options = ", ".join(map(repr, allowed))
        raise ValueError(f"`{name}` must be one of {options}, got {value!r}.")


def _check_input(program: Program, use: str) -> None:
    """Refuse to take pixels from an image, and gradients by the ids of words."""
    network, shape = program.network, program.shape
    if network.takes_any_width or (network.is_numeric and use == "penalty"):
        return
    allowed = "use = 'penalty' only" if network.is_numeric else "no importance of words"
    name = network.describe(shape.num_features, shape.num_classes)
    raise ValueError(
        f"`network` must have no encoder where features are selected; it allows "
        f"{allowed}, got {name!r} with {use!r}."
    )
