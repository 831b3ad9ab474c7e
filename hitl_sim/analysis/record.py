"""Records of a study as arrays: one group of runs per condition, checked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hitl_sim.array import BoolArray, FloatArray, IntArray
from hitl_sim.record import RecordError

OK = "ok"

_ROLES = ("control", "pilot", "null", "arm")
_NAMES = ("condition", "base", "task", "arm", "role", "kind", "population")
_COUNTS = ("step", "fit_step", "asked", "answered")
_CURVES = ("worked_s", "paid_s", "wait_s", "elapsed_s")
_SEEN = ("validation_accuracy", "test_accuracy")
_ONCE = ("requester_s", "pool_labels", "validation_labels")
_LISTS = ("fit_step", *_SEEN, "asked", *_CURVES)
_REPLAY = ("replayed", "modelled", "untimed", "left_out")
_SHARES = ("answer_accuracy", "kept_clean_frac", "label_accuracy")


@dataclass(frozen=True)
class WorkLine:
    """Cumulative counts of one unit of work.

    Attributes:
        unit: its name in the manifest.
        phase: pretrain, train, choose, score, embed or evaluate.
        purpose: `protocol` (billed) or `instrument` (the experimenter's own).
        count: `[R, C]` units done up to each checkpoint, or a share of them.
    """

    unit: str
    phase: str
    purpose: str
    count: IntArray | FloatArray


@dataclass(frozen=True)
class RunGroup:
    """The `R` runs of one condition at `C` checkpoints, in order of replicate.

    Attributes:
        condition: hash of everything but the replicate.
        base: hash of what an arm shares with its control and pilot.
        task: name of the task.
        arm: name of the arm.
        role: control, pilot, null or arm.
        kind: kind of the arm.
        population: who answers; `None` where nobody is asked.
        settings: swept fields and their values.
        parameters: the crowd's parameters; empty where nobody is asked.
        replicate: `[R]` number of the replicate.
        is_ok: `[R]` whether the run stayed finite.
        outcome: `[R]` its outcome in words.
        step: `[R, C]` training steps done.
        fit_step: `[R, C]` those of them that made the weights in use: all, unless
            rounds start afresh.
        validation_accuracy: `[R, C]`.
        test_accuracy: `[R, C]`, seen by the experimenter only.
        work: counts by unit and purpose.
        asked: `[R, C]` questions asked.
        answered: `[R, C]` questions answered.
        worked_s: `[R, C]` seconds people spent on answers.
        paid_s: `[R, C]` seconds people are paid for.
        wait_s: `[R, C]` seconds the device waited for people.
        elapsed_s: `[R, C]` time on the people's clock.
        requester_s: `[R]` seconds of the requester's own work.
        pool_labels: `[R]` given labels of the pool that the arm used.
        validation_labels: `[R]` labels of the validation set.
        shares: `[R]` arrays by name: answer_accuracy, kept_clean_frac,
            label_accuracy; NaN where they mean nothing.
        replay: `[R]` counts by name (replayed, modelled, untimed, left_out) of where
            answers came from; empty where none were recorded.
    """

    condition: str
    base: str
    task: str
    arm: str
    role: str
    kind: str
    population: str | None
    settings: Mapping[str, Any]
    parameters: Mapping[str, Any]
    replicate: IntArray
    is_ok: BoolArray
    outcome: tuple[str, ...]
    step: IntArray
    fit_step: IntArray
    validation_accuracy: FloatArray
    test_accuracy: FloatArray
    work: tuple[WorkLine, ...]
    asked: IntArray
    answered: IntArray
    worked_s: FloatArray
    paid_s: FloatArray
    wait_s: FloatArray
    elapsed_s: FloatArray
    requester_s: FloatArray
    pool_labels: FloatArray
    validation_labels: FloatArray
    shares: Mapping[str, FloatArray]
    replay: Mapping[str, FloatArray] = field(default_factory=dict)

    @property
    def num_runs(self) -> int:
        """Return the number of runs."""
        return len(self.replicate)

    def select(self, rows: IntArray) -> RunGroup:
        """Return the group with some of its runs, in the order given."""
        changes: dict[str, Any] = {
            item.name: value[rows]
            for item in fields(self)
            if isinstance(value := getattr(self, item.name), np.ndarray)
        }
        changes["work"] = tuple(
            replace(line, count=line.count[rows]) for line in self.work
        )
        changes["shares"] = {name: share[rows] for name, share in self.shares.items()}
        changes["replay"] = {name: n[rows] for name, n in self.replay.items()}
        changes["outcome"] = tuple(self.outcome[row] for row in rows)
        return replace(self, **changes)

    @property
    def num_checkpoints(self) -> int:
        """Return the number of checkpoints up to the cap."""
        return int(self.step.shape[1])


def read_groups(records: pa.Table) -> tuple[RunGroup, ...]:
    """Turn records, one row per run in any order, into one group of runs per condition.

    Returns:
        The groups, in order of task, role, arm and settings, whatever the table's
        order was.

    Raises:
        RecordError: there are no rows, a column is missing, a condition has two runs
            of one replicate, or its runs differ in checkpoints or units of work.
    """
    if records.num_rows == 0:
        raise RecordError("`records` must hold at least one run, got none.")
    rows: dict[tuple[str, str], list[dict[str, Any]]] = {}
    try:
        for row in records.to_pylist():
            rows.setdefault((row["arm"], row["condition"]), []).append(row)
        groups = [_read_group(group) for group in rows.values()]
    except KeyError as error:
        raise RecordError(
            f"`records` must have the column {error}, got"
            f" {', '.join(records.column_names)}."
        ) from error
    return tuple(sorted(groups, key=_order))


def _order(group: RunGroup) -> tuple[str, str, int, str, str, str]:
    settings = json.dumps(group.settings, sort_keys=True)
    role = _ROLES.index(group.role)
    return group.task, group.base, role, group.arm, settings, group.condition


def _read_group(rows: list[dict[str, Any]]) -> RunGroup:
    """Stack the rows of one condition."""
    rows = sorted(rows, key=lambda row: int(row["replicate"]))
    first = rows[0]
    if first["role"] not in _ROLES:
        raise RecordError(
            f"`role` must be one of {', '.join(map(repr, _ROLES))},"
            f" got {first['role']!r}."
        )
    replicate = np.array([row["replicate"] for row in rows], np.int64)
    if len(np.unique(replicate)) != len(replicate):
        raise RecordError(
            f"`replicate` must be unique in condition {first['condition']!r} of arm"
            f" {first['arm']!r}, got {replicate.tolist()}."
        )
    _check_same_shape(rows)
    # where answers came from is counted where they were replayed alone
    replay = _REPLAY if first.get("replayed") is not None else ()
    columns: dict[str, Any] = {name: first[name] for name in _NAMES}
    columns |= {name: _column(rows, name, np.int64) for name in _COUNTS}
    columns |= {name: _column(rows, name) for name in (*_SEEN, *_CURVES, *_ONCE)}
    return RunGroup(
        settings=json.loads(first["settings"] or "{}"),
        parameters=json.loads(first["parameters"] or "{}"),
        replicate=replicate,
        is_ok=np.array([row["outcome"] == OK for row in rows]),
        outcome=tuple(row["outcome"] for row in rows),
        work=_read_work(rows),
        shares={name: _column(rows, name) for name in _SHARES},
        replay={name: _column(rows, name) for name in replay},
        **columns,
    )


def _check_same_shape(rows: list[dict[str, Any]]) -> None:
    """Refuse a condition whose runs do not share checkpoints and units of work."""
    first = rows[0]
    for row in rows:
        for name in ("step", "work_unit", "work_phase", "work_purpose"):
            if row[name] != first[name]:
                raise RecordError(
                    f"`{name}` must be the same in all runs of condition"
                    f" {first['condition']!r}, got {row[name]} in replicate"
                    f" {row['replicate']} and {first[name]} in {first['replicate']}."
                )
        for name in _LISTS:
            if len(row[name]) != len(first["step"]):
                raise RecordError(
                    f"`{name}` must have {len(first['step'])} checkpoints, as `step`"
                    f" has, got {len(row[name])} in run {row['key']!r}."
                )


def _read_work(rows: list[dict[str, Any]]) -> tuple[WorkLine, ...]:
    count = _column(rows, "work_count", np.int64)
    names = (rows[0][f"work_{name}"] for name in ("unit", "phase", "purpose"))
    return tuple(
        WorkLine(unit, phase, purpose, count[:, u])
        for u, (unit, phase, purpose) in enumerate(zip(*names, strict=True))
    )


def _column(
    rows: list[dict[str, Any]], name: str, dtype: type = np.float64
) -> npt.NDArray[Any]:
    """Stack a column; null becomes NaN."""
    return np.array([row[name] for row in rows], dtype)
