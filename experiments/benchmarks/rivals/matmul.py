"""A large float32 product, as fast as this machine's XLA makes it."""

import time

import jax
import jax.numpy as jnp


def operations_per_s(side: int, repeats: int) -> float:
    """Multiply-adds per second, twice each, of a square product; the best of some."""
    x = jax.random.normal(jax.random.key(0), (side, side))
    product = jax.jit(jnp.matmul)
    product(x, x).block_until_ready()
    best = float("inf")
    for _ in range(repeats):
        begin = time.perf_counter()
        product(x, x).block_until_ready()
        best = min(best, time.perf_counter() - begin)
    return 2.0 * side**3 / best
