import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hitl_sim.learn.network import NetworkConfig, build_network
from hitl_sim.learn.network.dense import affine, lay_out


def parts(num_in, num_out, seed=0):
    keys = jax.random.split(jax.random.key(seed), 4)
    return (
        jax.random.normal(keys[0], (7, num_in)),
        jax.random.normal(keys[1], (num_in, num_out)),
        jax.random.normal(keys[2], (num_out,)),
        jax.random.normal(keys[3], (7, num_out)),
    )


@pytest.mark.parametrize("is_laid_out", [False, True])
@pytest.mark.parametrize(("num_in", "num_out"), [(3, 5), (5, 3), (4, 4)])
def test_gradients_are_those_of_plain_jax(num_in, num_out, is_laid_out):
    x, kernel, bias, weight = parts(num_in, num_out)

    def ours(x, kernel, bias):
        rows = lay_out(x) if is_laid_out else x
        return (jnp.tanh(affine(rows, kernel, bias)) * weight).sum()

    def plain(x, kernel, bias):
        return (jnp.tanh(x @ kernel + bias[None]) * weight).sum()

    got, want = (jax.grad(f, (0, 1, 2))(x, kernel, bias) for f in (ours, plain))
    for a, b in zip(got, want, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5)


def test_a_second_derivative_is_that_of_plain_jax():
    x, kernel, bias, _ = parts(5, 3)

    def penalty(apply):
        def total(x, kernel):
            return jnp.tanh(apply(x, kernel, bias)).sum()

        return lambda kernel: (jax.grad(total)(x, kernel) ** 2).sum()

    ours = jax.grad(penalty(affine))(kernel)
    plain = jax.grad(penalty(lambda x, k, b: x @ k + b[None]))(kernel)
    np.testing.assert_allclose(ours, plain, rtol=1e-5, atol=1e-6)


def test_a_mapped_gradient_is_that_of_each():
    x, kernel, bias, weight = parts(5, 3)
    many = jnp.stack([kernel, 2.0 * kernel])

    def loss(kernel):
        return (affine(x, kernel, bias) ** 2 * weight).sum()

    mapped = jax.vmap(jax.grad(loss))(many)
    for got, one in zip(mapped, many, strict=True):
        np.testing.assert_allclose(got, jax.grad(loss)(one), rtol=1e-5, atol=1e-5)


def test_a_network_reads_what_it_has_prepared_as_the_plain_input():
    network = build_network(NetworkConfig((6,)), 5, 3)
    params, x = network.init(jax.random.key(0)), parts(5, 3)[0]
    got, want = network.apply(params, network.prepare(x)), network.apply(params, x)
    np.testing.assert_allclose(got, want, rtol=1e-6)
