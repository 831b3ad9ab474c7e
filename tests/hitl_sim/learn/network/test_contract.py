"""What every built-in network promises."""

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hitl_sim.learn.network import Inputs
from hitl_sim.part import builtin

NUM_ITEMS = 5
SHOWN = {
    "linear": Inputs(16, 3),
    "mlp": Inputs(16, 3),
    "cnn": Inputs(16, 3, image=(4, 4, 1)),
    "text_cnn": Inputs(16, 3, vocabulary=9),
    "transformer": Inputs(16, 3, vocabulary=9),
}
DROPPING = [
    kind for kind, part in builtin("network").items() if "dropout" in part.options
]


@cache
def built(kind, **options):
    """A network, its first weights, and items that it can read."""
    network = builtin("network")[kind](SHOWN[kind], **options)
    x = jax.random.randint(jax.random.key(1), (NUM_ITEMS, 16), 1, 9)
    return network, jax.jit(network.init)(jax.random.key(0)), x.astype("float32")


def test_every_built_in_network_is_tried():
    assert set(SHOWN) == set(builtin("network"))


@pytest.mark.parametrize("kind", SHOWN)
def test_logits_are_the_same_plain_compiled_mapped_and_by_themselves(kind):
    network, params, x = built(kind)
    plain = network.apply(params, x)
    assert plain.shape == (NUM_ITEMS, 3)
    assert jnp.isfinite(plain).all()
    many = jax.tree.map(lambda leaf: jnp.stack([leaf, leaf]), params)
    compiled = jax.jit(network.apply)
    mapped = jax.jit(jax.vmap(network.apply, in_axes=(0, None)))(many, x)[1]
    alone = np.concatenate([compiled(params, row[None]) for row in np.asarray(x)])
    for other in (compiled(params, x), mapped, alone):
        np.testing.assert_allclose(other, plain, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", SHOWN)
def test_weights_hang_on_the_key_alone(kind):
    network, params, _ = built(kind)
    again, other = (jax.jit(network.init)(jax.random.key(k)) for k in (0, 1))
    pairs = [jax.tree.leaves(tree) for tree in (params, again, other)]
    for one, two, three in zip(*pairs, strict=True):
        np.testing.assert_array_equal(one, two)
        assert one.ndim == 1 or not np.array_equal(one, three)


@pytest.mark.parametrize("kind", SHOWN)
def test_the_last_hidden_layer_is_what_logits_are_made_of(kind):
    network, params, x = built(kind)
    if kind == "linear":
        assert network.embed is None
        return
    hidden = network.embed(params, x)
    kernel, bias = (
        next(leaf for leaf in reversed(jax.tree.leaves(params)) if leaf.shape == shape)
        for shape in ((hidden.shape[1], 3), (3,))
    )
    logits = network.apply(params, x)
    np.testing.assert_allclose(hidden @ kernel + bias[None], logits, atol=1e-5)


@pytest.mark.parametrize("kind", DROPPING)
def test_dropout_is_drawn_by_its_key_and_leaves_the_network_in_use_alone(kind):
    network, params, x = built(kind, dropout=0.5)
    plain, _, _ = built(kind)
    np.testing.assert_array_equal(network.apply(params, x), plain.apply(params, x))
    one, two, other = (network.sample(jax.random.key(k), params, x) for k in (0, 0, 1))
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one, other)
    trained, _ = network.training.apply(jax.random.key(0), params, x, None)
    np.testing.assert_array_equal(trained, one)


def test_dropout_keeps_the_mean_of_what_the_last_layer_reads():
    network, params, x = built("mlp", hidden=(64,), dropout=0.25)
    keys = jax.random.split(jax.random.key(2), 4000)
    drawn = jax.jit(jax.vmap(lambda key: network.sample(key, params, x)))(keys)
    error = 4 * drawn.std(axis=0) / np.sqrt(4000)
    assert (jnp.abs(drawn.mean(axis=0) - network.apply(params, x)) < error + 1e-5).all()


@pytest.mark.parametrize("kind", SHOWN)
def test_a_network_without_dropout_draws_nothing(kind):
    network, _, _ = built(kind)
    assert network.sample is None
    assert network.training is None


def test_dropout_is_in_the_name_of_a_program():
    network, _, _ = built("mlp", dropout=0.25)
    assert network.layers.describe(16, 3) == "16-64-3-drop0.25"
