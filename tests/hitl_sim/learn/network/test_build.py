from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hitl_sim.learn.network import NetworkConfig, build_network
from hitl_sim.learn.network.build import CHUNK


@cache
def started(config):
    """A compiled network and its first weights, made once for all tests."""
    network = build_network(config, config.encoder.num_features, 3)
    return jax.jit(network.apply), jax.jit(network.init)(jax.random.key(0))


def test_many_items_in_pieces_have_the_logits_of_each_by_itself(small, inputs_of):
    apply, params = started(small)
    x = inputs_of(small, 2 * CHUNK + 3)
    alone = jnp.concatenate([apply(params, x[i : i + 1]) for i in (0, 64, 130)])
    got = apply(params, x)[jnp.array([0, 64, 130])]
    np.testing.assert_allclose(got, alone, rtol=1e-4, atol=1e-5)


def test_a_whole_number_of_pieces_leaves_no_rest(small, inputs_of):
    apply, params = started(small)
    x = inputs_of(small, 2 * CHUNK)
    halves = [apply(params, x[:CHUNK]), apply(params, x[CHUNK:])]
    np.testing.assert_allclose(
        apply(params, x), jnp.concatenate(halves), rtol=1e-4, atol=1e-5
    )


def test_every_weight_has_a_gradient(small, inputs_of):
    apply, params = started(small)
    x = inputs_of(small, 40)
    grads = jax.jit(jax.grad(lambda p: (apply(p, x)[:, 0] ** 2).sum()))(params)
    assert all(jnp.abs(leaf).sum() > 0 for leaf in jax.tree.leaves(grads))


def test_lanes_of_a_mapped_program_agree_with_the_plain_one(small, inputs_of):
    apply, params = started(small)
    two = [params, jax.tree.map(lambda a: a + 0.1, params)]
    lanes = jax.tree.map(lambda *leaves: jnp.stack(leaves), *two)
    x = inputs_of(small, 4)
    mapped = jax.jit(jax.vmap(lambda p: apply(p, x)))(lanes)
    second = apply(two[1], x)
    np.testing.assert_allclose(mapped[1], second, rtol=1e-4, atol=1e-5)


def test_an_input_of_another_width_is_refused(small):
    width = small.encoder.num_features
    with pytest.raises(ValueError, match=f"`num_features` must be {width} .* got 64"):
        build_network(small, 64, 3)


def test_two_networks_never_share_a_name(small):
    names = {
        small.describe(7, 3),
        NetworkConfig((9,), small.encoder).describe(7, 3),
        NetworkConfig(()).describe(7, 3),
    }
    assert len(names) == 3
    assert NetworkConfig((64,)).describe(64, 10) == "64-64-10"
