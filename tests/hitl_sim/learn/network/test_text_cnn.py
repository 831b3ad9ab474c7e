import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hitl_sim.learn.network import NetworkConfig, build_network
from hitl_sim.learn.network.text_cnn import TextConvolutionConfig

CONFIG = NetworkConfig((), TextConvolutionConfig(9, 6, 4, 3, (2,)))


@pytest.fixture(scope="module")
def network():
    return build_network(CONFIG, 6, 5)


@pytest.fixture(scope="module")
def params(network):
    return jax.jit(network.init)(jax.random.key(0))


def test_the_network_is_the_textbook_one(network, params):
    shapes = {leaf.shape: np.asarray(leaf) for leaf in jax.tree.leaves(params)}
    ids = np.array([3, 8, 1, 2, 0, 0])
    vectors = shapes[9, 4][ids] * (ids > 0)[:, None]
    windows = np.stack([np.concatenate([vectors[i], vectors[i + 1]]) for i in range(5)])
    best = np.maximum(windows @ shapes[8, 3] + shapes[3,], 0).max(axis=0)
    expected = best @ shapes[3, 5] + shapes[5,]
    got = jax.jit(network.apply)(params, jnp.asarray(ids[None], jnp.float32))[0]
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6)


def test_where_in_a_text_a_phrase_stands_is_no_matter(network, params):
    early = jnp.array([[3.0, 8, 0, 0, 0, 0]])
    late = jnp.array([[0.0, 0, 3, 8, 0, 0]])
    # the window before the phrase is new: only what it adds may differ
    one, two = (
        jax.jit(network.apply)(params, early),
        jax.jit(network.apply)(params, late),
    )
    moved = jax.jit(network.apply)(params, jnp.array([[0.0, 3, 8, 0, 0, 0]]))
    np.testing.assert_allclose(two, moved, rtol=1e-5, atol=1e-6)
    assert not np.allclose(one, jax.jit(network.apply)(params, early[:, ::-1]))


def test_words_too_few_for_a_filter_are_refused():
    with pytest.raises(ValueError, match=r"widths` must be <= the 2 words .* got 3"):
        TextConvolutionConfig(9, 2, 4, 3, (2, 3))
