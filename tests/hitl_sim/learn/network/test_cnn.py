import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hitl_sim.learn.network import NetworkConfig, build_network
from hitl_sim.learn.network.cnn import ConvolutionConfig, patches


@pytest.mark.parametrize(
    ("kernel", "size"), [(1, (4, 4)), (2, (5, 8)), (3, (7, 6)), (5, (1, 3))]
)
def test_patches_and_a_product_are_the_convolution(kernel, size):
    rng = np.random.default_rng(0)
    x = jnp.asarray(rng.normal(size=(2, *size, 3)), jnp.float32)
    weight = jnp.asarray(rng.normal(size=(kernel, kernel, 3, 4)), jnp.float32)
    expected = jax.lax.conv_general_dilated(
        x, weight, (2, 2), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
    )
    got = patches(x, kernel) @ weight.reshape(-1, 4)
    np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-4)


def test_the_network_is_the_textbook_one():
    config = NetworkConfig((), ConvolutionConfig((6, 4, 2), (3,), 3))
    network = build_network(config, 48, 5)
    params = jax.jit(network.init)(jax.random.key(0))
    shapes = {leaf.shape: leaf for leaf in jax.tree.leaves(params)}
    x = jax.random.normal(jax.random.key(1), (2, 48))
    image = jax.lax.conv_general_dilated(
        x.reshape(2, 6, 4, 2),
        shapes[18, 3].reshape(3, 3, 2, 3),
        (2, 2),
        "SAME",
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
    )
    hidden = jnp.maximum(image + shapes[3,][None, None, None], 0).reshape(2, -1)
    expected = hidden @ shapes[18, 5] + shapes[5,][None]
    np.testing.assert_allclose(
        jax.jit(network.apply)(params, x), expected, rtol=1e-4, atol=1e-5
    )


def test_filters_start_he_normal():
    config = NetworkConfig((), ConvolutionConfig((8, 8, 16), (200,), 3))
    params = jax.jit(build_network(config, 1024, 2).init)(jax.random.key(0))
    weight = next(a for a in jax.tree.leaves(params) if a.shape == (144, 200))
    # 4 standard errors of a normal sample's variance
    error = 4 * (2 / 144) * np.sqrt(2 / weight.size)
    assert np.var(weight) == pytest.approx(2 / 144, abs=error)
