"""Complete active-learning experiments per second: ours, two libraries', and by hand.

    python experiments/benchmarks/active_learning.py [--turns N] [--python PYTHON]
        [--work WORK ...] [--pictures FILE] [--sentences FILE] [--out DIR]

Three works on digits: a network, multinomial logistic regression, and the same with
three people of accuracy .6, .8 and .95 who all answer every question and Dawid-Skene in
the loop; and two on a file that is given: a small convolutional network on pictures (as
Fashion-MNIST's `train-images-idx3-ubyte.gz`) and a transformer of one layer on
sentences (a table with `text` and `label`, as SST-2).
Every run of the first: digits, 20 given labels, 20 rounds of 20 questions by entropy,
1,200 items in the pool and 597 held out, one annotator who is right 80 % of the time, a
network 64-128-10 trained from scratch by 100 full-batch Adam steps in each round,
accuracy on the held-out items after each.
The regression has one unit of squared weights. Others run L-BFGS in each round, we 20
steps in a fixed metric from the last round's weights: every probability is then within
.02 of the optimum (`tests/hitl_sim/learn/test_fixed_hessian.py`), as scikit-learn's is.
Pictures and sentences: 4,000 items in the pool and 1,000 held out, 100 given labels, 5
rounds of 100 questions by entropy, one annotator who is right 90 % of the time, trained
from scratch by 200 Adam steps on 64 items in each round.

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
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
import pyarrow.parquet as pq

from hitl_sim.study.executor import LocalExecutor
from hitl_sim.study.plan import build_plan, chunks_left
from hitl_sim.study.spec import load_spec
from hitl_sim.study.store import record_file, records_folder
from hitl_sim.task import load_task

HERE = Path(__file__).parent
OURS = "hitl_sim"
HAND = "numpy by hand"


class Sizes(NamedTuple):
    """How large the runs of a work are, and how often people are right in it."""

    start: int
    rounds: int
    questions: int
    steps: int
    pool: int
    validation: int
    test: int
    accuracy: float

    @property
    def held_out(self) -> int:
        """Items on which accuracy is measured after each round."""
        return self.validation + self.test

    @property
    def labels(self) -> np.ndarray:
        """Labels in each round."""
        return self.start + self.questions * np.arange(self.rounds + 1)


class Work(NamedTuple):
    """A work: our study, and the tools beside us with the runs of a process in a turn.

    `script` is in the folder `rivals`; `given` names the option for the data.
    """

    study: str
    rivals: dict[str, int]
    sizes: Sizes
    script: str = "active_worker.py"
    given: str = ""


DIGITS = Sizes(20, 20, 20, 100, 1200, 10, 587, 0.8)
GIVEN = Sizes(100, 5, 100, 200, 4000, 10, 990, 0.9)
DEEP = {"torch": 1, "torch, compiled": 1, "flax by hand": 1}
WORKS = {
    "network": Work(
        "active_learning.toml",
        {
            HAND: 8,
            "scikit-activeml + scikit-learn, one fit": 3,
            "scikit-activeml + scikit-learn": 2,
            "scikit-activeml + skorch": 1,
        },
        DIGITS,
    ),
    "regression": Work(
        "active_learning_regression.toml",
        {
            HAND: 12,
            "scikit-activeml + scikit-learn, one fit": 6,
            "scikit-activeml + scikit-learn": 4,
        },
        DIGITS,
    ),
    "crowd": Work(
        "active_learning_crowd.toml",
        {HAND: 10, "scikit-learn + crowd-kit": 1},
        DIGITS,
    ),
    "pictures": Work(
        "active_learning_pictures.toml", DEEP, GIVEN, "deep_worker.py", "pictures"
    ),
    "sentences": Work(
        "active_learning_sentences.toml", DEEP, GIVEN, "deep_worker.py", "sentences"
    ),
}
LIMIT_S = 600.0
WIDTHS = (64, 128, 10)
SIDE, REPEATS = 1024, 12


def useful_flop(sizes: Sizes) -> float:
    """Multiply-adds of one run, twice each, without padding: what must be computed."""
    first, second = WIDTHS[0] * WIDTHS[1], WIDTHS[1] * WIDTHS[2]
    # forward and by the weights; what goes back stops at the hidden layer
    train = sizes.steps * int(sizes.labels.sum()) * 2 * (2 * first + 3 * second)
    seen = (sizes.rounds + 1) * sizes.held_out + sizes.rounds * sizes.pool
    return train + 2 * (first + second) * seen


class Ours:
    """Workers of the sweep, each with chunks of its own."""

    def __init__(self, study: Path, sizes: Sizes, workers: int, out: Path) -> None:
        """Start the workers and compile."""
        self.sizes = sizes
        chunks = chunks_left(build_plan(load_spec(study)), set())
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
        sizes = self.sizes
        right = sizes.validation * validation + sizes.test * test
        return right / sizes.held_out

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
        self, python: str, script: str, job: dict, workers: int, runs: int
    ) -> None:
        """Start the processes, and let each make a run to warm up."""
        self.job, self.runs, self.next_seed = job, runs, 0
        self.curves = []
        self.missing = ""
        self.processes = [
            subprocess.Popen(
                [python, str(HERE / "rivals" / script)],
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
            process.stdin.write(json.dumps(self.job | {"seeds": seeds}) + "\n")
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


def draw(curves: dict, sizes: Sizes, path: Path) -> None:
    """Lay the accuracy curves over each other, with 95 % intervals of their means."""
    figure, axes = plt.subplots(figsize=(6.5, 4.0), layout="constrained")
    labels = sizes.labels
    for name, values in curves.items():
        mean = values.mean(axis=0)
        error = 1.96 * values.std(axis=0, ddof=1) / np.sqrt(len(values))
        (line,) = axes.plot(labels, mean, label=f"{name} ({len(values)} runs)")
        axes.fill_between(
            labels, mean - error, mean + error, color=line.get_color(), alpha=0.2
        )
    held_out = f"accuracy on {sizes.held_out} held-out items"
    axes.set(xlabel="labelled items", ylabel=held_out)
    axes.legend(frameon=False)
    figure.savefig(path, dpi=150)


def main() -> None:
    """Take turns at each work, and print rates, ratios and what limits them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--work", nargs="+", choices=WORKS, default=list(WORKS))
    parser.add_argument("--pictures", type=Path)
    parser.add_argument("--sentences", type=Path)
    parser.add_argument("--out", type=Path, default=Path("results/active_learning"))
    options = parser.parse_args()
    for name in ("pictures", "sentences"):
        file = getattr(options, name)
        if file is not None and not file.is_file():
            parser.error(f"`--{name}` must be a file, got {str(file)!r}.")
    for work in options.work:
        given = WORKS[work].given
        source = getattr(options, given) if given else None
        if given and source is None:
            print(f"\n{work}: not measured without `--{given} FILE`")
            continue
        measure(work, options.turns, options.python, options.out / work, source)


def prepare(work: Work, out: Path, source: Path | None) -> tuple[Path, str]:
    """Write our study and the others' data where a file was given."""
    if source is None:
        return HERE / work.study, ""
    study, data = out / work.study, out / "data.npz"
    out.mkdir(parents=True, exist_ok=True)
    text = (HERE / work.study).read_text()
    study.write_text(text.replace("GIVEN", str(source.resolve())))
    (task,) = load_spec(study).task.values()
    choices = {
        name: getattr(task, name)
        for name in ("representation", "text_column", "num_features", "length")
    }
    known, arrays = load_task(source, **choices)
    np.savez(
        data,
        features=arrays.features,
        labels=arrays.labels,
        vocabulary=known.vocabulary or 0,
    )
    return study, str(data)


def measure(work: str, turns: int, python: str, out: Path, source: Path | None) -> None:
    """Let the tools take turns at one work."""
    workers = len(os.sched_getaffinity(0))
    for path in records_folder(out).glob("*.parquet"):
        record_file(out, path.stem).unlink()
    about = WORKS[work]
    study, data = prepare(about, out, source)
    ours = Ours(study, about.sizes, workers, out)
    job = {"work": work, "sizes": about.sizes._asdict(), "data": data}
    tools = {
        name: Rival(python, about.script, job | {"tool": name}, workers, runs)
        for name, runs in about.rivals.items()
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
        ours.executor.submit("hitl_sim.study.worker.process", "peak_mib").result()
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
    sizes = ours.sizes
    useful = work_rate(sizes, rates[OURS], peak) if work == "network" else {}
    print(f"whole product ÷ its compiled program: {kernel:.3f}")
    print(f"records, people's clock and hashing: {1e3 * beside:.2f} ms per run")
    print(f"memory: {max(memory):.0f} MiB per worker")
    print(f"first chunk after {ours.first_s:.1f} s, set-up {ours.setup_s:.1f} s of it")
    curves = {OURS: ours.read()}
    curves |= {n: np.array(t.curves) for n, t in tools.items() if len(t.curves) > 1}
    shown = [r for r in (0, 1, 2, 5, 10, 15, 20) if r <= sizes.rounds]
    print(f"\naccuracy after each of the rounds {', '.join(map(str, shown))}:")
    for name, values in curves.items():
        mean = values.mean(axis=0)[shown]
        error = values[:, -1].std(ddof=1) / np.sqrt(len(values))
        means = " ".join(f"{value:.3f}" for value in mean)
        print(f"{name:42}{means}  (last ± {1.96 * error:.3f}, {len(values)} runs)")
    draw(curves, sizes, out.parent / f"{work}.png")
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


def work_rate(sizes: Sizes, rates: list, peak: list) -> dict:
    """Print how fast the network's useful work is done, and return its size."""
    flop = useful_flop(sizes)
    useful = [flop * rate / 1e9 for rate in rates]
    share = [rate / top for rate, top in zip(useful, peak, strict=True)]
    print(f"\nuseful work: {flop / 1e9:.1f} GFLOP per run")
    print(f"  {median_and_range(useful)} GFLOP/s")
    print(f"  {median_and_range(share)} of a float32 product of side {SIDE} here")
    return {"useful_gflop_per_run": flop / 1e9}


if __name__ == "__main__":
    main()
