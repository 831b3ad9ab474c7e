"""From the traces of a chunk to the rows of its record."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import msgspec
import numpy as np

from hitl_sim.learn import RunConfig, Trace
from hitl_sim.learn.intervention import Intervention
from hitl_sim.study.grid import Condition
from hitl_sim.study.plan import Chunk, Run
from hitl_sim.study.spec import WorkforceSpec
from hitl_sim.study.worker.group import Group
from hitl_sim.unit import S_PER_H
from hitl_sim.workforce import Round, Timeline, simulate_rounds, team_of

SERIES = ("asked", "answered", "worked_s", "paid_s", "wait_s", "elapsed_s")
"""What a timeline says at each checkpoint: counts, then times, s."""


def _timeline(team: WorkforceSpec, labour: Any) -> Timeline:
    seconds = labour.seconds.astype(np.float64)
    rounds = list(map(Round, seconds, labour.is_asked, labour.is_answered))
    return simulate_rounds(team_of(msgspec.to_builtins(team)), rounds)


class Worked(NamedTuple):
    """What people did in a run.

    Attributes:
        series: after each round, stages before the arm's own included, by `SERIES`.
        num_correct: right answers.
        num_scored: those that could be right.
    """

    series: Mapping[str, Any]
    num_correct: float
    num_scored: float


def _worked(condition: Condition, trace: Trace) -> Worked | None:
    """Let a sweep's people work by the clock of a study; None where nobody did."""
    if trace.labour is None:
        return None
    timeline = _timeline(condition.spec.workforce, trace.labour)
    return Worked(
        {name: getattr(timeline, name) for name in SERIES},
        float(trace.labour.num_correct.sum()),
        float(trace.labour.num_scored.sum()),
    )


def _people_columns(
    condition: Condition,
    guidance: Intervention,
    worked: Worked | None,
    num_checkpoints: int,
) -> dict[str, Any]:
    if worked is None:
        counts = dict.fromkeys(SERIES[:2], [0] * num_checkpoints)
        times = dict.fromkeys(SERIES[2:], [0.0] * num_checkpoints)
        return counts | times | {"requester_s": 0.0, "answer_accuracy": None}
    lengths = guidance.stage_lengths(num_checkpoints)
    num_rounds = guidance.num_rounds if guidance.feedback else 0
    num_worked = len(worked.series["asked"])
    # a start before the first round has had those people alone who came before it
    first = num_worked - num_rounds - guidance.has_start
    none_yet = max(-first, 0)
    stage = np.repeat(np.arange(len(lengths)), lengths)
    at = np.minimum(stage + first + none_yet, num_worked + none_yet - 1)
    scored, right = worked.num_scored, worked.num_correct
    series = worked.series
    if none_yet:
        series = {name: np.pad(v, (none_yet, 0)) for name, v in series.items()}
    return {name: values[at].tolist() for name, values in series.items()} | {
        "requester_s": condition.spec.workforce.requester_h * S_PER_H,
        "answer_accuracy": right / scored if scored else None,
    }


def _pool_labels(condition: Condition, guidance: Intervention) -> int:
    """Count the given labels of the pool that are used."""
    if guidance.given_labels is not None:
        return guidance.given_labels
    return condition.arm.given_labels(condition.task.pool)


def rows_of(chunk: Chunk, group: Group, traces: Trace) -> list[dict[str, Any]]:
    """Write what is known of each run of a chunk, by `store.RECORD_SCHEMA`."""
    rows = []
    for lane, run in enumerate(chunk.runs):
        trace: Trace = jax.tree.map(lambda a, i=lane: a[i], traces)
        row = row_of(run, group, trace, _worked(run.condition, trace))
        rows.append(row | _replay_columns(group.config, trace))
    return rows


def row_of(
    run: Run, group: Group, trace: Trace, worked: Worked | None
) -> dict[str, Any]:
    """Write what is known of a run, by `store.RECORD_SCHEMA`.

    Args:
        run: its key, condition and replicate.
        group: its program.
        trace: what the device found; what people did is not read of it.
        worked: what people did; None where nobody was asked.
    """
    config, guidance, work, steps, _ = group
    people = _people_columns(
        run.condition, guidance, worked, config.program.train.num_checkpoints
    )
    row = {
        "key": run.key,
        "replicate": run.replicate,
        "outcome": "ok" if bool(trace.curve.is_finite.all()) else "not_finite",
        "validation_accuracy": trace.curve.validation.tolist(),
        "test_accuracy": trace.curve.test.tolist(),
        "pool_labels": _pool_labels(run.condition, guidance),
        "kept_clean_frac": float(trace.kept_clean_frac),
        "train_items": int(trace.train_items),
        "label_accuracy": float(trace.label_accuracy),
    }
    shared = {
        "step": steps.all_fits.tolist(),
        "fit_step": steps.current_fit.tolist(),
        "validation_labels": config.num_validation,
        **work,
    }
    return row | people | shared


def _replay_columns(config: RunConfig, trace: Trace) -> dict[str, int]:
    """Count where answers came from; nothing where none were replayed.

    Raises:
        RuntimeError: a question went beyond a recording that was to answer all.
    """
    if trace.replay is None:
        return {}
    counts = {name: int(n) for name, n in trace.replay._asdict().items()}
    if config.program.panel.policy != "model" and counts["modelled"]:
        raise RuntimeError(
            f"{counts['modelled']} questions went beyond the recording, although the "
            "plan had found it complete."
        )
    return counts
