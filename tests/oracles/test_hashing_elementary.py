import jax
import jax.numpy as jnp
import numpy as np
import pytest

from oracles.hashing import log, sinc


def test_the_logarithm_is_right_over_all_normal_numbers():
    x = np.geomspace(1.2e-38, 3e38, 100_001).astype(np.float32)
    np.testing.assert_allclose(
        log(jnp.asarray(x)), np.log(x.astype(float)), rtol=4e-7, atol=4e-7
    )


def test_the_logarithm_keeps_its_relative_accuracy_next_to_one():
    x = (1 + np.arange(-4000, 4001) * 2.0**-23).astype(np.float32)
    np.testing.assert_allclose(log(jnp.asarray(x)), np.log(x.astype(float)), rtol=4e-7)


@pytest.mark.parametrize("x", [0.0, -1.0, 1e-40])
def test_the_logarithm_is_floored_where_there_is_none(x):
    value, slope = jax.value_and_grad(log)(jnp.float32(x))
    np.testing.assert_allclose(value, np.log(np.finfo(np.float32).tiny), rtol=1e-6)
    assert slope == 0.0


def test_the_slope_of_the_logarithm_is_one_over_its_argument():
    x = jnp.array([1e-30, 0.3, 1.0, 7.0])
    np.testing.assert_allclose(jax.vmap(jax.grad(log))(x), 1 / x, rtol=1e-6)


def test_the_sine_over_its_argument_is_right_up_to_both_ends():
    x = np.concatenate([np.linspace(0, 1, 10_001), [2.0**-24, 1 - 2.0**-24]])
    x = x.astype(np.float32)
    expected = np.sinc(x.astype(float))
    np.testing.assert_allclose(sinc(jnp.asarray(x)), expected, rtol=5e-7, atol=1e-16)
    assert sinc(jnp.float32(1.0)) == 0.0
