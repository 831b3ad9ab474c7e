"""Factors are rounded to bfloat16, sums are not, and the name says so."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hitl_sim.energy import count_operations
from hitl_sim.learn.network import NetworkConfig, build_network
from hitl_sim.learn.network.cnn import ConvolutionConfig
from hitl_sim.learn.network.dense import half_affine, lay_out_half
from hitl_sim.learn.optimise import TrainConfig
from hitl_sim.learn.work import train_unit

HALF = NetworkConfig((16,), precision="bfloat16")


@pytest.fixture(scope="module")
def layer():
    rng = np.random.default_rng(3)
    sizes = ((200, 30), (30, 7), (7,))
    return tuple(jnp.asarray(rng.normal(size=s), jnp.float32) for s in sizes)


def rounded(a):
    return np.asarray(a.astype(jnp.bfloat16).astype(jnp.float32), np.float64)


def test_a_product_is_that_of_rounded_factors_summed_without_rounding(layer):
    x, kernel, bias = layer
    found = half_affine(x, kernel, bias)
    assert found.dtype == jnp.float32
    exact = rounded(x) @ rounded(kernel) + np.asarray(bias, np.float64)
    # thirty terms in float32; a sum in bfloat16 would be off by a part in 256
    assert np.abs(found - exact).max() < 30 * 2**-23 * np.abs(exact).max()
    assert np.abs(found - x @ kernel - bias[None]).max() > 1e-3


def test_laid_out_inputs_give_the_same_product_and_gradients(layer):
    x, kernel, bias = layer

    def loss(rows):
        return lambda k, b: (jnp.tanh(half_affine(rows, k, b)) ** 2).sum()

    plain = jax.grad(loss(x), (0, 1))(kernel, bias)
    laid_out = jax.grad(loss(lay_out_half(x)), (0, 1))(kernel, bias)
    for a, b in zip(plain, laid_out, strict=True):
        assert a.dtype == jnp.float32
        assert np.allclose(a, b, rtol=1e-5, atol=1e-4)


def test_gradients_are_those_of_float32_but_for_rounding(layer):
    x, kernel, bias = layer

    def loss(product, x, k, b):
        return (jnp.tanh(product(x, k, b)) ** 2).mean()

    def plain(x, k, b):
        return x @ k + b[None]

    half = jax.grad(loss, (1, 2, 3))(half_affine, x, kernel, bias)
    full = jax.grad(loss, (1, 2, 3))(plain, x, kernel, bias)
    for a, b in zip(half, full, strict=True):
        # factors are off by 2^-9 at most, and errors of many terms cancel
        assert np.linalg.norm(a - b) < 0.03 * np.linalg.norm(b)
        assert not np.array_equal(a, b)


def step_of(config):
    built = build_network(config, 8, 3)
    return train_unit("train", config, TrainConfig(None), 50, 8, 3, built=built)


def test_every_product_of_a_step_is_counted_in_bfloat16_and_named():
    unit = step_of(HALF)
    assert unit.name == "train:8-16-3-bf16:all:n50"
    flops = count_operations(unit.program, *unit.args).flops
    products = 10 * 2 * 50 * (2 * 8 * 16 + 3 * 16 * 3)
    assert flops["bfloat16"] == products
    whole = step_of(NetworkConfig((16,)))
    assert "bfloat16" not in count_operations(whole.program, *whole.args).flops


def test_convolutions_multiply_in_bfloat16_too():
    config = NetworkConfig((4,), ConvolutionConfig((6, 6, 1), (3,)), "bfloat16")
    network = build_network(config, 36, 2)
    params = network.init(jax.random.key(0))
    found = count_operations(network.apply, params, jnp.zeros((5, 36))).flops
    full = build_network(NetworkConfig((4,), config.encoder), 36, 2)
    products = count_operations(full.apply, params, jnp.zeros((5, 36))).flops
    assert found["bfloat16"] > 0.5 * products["float32"]


@pytest.mark.parametrize(
    ("precision", "product", "message"),
    [
        ("float16", None, "must be one of 'float32', 'bfloat16', got 'float16'"),
        ("bfloat16", lambda params: (params, None), "must be 'float32' where a method"),
    ],
)
def test_what_has_no_product_is_refused(precision, product, message):
    config = NetworkConfig((4,), precision=precision)
    with pytest.raises(ValueError, match=message):
        build_network(config, 3, 2, product)
