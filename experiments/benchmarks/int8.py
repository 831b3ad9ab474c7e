"""Products of matrices in int8 against float32 on this machine: seconds and ratio.

    python experiments/benchmarks/int8.py

Operands stay int8 on one side and float32 on the other (bare), or come as float32 and
are quantised on the way, as a network's are (whole); last, as many small networks
mapped into one program, as a sweep runs them. One process, one thread, taking turns. A
ratio above 1 says that int8 takes longer, and so more joules at equal watts: what
happens where a backend has no kernel that gains from it.
"""

import os
import statistics
import time

os.environ["NPROC"] = "1"
os.environ["OMP_NUM_THREADS"] = "1"

import jax
import jax.numpy as jnp
import numpy as np

from hitl_sim.learn.arithmetic import (
    apply_int8,
    int8_product,
    quantise_kernel,
    runs_in_int8,
)

SIZES = ((32, 64, 64), (256, 256, 256), (1024, 1024, 1024))
MAPPED = (8, 32, 64, 64)
TURNS, CALLS = 7, 5


def bare(left, right):
    """Multiply int8 operands, sums in int32."""
    dims = (((1,), (0,)), ((), ()))
    return jax.lax.dot_general(left, right, dims, preferred_element_type=jnp.int32)


def median_s(forms):
    """Return the median seconds of a call of each form, taking turns."""
    times = {name: [] for name in forms}
    for function, args in forms.values():
        jax.block_until_ready(function(*args))
    for _ in range(TURNS):
        for name, (function, args) in forms.items():
            start = time.perf_counter()
            for _ in range(CALLS):
                out = function(*args)
            jax.block_until_ready(out)
            times[name].append((time.perf_counter() - start) / CALLS)
    return {name: statistics.median(seconds) for name, seconds in times.items()}


def compare_mapped(rng):
    """Print the ratio for several networks in one program."""
    runs, rows, depth, columns = MAPPED
    x = jnp.asarray(rng.normal(size=(runs, rows, depth)), jnp.float32)
    kernel = jnp.asarray(rng.normal(size=(runs, depth, columns)), jnp.float32)
    times = median_s(
        {
            "float32": (jax.jit(jax.vmap(jnp.matmul)), (x, kernel)),
            "whole": (jax.jit(jax.vmap(int8_product)), (x, kernel)),
        }
    )
    print(
        f"{runs} mapped {rows}x{depth}x{columns}: float32"
        f" {1e6 * times['float32']:.0f} us; int8 ÷ float32:"
        f" {times['whole'] / times['float32']:.2f} whole"
    )


def main() -> None:
    """Print the times and ratios of each size."""
    backend = jax.default_backend()
    does = "multiplies" if runs_in_int8() else "widens before it multiplies"
    print(f"{backend}: {does} int8")
    rng = np.random.default_rng(0)
    for rows, depth, columns in SIZES:
        x = jnp.asarray(rng.normal(size=(rows, depth)), jnp.float32)
        kernel = jnp.asarray(rng.normal(size=(depth, columns)), jnp.float32)
        whole = jnp.asarray(rng.integers(-127, 128, x.shape), jnp.int8)
        weights = jnp.asarray(rng.integers(-127, 128, kernel.shape), jnp.int8)
        kept = quantise_kernel(kernel)
        times = median_s(
            {
                "float32": (jax.jit(jnp.matmul), (x, kernel)),
                "bare": (jax.jit(bare), (whole, weights)),
                "kept": (jax.jit(apply_int8), (x, kept)),
                "whole": (jax.jit(int8_product), (x, kernel)),
            }
        )
        float32 = times["float32"]
        print(
            f"{rows}x{depth}x{columns}: float32 {1e6 * float32:.0f} us; int8 ÷ float32:"
            f" {times['bare'] / float32:.2f} bare,"
            f" {times['kept'] / float32:.2f} with inputs quantised,"
            f" {times['whole'] / float32:.2f} with weights quantised too"
        )
    compare_mapped(rng)


if __name__ == "__main__":
    main()
