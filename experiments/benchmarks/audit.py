"""Billed ÷ measured seconds of five networks at two batches, on this machine.

    python experiments/benchmarks/audit.py [NETWORK:BATCH ...] [--json FILE]

For each network and batch: a small study is run, its units of work are profiled, and
three of its runs are repeated by themselves and laid beside their bill; profile and
audit follow one another at once, so that a clock that drifts is the same for both. It
takes less than ten minutes on two quiet cores. Other programs spoil it: the last column
says where they were seen, and such a row is no evidence of the bill. The smallest
network is billed a few per cent too little: its program takes some 4 microseconds more
at each checkpoint than its units do by themselves.
"""

import argparse
import json
import os
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table

from hitl_sim.energy import load_profile
from hitl_sim.study.audit import audit_study
from hitl_sim.study.audited import Audit
from hitl_sim.study.calibration import calibrate, conditions_of
from hitl_sim.study.runner import run_study
from hitl_sim.study.sampling import Effort
from hitl_sim.study.spec import StudySpec, convert

BASE = "laptop-cpu"
LOW, HIGH = 0.95, 1.05
NUM_RUNS = 3
EFFORT = Effort(precision=0.01, limit_s=8.0, min_samples=8, regimes=("alone",))
IMAGES = {"source": "digits", "pool": 1000, "validation": 297, "test": 500}
TEXTS = {
    "source": "docstrings",
    "representation": "tokens",
    "pool": 400,
    "validation": 100,
    "test": 100,
}


class Case(NamedTuple):
    """A network, its task, and how often it is evaluated: every ten steps.

    Attributes:
        network: its table.
        task: its table.
        checkpoints: at batches of 32 and of 512.
    """

    network: dict[str, Any]
    task: dict[str, Any]
    checkpoints: dict[int, int]


CASES = {
    "linear": Case({"kind": "linear"}, IMAGES, {32: 60, 512: 60}),
    "64": Case({"hidden": [64]}, IMAGES, {32: 60, 512: 60}),
    "512x512": Case({"hidden": [512, 512]}, IMAGES, {32: 24, 512: 6}),
    "cnn": Case({"kind": "cnn"}, IMAGES, {32: 24, 512: 12}),
    "transformer": Case({"kind": "transformer"}, TEXTS, {32: 12, 512: 6}),
}


def build_spec(name: str, batch: int) -> StudySpec:
    """Make the study of one network and batch: a control, nothing corrupted."""
    case = CASES[name]
    return convert(
        {
            "question": "Does the bill of a run hold what it takes?",
            "seed": 0,
            "replicates": NUM_RUNS,
            "smallest_effect": 0.05,
            "device": BASE,
            "task": {"task": case.task},
            "network": case.network,
            "training": {
                "batch": batch,
                "learning_rate": 1e-3,
                "checkpoints": case.checkpoints[batch],
            },
            "arm": [{"name": "control", "kind": "whole_pool", "role": "control"}],
            "prices": {
                "boundary": "device_only",
                "label_cost": "sunk",
                "waiting": "held",
            },
        }
    )


def audit_case(name: str, batch: int) -> Audit:
    """Run, profile and audit one network and batch."""
    spec = build_spec(name, batch)
    with TemporaryDirectory() as folder:
        out = Path(folder)
        if run_study(spec, out, workers=1).num_failed:
            raise RuntimeError(f"the study of {name} at batch {batch} must run.")
        base = load_profile(BASE)
        found = calibrate(conditions_of([spec]), base, "here", 1, EFFORT)
        return audit_study(out, NUM_RUNS, found.profile)


def row_of(name: str, batch: int, audit: Audit) -> dict[str, Any]:
    """Return one line of the table."""
    ratio = audit.seconds.ratio
    low, high = ratio.interval or (float("nan"), float("nan"))
    value = float(ratio.value or "nan")
    return {
        "network": name,
        "batch": batch,
        "billed_s": sum(float(r.billed_s.value or 0.0) for r in audit.runs) / NUM_RUNS,
        "measured_s": sum(run.measured_s for run in audit.runs) / NUM_RUNS,
        "ratio": value,
        "low": float(low),
        "high": float(high),
        "is_within": LOW <= value <= HIGH,
        "is_evidence": audit.is_evidence,
        "disturbance": audit.disturbance,
    }


def show(console: Console, rows: list[dict[str, Any]], elapsed_s: float) -> None:
    """Print the table, and what it says."""
    table = Table(title="Runs by themselves: billed ÷ measured seconds")
    for column in (
        "network",
        "batch",
        "billed",
        "measured",
        "ratio",
        "95 %",
        "machine",
    ):
        table.add_column(column)
    for row in rows:
        table.add_row(
            row["network"],
            str(row["batch"]),
            f"{1e3 * row['billed_s']:.3g} ms",
            f"{1e3 * row['measured_s']:.3g} ms",
            f"{row['ratio']:.3f}" + ("" if row["is_within"] else " !"),
            f"[{row['low']:.3f}, {row['high']:.3f}]",
            "quiet" if row["is_evidence"] else "disturbed",
        )
    console.print(table)
    for row in rows:
        if row["disturbance"]:
            console.print(f"{row['network']}:{row['batch']}: {row['disturbance']}")
    good = [row for row in rows if row["is_evidence"]]
    within = sum(row["is_within"] for row in good)
    console.print(
        f"{within} of {len(good)} ratios that are evidence lie within {LOW} to {HIGH};"
        f" {len(rows) - len(good)} of {len(rows)} are none, for the machine was"
        f" disturbed. Took {elapsed_s:.0f} s on {os.cpu_count()} cores."
    )


def main() -> None:
    """Audit the cases that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    every = [f"{name}:{batch}" for name in CASES for batch in (32, 512)]
    parser.add_argument("case", nargs="*", help=f"default {' '.join(every)}")
    parser.add_argument("--json", type=Path, help="file to keep the table in")
    given = parser.parse_args()
    unknown = [case for case in given.case if case not in every]
    if unknown:
        parser.error(f"`case` must be one of {', '.join(every)}, got {unknown[0]!r}.")
    console, begin, rows = Console(), time.monotonic(), []
    for case in given.case or every:
        name, _, batch = case.partition(":")
        rows.append(row_of(name, int(batch), audit_case(name, int(batch))))
        console.print(f"{case}: {rows[-1]['ratio']:.3f}", highlight=False)
    show(console, rows, time.monotonic() - begin)
    if given.json is not None:
        given.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
