from functools import partial

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hitl_sim.learn.arithmetic import (
    approximate_product,
    int8_product,
    simulated_product,
    straight_through,
)

FORMS = {
    "int8": int8_product,
    "int8_simulated": simulated_product,
    "approximate": partial(approximate_product, multiplier="drum4"),
}
every_form = pytest.mark.parametrize(
    "apply", list(map(straight_through, FORMS.values())), ids=list(FORMS)
)


@every_form
def test_a_product_is_near_the_true_one(apply, matrices):
    x, kernel = map(jnp.asarray, matrices)
    truth = np.asarray(x[:2] @ kernel)
    gap = np.abs(np.asarray(apply(x[:2], kernel)) - truth)
    assert gap.max() < 0.15 * np.abs(truth).max()


@every_form
def test_gradients_are_those_of_the_plain_product(apply, matrices):
    x, kernel = map(jnp.asarray, matrices)
    weight = jnp.arange(1.0, 7.0)[None]

    def total(product):
        return lambda x, kernel: (product(x, kernel) * weight).sum()

    got = jax.grad(total(apply), (0, 1))(x, kernel)
    expected = jax.grad(total(jnp.matmul), (0, 1))(x, kernel)
    for a, b in zip(got, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5)


@every_form
def test_a_product_is_the_same_mapped_and_traced_once(apply, matrices):
    x, kernel = map(jnp.asarray, matrices)
    chex.clear_trace_counter()
    kernels = jnp.stack([kernel, 0.5 * kernel, -kernel])
    traced = jax.jit(chex.assert_max_traces(apply, n=1))
    single = jnp.stack([traced(x, k) for k in kernels])
    mapped = jax.jit(jax.vmap(lambda k: apply(x, k)))(kernels)
    np.testing.assert_allclose(mapped, single, rtol=1e-5, atol=1e-5 * float(x.max()))


@every_form
def test_second_derivatives_exist(apply, matrices):
    # the penalty on input gradients needs them
    x, kernel = map(jnp.asarray, matrices)

    def penalty(kernel):
        slope = jax.grad(lambda x: jnp.tanh(apply(x, kernel)).sum())(x)
        return (slope**2).sum()

    assert float(jnp.abs(jax.grad(penalty)(kernel)).max()) > 0.0


@pytest.mark.parametrize(
    "product", [int8_product, partial(approximate_product, multiplier="truncated7")]
)
def test_a_network_learns_through_rounded_products(product):
    apply = straight_through(product)
    rng = np.random.default_rng(5)
    x = jnp.asarray(rng.normal(size=(256, 8)), jnp.float32)
    y = (x[:, 0] * x[:, 1] > 0).astype(jnp.float32)
    params = [
        jnp.asarray(rng.normal(size=shape) * 0.5, jnp.float32)
        for shape in ((8, 32), (32, 1))
    ]

    def logits(params):
        return apply(jax.nn.relu(apply(x, params[0])), params[1])[:, 0]

    def loss(params):
        return jnp.mean(jax.nn.softplus(-(2 * y - 1) * logits(params)))

    @jax.jit
    def step(params):
        slopes = jax.grad(loss)(params)
        return [p - 0.5 * g for p, g in zip(params, slopes, strict=True)]

    for _ in range(400):
        params = step(params)
    assert float(jnp.mean((logits(params) > 0) == y)) > 0.95
