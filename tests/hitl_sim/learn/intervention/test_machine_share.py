"""What a machine chooses agrees with the published scores, item by item."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from hitl_sim.learn.intervention.machine_share import (
    MachineShareArm,
    duplicate_score,
    el2n_score,
    grand_score,
    loss_score,
)
from hitl_sim.learn.network import NetworkConfig, build_network

RNG = np.random.default_rng(3)
LOGITS = jnp.asarray(RNG.normal(size=(30, 4)), jnp.float32)
LABEL = jnp.asarray(RNG.integers(0, 4, 30), jnp.int32)
X = jnp.asarray(RNG.normal(size=(30, 5)), jnp.float32)


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def order_of(config, setting, program, key=0):
    built = config.build(program)
    return np.asarray(built.begin(jax.random.key(key), setting)[0].order)


def test_the_loss_of_an_item_is_minus_the_log_of_its_labels_probability():
    expected = -np.log(softmax(LOGITS)[np.arange(30), LABEL])
    np.testing.assert_allclose(loss_score(LOGITS, LABEL), expected, rtol=1e-5)


def test_el2n_is_the_length_of_the_error_of_each_item():
    error = softmax(LOGITS) - np.eye(4)[LABEL]
    expected = np.sqrt((error**2).sum(axis=1))
    np.testing.assert_allclose(el2n_score(LOGITS, LABEL), expected, rtol=1e-5)


def test_grand_of_a_linear_network_has_its_closed_form():
    network = build_network(NetworkConfig(()), 5, 4)
    params = network.init(jax.random.key(0))
    error = softmax(np.asarray(network.apply(params, X))) - np.eye(4)[LABEL]
    # the gradient is error (x, 1)^T, whose norm is that of its two factors
    expected = np.linalg.norm(error, axis=1) * np.sqrt((X**2).sum(axis=1) + 1)
    np.testing.assert_allclose(
        grand_score(network, params, X, LABEL), expected, rtol=1e-5
    )


def test_grand_of_a_deeper_network_is_the_norm_of_each_gradient():
    network = build_network(NetworkConfig((6,)), 5, 4)
    params = network.init(jax.random.key(0))

    @jax.jit
    @jax.grad
    def slope(p, x, y):
        logits = network.apply(p, x[None])
        return optax.softmax_cross_entropy_with_integer_labels(logits, y[None])[0]

    def one(x, y):
        leaves = jax.tree.leaves(slope(params, x, y))
        return np.sqrt(sum(float((np.asarray(g) ** 2).sum()) for g in leaves))

    expected = [one(x, y) for x, y in zip(X, LABEL, strict=True)]
    found = grand_score(network, params, X, LABEL)
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_the_duplicate_score_is_the_largest_cosine_to_an_earlier_item():
    x = np.asarray(X)
    unit = x / np.linalg.norm(x, axis=1, keepdims=True)
    expected = [-1.0, *((unit[:i] @ unit[i]).max() for i in range(1, 30))]
    np.testing.assert_allclose(duplicate_score(X), expected, atol=1e-5)


@pytest.mark.parametrize("score", ["loss", "el2n", "grand"])
def test_a_machines_share_is_cleaner_than_the_pool(setting, program, score):
    order = order_of(
        MachineShareArm(name="a", score=score, proxy_steps=200), setting, program
    )
    kept = np.asarray(setting.split.pool.status)[order[:40]]
    # the pool is half clean; a share of 40 at random has 20 +- 2.3 (hypergeometric)
    assert (kept == 0).sum() > 20 + 4 * 2.3 * 0.5


@pytest.mark.parametrize("score", ["loss", "grand", "duplicate"])
def test_high_scores_are_kept_where_the_study_says_so(setting, program, score):
    low = order_of(
        MachineShareArm(name="a", score=score, proxy_steps=60, keep="low"),
        setting,
        program,
    )
    high = order_of(
        MachineShareArm(name="a", score=score, proxy_steps=60, keep="high"),
        setting,
        program,
    )
    num = 8 if score == "duplicate" else 30  # copies are equally near
    assert set(high[:num]) == set(low[-num:])


def test_equal_scores_are_put_in_order_by_the_key(setting, program):
    """Nothing stands before the first item, and every copy is as near as any other."""
    same = setting.split.pool.features[:1]
    alike = setting.split.pool._replace(features=jnp.repeat(same, 80, axis=0))
    copies = setting._replace(split=setting.split._replace(pool=alike))
    config = MachineShareArm(name="a", score="duplicate")
    orders = [order_of(config, copies, program, key) for key in (0, 0, 1)]
    assert orders[0][0] == orders[2][0] == 0
    np.testing.assert_array_equal(orders[0], orders[1])
    assert not np.array_equal(orders[0], orders[2])


def test_deduplication_leaves_the_second_copy_of_an_item_for_last(setting, program):
    features = np.asarray(setting.split.pool.features)
    last = order_of(MachineShareArm(name="a", score="duplicate"), setting, program)[-8:]
    # a tenth of the pool repeats another item: of each pair the later one goes
    for position in last:
        earlier = features[:position]
        assert np.isclose(earlier, features[position][None]).all(axis=1).any()
