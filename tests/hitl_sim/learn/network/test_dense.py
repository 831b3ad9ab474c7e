import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hitl_sim.learn.network import NetworkConfig, build_network


def leaves_of(params):
    return sorted((leaf.shape for leaf in jax.tree.leaves(params)), key=str)


def test_linear_model_has_one_weight_matrix_and_one_bias():
    params = build_network(NetworkConfig(()), 5, 3).init(jax.random.key(0))
    assert leaves_of(params) == [(3,), (5, 3)]


def test_hidden_widths_become_layers():
    params = build_network(NetworkConfig((7, 4)), 5, 3).init(jax.random.key(0))
    assert leaves_of(params) == [(3,), (4, 3), (4,), (5, 7), (7, 4), (7,)]


def test_apply_is_the_textbook_perceptron():
    network = build_network(NetworkConfig((7,)), 5, 3)
    params = network.init(jax.random.key(1))
    x = np.random.default_rng(0).normal(size=(6, 5)).astype(np.float32)
    shapes = {leaf.shape: np.asarray(leaf) for leaf in jax.tree.leaves(params)}
    hidden = np.maximum(x @ shapes[5, 7] + shapes[7,], 0)
    expected = hidden @ shapes[7, 3] + shapes[3,]
    got = network.apply(params, jnp.asarray(x))
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6)


def test_another_key_gives_other_weights():
    network = build_network(NetworkConfig(()), 5, 3)
    one, two = (jax.tree.leaves(network.init(jax.random.key(k))) for k in (0, 1))
    assert any(not np.array_equal(a, b) for a, b in zip(one, two, strict=True))


def test_weights_start_glorot_uniform():
    limit = np.sqrt(6 / (200 + 100))
    params = build_network(NetworkConfig(()), 200, 100).init(jax.random.key(0))
    weight = next(a for a in jax.tree.leaves(params) if a.ndim == 2)
    assert np.abs(weight).max() <= limit
    # a uniform on +-limit has variance limit^2 / 3; 4 standard errors of a variance
    error = 4 * limit**2 * np.sqrt(4 / 45 / weight.size)
    assert np.var(weight) == pytest.approx(limit**2 / 3, abs=error)


def test_logits_are_finite_for_large_inputs():
    network = build_network(NetworkConfig((4,)), 5, 3)
    logits = network.apply(network.init(jax.random.key(0)), 1e3 * jnp.ones((2, 5)))
    assert jnp.isfinite(logits).all()
    assert jnp.abs(logits).max() > 1
