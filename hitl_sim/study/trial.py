"""Trials of a study's [tune]: which settings, of which arms, and how often."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from hitl_sim.learn.intervention import Arm
from hitl_sim.schema import Table
from hitl_sim.study.axis import cells, check_axes, drawn_points
from hitl_sim.study.grid import (
    BASE_TABLES,
    PILOT,
    Condition,
    Settings,
    Tuned,
    axes_of,
    check_fields,
    conditions_at,
    own_key,
)
from hitl_sim.study.spec import AxisSpec, DrawSpec, SpecError, StudySpec, TuneSpec

FIRST = 2**20
"""Number of the first replicate that trials are tried on: no comparison has so many."""
_TUNED = ("training", "network")
"""Tables whose fields may be tuned: those that control and arms have alike."""


class _Space(Table, frozen=True):
    """A space as axes that are drawn; see `axis.Swept`."""

    axis: tuple[AxisSpec, ...]
    draw: DrawSpec
    seed: int


def _space(tune: TuneSpec, seed: int) -> _Space:
    axes = tuple(
        AxisSpec(a.field, a.values, a.low, a.high, a.scale, a.values is not None)
        for a in tune.space
    )
    return _Space(axes, DrawSpec(tune.method, tune.trials - 1), seed)


def check_tune(spec: StudySpec) -> None:
    """Refuse a search that cannot be made.

    Raises:
        SpecError: the message names field, value and what is allowed.
    """
    tune = spec.tune
    if tune is None:
        return
    swept = {axis.field for axis in spec.axis}
    for axis in tune.space:
        if axis.field.partition(".")[0] not in _TUNED:
            raise SpecError(
                "`tune.space.field` must be a field of [training] or [network], which "
                f"control and arms have alike, got {axis.field!r}."
            )
        if axis.field in swept:
            raise SpecError(
                "`tune.space.field` must not be swept too, got "
                f"{axis.field!r}, which an axis has."
            )
        for name in ("link", "arms", "drawn"):
            if getattr(axis, name):
                raise SpecError(
                    f"`tune.space.{name}` must be left out, since all arms are tuned "
                    f"alike, got {getattr(axis, name)!r}."
                )
        check_fields(axis, spec)
    check_axes(_space(tune, spec.seed))
    if tune.trials < 2 ** (tune.rungs - 1):
        raise SpecError(
            f"`tune.rungs` must halve the {tune.trials} trials of `tune.trials` down to"
            f" one at the least, got {tune.rungs}."
        )
    for arm in spec.arm:
        if tune.people == "replayed" and arm.asking and arm.uses_trained_network:
            raise SpecError(
                "`tune.people` must be 'none' or 'fresh' where an arm chooses its "
                "questions by the network that it trains, since each trial would ask "
                f"others, got 'replayed' with arm {arm.name!r}."
            )


def trial_settings(spec: StudySpec) -> list[Settings]:
    """List the settings that are tried: the study's own (an empty one), then drawn."""
    if spec.tune is None:
        return []
    return [{}, *drawn_points(_space(spec.tune, spec.seed))]


def tuned_arms(
    spec: StudySpec,
) -> Iterator[tuple[str, dict[str, list[Condition]]]]:
    """Yield what is tuned together: the arms of one task, network and training.

    An arm is tuned at its own settings and the study's own crowd.

    Yields:
        (key of their base, conditions of each trial by arm, the control first).
    """
    found: dict[str, dict[str, list[Condition]]] = {}
    order = sorted(range(len(spec.arm)), key=lambda i: spec.arm[i].role != "control")
    for index in order:
        arm = spec.arm[index]
        if arm.role == "null" or not is_tuned(arm, spec.tune):
            continue
        axes = [
            axis
            for axis in axes_of(spec, arm)
            if axis.field.partition(".")[0] in BASE_TABLES
        ]
        for cell in cells(spec, axes):
            for values in trial_settings(spec):
                for condition in conditions_at(spec, index, cell, values):
                    if condition.role == "pilot":
                        continue
                    trial = replace(condition, settings={**cell, **values})
                    base = found.setdefault(own_key(trial.task_name, cell), {})
                    base.setdefault(arm.name, []).append(trial)
    yield from found.items()


def foreseen(spec: StudySpec) -> list[Condition]:
    """List as many trials as a search makes, had the first ones won every rung."""
    if spec.tune is None:
        return []
    found, rungs = list[Condition](), rungs_of(spec.tune)
    for _, arms in tuned_arms(spec):
        for place, conditions in enumerate(arms.values()):
            for trial, condition in enumerate(conditions):
                (*_, last) = (some for most, some in rungs if trial < most)
                found += at([condition], last)
            if place == 0:
                found += at([replace(conditions[0], role=PILOT)], rungs[-1][1])
    return found


def every_trial(spec: StudySpec) -> list[Condition]:
    """List all trials on all replicates: what a search may have run."""
    if spec.tune is None:
        return []
    last, found = rungs_of(spec.tune)[-1][1], list[Condition]()
    for _, arms in tuned_arms(spec):
        for place, conditions in enumerate(arms.values()):
            found += at(conditions, last)
            if place == 0:
                found += at([replace(c, role=PILOT) for c in conditions], last)
    return found


def is_tuned(arm: Arm, tune: TuneSpec | None) -> bool:
    """Whether an arm has trials of its own."""
    return tune is not None and (not arm.asking or tune.people != "none")


@dataclass(frozen=True)
class Winner:
    """What was found for one arm.

    Attributes:
        base: name of its task and what is swept of it.
        arm: its name, or `grid.TARGET`.
        values: best settings; empty where the study's own are.
        score: joules per success on the study's own device, or for the pilot minus the
            plateau.
        untuned: the same of the study's own setting.
        tried: trials that were run.
    """

    base: str
    arm: str
    values: Settings
    score: float
    untuned: float
    tried: int


def as_tuned(spec: StudySpec, winners: Sequence[Winner]) -> Tuned:
    """Return the settings of every arm, those that were not tuned by themselves too."""
    tuned = {(one.base, one.arm): one.values for one in winners}
    control = next(arm.name for arm in spec.arm if arm.role == "control")
    for base in {one.base for one in winners}:
        for arm in spec.arm:
            tuned.setdefault((base, arm.name), tuned.get((base, control), {}))
    return tuned


def write_winners(winners: Sequence[Winner]) -> list[dict[str, Any]]:
    """Write what was found as the manifest keeps it; what is infinite is null."""
    return [
        {
            "base": one.base,
            "arm": one.arm,
            "values": dict(one.values),
            "score": one.score if math.isfinite(one.score) else None,
            "untuned": one.untuned if math.isfinite(one.untuned) else None,
            "tried": one.tried,
        }
        for one in winners
    ]


def read_winners(rows: Sequence[Mapping[str, Any]]) -> tuple[Winner, ...]:
    """Read what a manifest keeps of a search."""
    infinite = {"score": math.inf, "untuned": math.inf}
    return tuple(
        Winner(**infinite | {k: v for k, v in row.items() if v is not None})
        for row in rows
    )


def rungs_of(tune: TuneSpec) -> list[tuple[int, range]]:
    """List how many trials each rung keeps, and the replicates it tries them on."""
    return [
        (
            math.ceil(tune.trials / 2**rung),
            range(FIRST, FIRST + tune.replicates * 2**rung),
        )
        for rung in range(tune.rungs)
    ]


def at(conditions: Sequence[Condition], replicates: range) -> list[Condition]:
    """Return conditions that are run on some replicates."""
    return [replace(c, replicates=replicates) for c in conditions]


def best_first(scores: Mapping[int, float], most: int) -> list[int]:
    """Return the trials of least score, at most some of them, in their own order.

    A tie goes to the earlier trial; where no trial has a finite score the study's own
    setting, which is the first, stands.
    """
    ranked = sorted(scores, key=lambda trial: (scores[trial], trial))
    return sorted(ranked[:most])
