"""Simulated label answers per second, against drawing them from a confusion matrix.

    python experiments/benchmarks/answer_speed.py

The rival draws each answer by inverse CDF from a K x K row in vectorised numpy: no
times, no shared error, no memory. Ours draws choice, response time and confidence of
the full model. One process, one thread, taking turns.
"""

import os
import statistics
import time

os.environ["NPROC"] = "1"
os.environ["OMP_NUM_THREADS"] = "1"

import jax
import jax.numpy as jnp
import numpy as np

from oracles import LABEL, Query, build_population, sample_annotators

LENGTH, PEOPLE, OPTIONS = 20_000, 5, 10
TURNS = 7


def build_ours():
    """Compile the label oracle for `LENGTH` questions to each of `PEOPLE`."""
    key = jax.random.key(0)
    population = jax.tree.map(
        jnp.float32, build_population("typical", "label", OPTIONS)
    )
    annotators = sample_annotators(key, population, PEOPLE)
    state = LABEL.init(key, annotators)
    shape = (LENGTH, PEOPLE)
    truth = jax.random.randint(key, shape, 0, OPTIONS)
    query = Query(
        item=jnp.broadcast_to(jnp.arange(LENGTH)[:, None], shape),
        occasion=jnp.zeros(shape, jnp.int32),
        truth=truth,
        utility=jnp.zeros((*shape, OPTIONS)),
        difficulty=jnp.zeros(shape),
        discrimination=jnp.ones(shape),
        size=jnp.ones(shape),
        is_asked=jnp.ones(shape, bool),
    )
    answer = jax.jit(lambda query: LABEL.answer(key, annotators, state, query)[1])
    jax.block_until_ready(answer(query))
    return lambda: jax.block_until_ready(answer(query)), np.asarray(truth)


def build_theirs(truth):
    """Draw the same number of answers from symmetric-noise rows of accuracy .84."""
    rows = np.full((OPTIONS, OPTIONS), 0.16 / (OPTIONS - 1))
    np.fill_diagonal(rows, 0.84)
    edges = rows.cumsum(axis=1)
    rng = np.random.default_rng(0)

    def call():
        u = rng.random(truth.shape)
        return (u[..., None] > edges[truth]).sum(axis=-1)

    return call


def main() -> None:
    """Take turns and print the rates."""
    ours, truth = build_ours()
    theirs = build_theirs(truth)
    rates: dict[str, list[float]] = {"hitl_sim": [], "numpy inverse CDF": []}
    for _ in range(TURNS):
        for name, call in zip(rates, (ours, theirs), strict=True):
            start = time.perf_counter()
            call()
            rates[name].append(truth.size / (time.perf_counter() - start))
    ratios = [a / b for a, b in zip(*rates.values(), strict=True)]
    for name, values in rates.items():
        print(
            f"{name:>18}: {statistics.median(values) / 1e6:5.2f} M answers/s "
            f"[{min(values) / 1e6:.2f}, {max(values) / 1e6:.2f}]"
        )
    print(
        f"             ratio: {statistics.median(ratios):.2f} "
        f"[{min(ratios):.2f}, {max(ratios):.2f}] over {TURNS} turns"
    )


if __name__ == "__main__":
    main()
