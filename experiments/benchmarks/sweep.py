"""A sweep of 500 conditions: ours whole, and scikit-activeml's under joblib.

    python experiments/benchmarks/sweep.py [--conditions N] [--turns N]
        [--python PYTHON] [--out DIR]

`sweep.toml` beside it: active learning on digits by people who are right in 55 to 95 %
of the cases, two replicates each. Ours is timed from the study's file to its last
record, compilation included, on an empty cache. The others' runs are those of N
conditions spread over all; what 500 would take is their time times 500 / N. As many
processes of one thread as there are cores, in turns. PYTHON is one that has
scikit-activeml and joblib; without them a row says so.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from active_learning import DIGITS, HERE, OURS, median_and_range

import hitl_sim as hs

STUDY = HERE / "sweep.toml"
TOOLS = (
    "scikit-activeml + scikit-learn, one fit",
    "scikit-activeml + scikit-learn",
)


def run_ours(out: Path, workers: int) -> tuple[float, np.ndarray, np.ndarray]:
    """Return the seconds of the sweep, and accuracy of people and model of each run."""
    begin = time.perf_counter()
    hs.load(STUDY).run(out, workers=workers)
    seconds = time.perf_counter() - begin
    names = ["arm", "crowd.accuracy", "test_accuracy"]
    rows = pq.read_table(out / "results.parquet", columns=names).to_pylist()
    rows = [row for row in rows if row["arm"] == "entropy"]
    people = np.array([row["crowd.accuracy"] for row in rows])
    return seconds, people, np.array([row["test_accuracy"][-1] for row in rows])


def run_theirs(python: str, tool: str, accuracies: np.ndarray, workers: int) -> dict:
    """Let a tool make two runs of each condition."""
    threads = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    env = os.environ | dict.fromkeys(threads, "1")
    pairs = [(a, 2 * i + r) for i, a in enumerate(accuracies) for r in (0, 1)]
    job = {"tool": tool, "sizes": DIGITS._asdict(), "workers": workers, "runs": pairs}
    done = subprocess.run(
        [python, str(HERE / "rivals" / "sweep_worker.py")],
        input=json.dumps(job) + "\n",
        capture_output=True,
        text=True,
        check=True,
        env=env,
    )
    return json.loads(done.stdout.splitlines()[-1])


def at_middle(accuracies: np.ndarray, finals: np.ndarray) -> tuple[float, float]:
    """Return the final accuracy where people are right in .75, and its standard error.

    It is that of a straight line through all conditions.
    """
    design = np.stack([np.ones_like(accuracies), accuracies - 0.75], axis=1)
    line, *_ = np.linalg.lstsq(design, finals, rcond=None)
    rest = finals - design @ line
    spread = (rest @ rest) / (len(rest) - 2) * np.linalg.inv(design.T @ design)
    return float(line[0]), float(np.sqrt(spread[0, 0]))


def main() -> None:
    """Take turns, and print seconds and ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--conditions", type=int, default=24)
    parser.add_argument("--turns", type=int, default=2)
    parser.add_argument("--python", default=sys.executable)
    options = parser.parse_args()
    workers = len(os.sched_getaffinity(0))
    taken: dict[str, list[float]] = {OURS: [], **{tool: [] for tool in TOOLS}}
    found: dict[str, list] = {name: [] for name in taken}
    missing = {}
    for _ in range(options.turns):
        with tempfile.TemporaryDirectory() as folder:
            os.environ["XDG_CACHE_HOME"] = str(Path(folder) / "cache")
            seconds, people, finals = run_ours(Path(folder) / "out", workers)
        taken[OURS].append(seconds)
        found[OURS].append((people, finals))
        conditions = np.unique(people)
        chosen = conditions[:: max(1, len(conditions) // options.conditions)]
        for tool in TOOLS:
            answer = run_theirs(options.python, tool, chosen, workers)
            if "missing" in answer:
                missing[tool] = answer["missing"]
                continue
            scale = len(conditions) / len(chosen)
            taken[tool].append(answer["seconds"] * scale)
            finals = np.array(answer["finals"])
            found[tool].append((np.repeat(chosen, 2), finals))
    print(f"\n{len(conditions)} conditions, {workers} processes of one thread each\n")
    print(f"{'':42}{'s':>26}{'it ÷ ours':>26}   final at .75")
    for name, values in taken.items():
        if name in missing:
            print(f"{name:42}not measured: {missing[name]}")
            continue
        ratios = [b / a for a, b in zip(taken[OURS], values, strict=True)]
        parts = (np.concatenate(part) for part in zip(*found[name], strict=True))
        middle, error = at_middle(*parts)
        ratio = "" if name == OURS else median_and_range(ratios)
        told = f"{median_and_range(values):>26}{ratio:>26}"
        print(f"{name:42}{told}   {middle:.3f} ± {1.96 * error:.3f}")


if __name__ == "__main__":
    main()
