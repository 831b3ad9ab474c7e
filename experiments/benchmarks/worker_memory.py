"""How much memory a worker takes, beside what `--dry-run` predicts.

Each study is one chunk in a fresh worker; what it makes of images is noise, for memory
does not depend on what they show. Run `python experiments/benchmarks/worker_memory.py`.
"""

import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

from hitl_sim.study.cluster import Place, open_executor
from hitl_sim.study.estimate import worker_mib
from hitl_sim.study.plan import build_plan, chunks_left
from hitl_sim.study.spec import load_spec

SEED, CLASSES, SIDE, LIMIT_S = 20261128, 10, 28, 900.0
STUDY = """
question = "How much memory does a worker take?"
seed = 1
replicates = 2
dispatch_size = 2
smallest_effect = 0.05
device = "laptop-cpu"
[task.images]
source = {source!r}
pool = {pool}
validation = 500
test = 500
[network]
{network}
[training]
optimiser = "adam"
learning_rate = 1e-3
batch = {batch}
steps_per_checkpoint = 2
checkpoints = 6
[target]
fraction = 0.95
smoothing = 5
[workforce]
size = 3
[crowd]
population = "typical"
[prices]
boundary = "workstation"
label_cost = "sunk"
waiting = "held"
electricity_usd_per_kwh = 0.17
pue = 1.0
device_usd_per_h = 0.0
[[arm]]
name = "control"
kind = "whole_pool"
role = "control"
[[arm]]
name = "people"
kind = "labelling"
rounds = 3
questions = 20
strategy = "margin"
aggregate = "majority"
refit = "warm"
people = 3
"""


class Case(NamedTuple):
    """One study: items in the pool, the network's table, and the batch."""

    pool: int
    network: str
    batch: str = "32"


CASES = (
    Case(1_000, "hidden = [64]"),
    Case(15_000, "hidden = [64]"),
    Case(1_000, 'kind = "cnn"'),
    Case(5_000, 'kind = "cnn"'),
    Case(15_000, 'kind = "cnn"'),
    Case(2_000, 'kind = "cnn"', '"all"'),
)


def main() -> None:
    """Print, for each case and arm, what was predicted and what was seen."""
    rng = np.random.default_rng(SEED)
    num = max(case.pool for case in CASES) + 1_000
    images = rng.integers(0, 256, (num, SIDE, SIDE), dtype=np.uint8)
    labels = rng.integers(0, CLASSES, num)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        np.savez(folder / "images.npz", images=images, labels=labels)
        for case in CASES:
            for arm, predicted, seen in measure(case, folder):
                print(
                    f"{case.network}, batch {case.batch}, pool {case.pool}, {arm}: "
                    f"predicted {predicted:.0f} MiB, seen {seen:.0f} MiB, "
                    f"ratio {predicted / seen:.2f}",
                    flush=True,
                )


def measure(case: Case, folder: Path) -> list[tuple[str, float, float]]:
    """Return arm, predicted and seen memory of each program of a study, MiB."""
    file = folder / "study.toml"
    source = str(folder / "images.npz")
    file.write_text(STUDY.format(source=source, **case._asdict()), encoding="utf-8")
    plan = build_plan(load_spec(file))
    found = []
    for chunk in {c.group: c for c in chunks_left(plan, ())}.values():
        condition = chunk.runs[0].condition
        predicted = worker_mib(plan.spec.dispatch_size, [condition], plan.infos)
        out = folder / chunk.id
        with open_executor(Place(workers=1), 1, out) as executor:
            call = ("hitl_sim.study.worker", "probe_chunks")
            report = executor.submit(*call, (chunk,), str(out), LIMIT_S).result()
        found.append((condition.arm.name, predicted, report.peak_mib))
    return found


if __name__ == "__main__":
    main()
