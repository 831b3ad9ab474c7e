import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from hitl_sim.energy import count_operations
from hitl_sim.learn.network import NetworkConfig, build_network
from hitl_sim.learn.optimise import (
    TrainConfig,
    TrainSet,
    init_learner,
    prepare_descent,
    train_steps,
)
from hitl_sim.learn.optimiser import OptimiserConfig
from hitl_sim.learn.optimiser.fixed_hessian import (
    build_metric,
    descend,
    fixed_hessian,
    gradient,
)
from hitl_sim.learn.work import STRETCH, metric_unit, train_unit

NUM_FEATURES, NUM_CLASSES = 6, 4
NETWORK = build_network(NetworkConfig(()), NUM_FEATURES, NUM_CLASSES)


def noisy(num_items, seed=0):
    rng = np.random.default_rng(seed)
    y = np.arange(num_items) % NUM_CLASSES
    x = rng.normal(size=(num_items, NUM_FEATURES)) * 0.5
    x[np.arange(num_items), y] += 1.0
    return jnp.asarray(x, jnp.float32), jnp.asarray(rng.permutation(y), jnp.int32)


CONFIG = TrainConfig(batch=None, optimiser=OptimiserConfig(fixed_hessian))


def begun(network=NETWORK):
    return init_learner(jax.random.key(0), network, CONFIG, {"l2": jnp.float32(1.0)})


def fitted(x, y, num_used, l2, num_steps):
    items = TrainSet(x, y, jnp.arange(len(y)), jnp.int32(num_used))
    params = {"l2": jnp.float32(l2)}
    args = (jax.random.key(1), NETWORK, CONFIG, begun(), params, items)
    return train_steps(*args, num_steps).params


@pytest.mark.parametrize("l2", [0.1, 1.0, 10.0])
def test_it_ends_where_scikit_learn_does(l2):
    x, y = noisy(60)
    params = fitted(x, y, 60, l2, 200)
    model = LogisticRegression(C=1.0 / l2, tol=1e-12, max_iter=10_000)
    exact = model.fit(np.asarray(x, float), np.asarray(y)).predict_proba(x)
    # In float32 a gradient of 60 items and 6 features of about 1 is known to some
    # 60 x eps = 7e-6; by the least curvature, which the penalty and the constant bound
    # from below by .1, that is 7e-5 of a weight and a quarter of it of a probability.
    found = jax.nn.softmax(NETWORK.apply(params, x))
    np.testing.assert_allclose(found, exact, atol=2e-5)


def test_sixty_steps_on_digits_come_closer_than_scikit_learn_by_default(digits):
    _, data = digits
    x, y = jnp.asarray(data.features[:220]), jnp.asarray(data.labels[:220])
    network = build_network(NetworkConfig(()), 64, 10)
    start = begun(network)
    metric = build_metric(x, y, jnp.ones(220, bool), 10, 1.0)
    params = descend(metric, start.params, 60)
    exact, default = (
        LogisticRegression(**options).fit(np.asarray(x, float), y).predict_proba(x)
        for options in ({"tol": 1e-12, "max_iter": 10_000}, {})
    )
    found = np.asarray(jax.nn.softmax(network.apply(params, x)))
    assert np.abs(found - exact).max() < np.abs(default - exact).max()


def test_twenty_steps_a_round_from_the_last_stay_near_the_optimum(digits):
    """As `experiments/benchmarks/active_learning.py` trains: 20 more items a round."""
    _, data = digits
    x, y = jnp.asarray(data.features[:420]), jnp.asarray(data.labels[:420])
    network = build_network(NetworkConfig(()), 64, 10)
    params = begun(network).params

    @jax.jit
    def train(num_used, params):
        used = jnp.arange(420) < num_used
        return descend(build_metric(x, y, used, 10, 1.0), params, 20)

    for num_used in range(20, 421, 20):
        params = train(num_used, params)
        if num_used % 100 == 20 and num_used > 20:
            exact = LogisticRegression(tol=1e-12, max_iter=10_000)
            exact.fit(np.asarray(x[:num_used], float), y[:num_used])
            found = jax.nn.softmax(network.apply(params, x))
            np.testing.assert_allclose(found, exact.predict_proba(x), atol=0.02)


def test_items_past_those_that_are_used_change_nothing():
    x, y = noisy(60)
    alone = fitted(x[:40], y[:40], 40, 1.0, 30)
    among = fitted(x, y, 40, 1.0, 30)
    for got, want in zip(jax.tree.leaves(among), jax.tree.leaves(alone), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-5)


def test_the_gradient_is_that_of_the_penalised_cross_entropy():
    x, y = noisy(30)
    metric = build_metric(x, y, jnp.arange(30) < 20, NUM_CLASSES, 0.5)
    weights = jax.random.normal(jax.random.key(2), (NUM_CLASSES, NUM_FEATURES + 1))

    def loss(weights):
        logits = x[:20] @ weights[:, :-1].T + weights[None, :, -1]
        picked = jnp.take_along_axis(jax.nn.log_softmax(logits), y[:20, None], axis=1)
        return 0.25 * (weights[:, :-1] ** 2).sum() - picked.sum()

    want = jax.grad(loss)(weights)
    np.testing.assert_allclose(gradient(metric, weights), want, rtol=1e-4, atol=1e-4)


def test_the_metric_bounds_the_hessian_from_above():
    x, y = noisy(30)
    metric = build_metric(x, y, jnp.ones(30, bool), NUM_CLASSES, 0.5)
    weights = jax.random.normal(jax.random.key(2), (NUM_CLASSES, NUM_FEATURES + 1))
    hessian = jax.jacobian(lambda w: gradient(metric, w))(weights)
    size = weights.size
    bound = jnp.kron(jnp.eye(NUM_CLASSES), jnp.linalg.inv(metric.inverse))
    least = jnp.linalg.eigvalsh(bound - hessian.reshape(size, size))[0]
    assert least > -1e-3


def test_a_network_with_a_hidden_layer_is_refused():
    network = build_network(NetworkConfig((8,)), NUM_FEATURES, NUM_CLASSES)
    with pytest.raises(ValueError, match="a network that is not linear"):
        begun(network)


def test_a_penalty_of_input_gradients_is_refused():
    x, y = noisy(30)
    items = TrainSet(x, y, jnp.arange(30), jnp.int32(30), jnp.ones(NUM_FEATURES))
    with pytest.raises(ValueError, match="`penalty` must be None"):
        prepare_descent(CONFIG.descent, begun(), {"l2": jnp.float32(1.0)}, items)


def test_batches_are_refused():
    with pytest.raises(ValueError, match="`batch` must be None"):
        TrainConfig(batch=8, optimiser=OptimiserConfig(fixed_hessian))


def products(unit):
    flops = count_operations(unit.program, *unit.args).flops["float32"]
    return flops / unit.items


def test_a_step_counts_its_three_products():
    n, sizes = 200, (64, 10)
    built = build_network(NetworkConfig(()), *sizes)
    unit = train_unit("train", NetworkConfig(()), CONFIG, n, *sizes, built=built)
    matrices = 2 * 65 * 10 * (2 * n + 65)
    # beside them some operations per probability and per weight
    assert matrices < products(unit) < matrices + 12 * n * 10 + 12 * 65 * 10
    assert unit.name == "train:64-10:all:n200:fixed_hessian"
    assert unit.items == STRETCH


def test_a_metric_counts_its_product_its_factor_and_its_inverse():
    n, d = 200, 65
    built = build_network(NetworkConfig(()), 64, 10)
    unit = metric_unit(NetworkConfig(()), CONFIG, n, 64, 10, built=built)
    matrices = 2 * n * d**2 + d**3 / 3 + 2 * d**3
    # beside them the mask on items, and some passes over the square
    assert matrices < products(unit) < matrices + 4 * n * d + 12 * d**2
