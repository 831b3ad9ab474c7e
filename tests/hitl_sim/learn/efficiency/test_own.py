"""Methods of one's own, by what they do around a network in training."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hitl_sim import part
from hitl_sim.learn import NetworkConfig
from hitl_sim.learn.efficiency import Around, Host, build_course
from hitl_sim.learn.efficiency.own import ForeignMethod
from hitl_sim.learn.efficiency.prune import PruneMethod
from hitl_sim.learn.efficiency.quantise import QuantiseMethod
from hitl_sim.learn.optimise import (
    Batch,
    TrainConfig,
    in_use,
    init_learner,
    revise,
    train_step,
)

RATES = {"learning_rate": jnp.float32(0.05)}
TRAIN = TrainConfig(num_checkpoints=4)
HALF = {"method.own.share": jnp.float32(0.5)}


def scaled(share, tree):
    return jax.tree.map(lambda leaf: leaf * share, tree)


def phases(*methods, **does):
    own = part.method(params={"share": 0.5}, name="own")(lambda host: Around(**does))
    host = Host(NetworkConfig((4,)), (64, 10), TRAIN, parts={"own": own})
    every = (*methods, ForeignMethod(kind="own", params={"share": 0.5}))
    return build_course(host, every if does else methods, HALF, RATES).phases


def stepped(phase, items, start=None):
    begun = init_learner(jax.random.key(3), phase.network, TRAIN, RATES)
    learner = revise(phase.network, begun if start is None else start, jnp.int32(0))
    batch = Batch(items, jnp.arange(items.shape[0]))
    return train_step(phase.network, TRAIN.transform(RATES), learner, batch)


def logits(phase, learner, items):
    return in_use(phase.network, learner)(items)


@pytest.mark.parametrize(
    ("does", "share"),
    [
        ({"settle": lambda w, s, params: (scaled(params["share"], w), s)}, 0.5),
        ({"gradients": lambda g, w, s, params: scaled(0.0, g)}, None),
        ({"deploy": lambda w, s, params: scaled(1.0, w)}, 1.0),
    ],
)
def test_what_it_does_to_weights_comes_after_the_step(items, once, does, share):
    (phase,), (plain,) = phases(**does), phases()

    def weights():
        own, known = stepped(phase, items), stepped(plain, items)
        begun = init_learner(jax.random.key(3), plain.network, TRAIN, RATES)
        want = begun.params if share is None else scaled(share, known.params)
        return own.params, want

    found, want = once(weights)
    for one, other in zip(jax.tree.leaves(found), jax.tree.leaves(want), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


def test_a_loss_of_its_own_pulls_on_the_weights(items, once):
    def loss(weights, state, params):
        return (
            1e6 * params["share"] * sum((w**2).sum() for w in jax.tree.leaves(weights))
        )

    (phase,) = phases(loss=loss)
    start = init_learner(jax.random.key(3), phase.network, TRAIN, RATES)
    after = once(lambda: stepped(phase, items))
    for one, other in zip(
        jax.tree.leaves(start.params), jax.tree.leaves(after.params), strict=True
    ):
        is_there = np.asarray(one) != 0
        assert (np.abs(other) < np.abs(one))[is_there & (np.abs(one) > 0.05)].all()


def test_its_forward_pass_is_that_of_training_and_of_use(items, once):
    def forward(apply, params):
        return lambda weights, x: params["share"] * apply(weights, x)

    (phase,), (plain,) = phases(forward=forward), phases()

    def answers():
        begun = init_learner(jax.random.key(3), phase.network, TRAIN, RATES)
        known = init_learner(jax.random.key(3), plain.network, TRAIN, RATES)
        seen = phase.network.apply(begun.weights(phase.network, begun.params), items)
        return seen, logits(phase, begun, items), logits(plain, known, items)

    seen, used, known = once(answers)
    np.testing.assert_allclose(seen, 0.5 * known, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(used, 0.5 * known, rtol=1e-5, atol=1e-6)


def test_a_state_counts_steps_and_starts_anew_in_a_smaller_network(items, once):
    pytest.importorskip("qwix")
    beside = (
        PruneMethod(share=0.5, form="gated", after=1),
        QuantiseMethod(form="post_training"),
    )
    first, second = phases(
        *beside,
        start=lambda weights, params: jnp.float32(0.0),
        settle=lambda weights, state, params: (weights, state + params["share"]),
        revise=lambda weights, state, at, params: (weights, state + 10.0),
    )

    def counted():
        one = stepped(first, items)
        two = second.take_over(one)
        used = logits(second, two, items)
        return one.held.own, two.held.own, stepped(second, items, two).held.own, used

    *counts, used = once(counted)
    assert [float(count) for count in counts] == [10.5, 0.0, 10.5]
    assert np.isfinite(used).all()
    assert [work.name for work in second.work] == ["revise-own.v1"]


def test_what_is_no_method_is_refused():
    wrong = part.method(name="own")(lambda host: 3)
    host = Host(NetworkConfig((4,)), (64, 10), TRAIN, parts={"own": wrong})
    with pytest.raises(TypeError, match="must return an `Around` or a `Method`, got 3"):
        ForeignMethod(kind="own").build(host)
