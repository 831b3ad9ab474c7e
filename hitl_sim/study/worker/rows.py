"""From the traces of a chunk to the rows of its record."""

from typing import Any

import jax
import msgspec
import numpy as np

from hitl_sim.learn import RunConfig, Trace
from hitl_sim.learn.intervention import Intervention
from hitl_sim.study.grid import Condition
from hitl_sim.study.plan import Chunk
from hitl_sim.study.spec import WorkforceSpec
from hitl_sim.study.worker.group import Group
from hitl_sim.unit import S_PER_H
from hitl_sim.workforce import Round, Timeline, simulate_rounds, team_of

_SERIES = ("asked", "answered", "worked_s", "paid_s", "wait_s", "elapsed_s")
"""What a timeline says at each checkpoint: counts, then times, s."""


def _timeline(team: WorkforceSpec, labour: Any) -> Timeline:
    seconds = labour.seconds.astype(np.float64)
    rounds = list(map(Round, seconds, labour.is_asked, labour.is_answered))
    return simulate_rounds(team_of(msgspec.to_builtins(team)), rounds)


def _people_columns(
    condition: Condition, guidance: Intervention, trace: Trace, num_checkpoints: int
) -> dict[str, Any]:
    if trace.labour is None:
        counts = dict.fromkeys(_SERIES[:2], [0] * num_checkpoints)
        times = dict.fromkeys(_SERIES[2:], [0.0] * num_checkpoints)
        return counts | times | {"requester_s": 0.0, "answer_accuracy": None}
    timeline = _timeline(condition.spec.workforce, trace.labour)
    lengths = guidance.stage_lengths(num_checkpoints)
    num_rounds = guidance.num_rounds if guidance.feedback else 0
    # a start before the first round has had those people alone who came before it
    first = len(timeline.asked) - num_rounds - guidance.has_start
    none_yet = max(-first, 0)
    stage = np.repeat(np.arange(len(lengths)), lengths)
    at = np.minimum(stage + first + none_yet, len(timeline.asked) + none_yet - 1)
    scored = float(trace.labour.num_scored.sum())
    right = float(trace.labour.num_correct.sum())
    series = {name: getattr(timeline, name) for name in _SERIES}
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
    config, guidance, work, steps, _ = group
    num_checkpoints = config.program.train.num_checkpoints
    shared = {
        "step": steps.all_fits.tolist(),
        "fit_step": steps.current_fit.tolist(),
        "validation_labels": config.num_validation,
        **work,
    }
    rows = []
    for lane, run in enumerate(chunk.runs):
        trace: Trace = jax.tree.map(lambda a, i=lane: a[i], traces)
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
        people = _people_columns(run.condition, guidance, trace, num_checkpoints)
        rows.append(row | shared | people | _replay_columns(config, trace))
    return rows


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
