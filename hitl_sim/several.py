"""Several studies at once: what an arm does over the tasks of all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from hitl_sim.analysis.condition.across import Across, across_tasks
from hitl_sim.analysis.condition.finding import StudyResult
from hitl_sim.results import Results, open_results

_RULES = ("fraction", "smoothing")
"""What makes rho of two studies the same quantity, beside the device."""
_TASKS = pa.schema(
    [
        ("condition", pa.string()),
        ("task", pa.string()),
        ("ratio", pa.float64()),
        ("ratio_low", pa.float64()),
        ("ratio_high", pa.float64()),
        ("log_ratio", pa.float64()),
        ("log_error", pa.float64()),
        ("membership", pa.string()),
    ]
)
_SUMMARY = pa.schema(
    [
        ("condition", pa.string()),
        ("tasks", pa.int64()),
        ("averaged", pa.int64()),
        ("ratio", pa.float64()),
        ("ratio_low", pa.float64()),
        ("ratio_high", pa.float64()),
        ("predicted_low", pa.float64()),
        ("predicted_high", pa.float64()),
        ("tau2", pa.float64()),
        ("i2_frac", pa.float64()),
    ]
)


@dataclass(frozen=True)
class AcrossTasks:
    """What every arm that ran on two tasks or more does over its tasks.

    Tables are `pyarrow.Table`s; null is unknown, or not told of so few tasks.

    Attributes:
        conditions: one per arm, crowd and setting of everything else.
        differences: what the studies define rho by and set differently, by name; its
            values stand in the order of the studies.
    """

    conditions: tuple[Across, ...]
    differences: dict[str, tuple[Any, ...]]

    def tasks(self) -> pa.Table:
        """Return one row per condition and task.

        Returns:
            `condition`, `task`; `ratio`, the energy ratio with its 95 % interval;
            `log_ratio` and its standard error `log_error`, as they are averaged;
            `membership`: whether the task is in the mean, and if not why.
        """
        rows = [
            {
                "condition": found.label,
                "task": one.task,
                "ratio": one.finding.ratio.value,
                "ratio_low": one.finding.ratio.low,
                "ratio_high": one.finding.ratio.high,
                "log_ratio": one.log_ratio,
                "log_error": one.error,
                "membership": one.membership.value,
            }
            for found in self.conditions
            for one in found.tasks
        ]
        return _table(rows, _TASKS)

    def summary(self) -> pa.Table:
        """Return one row per condition.

        Returns:
            `condition`; `tasks` it was run on, and how many are `averaged`; `ratio`,
            the geometric mean of rho, with its 95 % Hartung-Knapp interval; the 95 %
            prediction interval of one new task (`predicted_`); `tau2`, the variance of
            log rho between tasks, and `i2_frac`.
        """
        return _table([_row(found) for found in self.conditions], _SUMMARY)

    def __str__(self) -> str:
        """Return a sentence or two per condition that has a mean, and what differs."""
        from hitl_sim.report.across import tell_every  # noqa: PLC0415 - loads templates

        return "\n".join(tell_every(self.conditions, self.differences))


def _row(found: Across) -> dict[str, Any]:
    row: dict[str, Any] = {
        "condition": found.label,
        "tasks": len(found.tasks),
        "averaged": 0,
    }
    if found.summary is not None and found.ratio is not None:
        row |= {
            "averaged": found.summary.num,
            "ratio": found.ratio.value,
            "ratio_low": found.ratio.low,
            "ratio_high": found.ratio.high,
            "tau2": found.summary.tau2,
            "i2_frac": found.i2_frac,
        }
    if found.predicted is not None:
        row["predicted_low"] = found.predicted.low
        row["predicted_high"] = found.predicted.high
    return row


def _table(rows: Sequence[dict[str, Any]], schema: pa.Schema) -> pa.Table:
    """Make a table; NaN, which is unknown, is null."""
    known = [{name: None if v != v else v for name, v in r.items()} for r in rows]
    return pa.Table.from_pylist(known, schema)


def across(results: Sequence[Results | Path | str]) -> AcrossTasks:
    """Summarise what each arm does over the tasks of one study or of several.

    Log rho of one arm, asked of one crowd with one setting of everything else that is
    swept, is averaged over tasks by a random-effects model: REML, Hartung-Knapp
    interval, prediction interval and I2 from five tasks on. Three or four tasks have no
    prediction, fewer are only listed. Where an arm may never reach the target on some
    task, that task is not averaged: it leaves the intervals open above.

    Args:
        results: results of studies, or their folders. Conditions of two studies are of
            one arm where arm, kind, crowd and swept settings have the same names and
            values.

    Raises:
        ValueError: there are no results, or two studies hold one condition on one and
            the same task, which would count it twice.
        RecordError: a folder holds no study, or its records cannot be billed.
    """
    opened = [r if isinstance(r, Results) else open_results(r) for r in results]
    if not opened:
        raise ValueError("`results` must hold one study or more, got none.")
    found = [one.result for one in opened]
    names = [one.folder.resolve().name for one in opened]
    return AcrossTasks(across_tasks(found, names), _differences(found))


def _differences(results: Sequence[StudyResult]) -> dict[str, tuple[Any, ...]]:
    """Return what rho rests on and studies set differently."""
    found: dict[str, tuple[Any, ...]] = {
        f"target.{name}": tuple(getattr(one, name) for one in results)
        for name in _RULES
    }
    found["device"] = tuple(one.profile.label for one in results)
    return {name: values for name, values in found.items() if len(set(values)) > 1}
