import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hitl_sim.learn.network import NetworkConfig, build_network
from hitl_sim.learn.network.transformer import TransformerConfig

LENGTH, WIDTH = 5, 8


@pytest.fixture(scope="module")
def network():
    config = TransformerConfig(9, LENGTH, WIDTH, 2, 1)
    return build_network(NetworkConfig((), config), LENGTH, 3)


@pytest.fixture(scope="module")
def params(network):
    return jax.jit(network.init)(jax.random.key(0))


def normalise(x):
    return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-6)


def textbook(params, ids):
    """One text by loops over heads; scales start at 1 and all biases at 0."""
    shapes = {leaf.shape: np.asarray(leaf) for leaf in jax.tree.leaves(params)}
    x = shapes[9, WIDTH][ids] * (ids > 0)[:, None] + shapes[LENGTH, WIDTH]
    query, key, value = np.split(normalise(x) @ shapes[WIDTH, 3 * WIDTH], 3, axis=1)
    heads = []
    for part in np.split(np.arange(WIDTH), 2):
        fit = query[:, part] @ key[:, part].T / np.sqrt(len(part))
        weight = np.exp(fit) * (ids > 0)[None]
        heads.append(weight / weight.sum(axis=1, keepdims=True) @ value[:, part])
    x = x + np.concatenate(heads, axis=1) @ shapes[WIDTH, WIDTH]
    hidden = np.maximum(normalise(x) @ shapes[WIDTH, 4 * WIDTH], 0)
    x = normalise(x + hidden @ shapes[4 * WIDTH, WIDTH])
    return x[ids > 0].mean(axis=0) @ shapes[WIDTH, 3]


@pytest.mark.parametrize("ids", [[3, 8, 1, 2, 5], [4, 4, 0, 0, 0]])
def test_the_network_is_the_textbook_one(network, params, ids):
    got = jax.jit(network.apply)(params, jnp.array([ids], jnp.float32))[0]
    np.testing.assert_allclose(
        got, textbook(params, np.array(ids)), rtol=1e-4, atol=1e-5
    )


def test_the_order_of_words_matters(network, params):
    one, two = jnp.array([[3.0, 8, 1, 2, 5]]), jnp.array([[8.0, 3, 1, 2, 5]])
    assert not np.allclose(
        jax.jit(network.apply)(params, one), jax.jit(network.apply)(params, two)
    )


def test_a_text_without_words_gives_finite_logits(network, params):
    assert jnp.isfinite(jax.jit(network.apply)(params, jnp.zeros((2, LENGTH)))).all()


def test_heads_that_do_not_divide_the_width_are_refused():
    with pytest.raises(ValueError, match=r"must divide .* \(8\), got 3"):
        TransformerConfig(9, LENGTH, 8, 3)
