"""Few runs with real people and many with simulated ones, of one study, made one.

A replicate draws the same split, initialisation and order with real and with simulated
people, so that its two runs are a pair. The mean over many simulated runs is known well
but is of the wrong people; the pairs say by how much. What comes of both is unbiased
whatever the simulated people are worth (`chance.prediction_powered`).

Runs that replay one recording share its people: an interval is over replicates, for
these people.
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from hitl_sim.analysis.chance.prediction_powered import Powered, powered_mean
from hitl_sim.analysis.condition.versus import differences, flat_tables
from hitl_sim.record import RecordError

MIN_RUNS = 8
"""Fewest runs with real people. A slope and a mean leave six degrees of freedom of
eight, 2.4 standard errors; with fewer the slope takes back what pairs give."""
OUTCOMES = (
    "billed_validation_accuracy",
    "billed_test_accuracy",
    "billed_steps",
    "device_j",
    "device_s",
    "people_s",
    "bill_j",
    "bill_usd",
    "bill_kgco2e",
)
"""Columns of a bill of which a mean over runs says something."""
_FREE = ("question", "note", "replicates", "dispatch_size", "vmap_size")
"""Fields that two studies may set differently and still be paired."""
_WHO = ("crowd.", "axis.crowd.")
"""Begins of fields that say who answers."""


class Side(NamedTuple):
    """One of the two studies.

    Attributes:
        name: what the user calls it.
        study: its resolved tables.
        tasks: what its tasks hold, by name.
        runs: a row per run: names, `base`, `settings` and `parameters` as records have
            them, and its bill.
    """

    name: str
    study: Mapping[str, Any]
    tasks: Mapping[str, Any]
    runs: Sequence[Mapping[str, Any]]


def rectify(real: Side, simulated: Side) -> list[dict[str, Any]]:
    """Estimate each outcome with real people from runs with both kinds.

    Returns:
        A row for each condition that asks real people, and outcome; an outcome that is
        unknown in any run, such as a bill without a price, is left out.

    Raises:
        RecordError: the studies cannot be paired; names the field, or the run.
    """
    _check_pair(real, simulated)
    ours, theirs = _by_condition(real, is_real=True), _by_condition(simulated)
    if not ours:
        raise RecordError(
            f"{real.name} must hold runs that asked real people, got none."
        )
    found = []
    for key, runs in ours.items():
        first = next(iter(runs.values()))
        others = theirs.get(key, {})
        _check_runs(real, simulated, first["arm"], runs, others)
        for outcome in OUTCOMES:
            told = _estimate(runs, others, outcome)
            if told is not None:
                found.append(_row(first, outcome, told, others, key))
    return found


def _check_pair(real: Side, simulated: Side) -> None:
    """Refuse studies that differ in more than who answers.

    Raises:
        RecordError: they do; names the field.
    """
    given = real.study["crowd"]["recording"], simulated.study["crowd"]["recording"]
    if given[0] is None:
        raise RecordError(
            f"`crowd.recording` must be given in {real.name}, the study of real people,"
            " got none."
        )
    if given[1] is not None:
        raise RecordError(
            f"`crowd.recording` must be left out in {simulated.name}, the study of"
            f" simulated people, got {given[1]!r}."
        )
    tables = flat_tables(real.study), flat_tables(simulated.study)
    for name, (one, other) in differences(*tables):
        is_free = name.partition(".")[0] in _FREE or name.endswith(
            (".item_column", ".simulated")
        )
        if not is_free and not name.startswith(_WHO):
            raise RecordError(
                f"`{name}` must be {one!r} in {simulated.name} as in {real.name}, got"
                f" {other!r}."
            )
    for name, task in real.tasks.items():
        hashes = task["content_hash"], simulated.tasks[name]["content_hash"]
        if hashes[0] != hashes[1]:
            raise RecordError(
                f"`task.{name}` must hold the same data in {simulated.name} as in"
                f" {real.name} (hash {hashes[0][:12]}), got {hashes[1][:12]}."
            )


def _by_condition(
    side: Side, *, is_real: bool = False
) -> dict[str, dict[int, Mapping[str, Any]]]:
    """Gather runs that asked people, by condition and replicate.

    Raises:
        RecordError: two conditions differ in nothing but who answers.
    """
    found: dict[str, dict[int, Mapping[str, Any]]] = {}
    for run in side.runs:
        if ("recording" in json.loads(run["parameters"] or "{}")) is not is_real:
            continue
        if run["population"] is None:
            # a control that asks nobody, and the pilot of the same name
            continue
        settings = json.loads(run["settings"] or "{}").items()
        kept = {k: v for k, v in settings if not k.startswith("crowd.")}
        key = json.dumps([run["task"], run["arm"], run["base"], kept], sort_keys=True)
        runs = found.setdefault(key, {})
        if run["replicate"] in runs:
            raise RecordError(
                f"`crowd` must be one in {side.name}, got several that answer in arm"
                f" {run['arm']!r}: which one real people are to be paired with is open."
            )
        runs[run["replicate"]] = run
    return found


def _check_runs(
    real: Side,
    simulated: Side,
    arm: str,
    runs: Mapping[int, Any],
    others: Mapping[int, Any],
) -> None:
    """Refuse runs that are too few, or have no pair.

    Raises:
        RecordError: they are, or have none; names the arm.
    """
    if len(runs) < MIN_RUNS:
        raise RecordError(
            f"`replicates` must be at least {MIN_RUNS} in {real.name}, got {len(runs)}"
            f" of arm {arm!r}."
        )
    if not others:
        raise RecordError(
            f"`arm` must have {arm!r} in {simulated.name} with the task, network,"
            f" training and settings that it has in {real.name}, got none."
        )
    alone = sorted(set(runs) - set(others))
    if alone:
        raise RecordError(
            f"`replicates` must be at least {max(runs) + 1} in {simulated.name}, and"
            f" all of them run, got none of number {alone[0]} of arm {arm!r}."
        )


def _estimate(
    runs: Mapping[int, Any], others: Mapping[int, Any], outcome: str
) -> Powered | None:
    """Rectify one outcome; None where it is unknown in a run."""
    real = [run[outcome] for run in runs.values()]
    paired = [others[replicate][outcome] for replicate in runs]
    every = [run[outcome] for run in others.values()]
    if None in real or None in every:
        return None
    return powered_mean(real, paired, every, least=MIN_RUNS)


def _row(
    first: Mapping[str, Any],
    outcome: str,
    told: Powered,
    others: Mapping[int, Any],
    key: str,
) -> dict[str, Any]:
    values = [run[outcome] for run in others.values()]
    return {
        "task": first["task"],
        "arm": first["arm"],
        "settings": json.dumps(json.loads(key)[3], sort_keys=True),
        "outcome": outcome,
        **dict(_ends("rectified", told.mean, told.variance)),
        **dict(_ends("real", told.real_alone, told.real_variance)),
        "simulated": float(np.mean(values)),
        "weight": told.weight,
        "correlation": None if math.isnan(told.correlation) else told.correlation,
        "effective_runs": told.effective,
        "real_runs": told.num_real,
        "simulated_runs": told.num_predicted,
    }


def _ends(name: str, told: Any, variance: float) -> Iterator[tuple[str, float | None]]:
    """Lay a mean out; runs that all are the same bound nothing."""
    yield name, told.value
    for end in ("low", "high"):
        yield f"{name}_{end}", getattr(told, end) if variance > 0.0 else None
