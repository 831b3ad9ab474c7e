"""Records of a study as arrays: one group of runs per condition, checked."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hitl_sim.array import BoolArray, FloatArray, IntArray, some_of
from hitl_sim.record import RecordError

OK = "ok"

_ROLES = ("control", "pilot", "null", "untuned", "arm", "trial", "trial_pilot")
_NAMES = ("condition", "base", "task", "arm", "role", "kind", "population")
_COUNTS = ("step", "fit_step", "asked", "answered")
_CURVES = ("worked_s", "paid_s", "wait_s", "elapsed_s")
_SEEN = ("validation_accuracy", "test_accuracy")
_ONCE = ("requester_s", "pool_labels", "validation_labels")
_LISTS = ("fit_step", *_SEEN, "asked", *_CURVES)
_REPLAY = ("replayed", "modelled", "untimed", "left_out")
_SHARES = ("answer_accuracy", "kept_clean_frac", "label_accuracy")
_WORK = ("work_unit", "work_phase", "work_purpose")
_READ = (
    *(*_NAMES, "replicate", "outcome", "settings", "parameters", *_COUNTS),
    *(*_SEEN, *_CURVES, *_ONCE, *_SHARES, *_WORK, "work_count"),
)
"""Columns that are read; those of `_REPLAY` where they are there."""
_OF_BASE = ("task", "network", "training")
"""Tables whose swept fields an arm has in common with its control."""
_NAMED = ("crowd.population", "crowd.recording")
"""Swept fields that the name of a crowd tells already."""


@dataclass(frozen=True)
class WorkLine:
    """Cumulative counts of one unit of work.

    Attributes:
        unit: its name in the manifest.
        phase: pretrain, train, choose, score, embed or evaluate; tune of trials.
        purpose: `protocol` (billed) or `instrument` (the experimenter's own).
        count: `[R, C]` units done up to each checkpoint, or a share of them.
    """

    unit: str
    phase: str
    purpose: str
    count: IntArray | FloatArray


@dataclass(frozen=True)
class Condition:
    """An arm with one setting of everything that is swept, and its `R` replicates.

    Attributes:
        condition: hash of everything but the replicate.
        task: name of the task.
        arm: name of the arm.
        role: control, pilot, null, untuned (the control), arm, or trial of a search for
            settings, as which a pilot of it is trial_pilot.
        kind: kind of the arm.
        population: who answers; `None` where nobody is asked.
        settings: swept fields and their values.
        parameters: the crowd's parameters; empty where nobody is asked.
        replicate: `[R]` number of each replicate, increasing.
    """

    condition: str
    task: str
    arm: str
    role: str
    kind: str
    population: str | None
    settings: Mapping[str, Any]
    parameters: Mapping[str, Any]
    replicate: IntArray

    @property
    def num_runs(self) -> int:
        """Return the number of runs."""
        return len(self.replicate)

    @property
    def has_people(self) -> bool:
        """Return whether people are asked."""
        return self.population is not None

    @property
    def crowd(self) -> str:
        """Return who answers, by name and what is swept; empty if nobody is asked."""
        if self.population is None:
            return ""
        swept = [
            f"{_short(name)} {plain_value(value)}"
            for name, value in self.settings.items()
            if name.startswith("crowd.") and name not in _NAMED
        ]
        asks = self.parameters.get("asks", 1)
        if asks != 1:
            swept.append(f"asked {asks} times")
        return ", ".join([self.population, *swept])

    @property
    def variant(self) -> str:
        """Return the swept settings that are its own, not the crowd's, in words."""
        return self._swept(lambda table: table not in ("crowd", *_OF_BASE))

    @property
    def base_variant(self) -> str:
        """Return the swept settings of task, network and training, in words."""
        return self._swept(lambda table: table in _OF_BASE)

    def _swept(self, is_wanted: Callable[[str], bool]) -> str:
        return ", ".join(
            f"{_short(name)} {plain_value(value)}"
            for name, value in self.settings.items()
            if name != "task" and is_wanted(name.partition(".")[0])
        )

    @property
    def name(self) -> str:
        """Return the arm with its variant."""
        return f"{self.arm} ({self.variant})" if self.variant else self.arm

    @property
    def label(self) -> str:
        """Return the arm with variant and crowd, as it is printed."""
        return f"{self.name}, {self.crowd}" if self.crowd else self.name


def plain_value(value: object) -> str:
    """Write a number without needless digits, anything else as it is."""
    return f"{value:g}" if isinstance(value, float) else str(value)


def _short(name: str) -> str:
    """Return a field's name without its table, but for what the team is like."""
    table, _, rest = name.rpartition(".")
    return f"{'workforce ' if table == 'workforce' else ''}{rest.replace('_', ' ')}"


@dataclass(frozen=True)
class RunGroup(Condition):
    """The `R` runs of one condition at `C` checkpoints, in order of replicate.

    Attributes:
        base: hash of what an arm shares with its control and pilot.
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

    base: str
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
    for name in _READ:
        if name not in records.column_names:
            raise RecordError(
                f"`records` must have the column {name!r}, got"
                f" {', '.join(records.column_names)}."
            )
    by = [(name, "ascending") for name in ("arm", "condition", "replicate")]
    names = [name for name in (*_READ, *_REPLAY) if name in records.column_names]
    runs = records.select(names).sort_by(by)
    columns = {name: _read_column(runs[name].combine_chunks()) for name in names}
    codes = np.stack([columns[name].values for name in ("arm", "condition")])
    starts = np.flatnonzero((np.diff(codes, prepend=-1) != 0).any(axis=0))
    groups = [
        _read_group(_Runs(columns, int(start), int(end)))
        for start, end in itertools.pairwise([*starts, runs.num_rows])
    ]
    return tuple(sorted(groups, key=_order))


def _order(group: RunGroup) -> tuple[str, str, int, str, str, str]:
    settings = json.dumps(group.settings, sort_keys=True)
    role = _ROLES.index(group.role)
    return group.task, group.base, role, group.arm, settings, group.condition


class _Column(NamedTuple):
    """A column as one array, whatever its lists hold of several runs.

    Attributes:
        values: of all runs, one after the other; NaN where null, and texts as places
            in `texts`, -1 where null.
        offsets: by level of its lists: where each begins, and the last one ends.
        texts: different texts.
    """

    values: npt.NDArray[Any]
    offsets: tuple[IntArray, ...]
    texts: tuple[str, ...]


def _read_column(column: pa.Array) -> _Column:
    offsets: list[IntArray] = []
    while pa.types.is_list(column.type):
        offsets.append(column.offsets.to_numpy())
        column = column.values
    texts: tuple[str, ...] = ()
    if pa.types.is_string(column.type):
        encoded = column.dictionary_encode()
        column, texts = encoded.indices, tuple(encoded.dictionary.to_pylist())
        column = column.fill_null(-1)
    values = column.to_numpy(zero_copy_only=False)
    return _Column(values, tuple(offsets), texts)


class _Runs(NamedTuple):
    """The runs of one condition, in order of replicate."""

    columns: Mapping[str, _Column]
    start: int
    end: int

    def numbers(self, name: str, dtype: type = np.float64) -> npt.NDArray[Any]:
        """Return a column `[R, ...]`, with an axis for each level of its lists.

        Raises:
            RecordError: lists of one level differ in length.
        """
        column, start, end = self.columns[name], self.start, self.end
        shape = [end - start]
        for offsets in column.offsets:
            lengths = np.diff(offsets[start : end + 1])
            if (lengths != lengths[0]).any():
                raise RecordError(
                    f"`{name}` must be the same in all runs of condition"
                    f" {self.text('condition')!r}, got lists of"
                    f" {', '.join(map(str, np.unique(lengths)))}."
                )
            start, end = offsets[start], offsets[end]
            shape.append(lengths[0])
        return column.values[start:end].reshape(shape).astype(dtype)

    def texts(self, name: str) -> tuple[str | None, ...]:
        """Return a column of texts; None where null."""
        column = self.columns[name]
        return tuple(
            column.texts[place] if column.texts and place >= 0 else None
            for place in column.values[self.start : self.end].tolist()
        )

    def text(self, name: str) -> str | None:
        """Return the text that all runs of a condition share."""
        return self._replace(end=self.start + 1).texts(name)[0]

    def shared(self, name: str) -> npt.NDArray[Any]:
        """Return a list that all runs of a condition share.

        Raises:
            RecordError: they do not.
        """
        found = self.numbers(name, np.int64)
        for row in np.flatnonzero((found != found[0]).any(axis=1)).tolist():
            replicate = self.numbers("replicate", np.int64)
            texts = np.array(self.columns[name].texts or range(found.max() + 1))
            raise RecordError(
                f"`{name}` must be the same in all runs of condition"
                f" {self.text('condition')!r}, got {some_of(texts[found[row]])} in"
                f" replicate {replicate[row]} and {some_of(texts[found[0]])} in"
                f" {replicate[0]}."
            )
        first: npt.NDArray[Any] = found[0]
        return first


def _read_group(runs: _Runs) -> RunGroup:
    """Read the runs of one condition."""
    names: dict[str, Any] = {name: runs.text(name) for name in _NAMES}
    if names["role"] not in _ROLES:
        raise RecordError(
            f"`role` must be one of {', '.join(map(repr, _ROLES))},"
            f" got {names['role']!r}."
        )
    replicate = runs.numbers("replicate", np.int64)
    if (np.diff(replicate) == 0).any():
        raise RecordError(
            f"`replicate` must be unique in condition {names['condition']!r} of arm"
            f" {names['arm']!r}, got {some_of(replicate)}."
        )
    num_checkpoints = len(runs.shared("step"))
    columns: dict[str, Any] = {name: runs.numbers(name, np.int64) for name in _COUNTS}
    columns |= {name: runs.numbers(name) for name in (*_SEEN, *_CURVES, *_ONCE)}
    for name in _LISTS:
        if (length := columns[name].shape[1]) != num_checkpoints:
            raise RecordError(
                f"`{name}` must have {num_checkpoints} checkpoints, as `step` has, got"
                f" {length} in condition {names['condition']!r}."
            )
    count = runs.numbers("work_count", np.int64)
    work = [[runs.columns[n].texts[at] for at in runs.shared(n)] for n in _WORK]
    outcome = runs.texts("outcome")
    replay = {n: runs.numbers(n) for n in _REPLAY if n in runs.columns}
    return RunGroup(
        settings=json.loads(runs.text("settings") or "{}"),
        parameters=json.loads(runs.text("parameters") or "{}"),
        replicate=replicate,
        is_ok=np.array([text == OK for text in outcome]),
        outcome=tuple(map(str, outcome)),
        work=tuple(
            WorkLine(unit, phase, purpose, count[:, u])
            for u, (unit, phase, purpose) in enumerate(zip(*work, strict=True))
        ),
        shares={name: runs.numbers(name) for name in _SHARES},
        # where answers came from is counted where they were replayed alone
        replay={n: c for n, c in replay.items() if not np.isnan(replay["replayed"][0])},
        **names,
        **columns,
    )
