"""Training steps of two convolutions: as products of matrices, and as XLA's own.

    python experiments/benchmarks/convolution_forms.py

Both compute the same numbers (convolutions of stride 2 to 16 and 32 channels, 32 images
per step) in a `lax.scan`, as training does. One process, one thread, taking turns.
"""

import os
import statistics
import time
from functools import partial

os.environ["NPROC"] = "1"
os.environ["OMP_NUM_THREADS"] = "1"

import jax
import jax.numpy as jnp
import numpy as np

from hitl_sim.learn.network.cnn import patches

BATCH, STEPS, TURNS = 32, 20, 5
SHAPES = ((8, 8, 1), (28, 28, 1), (32, 32, 3))


def as_product(x, weight):
    """Convolve as the library does."""
    laid_out = patches(x, weight.shape[0])
    flat = laid_out.reshape(-1, laid_out.shape[3]) @ weight.reshape(-1, weight.shape[3])
    return flat.reshape(*laid_out.shape[:3], -1)


def as_convolution(x, weight):
    """Convolve by the backend's own operation."""
    form = ("NHWC", "HWIO", "NHWC")
    return jax.lax.conv_general_dilated(
        x, weight, (2, 2), "SAME", dimension_numbers=form
    )


def build_steps(convolve, x, weights):
    """Compile `STEPS` steps of gradient descent on the mean square of the output."""

    def loss(weights):
        hidden = jax.nn.relu(convolve(x, weights[0]))
        return (jax.nn.relu(convolve(hidden, weights[1])) ** 2).mean()

    def step(weights, _):
        grads = jax.grad(loss)(weights)
        return jax.tree.map(lambda w, g: w - 1e-3 * g, weights, grads), None

    return jax.jit(lambda w: jax.lax.scan(step, w, None, STEPS)[0])


def main() -> None:
    """Print the median of each form and the ratio, for each shape of image."""
    rng = np.random.default_rng(0)
    draw = partial(rng.normal, 0.0, 0.1)
    for shape in SHAPES:
        x = jnp.asarray(draw((BATCH, *shape)), jnp.float32)
        sizes = ((3, 3, shape[2], 16), (3, 3, 16, 32))
        weights = tuple(jnp.asarray(draw(size), jnp.float32) for size in sizes)
        forms = (as_product, as_convolution)
        steps = {form: build_steps(form, x, weights) for form in forms}
        results = [jax.block_until_ready(run(weights)) for run in steps.values()]
        for one, other in zip(*results, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-5)
        times = {form: [] for form in forms}
        for _ in range(TURNS):
            for form, run in steps.items():
                start = time.perf_counter()
                jax.block_until_ready(run(weights))
                times[form].append((time.perf_counter() - start) / STEPS)
        ours, theirs = (1e3 * statistics.median(times[form]) for form in forms)
        print(
            f"{'x'.join(map(str, shape))}: {ours:.2f} ms a step as products of "
            f"matrices, {theirs:.2f} ms as convolutions, ratio {theirs / ours:.1f}"
        )


if __name__ == "__main__":
    main()
