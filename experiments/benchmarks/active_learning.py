"""Complete active-learning experiments per second: ours, two libraries', and by hand.

    python experiments/benchmarks/active_learning.py [--turns N] [--python PYTHON]
        [--work WORK ...] [--out DIR]

Three works: a network, multinomial logistic regression, and the same with three people
of accuracy .6, .8 and .95 who all answer every question and Dawid-Skene in the loop.
Every run of the first: digits, 20 given labels, 20 rounds of 20 questions by entropy,
1,200 items in the pool and 597 held out, one annotator who is right 80 % of the time, a
network 64-128-10 trained from scratch by 100 full-batch Adam steps in each round,
accuracy on the held-out items after each.
The regression has one unit of squared weights. Others run L-BFGS in each round, we 20
steps in a fixed metric from the last round's weights: every probability is then within
.02 of the optimum (`tests/hitl_sim/learn/test_fixed_hessian.py`), as scikit-learn's is.

Each tool has two processes of one thread (or as many as there are cores), and the tools
take turns, so that a busy machine disturbs all alike; ratios are of one turn. PYTHON is
one that has scikit-activeml, skorch and torch; a library that is missing is shown as
such. Writes `WORK.json` and the accuracy curves as `WORK.png` for each work.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pyarrow.parquet as pq

from hitl_sim.study.executor import LocalExecutor
from hitl_sim.study.plan import build_plan, chunks_left
from hitl_sim.study.spec import load_spec
from hitl_sim.study.store import record_file, records_folder

HERE = Path(__file__).parent
RIVAL = HERE / "rivals" / "active_worker.py"
OURS = "hitl_sim"
HAND = "numpy by hand"
RIVALS = {
    "network": {
        HAND: 8,
        "scikit-activeml + scikit-learn, one fit": 3,
        "scikit-activeml + scikit-learn": 2,
        "scikit-activeml + skorch": 1,
    },
    "regression": {
        HAND: 12,
        "scikit-activeml + scikit-learn, one fit": 6,
        "scikit-activeml + scikit-learn": 4,
    },
    "crowd": {HAND: 10, "scikit-learn + crowd-kit": 1},
}
"""Tools of each work, and runs of each process in one turn."""
STUDIES = {
    "network": HERE / "active_learning.toml",
    "regression": HERE / "active_learning_regression.toml",
    "crowd": HERE / "active_learning_crowd.toml",
}
LIMIT_S = 600.0
START, ROUNDS, QUESTIONS, STEPS = 20, 20, 20, 100
WIDTHS = (64, 128, 10)
POOL, VALIDATION, TEST = 1200, 10, 587
SIDE, REPEATS = 1024, 12


def useful_flop() -> float:
    """Multiply-adds of one run, twice each, without padding: what must be computed."""
    first, second = WIDTHS[0] * WIDTHS[1], WIDTHS[1] * WIDTHS[2]
    items = sum(START + QUESTIONS * r for r in range(ROUNDS + 1))
    # forward and by the weights; what goes back stops at the hidden layer
    train = STEPS * items * 2 * (2 * first + 3 * second)
    held_out = (ROUNDS + 1) * (VALIDATION + TEST)
    return train + 2 * (first + second) * (held_out + ROUNDS * POOL)


class Ours:
    """Workers of the sweep, each with chunks of its own."""

    def __init__(self, work: str, workers: int, out: Path) -> None:
        """Start the workers and compile."""
        chunks = chunks_left(build_plan(load_spec(STUDIES[work])), set())
        labelling = [c for c in chunks if c.runs[0].condition.arm.name == "entropy"]
        self.waiting = iter(labelling)
        self.workers, self.out = workers, out
        self.executor = LocalExecutor(workers)
        begin = time.perf_counter()
        reports = self.submit()
        self.first_s = time.perf_counter() - begin
        self.setup_s = max(report.setup_s for report in reports)
        self.reports = []

    def submit(self) -> list:
        """Let every worker compute a chunk."""
        futures = [
            self.executor.submit(
                "hitl_sim.study.worker",
                "run_chunk",
                next(self.waiting),
                str(self.out),
                LIMIT_S,
            )
            for _ in range(self.workers)
        ]
        return [future.result() for future in futures]

    def turn(self) -> float:
        """Runs per second of all workers together."""
        reports = self.submit()
        self.reports += reports
        return sum(report.num_runs / report.wall_s for report in reports)

    def read(self) -> np.ndarray:
        """Accuracy of every run on all that was held out, `[runs, rounds + 1]`."""
        rows = [
            row
            for path in records_folder(self.out).glob("*.parquet")
            for row in pq.read_table(path).to_pylist()
        ]
        validation, test = (
            np.array([row[f"{name}_accuracy"] for row in rows])
            for name in ("validation", "test")
        )
        return (VALIDATION * validation + TEST * test) / (VALIDATION + TEST)

    def matmul(self) -> float:
        """GFLOP/s of all workers together on a large float32 product."""
        futures = [
            self.executor.submit("rivals.matmul", "operations_per_s", SIDE, REPEATS)
            for _ in range(self.workers)
        ]
        return sum(future.result() for future in futures) / 1e9


class Rival:
    """Processes of another tool, which wait for seeds."""

    def __init__(
        self, python: str, work: str, tool: str, workers: int, runs: int
    ) -> None:
        """Start the processes, and let each make a run to warm up."""
        self.work, self.tool, self.runs, self.next_seed = work, tool, runs, 0
        self.curves = []
        self.missing = ""
        self.processes = [
            subprocess.Popen(
                [python, str(RIVAL)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for _ in range(workers)
        ]
        self.answers(1)

    def answers(self, runs: int) -> list:
        """Let every process make some runs at once."""

        def ask(process):
            seeds = list(range(self.next_seed, self.next_seed + runs))
            self.next_seed += runs
            job = {"tool": self.tool, "work": self.work, "seeds": seeds}
            process.stdin.write(json.dumps(job) + "\n")
            process.stdin.flush()

        for process in self.processes:
            ask(process)
        with ThreadPoolExecutor(len(self.processes)) as pool:
            lines = pool.map(lambda p: p.stdout.readline(), self.processes)
            found = [json.loads(line) for line in lines]
        self.missing = found[0].get("missing", "")
        for answer in found:
            self.curves += answer.get("curves", [])
        return found

    def turn(self) -> float:
        """Runs per second of all processes together."""
        return sum(self.runs / answer["seconds"] for answer in self.answers(self.runs))

    def close(self) -> None:
        """End the processes."""
        for process in self.processes:
            process.stdin.close()
            process.wait()


def median_and_range(values) -> str:
    """Write what the turns gave."""
    return f"{statistics.median(values):8.3g} [{min(values):.3g}, {max(values):.3g}]"


def draw(curves: dict, path: Path) -> None:
    """Lay the accuracy curves over each other, with 95 % intervals of their means."""
    figure, axes = plt.subplots(figsize=(6.5, 4.0), layout="constrained")
    labels = START + QUESTIONS * np.arange(ROUNDS + 1)
    for name, values in curves.items():
        mean = values.mean(axis=0)
        error = 1.96 * values.std(axis=0, ddof=1) / np.sqrt(len(values))
        (line,) = axes.plot(labels, mean, label=f"{name} ({len(values)} runs)")
        axes.fill_between(
            labels, mean - error, mean + error, color=line.get_color(), alpha=0.2
        )
    axes.set(xlabel="labelled items", ylabel="accuracy on 597 held-out items")
    axes.legend(frameon=False)
    figure.savefig(path, dpi=150)


def main() -> None:
    """Take turns at each work, and print rates, ratios and what limits them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--work", nargs="+", choices=RIVALS, default=list(RIVALS))
    parser.add_argument("--out", type=Path, default=Path("results/active_learning"))
    options = parser.parse_args()
    for work in options.work:
        measure(work, options.turns, options.python, options.out / work)


def measure(work: str, turns: int, python: str, out: Path) -> None:
    """Let the tools take turns at one work."""
    workers = len(os.sched_getaffinity(0))
    for path in records_folder(out).glob("*.parquet"):
        record_file(out, path.stem).unlink()
    ours = Ours(work, workers, out)
    tools = {
        name: Rival(python, work, name, workers, runs)
        for name, runs in RIVALS[work].items()
    }
    missing = {name: tool.missing for name, tool in tools.items() if tool.missing}
    rates = {OURS: [], **{name: [] for name in tools if name not in missing}}
    peak = []
    for _ in range(turns):
        peak.append(ours.matmul())
        for name, values in rates.items():
            values.append(ours.turn() if name == OURS else tools[name].turn())
    for tool in tools.values():
        tool.close()
    report(work, out, ours, tools, rates, missing, peak)


def report(work, out, ours, tools, rates, missing, peak) -> None:
    """Print what was seen, and keep it."""
    memory = [
        ours.executor.submit("hitl_sim.study.worker", "peak_mib").result()
        for _ in range(ours.workers)
    ]
    print(f"\n{work}: {ours.workers} processes of one thread each, taking turns\n")
    print(f"{'':42}{'runs/h':>28}{'ours ÷ it':>24}")
    for name, values in rates.items():
        ratios = [a / b for a, b in zip(rates[OURS], values, strict=True)]
        hourly = median_and_range([3600.0 * v for v in values])
        print(f"{name:42}{hourly:>28}{median_and_range(ratios):>24}")
    for name, why in missing.items():
        print(f"{name:42}not measured: {why}")
    kernel = sum(r.kernel_s for r in ours.reports) / sum(r.wall_s for r in ours.reports)
    runs = sum(r.num_runs for r in ours.reports)
    beside = sum(r.wall_s - r.kernel_s for r in ours.reports) / runs
    useful = work_rate(rates[OURS], peak) if work == "network" else {}
    print(f"whole product ÷ its compiled program: {kernel:.3f}")
    print(f"records, people's clock and hashing: {1e3 * beside:.2f} ms per run")
    print(f"memory: {max(memory):.0f} MiB per worker")
    print(f"first chunk after {ours.first_s:.1f} s, set-up {ours.setup_s:.1f} s of it")
    curves = {OURS: ours.read()}
    curves |= {n: np.array(t.curves) for n, t in tools.items() if len(t.curves) > 1}
    print("\naccuracy after each of the rounds 0, 1, 5, 10, 15, 20:")
    for name, values in curves.items():
        mean = values.mean(axis=0)[[0, 1, 5, 10, 15, 20]]
        error = values[:, -1].std(ddof=1) / np.sqrt(len(values))
        shown = " ".join(f"{value:.3f}" for value in mean)
        print(f"{name:42}{shown}  (last ± {1.96 * error:.3f}, {len(values)} runs)")
    draw(curves, out.parent / f"{work}.png")
    kept = {
        "runs_per_s": rates,
        "matmul_gflop_per_s": peak,
        **useful,
        "kernel_frac": kernel,
        "beside_ms_per_run": 1e3 * beside,
        "peak_mib": max(memory),
        "curves": {
            name: values.mean(axis=0).tolist() for name, values in curves.items()
        },
    }
    (out.parent / f"{work}.json").write_text(json.dumps(kept, indent=1) + "\n")
    ours.executor.__exit__(None)


def work_rate(rates: list, peak: list) -> dict:
    """Print how fast the network's useful work is done, and return its size."""
    useful = [useful_flop() * rate / 1e9 for rate in rates]
    share = [rate / top for rate, top in zip(useful, peak, strict=True)]
    print(f"\nuseful work: {useful_flop() / 1e9:.1f} GFLOP per run")
    print(f"  {median_and_range(useful)} GFLOP/s")
    print(f"  {median_and_range(share)} of a float32 product of side {SIDE} here")
    return {"useful_gflop_per_run": useful_flop() / 1e9}


if __name__ == "__main__":
    main()
