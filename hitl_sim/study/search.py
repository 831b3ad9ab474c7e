"""The search for each arm's own settings: rungs of trials, and what they found.

Winners are a function of the records and of the study's own device, so that a search
that was interrupted goes on to the same end. A report under another device retrains
nothing: its settings stay those that were found for the device of the study.
"""

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from hitl_sim.analysis.run.record import RunGroup
from hitl_sim.analysis.run.sample import draw_sample
from hitl_sim.analysis.run.target import Targets, find_targets, smooth
from hitl_sim.analysis.run.usage import price_units, share_pretraining
from hitl_sim.cost.engine import open_pricing
from hitl_sim.energy import DeviceProfile, Scope, load_profile, unavailable
from hitl_sim.record import RecordError
from hitl_sim.study.grid import PILOT, TARGET, Condition, Settings
from hitl_sim.study.spec import StudySpec, TuneSpec
from hitl_sim.study.trial import (
    Winner,
    at,
    best_first,
    rungs_of,
    trial_settings,
    tuned_arms,
)

Units = Mapping[str, Mapping[str, Any]]
"""What each unit of work does, from the manifest."""


class Seen(NamedTuple):
    """Runs of trials that were computed.

    Attributes:
        groups: of each condition asked for, in their order.
        units: what each unit of work does, from the manifest.
    """

    groups: Sequence[RunGroup]
    units: Units


Compute = Callable[[Sequence[Condition]], Seen]
"""Runs what is missing of some conditions, beside all that were asked for before."""


def search(spec: StudySpec, compute: Compute) -> tuple[Winner, ...]:
    """Find the best settings of every arm.

    Args:
        spec: a study with [tune].
        compute: runs trials and reads them.

    Raises:
        RecordError: runs of a trial are missing, since they failed.
    """
    tune = spec.tune
    if tune is None:
        return ()
    families = list(tuned_arms(spec))
    # the control stands first
    controls = [next(iter(arms.values())) for _, arms in families]
    by_plateau = partial(_minus_plateau, spec)
    plateaus = _halve(tune, [_Contest(c, by_plateau) for c in controls], compute)
    best = [
        replace(c[s.best], role=PILOT) for c, s in zip(controls, plateaus, strict=True)
    ]
    pilots = compute(at(best, rungs_of(tune)[-1][1])).groups
    rules = spec.target
    targets = [
        find_targets(pilot, fraction=rules.fraction, smoothing=rules.smoothing)
        for pilot in pilots
    ]
    device = load_profile(spec.device)
    contests = [
        _Contest(trials, partial(_joules, spec, device, target))
        for (_, arms), target in zip(families, targets, strict=True)
        for trials in arms.values()
    ]
    names = [(base, TARGET) for base, _ in families]
    names += [(base, name) for base, arms in families for name in arms]
    settings = trial_settings(spec)
    return tuple(
        _winner(base, name, scores, settings)
        for (base, name), scores in zip(
            names, [*plateaus, *_halve(tune, contests, compute)], strict=True
        )
    )


class _Contest(NamedTuple):
    """Trials of one arm, and what each is scored by: the less the better."""

    trials: Sequence[Condition]
    score: Callable[[Sequence[RunGroup], Units], list[float]]


class _Scores(NamedTuple):
    """What halving left: the best trial, and every trial's last score."""

    best: int
    last: Mapping[int, float]


def _halve(
    tune: TuneSpec, contests: Sequence[_Contest], compute: Compute
) -> list[_Scores]:
    """Keep the better half of each one's trials, with twice the replicates, and again.

    All arms are at one rung together, so that their runs go side by side.
    """
    alive = [list(range(len(one.trials))) for one in contests]
    last: list[dict[int, float]] = [{} for _ in contests]
    for most, replicates in rungs_of(tune):
        alive = [
            best_first({t: scores.get(t, 0.0) for t in some}, most)
            for some, scores in zip(alive, last, strict=True)
        ]
        chosen = [
            one.trials[t]
            for one, some in zip(contests, alive, strict=True)
            for t in some
        ]
        seen = compute(at(chosen, replicates))
        groups = iter(seen.groups)
        for one, some, scores in zip(contests, alive, last, strict=True):
            own = list(itertools.islice(groups, len(some)))
            scores |= dict(zip(some, one.score(own, seen.units), strict=True))
    return [
        _Scores(best_first({t: scores[t] for t in some}, 1)[0], scores)
        for some, scores in zip(alive, last, strict=True)
    ]


def _minus_plateau(
    spec: StudySpec, groups: Sequence[RunGroup], units: Units
) -> list[float]:
    """Score each trial by its best smoothed metric, the mean over replicates."""
    del units
    found = []
    for group in groups:
        best = smooth(group.validation_accuracy, spec.target.smoothing).max(axis=-1)
        best = np.where(group.is_ok & np.isfinite(best), best, 0.0)
        found.append(-float(best.mean()))
    return found


def _joules(
    spec: StudySpec,
    device: DeviceProfile,
    targets: Targets,
    groups: Sequence[RunGroup],
    units: Units,
) -> list[float]:
    """Score each trial by the device's joules per success; inf where nobody reached."""
    no_label = unavailable("s", Scope.HUMAN_TIME, "no trial is billed for labels")
    pricing = open_pricing(price_units(units, device), device, spec.prices, no_label)
    found = []
    for group in groups:
        billed = share_pretraining(group, spec.prices)
        sample = draw_sample(billed, targets, pricing, smoothing=spec.target.smoothing)
        found.append(sample.cost_sample.per_success)
    return found


def _winner(
    base: str, arm: str, scores: _Scores, settings: Sequence[Settings]
) -> Winner:
    last = scores.last
    values = settings[scores.best]
    return Winner(base, arm, values, last[scores.best], last[0], len(last))


def check_whole(
    conditions: Sequence[Condition], groups: Sequence[RunGroup | None]
) -> None:
    """Refuse trials of which runs are missing.

    Raises:
        RecordError: they failed; the next run tries them again.
    """
    for condition, group in zip(conditions, groups, strict=True):
        there = [] if group is None else group.replicate.tolist()
        missing = set(condition.runs) - set(there)
        if missing:
            raise RecordError(
                f"Trials of arm {condition.arm.name!r} must all have a record, got none"
                f" for {len(missing)} of {len(condition.runs)} runs: they failed, and "
                "`hitl-sim status` says why. Run the study again."
            )
