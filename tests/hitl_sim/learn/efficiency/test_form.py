from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hitl_sim.learn import NetworkConfig
from hitl_sim.learn.efficiency.fine_tune import FineTuneMethod
from hitl_sim.learn.efficiency.layout import layout_of, open_gates
from hitl_sim.learn.efficiency.prune import PruneMethod
from hitl_sim.learn.network import build_network
from hitl_sim.learn.optimise import (
    Batch,
    TrainConfig,
    init_learner,
    revise,
    train_step,
)

SIZES = (64, 10)
LOW_RANK = FineTuneMethod(steps=1, train="low_rank", rank=2)
RATES = {"learning_rate": jnp.float32(0.05)}


def _begun(form):
    return init_learner(jax.random.key(3), form.network, TrainConfig(), RATES)


def _trained(form, items, steps=3, before=lambda learner, _: learner):
    """A learner after some steps, before each of which something is done to it."""
    batch = Batch(items, jnp.arange(items.shape[0]) % 10)
    start = _begun(form)
    adam = TrainConfig().transform(RATES)

    def step(learner, number):
        learner = before(learner, number)
        return train_step(form.network, adam, learner, batch), None

    return jax.lax.scan(step, start, jnp.arange(steps))[0]


def _plain(form, learner):
    hooks = form.network.hooks
    return jax.tree.leaves(hooks.plain(learner.params, learner.held))


@pytest.fixture
def begun_and_trained(phases_of, items):
    """Weights as they were known, as training starts from them, and at its end."""

    def every(network, method):
        known = build_network(network, *SIZES).init(jax.random.key(9))
        phase = phases_of(network, method, known=known)[0]
        leaves = jax.tree.leaves(known)
        return (
            leaves,
            _plain(phase, _begun(phase)),
            _plain(phase, _trained(phase, items)),
        )

    return every


def _layout(network):
    return layout_of(build_network(network, *SIZES))


@pytest.mark.parametrize(("name", "train"), [("mlp", "all"), ("text_cnn", "last")])
def test_training_starts_from_what_was_known_but_the_last_layer(
    networks, begun_and_trained, once, name, train
):
    """And changes what it is told to, and nothing else."""
    network = networks[name]
    tune = FineTuneMethod(steps=1, train=train)
    known, start, found = once(lambda: begun_and_trained(network, tune))
    layout = _layout(network)
    for i, path in enumerate(layout.paths):
        is_last = i in layout.last
        # a fresh bias is zero, as a fresh one was before
        if not is_last or path.endswith("kernel"):
            assert np.array_equal(start[i], known[i]) == (not is_last)
        if is_last or train == "last":
            assert np.array_equal(found[i], start[i]) == (not is_last)


def test_merged_adapters_answer_like_those_beside_the_weights(
    any_network, items, once, phases_of
):
    """A kernel that met another's adapter would not."""

    def answers():
        (form,) = phases_of(any_network, LOW_RANK)
        learner = _begun(form)
        hooks = form.network.hooks
        filled = jax.tree.map(
            lambda a: a + 0.1 * jax.random.normal(jax.random.key(5), a.shape),
            learner.params,
        )
        beside, before = (
            form.network.apply(hooks.weights(params, learner.held), items)
            for params in (filled, learner.params)
        )
        merged = hooks.answer(hooks.deploy(filled, learner.held), items)
        return beside, merged, before

    beside, merged, before = once(answers)
    np.testing.assert_allclose(merged, beside, rtol=1e-3, atol=1e-3)
    assert not np.allclose(beside, before, atol=1e-2)


def test_adapters_change_a_layer_by_no_more_than_their_rank(begun_and_trained, once):
    network = NetworkConfig((12,))
    known, _, found = once(lambda: begun_and_trained(network, LOW_RANK))
    layout = _layout(network)
    position = layout.at("layers.0.kernel")
    change = found[position] - known[position]
    assert np.linalg.matrix_rank(change, tol=1e-4) == 2


@pytest.mark.parametrize(
    ("name", "form_name"), [("mlp", "masked"), ("text_cnn", "gradual")]
)
def test_masked_weights_stay_at_zero_through_training(
    networks, items, once, phases_of, name, form_name
):
    network = networks[name]
    until = 2 if form_name == "gradual" else None
    prune = PruneMethod(share=0.5, form=form_name, after=1, until=until)

    def trained():
        (form,) = phases_of(network, prune)
        masking = partial(revise, form.network)
        return _plain(form, _trained(form, items, 4, masking))

    leaves = once(trained)
    for position in _layout(network).kernels:
        kernel = np.asarray(leaves[position])
        assert (kernel == 0.0).sum() == kernel.size // 2


def test_gates_are_binary_and_pass_their_gradient_straight():
    numbers = jnp.array([0.3, -0.2, 0.1, 0.4])
    (gate,), backward = jax.vjp(lambda n: open_gates([n], 0.5), numbers)
    assert gate.tolist() == [1.0, 0.0, 0.0, 1.0]
    (found,) = backward((jnp.array([1.0, 2.0, 3.0, 4.0]),))
    assert found.tolist() == [1.0, 2.0, 3.0, 4.0]


def test_gates_learn(network, items, once, phases_of):
    prune = PruneMethod(share=0.5, form="gated", after=1)

    def gates():
        form, _ = phases_of(network, prune)
        start = _begun(form)
        return start.params.gates, _trained(form, items).params.gates

    for before, after in zip(*once(gates), strict=True):
        assert (np.asarray(before) != np.asarray(after)).any()
