"""What training makes of built-in optimisers and of a foreign one."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from hitl_sim.learn.network import NetworkConfig, build_network
from hitl_sim.learn.optimise import TrainConfig, TrainSet, init_learner, train_steps
from hitl_sim.learn.optimiser import OptimiserConfig
from hitl_sim.part import builtin
from oracles import part

NETWORK = build_network(NetworkConfig(()), 4, 3)
NUM_STEPS = 20


@part.optimiser(params={"learning_rate": 0.1})
def warming(total_steps, *, share=0.5):
    """Adam, clipped, whose rate rises over a share of the run and then falls."""
    shape = optax.warmup_cosine_decay_schedule(
        0.0, 1.0, int(share * total_steps), total_steps
    )

    def build(params):
        return optax.chain(
            optax.clip_by_global_norm(1.0),
            optax.scale_by_adam(),
            optax.scale_by_schedule(shape),
            optax.scale_by_learning_rate(params["learning_rate"]),
        )

    return build


OPTIMISERS = {**builtin("optimiser"), "warming": warming}


def items(room=12):
    y = jnp.arange(12) % 3
    x = jax.random.normal(jax.random.key(1), (12, 4)) * 0.1
    x = x.at[jnp.arange(12), y].add(1.0)
    return TrainSet(x, y, jnp.arange(room), jnp.int32(9))


def trained(optimiser, params, num_steps=NUM_STEPS, training=None):
    config = TrainConfig(None, num_steps, 1, OptimiserConfig(optimiser))
    start = init_learner(jax.random.key(0), NETWORK, config, params)
    args = (config, start, params, training or items(), num_steps)
    return train_steps(jax.random.key(2), NETWORK, *args).params


def numbers(optimiser, factor=1.0):
    return {name: jnp.float32(factor * n) for name, n in optimiser.params.items()}


def assert_near(one, other):
    for got, want in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", OPTIMISERS)
def test_room_for_more_items_changes_nothing(name):
    optimiser = OPTIMISERS[name]
    params = numbers(optimiser)
    own, padded = (trained(optimiser, params, training=items(n)) for n in (9, 12))
    assert_near(own, padded)


def test_a_schedule_knows_the_cap_of_its_run():
    """One step into a warm-up of 10 steps is 1/10 of one into a warm-up of one."""
    moved = []
    for total in (20, 2):
        config = TrainConfig(None, total, 1, OptimiserConfig(warming))
        params = {"learning_rate": jnp.float32(0.1)}
        start = init_learner(jax.random.key(0), NETWORK, config, params)
        args = (config, start, params, items(), 2)
        after = train_steps(jax.random.key(2), NETWORK, *args).params
        moved.append(
            [
                jnp.abs(a - b).max()
                for a, b in zip(
                    jax.tree.leaves(after), jax.tree.leaves(start.params), strict=True
                )
            ]
        )
    np.testing.assert_allclose(moved[0], np.asarray(moved[1]) / 10, rtol=1e-3)


@pytest.mark.parametrize(
    ("name", "inner"),
    [("adam", optax.scale_by_adam), ("sgd", lambda: optax.trace(decay=0.9))],
)
def test_a_cosine_takes_the_last_step_to_nothing(name, inner):
    falls = optax.cosine_decay_schedule(1.0, NUM_STEPS)
    own = OptimiserConfig(builtin("optimiser")[name], (("schedule", "cosine"),))
    rate = {"learning_rate": jnp.float32(0.1)}
    ours = own.build(NUM_STEPS)(rate)
    theirs = optax.chain(
        inner(), optax.scale_by_learning_rate(lambda n: 0.1 * falls(n))
    )
    state, other = (one.init(jnp.ones(3)) for one in (ours, theirs))
    for _ in range(NUM_STEPS + 1):
        got, state = ours.update(jnp.arange(3.0), state)
        want, other = theirs.update(jnp.arange(3.0), other)
        np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-8)
    np.testing.assert_array_equal(got, jnp.zeros(3))


def test_a_constant_rate_is_the_program_that_it_was():
    rate = {"learning_rate": jnp.float32(0.1)}
    plain = optax.chain(optax.scale_by_adam(), optax.scale_by_learning_rate(0.1))
    ours = OptimiserConfig(builtin("optimiser")["adam"]).build(NUM_STEPS)(rate)
    states = [jax.tree.structure(one.init(jnp.ones(3))) for one in (ours, plain)]
    assert states[0] == states[1]


def test_what_returns_no_optimiser_is_refused():
    broken = part.optimiser()(lambda total_steps: 3)
    with pytest.raises(ValueError, match=r"must return a function .*, got int"):
        OptimiserConfig(broken).build(10)
