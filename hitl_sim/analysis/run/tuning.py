"""What the search for an arm's settings took, as a line of each of its runs' bills."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np

from hitl_sim.analysis.run.record import RunGroup, WorkLine
from hitl_sim.purpose import PROTOCOL

TUNE: Final = "tune"
"""Phase of the work of trials."""
UNTUNED = "untuned"
"""Role of the control as it was before it was tuned."""
TRIALS = ("trial", "trial_pilot")
"""Roles of runs that only a search looks at."""
_CURVES = ("asked", "answered", "worked_s", "paid_s", "wait_s", "elapsed_s")


def tuning_share(study: Mapping[str, Any]) -> float:
    """Return the share of a search that one run is billed with; 0 without a search.

    Args:
        study: its resolved tables.
    """
    tune = study.get("tune")
    if tune is None or tune["bill"] == "sunk":
        return 0.0
    trainings = study.get("reuse", {}).get("trainings", 1)
    return 1.0 / trainings if tune["bill"] == "shared" else 1.0


def share_tuning(
    groups: Sequence[RunGroup], study: Mapping[str, Any]
) -> tuple[RunGroup, ...]:
    """Bill runs with their share of the search for the settings of their arm.

    Trials are billed as they were run, to the cap, and arms that had none of their own
    with those of the control, whose settings they have. Where trials were replayed,
    people answered once in each replicate. What fixed the target is nobody's.

    Args:
        groups: all of a study, trials too.
        study: its resolved tables.

    Returns:
        The groups in their order, trials as they were.
    """
    share = tuning_share(study)
    if share == 0.0:
        return tuple(groups)
    trials: dict[tuple[str, str], list[RunGroup]] = {}
    for group in groups:
        if group.role == "trial":
            trials.setdefault((group.base, group.arm), []).append(group)
    control = {g.base: g.arm for g in groups if g.role == "control"}
    is_replayed = study["tune"]["people"] == "replayed"

    def shared(group: RunGroup) -> RunGroup:
        if group.role not in ("control", "null", "arm"):
            return group
        theirs = trials.get((group.base, control.get(group.base, "")), [])
        own = trials.get((group.base, group.arm), theirs)
        return _with_trials(group, own, share, is_replayed=is_replayed)

    return tuple(map(shared, groups))


def _with_trials(
    group: RunGroup, trials: Sequence[RunGroup], share: float, *, is_replayed: bool
) -> RunGroup:
    shape = group.num_runs, group.num_checkpoints
    spent: dict[str, float] = {}
    for trial in trials:
        for line in trial.work:
            if line.purpose == PROTOCOL:
                done = share * float(np.asarray(line.count)[:, -1].sum())
                spent[line.unit] = spent.get(line.unit, 0.0) + done
    lines = (
        WorkLine(unit, TUNE, PROTOCOL, np.full(shape, count))
        for unit, count in spent.items()
    )
    people: dict[str, Any] = {
        name: getattr(group, name) + share * _answered(trials, name, is_replayed)
        for name in _CURVES
    }
    return replace(group, work=(*group.work, *lines), **people)


def _answered(trials: Sequence[RunGroup], name: str, is_replayed: bool) -> float:
    """Add up what people did in trials, once in each replicate where replayed."""
    once: dict[int, float] = {}
    total = 0.0
    for trial in trials:
        ends = np.asarray(getattr(trial, name), np.float64)[:, -1]
        total += float(ends.sum())
        for replicate, end in zip(trial.replicate.tolist(), ends, strict=True):
            once[replicate] = max(once.get(replicate, 0.0), float(end))
    return sum(once.values()) if is_replayed else total
