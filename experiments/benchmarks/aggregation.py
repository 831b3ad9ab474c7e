"""Dawid-Skene alone: ours, crowd-kit's, and EM by hand on a sparse matrix.

    python experiments/benchmarks/aggregation.py [--python PYTHON] [--turns N]

A hundred people, right with chances from .4 to .95, give five answers about each item,
of ten classes; 20 EM steps from the vote shares. In the largest case a million items
are labelled by ten thousand people. One process of one thread each, in
turns; ratios are of one turn. Prints seconds, ratios, and how many labels are the same.
PYTHON is one that has crowd-kit; without it that row says so.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ["NPROC"] = "1"

import jax.numpy as jnp
import numpy as np

from oracles.aggregate.dawid_skene import fit_dawid_skene

SIZES = ((10_000, 100), (100_000, 100), (1_000_000, 100), (5_000_000, 10_000))
"""Answers, and people who give them."""
CLASSES, EACH, STEPS = 10, 5, 20
RIVAL = Path(__file__).parent / "rivals" / "aggregation_worker.py"
RIVALS = ("crowd-kit", "scipy.sparse by hand")
OURS = "hitl_sim"


def draw_answers(
    num_answers: int, num_people: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return `[N, M]` answers, `[N, M]` people and `[N]` truths."""
    rng = np.random.default_rng(0)
    num_items = num_answers // EACH
    skill = rng.uniform(0.4, 0.95, num_people)
    truth = rng.integers(0, CLASSES, num_items)
    first = rng.integers(0, num_people, (num_items, 1))
    # five different people, spread over the team
    people = (first + np.arange(EACH) * (num_people // EACH)) % num_people
    wrong = (truth[:, None] + rng.integers(1, CLASSES, people.shape)) % CLASSES
    is_right = rng.random(people.shape) < skill[people]
    return np.where(is_right, truth[:, None], wrong), people, truth


def run_ours(
    answers: np.ndarray, people: np.ndarray, num_people: int
) -> tuple[float, np.ndarray]:
    """Time one aggregation, its result on the host."""
    begin = time.perf_counter()
    there = jnp.ones(answers.shape, bool)
    found = fit_dawid_skene(
        jnp.asarray(answers), jnp.asarray(people), there, CLASSES, num_people, STEPS
    )
    labels = np.asarray(found[0].argmax(axis=1))
    return time.perf_counter() - begin, labels


def ask(process: subprocess.Popen, **job: object) -> dict:
    """Let the other tools' process do one job."""
    process.stdin.write(json.dumps(job) + "\n")
    process.stdin.flush()
    return json.loads(process.stdout.readline())


def main() -> None:
    """Take turns at each size."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--turns", type=int, default=3)
    options = parser.parse_args()
    process = subprocess.Popen(
        [options.python, str(RIVAL)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with tempfile.TemporaryDirectory() as folder:
        for size, crew in SIZES:
            compare(process, Path(folder) / f"{size}.npz", size, crew, options.turns)
    process.stdin.close()
    process.wait()


def compare(
    process: subprocess.Popen, file: Path, size: int, crew: int, turns: int
) -> None:
    """Print the rows of one size."""
    answers, people, truth = draw_answers(size, crew)
    np.savez(file, answers=answers, people=people, classes=CLASSES, crew=crew)
    first_s, _ = run_ours(answers, people, crew)
    seconds = {name: [] for name in (OURS, *RIVALS)}
    labels, missing = {}, {}
    for _ in range(turns):
        took, labels[OURS] = run_ours(answers, people, crew)
        seconds[OURS].append(took)
        for name in RIVALS:
            found = ask(process, tool=name, file=str(file), steps=STEPS)
            if "missing" in found:
                missing[name] = found["missing"]
                continue
            seconds[name].append(found["seconds"])
            labels[name] = np.load(found["labels"])
    print(f"{size:,} answers by {crew:,} people")
    print(f"  our first call, compiling, took {first_s:.2f} s")
    for name, values in seconds.items():
        if name in missing:
            print(f"  {name:22} not measured: {missing[name]}")
            continue
        ratios = [a / b for a, b in zip(values, seconds[OURS], strict=True)]
        same = (labels[name] == labels[OURS]).mean()
        right = (labels[name] == truth).mean()
        print(
            f"  {name:22} {statistics.median(values):8.4f} s"
            f"   ÷ ours {statistics.median(ratios):6.1f}"
            f" [{min(ratios):.1f}, {max(ratios):.1f}]"
            f"   {same:.4%} of labels as ours, {right:.2%} right"
        )


if __name__ == "__main__":
    main()
