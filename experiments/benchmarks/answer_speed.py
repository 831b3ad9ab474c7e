"""Simulated label answers per second, against drawing them from a confusion matrix.

    python experiments/benchmarks/answer_speed.py

The rivals draw an answer by inverse CDF from the row of a K x K matrix and nothing
else: no times, no confidence, no lapses, no memory, no error that people share. Ours
draws choice, seconds and confidence of the full model, for a named crowd and for one
with every trait at once. All take turns within one run, first one process on one core
and then one pinned process on every core; rates of all cores are sums.
"""

import multiprocessing
import os
import random
import statistics
import time

import jax
import jax.numpy as jnp
import numpy as np

from oracles import LABEL, Query, build_population, sample_annotators

LENGTH, PEOPLE, OPTIONS = 20_000, 5, 10
TURNS = 7
# The loops answer fewer questions in a turn: theirs is a rate as well.
LOOPED = 5_000
RIVALS = {
    "numpy, row edges gathered": "/ gathered",
    "numpy, row summed up": "/ summed",
    "loop of random.choices": "/ choices",
    "loop of Generator.choice": "/ Generator",
}


def build_rivals():
    """Draw from symmetric-noise rows of accuracy .84 by one call a turn."""
    rows = np.full((OPTIONS, OPTIONS), 0.16 / (OPTIONS - 1))
    np.fill_diagonal(rows, 0.84)
    edges = rows.cumsum(axis=1)
    rng = np.random.default_rng(0)
    truth = rng.integers(0, OPTIONS, LENGTH * PEOPLE)
    few, listed = truth[:LOOPED].tolist(), edges.tolist()
    draws = random.Random(0)

    def gather():
        u = rng.random(truth.size)
        return (u[:, None] > edges[truth]).sum(axis=1)

    def sum_up():
        u = rng.random(truth.size)
        return (u[:, None] > rows[truth].cumsum(axis=1)).sum(axis=1)

    def loop():
        return [draws.choices(range(OPTIONS), cum_weights=listed[t])[0] for t in few]

    def loop_generator():
        return [int(rng.choice(OPTIONS, p=rows[t])) for t in few]

    return {
        "numpy, row edges gathered": (gather, truth.size),
        "numpy, row summed up": (sum_up, truth.size),
        "loop of random.choices": (loop, LOOPED),
        "loop of Generator.choice": (loop_generator, LOOPED),
    }


def build_ours():
    """Compile the label oracle for `LENGTH` questions to each of `PEOPLE`."""
    key = jax.random.key(0)
    population = jax.tree.map(
        jnp.float32, build_population("typical", "label", OPTIONS)
    )
    typical = sample_annotators(key, population, PEOPLE)
    state = LABEL.init(key, typical)
    shape, column = (LENGTH, PEOPLE), (LENGTH, 1)
    once = Query(
        item=jnp.arange(LENGTH)[:, None],
        occasion=jnp.zeros(shape, jnp.int32),
        truth=jax.random.randint(key, column, 0, OPTIONS),
        utility=0.1 * jax.random.normal(key, (*column, OPTIONS)),
        difficulty=jnp.zeros(column),
        discrimination=jnp.ones(column),
        size=jnp.ones(column),
        is_asked=jnp.ones(shape, bool),
        suggestion=jax.random.randint(key, column, 0, OPTIONS),
    )
    spelled_out = once._replace(
        item=once.item + jnp.zeros(shape, jnp.int32),
        truth=once.truth + jnp.zeros(shape, jnp.int32),
        utility=once.utility + jnp.zeros((*shape, 1)),
        difficulty=once.difficulty + jnp.zeros(shape),
        discrimination=once.discrimination * jnp.ones(shape),
        size=once.size * jnp.ones(shape),
        suggestion=once.suggestion + jnp.zeros(shape, jnp.int32),
    )
    ones = jnp.ones(PEOPLE)
    every_trait = typical._replace(
        confusion=0.1 * jax.random.normal(key, (PEOPLE, OPTIONS, OPTIONS)),
        guess=jnp.full((PEOPLE, OPTIONS), 1.0 / OPTIONS),
        extra={
            "automation_bias": 0.3 * ones,
            "skip_margin": 0.05 * ones,
            "skip_level": -5.0 * ones,
            "caution": 0.1 * ones,
            "fatigue": 0.2 * ones,
            "fatigue_s": 3600.0 * ones,
        },
    )
    anchored = every_trait.extra | {"response_repetition": 0.2 * ones}
    cases = {
        "every trait and habit": (every_trait._replace(extra=anchored), once),
        "every trait but habit": (every_trait, once),
        "typical crowd": (typical, once),
        "typical, item by person": (typical, spelled_out),
        "typical, never asked twice": (typical, once._replace(occasion=None)),
    }
    answer = jax.jit(LABEL.answer)

    def build(params, query):
        return lambda: jax.block_until_ready(answer(key, params, state, query))

    return {name: (build(*case), LENGTH * PEOPLE) for name, case in cases.items()}


def work(core, start, rates):
    """Take turns on one core, in step with the other cores, and put the rates."""
    os.environ["NPROC"] = os.environ["OMP_NUM_THREADS"] = "1"
    os.environ["JAX_PLATFORMS"] = "cpu"
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {core})
    calls = {**build_ours(), **build_rivals()}
    for call, _ in calls.values():
        call()
    found = {name: [] for name in calls}
    for _ in range(TURNS):
        for name, (call, count) in calls.items():
            start.wait()
            begin = time.perf_counter()
            call()
            found[name].append(count / (time.perf_counter() - begin))
    rates.put(found)


def measure(cores):
    """Return the rates of every turn by name, answers/s summed over the cores."""
    context = multiprocessing.get_context("spawn")
    start, rates = context.Barrier(len(cores)), context.Queue()
    workers = [
        context.Process(target=work, args=(core, start, rates)) for core in cores
    ]
    for worker in workers:
        worker.start()
    found = [rates.get() for _ in workers]
    for worker in workers:
        worker.join()
    return {
        name: [sum(turn) for turn in zip(*(one[name] for one in found), strict=True)]
        for name in found[0]
    }


def describe(rates):
    """Print each rate, and its ratio to each rival turn by turn."""
    heads = "".join(f"{head:>13}" for head in RIVALS.values())
    print(f"{'':>27}  M answers/s{heads}")
    for name, values in rates.items():
        ratios = [
            statistics.median(a / b for a, b in zip(values, rates[rival], strict=True))
            for rival in RIVALS
        ]
        print(
            f"{name:>27}: {statistics.median(values) / 1e6:11.3f}"
            + "".join(f"{ratio:13.2f}" for ratio in ratios)
        )


def main() -> None:
    """Measure one core, then all, and print the medians over the turns."""
    every_core = (
        sorted(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else list(range(os.cpu_count() or 1))
    )
    print("one core")
    describe(measure(every_core[:1]))
    if len(every_core) > 1:
        print(f"all {len(every_core)} cores")
        describe(measure(every_core))


if __name__ == "__main__":
    main()
