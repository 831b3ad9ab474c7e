"""Several stages in one arm: what is done before its own intervention begins.

An arm's list `before` holds interventions that ask and choose without training the
network: items are rated, labels verified, groups ranked, or what a study brings is
done. Each of them acts on the whole pool, asks only of items that are still in it, and
sees labels as the stage before left them. Training is on what all stages keep; where
features were taken away, what follows sees the others alone.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float

from hitl_sim.learn.crowd import PanelConfig
from hitl_sim.learn.intervention.arm import Arm, Surroundings, TaskFacts
from hitl_sim.learn.intervention.base import (
    Before,
    Intervention,
    Program,
    Setting,
    kept,
)
from hitl_sim.learn.optimise import TrainSet
from hitl_sim.learn.work import WorkLine

TABLE = "before"
"""Field of an arm that holds its stages."""


def build_guidance(arm: Arm, program: Program) -> Intervention:
    """Build an arm's own intervention, with the stages that come before it.

    Raises:
        ValueError: a stage is impossible, or would train the network.
    """
    before: list[Before] = []
    for place, stage in enumerate(arm.before):
        panel = panel_of(stage, program.panel)
        built = stage.build(replace(program, panel=panel))
        _check_over(built, f"`arm.before[{place}].kind`", stage, arm)
        program = _narrowed(program, built.num_features)
        before.append(Before(stage.kind, built, panel))
    own = arm.build(program)
    if not before:
        return own
    every = (*(one.guidance for one in before), own)
    penalised = [one.penalty_from for one in every if one.has_penalty]
    return own._replace(
        training=_joining(own.training),
        has_penalty=bool(penalised),
        penalty_from=min(penalised, default=0),
        work=_merged([line for one in every for line in one.work]),
        before=tuple(before),
    )


def panel_of(stage: Arm, panel: PanelConfig) -> PanelConfig:
    """Say who of an arm's people answers in a stage before its own."""
    return replace(panel, people=stage.people, asks=stage.asks, policy=None)


def params_of(kind: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """Take the traced numbers of a stage out of those of its arm."""
    begin = f"{TABLE}.{kind}."
    found = {n: value for n, value in params.items() if n.startswith(begin)}
    return {name.removeprefix(begin): value for name, value in found.items()}


def setting_after(stage: Intervention, setting: Setting, plan: Any) -> Setting:
    """Say what the next stage finds, once a stage has made up its mind.

    Args:
        stage: which it was.
        setting: that it found.
        plan: after its answers.
    """
    known = join(setting.earlier, stage.training(setting, plan))
    columns, split = stage.columns(setting, plan), setting.split
    if columns is not None:
        split = split._replace(
            validation_x=split.validation_x[:, columns],
            test_x=split.test_x[:, columns],
        )
    pool = split.pool._replace(features=known.features, label=known.labels)
    is_askable = kept(known)
    if setting.is_askable is not None:
        is_askable &= setting.is_askable
    return setting._replace(
        split=split._replace(pool=pool), is_askable=is_askable, earlier=known
    )


def join(earlier: TrainSet | None, own: TrainSet) -> TrainSet:
    """Train on what an earlier stage and a later one both keep, under later labels.

    A pace is kept whichever of them has it: as many of its items as are still there.
    """
    if earlier is None:
        return own
    lead, other = (own, earlier) if earlier.pace is None else (earlier, own)
    is_used = jnp.arange(lead.order.shape[0]) < lead.num_items
    stays = is_used & kept(other)[lead.order]
    num_items = jnp.maximum(stays.sum(dtype=jnp.int32), 1)
    pace = lead.pace
    if pace is not None:
        so_far = jnp.cumsum(stays, dtype=jnp.int32)
        pace = jnp.maximum(so_far[jnp.maximum(pace, 1) - 1], 1)
    return own._replace(
        order=lead.order[jnp.argsort(~stays, stable=True)],
        num_items=num_items,
        penalty=_sum(earlier.penalty, own.penalty),
        pace=pace,
    )


def _sum(
    one: Float[Array, " features"] | None, other: Float[Array, " features"] | None
) -> Float[Array, " features"] | None:
    if one is None or other is None:
        return other if one is None else one
    return one + other


def _joining(
    training: Callable[[Setting, Any], TrainSet],
) -> Callable[[Setting, Any], TrainSet]:
    return lambda setting, plan: join(setting.earlier, training(setting, plan))


def _narrowed(program: Program, num_features: int) -> Program:
    """Give a program fewer features, which then have no groups any more."""
    if num_features == program.shape.num_features:
        return program
    own = {"num_features": num_features, "num_groups": 0, "group_size": 0}
    return replace(program, shape=replace(program.shape, **own))


def _merged(lines: list[WorkLine]) -> tuple[WorkLine, ...]:
    """Add up lines of the same work, which two stages may have."""
    found: dict[tuple[str, str], WorkLine] = {}
    for line in lines:
        key = line.unit.name, line.purpose
        there = found.get(key)
        counts = line.counts if there is None else there.counts + line.counts
        found[key] = line._replace(counts=counts)
    return tuple(found.values())


def _check_over(built: Intervention, field: str, stage: Arm, arm: Arm) -> None:
    """Refuse a stage that would train the network.

    Raises:
        ValueError: it has several fits, or a start of its own.
    """
    if built.num_stages > 1:
        raise ValueError(
            f"{field} must be an intervention that is over before training, got "
            f"{stage.kind!r} in arm {arm.name!r}, which trains the network in "
            f"{built.num_stages} stages: it can be the arm's own."
        )


def check_before(arm: Arm, study: Surroundings) -> None:
    """Refuse stages that contradict themselves, the study or each other.

    Raises:
        ValueError: the message names field, value and what is allowed.
    """
    if arm.before and arm.role != "arm":
        raise ValueError(
            f"`arm.before` must be left out where `arm.role` is {arm.role!r}, for the "
            f"control trains on the pool as it is, got "
            f"{[stage.kind for stage in arm.before]} in arm {arm.name!r}."
        )
    seen = [arm.kind]
    for place, stage in enumerate(arm.before):
        field = f"arm.before[{place}]"
        if stage.role != "arm":
            raise ValueError(
                f"`{field}.kind` must be an intervention that chooses something, got "
                f"{stage.kind!r} in arm {arm.name!r}."
            )
        if not stage.may_be_before:
            raise ValueError(
                f"`{field}.kind` must be an intervention that is over before training, "
                f"got {stage.kind!r} in arm {arm.name!r}: it can be the arm's own."
            )
        if stage.kind in seen:
            raise ValueError(
                f"`{field}.kind` must be unlike the arm's other stages, got "
                f"{stage.kind!r} twice in arm {arm.name!r}."
            )
        seen.append(stage.kind)
        for name in ("method", "training", TABLE):
            if getattr(stage, name):
                raise ValueError(
                    f"`{field}.{name}` must be left out, for it is of the whole arm, "
                    f"got {getattr(stage, name)!r} in arm {arm.name!r}."
                )
        with _named(field):
            stage.check(study)
    by_group = [one.kind for one in (*arm.before, arm) if one.goes_by_groups]
    if len(by_group) > 1:
        raise ValueError(
            "`arm.before` must hold at most one stage that goes by feature groups, the "
            f"arm's own among them, got {by_group} in arm {arm.name!r}."
        )


def check_before_task(arm: Arm, task: TaskFacts) -> None:
    """Refuse stages that a task lacks something for, or that leave too little.

    Raises:
        ValueError: the message names field, value and what is allowed.
    """
    if not arm.before:
        return
    pool = left = task.program.shape.num_pool
    for place, stage in enumerate(arm.before):
        field = f"arm.before[{place}]"
        with _named(field):
            stage.check_task(task)
        _check_left(stage, left, f"{field}.questions", arm)
        left -= pool - stage.items_left(task.program)
    _check_left(arm, left, "arm.questions", arm)
    built = build_guidance(arm, task.program)
    is_less = built.num_features < task.program.shape.num_features
    tuned = [method.kind for method in arm.method if method.is_pretrained]
    if tuned and is_less:
        raise ValueError(
            f"`arm.method` must not hold {tuned[0]!r}, whose network is pretrained on "
            "all features, beside a stage that takes some away, got both in arm "
            f"{arm.name!r}."
        )


def _check_left(stage: Arm, left: int, field: str, arm: Arm) -> None:
    """Refuse more questions about items than earlier stages leave.

    Raises:
        ValueError: there are more.
    """
    if stage.num_items > max(left, 0):
        raise ValueError(
            f"`{field}` must be of at most the {max(left, 0)} items that earlier "
            f"stages leave for certain, got {stage.num_items} in arm {arm.name!r}."
        )


@contextmanager
def _named(field: str) -> Iterator[None]:
    """Name the fields of a stage in the errors of its own checks."""
    try:
        yield
    except ValueError as error:
        raise ValueError(str(error).replace("`arm.", f"`{field}.")) from error
