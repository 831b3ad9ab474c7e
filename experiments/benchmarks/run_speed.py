"""Complete runs per second: the sweep's program against a plain scikit-learn loop.

    python experiments/benchmarks/run_speed.py

Both train 64-64-10 on the same corrupted digits pool for 500 Adam steps of 32 items,
and evaluate 297 + 500 held-out items after every 10 steps; one process, one thread,
taking turns. Prints both rates and their ratio, with the range over the turns.
"""

import os
import statistics
import time

os.environ["NPROC"] = "1"
os.environ["OMP_NUM_THREADS"] = "1"

import jax
import jax.numpy as jnp
import numpy as np
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

from hitl_sim.learn import (
    Hyper,
    NetworkConfig,
    RunConfig,
    Seeds,
    TrainConfig,
    build_run,
)
from hitl_sim.learn.intervention import Program, Shape
from hitl_sim.learn.intervention.whole_pool import WholePoolArm
from hitl_sim.learn.loop import run_keys
from hitl_sim.task import Corruption, build_split, load_task
from oracles import build_population

RUNS = 16
TURNS = 5
STEPS, BATCH, EVERY, RATE = 500, 32, 10, 2e-3
POOL, VALIDATION, TEST = 1000, 297, 500
CORRUPTION = Corruption(np.float32(0.2), np.float32(0.1), np.float32(0.2))


def seeds(replicate: int) -> Seeds:
    """Name one run's random streams."""
    return Seeds(np.int32(1), np.int32(replicate), np.int32(0))


def build_ours(data):
    """Compile the sweep's program for `RUNS` runs and return a call of it."""
    groups, size = data.groups.shape
    train = TrainConfig(BATCH, EVERY, STEPS // EVERY)
    program = Program(Shape(POOL, 64, 10, groups, size), NetworkConfig((64,)), train)
    control = WholePoolArm(name="control", role="control")
    run = build_run(RunConfig(program, control, VALIDATION, TEST))
    hyper = Hyper(
        {"learning_rate": np.float32(RATE)},
        {},
        CORRUPTION,
        build_population("perfect", "label", 10),
    )
    sweep = jax.jit(
        lambda many: jax.lax.map(lambda one: run(one, hyper, data).curve, many)
    )
    many = jax.tree.map(lambda *a: np.stack(a), *[seeds(r) for r in range(RUNS)])
    compiled = sweep.lower(many).compile()
    return lambda: np.asarray(compiled(many).test)[:, -1]


def build_theirs(data):
    """Draw the same splits beforehand; return a loop over them with `partial_fit`."""
    sizes = (POOL, VALIDATION, TEST)
    draw = jax.jit(
        lambda one: build_split(run_keys(one).split, data, CORRUPTION, *sizes)
    )
    splits = [jax.tree.map(np.asarray, draw(seeds(r))) for r in range(RUNS)]
    return lambda: np.array([loop(split, r) for r, split in enumerate(splits)])


def loop(split, replicate: int) -> float:
    """Train and evaluate one run as a user of scikit-learn would."""
    x, y = split.pool.features, split.pool.label
    model = MLPClassifier(
        (64,), solver="adam", learning_rate_init=RATE, alpha=0.0, random_state=0
    )
    rng = np.random.default_rng(replicate)
    score = 0.0
    for step in range(STEPS):
        index = rng.integers(0, POOL, BATCH)
        model.partial_fit(x[index], y[index], classes=np.arange(10))
        if step % EVERY == EVERY - 1:
            model.score(split.validation_x, split.validation_y)
            score = model.score(split.test_x, split.test_y)
    return score


def timed(call) -> tuple[float, np.ndarray]:
    """Runs per second of one call, and its result."""
    start = time.perf_counter()
    result = call()
    return RUNS / (time.perf_counter() - start), result


def main() -> None:
    """Take turns and print the rates."""
    _, data = load_task("digits")
    calls = {
        "hitl_sim": build_ours(data),
        "scikit-learn": build_theirs(jax.tree.map(jnp.asarray, data)),
    }
    rates: dict[str, list[float]] = {name: [] for name in calls}
    finals = {}
    with threadpool_limits(1):
        for _ in range(TURNS):
            for name, call in calls.items():
                rate, finals[name] = timed(call)
                rates[name].append(rate)
    ratios = [a / b for a, b in zip(*rates.values(), strict=True)]
    for name, values in rates.items():
        spread = finals[name].std(ddof=1) / np.sqrt(RUNS)
        print(
            f"{name:>13}: {statistics.median(values):6.1f} runs/s "
            f"[{min(values):.1f}, {max(values):.1f}], "
            f"final test accuracy {finals[name].mean():.3f} +- {1.96 * spread:.3f}"
        )
    print(
        f"        ratio: {statistics.median(ratios):.1f} "
        f"[{min(ratios):.1f}, {max(ratios):.1f}] over {TURNS} turns"
    )


if __name__ == "__main__":
    main()
