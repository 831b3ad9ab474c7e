import jax
import jax.numpy as jnp
import numpy as np
import optax

from hitl_sim.learn.network import NetworkConfig, build_network
from hitl_sim.learn.optimise import (
    Batch,
    Evaluation,
    TrainConfig,
    TrainSet,
    draw_batches,
    init_learner,
    train,
    train_step,
    train_steps,
)
from hitl_sim.learn.optimiser import OptimiserConfig
from hitl_sim.learn.optimiser.sgd import sgd

NETWORK = build_network(NetworkConfig(()), 4, 3)
RATES = {"learning_rate": jnp.float32(0.1)}


def separable(num_items, seed=0):
    y = np.arange(num_items) % 3
    x = np.random.default_rng(seed).normal(size=(num_items, 4)) * 0.1
    x[np.arange(num_items), y] += 1.0
    return jnp.asarray(x, jnp.float32), jnp.asarray(y, jnp.int32)


def whole(x, y):
    return TrainSet(x, y, jnp.arange(len(y)), jnp.int32(len(y)))


def test_a_step_of_adam_equals_optax_adam():
    x, y = separable(9)
    learner = init_learner(jax.random.key(0), NETWORK, TrainConfig(), RATES)

    def loss(params):
        logits = NETWORK.apply(params, x)
        return optax.softmax_cross_entropy_with_integer_labels(logits, y).mean()

    reference = optax.adam(0.1)
    updates, _ = reference.update(
        jax.grad(loss)(learner.params), reference.init(learner.params)
    )
    expected = optax.apply_updates(learner.params, updates)
    adam = TrainConfig().transform(RATES)
    stepped = train_step(NETWORK, adam, learner, Batch(x, y)).params
    for got, want in zip(
        jax.tree.leaves(stepped), jax.tree.leaves(expected), strict=True
    ):
        np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)


def test_batches_come_only_from_the_kept_part():
    x, y = separable(20)
    kept = TrainSet(x, y, jnp.arange(19, -1, -1), jnp.int32(5))
    drawn = draw_batches(jax.random.key(0), kept, 50, 16)
    assert set(np.unique(drawn)) == {15, 16, 17, 18, 19}


def test_batches_are_drawn_evenly():
    x, y = separable(10)
    drawn = np.asarray(draw_batches(jax.random.key(3), whole(x, y), 500, 20))
    share = np.bincount(drawn.ravel(), minlength=10) / drawn.size
    # 4 standard errors of a share of .1 in 10,000 draws
    assert np.abs(share - 0.1).max() < 4 * np.sqrt(0.1 * 0.9 / drawn.size)


def run_train(learner, key, checkpoints, steps=3):
    x, y = separable(30)
    held_x, held_y = separable(12, seed=1)
    return train(
        key,
        NETWORK,
        TrainConfig(batch=8, steps_per_checkpoint=steps, num_checkpoints=4),
        learner,
        RATES,
        whole(x, y),
        Evaluation(held_x, held_y, held_x[:6], held_y[:6]),
        jnp.asarray(checkpoints),
    )


def test_training_learns_a_separable_task():
    learner = init_learner(jax.random.key(0), NETWORK, TrainConfig(), RATES)
    _, curve = run_train(learner, jax.random.key(1), [0, 1, 2, 3], steps=20)
    assert curve.validation[-1] == 1.0
    assert curve.test[-1] == 1.0


def test_training_in_two_parts_equals_training_at_once():
    learner = init_learner(jax.random.key(0), NETWORK, TrainConfig(), RATES)
    key = jax.random.key(1)
    at_once, curve = run_train(learner, key, [0, 1, 2, 3])
    middle, first = run_train(learner, key, [0, 1])
    end, second = run_train(middle, key, [2, 3])
    for got, want in zip(jax.tree.leaves(end), jax.tree.leaves(at_once), strict=True):
        np.testing.assert_array_equal(got, want)
    np.testing.assert_array_equal(
        np.concatenate([first.validation, second.validation]), curve.validation
    )


def test_diverged_weights_are_flagged():
    learner = init_learner(jax.random.key(0), NETWORK, TrainConfig(), RATES)
    broken = learner._replace(
        params=jax.tree.map(lambda p: p * jnp.nan, learner.params)
    )
    _, curve = run_train(broken, jax.random.key(1), [0, 1])
    assert not curve.is_finite.any()
    _, curve = run_train(learner, jax.random.key(1), [0, 1])
    assert curve.is_finite.all()


def test_a_step_on_all_items_is_a_step_on_their_mean_whatever_the_room():
    x, y = separable(12)
    config = TrainConfig(batch=None)
    start = init_learner(jax.random.key(0), NETWORK, config, RATES)
    stepped, adam = start, config.transform(RATES)
    for _ in range(3):
        stepped = train_step(NETWORK, adam, stepped, Batch(x[:9], y[:9]))
    for room in (9, 12):
        kept = TrainSet(x, y, jnp.arange(room), jnp.int32(9))
        whole_steps = train_steps(
            jax.random.key(1), NETWORK, config, start, RATES, kept, 3
        )
        for got, want in zip(
            jax.tree.leaves(whole_steps.params),
            jax.tree.leaves(stepped.params),
            strict=True,
        ):
            np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-5)


def test_a_penalty_acts_on_steps_on_all_items():
    x, y = separable(9)
    config = TrainConfig(batch=None, optimiser=OptimiserConfig(sgd))
    rates = {"learning_rate": jnp.float32(1e-3)}
    start = init_learner(jax.random.key(0), NETWORK, config, rates)
    ruled_out = jnp.array([100.0, 0.0, 0.0, 0.0])
    kept = whole(x, y)._replace(penalty=ruled_out)
    plain, held = (
        train_steps(jax.random.key(1), NETWORK, config, start, rates, items, 50).params
        for items in (whole(x, y), kept)
    )
    first = [jnp.abs(jax.tree.leaves(p)[1][0]).sum() for p in (plain, held)]
    assert first[1] < 0.5 * first[0]
