"""Synthetic studies with a planted rho: records and manifest as a study writes them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from oracles import POPULATIONS

STEPS_PER_CHECKPOINT = 10
BEST = 0.9
TYPICAL_STEPS = 170.0
PRODUCTS = [
    {
        "size": [32, 64, 64],
        "operand_b": 4,
        "sum_b": 4,
        "dtype": "float32",
        "times": 5,
    }
]
UNITS = {
    "train:small": {
        "phase": "train",
        "flops": {"float32": 3e6},
        "bytes_moved": 4e5,
        "num_kernels": 20.0,
        "products": PRODUCTS,
    },
    "choose:small": {
        "phase": "choose",
        "flops": {"float32": 3e6},
        "bytes_moved": 4e5,
        "num_kernels": 20.0,
        "products": PRODUCTS,
    },
    "evaluate:small": {
        "phase": "evaluate",
        "flops": {"float32": 1e4},
        "bytes_moved": 1e3,
        "num_kernels": 0.05,
        "products": [],
    },
}


@dataclass(frozen=True)
class Arm:
    """One condition to plant: how long its runs take beside the control's."""

    name: str
    ratio: float = 1.0
    role: str = "arm"
    kind: str = "whole_pool"
    population: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    choose: int = 0
    worked_s: float = 0.0
    wait_s: float = 0.0
    requester_s: float = 0.0
    labels: int = 1000
    people: int = 3
    steps: Sequence[float] | None = None


CONTROL = Arm("control", role="control")
PILOT = Arm("control", role="pilot")
NULL = Arm("again", role="null")


def relevance(ratio: float = 0.6, population: str = "typical", **changes: Any) -> Arm:
    """Return an arm that asks people once, before training."""
    settings = {"crowd.population": population, **changes.pop("settings", {})}
    return Arm(
        **{
            "name": "relevance",
            "ratio": ratio,
            "kind": "relevance",
            "population": population,
            "settings": settings,
            "choose": 20,
            "worked_s": 3600.0,
            "wait_s": 1500.0,
            "requester_s": 1800.0,
            "labels": 500,
            **changes,
        }
    )


def labelling(ratio: float = 1.2, **changes: Any) -> Arm:
    """Return an arm that buys every label from people, in rounds."""
    fixed = {"name": "labelling", "kind": "labelling", "labels": 0}
    return relevance(ratio, **{**fixed, **changes})


def make_study(
    arms: Sequence[Arm] = (),
    *,
    num_replicates: int = 12,
    num_checkpoints: int = 60,
    sd: float = 0.2,
    seed: int = 0,
    task: str = "digits",
    outcomes: Mapping[tuple[str, int], str] | None = None,
) -> tuple[pa.Table, dict[str, Any]]:
    """Build records whose runs reach accuracy `BEST` after lognormal numbers of steps.

    Replicates share a lognormal factor (the split's) of the same spread.
    """
    generator = np.random.default_rng(seed)
    shared = generator.normal(0.0, sd, num_replicates)
    rows = []
    for arm in (PILOT, CONTROL, *arms):
        own = generator.normal(0.0, sd, num_replicates)
        steps = TYPICAL_STEPS * arm.ratio * np.exp(shared + own)
        if arm.role == "pilot":
            steps = np.full(num_replicates, TYPICAL_STEPS)
        if arm.steps is not None:
            steps = np.asarray(arm.steps, np.float64)
        rows += [
            _row(
                arm, replicate, steps[replicate], num_checkpoints, task, outcomes or {}
            )
            for replicate in range(num_replicates)
        ]
    manifest = {
        "schema": 1,
        "units": UNITS,
        "environment": {"python": "3.11", "jax": "0.10.2"},
        "study": {"question": "Do people pay?", "replicates": num_replicates},
        "populations": {
            arm.population: {"status": dict(POPULATIONS[arm.population].status)}
            for arm in arms
            if arm.population in POPULATIONS
        },
    }
    table = pa.Table.from_pylist(rows)
    for name, kind in (("population", pa.string()), ("answer_accuracy", pa.float64())):
        column = table.column_names.index(name)
        table = table.set_column(column, name, table[name].cast(kind))
    return table, manifest


def _row(
    arm: Arm,
    replicate: int,
    to_target: float,
    num_checkpoints: int,
    task: str,
    outcomes: Mapping[tuple[str, int], str],
) -> dict[str, Any]:
    step = STEPS_PER_CHECKPOINT * np.arange(1, num_checkpoints + 1)
    accuracy = (BEST * np.minimum(1.0, step / to_target)).astype(np.float32)
    rounds = np.ones(num_checkpoints)
    if arm.kind == "labelling":
        rounds = np.ceil(10 * step / step[-1]) / 10
    parameters = {"population": arm.population, "people": arm.people, "asks": 1}
    asks = arm.population is not None
    parameters["feedback"] = {"labelling": "label"}.get(arm.kind, arm.kind)
    parameters["shared_error"] = arm.settings.get("crowd.shared_error")
    asked = (300 * rounds * asks).astype(np.int64)
    return {
        "key": f"{task}-{arm.role}-{arm.name}-{json.dumps(arm.settings)}-{replicate}",
        "task": task,
        "arm": arm.name,
        "role": arm.role,
        "kind": arm.kind,
        "settings": json.dumps(dict(arm.settings)),
        "condition": f"{task}/{arm.role}/{arm.name}/{json.dumps(arm.settings)}",
        "base": f"base-{task}",
        "population": arm.population,
        "parameters": json.dumps(parameters if asks else {}),
        "replicate": replicate,
        "outcome": outcomes.get((arm.name, replicate), "ok"),
        "step": step.tolist(),
        "fit_step": step.tolist(),
        "validation_accuracy": accuracy.tolist(),
        "test_accuracy": (accuracy - 0.01).tolist(),
        "work_unit": [
            "train:small",
            "choose:small",
            "evaluate:small",
            "evaluate:small",
        ],
        "work_phase": ["train", "choose", "evaluate", "evaluate"],
        "work_purpose": ["protocol", "protocol", "protocol", "instrument"],
        "work_count": [
            step.tolist(),
            [arm.choose] * num_checkpoints,
            (300 * np.arange(1, num_checkpoints + 1)).tolist(),
            (500 * np.arange(1, num_checkpoints + 1)).tolist(),
        ],
        "asked": asked.tolist(),
        "answered": asked.tolist(),
        "worked_s": (arm.worked_s * rounds).tolist(),
        "paid_s": (1.1 * arm.worked_s * rounds).tolist(),
        "wait_s": (arm.wait_s * rounds).tolist(),
        "elapsed_s": (arm.wait_s * rounds).tolist(),
        "requester_s": arm.requester_s,
        "pool_labels": arm.labels,
        "validation_labels": 300,
        "answer_accuracy": 0.8 if asks else None,
        "kept_clean_frac": 0.7,
        "train_items": 500,
        "label_accuracy": 0.9,
    }
