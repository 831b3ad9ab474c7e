"""How near wide networks come to the machine's own float32 product.

    python experiments/benchmarks/wide.py [--turns N]

`wide.toml` beside it: whole runs of the control, 200 Adam steps on 512 items and four
evaluations on 512 others, in one process of one thread; in turns with a product of
1,024 by 1,024. Useful is what must be multiplied: forward, by the weights, and back to
all layers but the first. Printed are runs from the first step to their records, and
the product's rate of the same turn.
"""

import argparse
import itertools
import tempfile
from collections.abc import Iterator

from active_learning import HERE, REPEATS, SIDE, median_and_range
from msgspec import structs

from hitl_sim.study.executor import LocalExecutor
from hitl_sim.study.plan import Chunk, build_plan, chunks_left
from hitl_sim.study.spec import StudySpec, load_spec

LAYERS = ((128,), (512, 512), (1024, 1024))
LIMIT_S = 600.0


def useful_flop(spec: StudySpec, hidden: tuple[int, ...]) -> float:
    """Multiply-adds of one run, twice each."""
    (task,), training = spec.task.values(), spec.training
    widths = (task.num_features, *hidden, 2)
    products = [a * b for a, b in itertools.pairwise(widths)]
    # nothing goes back to the features
    per_item = 3 * sum(products) - products[0]
    steps = training.checkpoints * training.steps_per_checkpoint
    seen = training.checkpoints * (task.validation + task.test)
    return 2.0 * (steps * training.batch * per_item + seen * sum(products))


def chunks_of(spec: StudySpec, hidden: tuple[int, ...]) -> Iterator[Chunk]:
    """List the control's chunks with these layers."""
    network = structs.replace(spec.network, options={"hidden": list(hidden)})
    chunks = chunks_left(build_plan(structs.replace(spec, network=network)), set())
    return iter(c for c in chunks if c.runs[0].condition.arm.name == "control")


def main() -> None:
    """Take turns, and print rates."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--turns", type=int, default=5)
    turns = parser.parse_args().turns
    spec = load_spec(HERE / "wide.toml")
    waiting = {hidden: chunks_of(spec, hidden) for hidden in LAYERS}
    rates = {hidden: [] for hidden in waiting}
    shares = {hidden: [] for hidden in waiting}
    inside = {hidden: [] for hidden in waiting}
    with tempfile.TemporaryDirectory() as out, LocalExecutor(1) as executor:

        def compute(hidden):
            chunk = next(waiting[hidden])
            return executor.submit(
                "hitl_sim.study.worker", "run_chunk", chunk, out, LIMIT_S
            ).result()

        for hidden in waiting:
            compute(hidden)
        for _ in range(turns):
            for hidden in waiting:
                peak = executor.submit(
                    "rivals.matmul", "operations_per_s", SIDE, REPEATS
                ).result()
                report = compute(hidden)
                flop = useful_flop(spec, hidden) * report.num_runs
                rates[hidden].append(flop / report.wall_s / 1e9)
                shares[hidden].append(flop / report.wall_s / peak)
                inside[hidden].append(report.kernel_s / report.wall_s)
    print(f"{'hidden':>12}{'GFLOP/s':>28}{f'of a product of {SIDE}':>30}   in programs")
    for hidden in waiting:
        told = f"{'-'.join(map(str, hidden)):>12}{median_and_range(rates[hidden]):>28}"
        program = min(inside[hidden])
        print(f"{told}{median_and_range(shares[hidden]):>30}   {program:.2f}")


if __name__ == "__main__":
    main()
