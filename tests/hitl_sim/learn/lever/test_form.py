import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hitl_sim.learn import FineTuneConfig, LeverConfig, NetworkConfig, PruneConfig
from hitl_sim.learn.lever.form import build_form
from hitl_sim.learn.lever.gate import open_gates
from hitl_sim.learn.network import build_network
from hitl_sim.learn.optimise import init_learner, revise, train_step

SIZES = (64, 10)


def _trained(form, items, steps=3):
    learner = init_learner(jax.random.key(3), form.network, "adam")
    step = _step(form, items)
    for _ in range(steps):
        learner = step(learner)
    return learner


def _step(form, items):
    labels, rate = jnp.arange(items.shape[0]) % 10, jnp.float32(0.05)
    return jax.jit(
        lambda learner: train_step(form.network, "adam", learner, rate, items, labels)
    )


def _plain(form, learner):
    hooks = form.network.hooks
    return form.layout.flatten(hooks.plain(learner.params, learner.held))


def _form(network, **levers):
    pretrained = build_network(network, *SIZES).init(jax.random.key(9))
    return build_form(network, SIZES, LeverConfig(**levers), pretrained), pretrained


def test_training_all_starts_from_what_was_known_but_the_last_layer(network):
    form, pretrained = _form(network, fine_tune=FineTuneConfig(1, 5))
    start = _plain(form, init_learner(jax.random.key(3), form.network, "adam"))
    for i, (here, known) in enumerate(
        zip(start, jax.tree.leaves(pretrained), strict=True)
    ):
        is_kernel = form.layout.paths[i].endswith("kernel")
        if i not in form.layout.last:
            assert np.array_equal(here, known)
        elif is_kernel:
            assert not np.array_equal(here, known)


def test_training_the_last_layer_leaves_every_other_weight(network, items):
    form, pretrained = _form(network, fine_tune=FineTuneConfig(1, 5, "last"))
    found = _plain(form, _trained(form, items))
    for i, (here, known) in enumerate(
        zip(found, jax.tree.leaves(pretrained), strict=True)
    ):
        assert np.array_equal(here, known) == (i not in form.layout.last)


def test_merged_adapters_answer_like_those_beside_the_weights(any_network, items):
    """A kernel that met another's adapter would not."""
    form, _ = _form(any_network, fine_tune=FineTuneConfig(1, 5, "low_rank", 2))
    learner = _trained(form, items)
    hooks = form.network.hooks
    beside = form.network.apply(hooks.weights(learner.params, learner.held), items)
    merged = hooks.answer(hooks.deploy(learner.params, learner.held), items)
    np.testing.assert_allclose(merged, beside, rtol=1e-3, atol=1e-3)
    start = init_learner(jax.random.key(3), form.network, "adam")
    before = form.network.apply(hooks.weights(start.params, start.held), items)
    assert not np.allclose(beside, before, atol=1e-2)


def test_adapters_change_a_layer_by_no_more_than_their_rank(items):
    form, pretrained = _form(
        NetworkConfig((12,)), fine_tune=FineTuneConfig(1, 5, "low_rank", 2)
    )
    found = _plain(form, _trained(form, items))
    position = form.layout.at("layers.0.kernel")
    change = found[position] - jax.tree.leaves(pretrained)[position]
    assert np.linalg.matrix_rank(change, tol=1e-4) == 2


@pytest.mark.parametrize("form_name", ["masked", "gradual"])
def test_masked_weights_stay_at_zero_through_training(network, items, form_name):
    prune = PruneConfig(0.5, form_name, after=1, until=2)
    form, _ = _form(network, prune=prune)
    learner = init_learner(jax.random.key(3), form.network, "adam")
    step = _step(form, items)
    for checkpoint in range(4):
        learner = step(revise(form.network, learner, jnp.int32(checkpoint)))
    leaves = _plain(form, learner)
    for position in form.layout.kernels:
        kernel = np.asarray(leaves[position])
        assert (kernel == 0.0).sum() == kernel.size // 2


def test_gates_are_binary_and_pass_their_gradient_straight():
    numbers = jnp.array([0.3, -0.2, 0.1, 0.4])
    (gate,), backward = jax.vjp(lambda n: open_gates([n], 0.5), numbers)
    assert gate.tolist() == [1.0, 0.0, 0.0, 1.0]
    (found,) = backward((jnp.array([1.0, 2.0, 3.0, 4.0]),))
    assert found.tolist() == [1.0, 2.0, 3.0, 4.0]


def test_gates_learn(network, items):
    prune = PruneConfig(0.5, "gated", after=1)
    form = build_form(network, SIZES, LeverConfig(prune=prune), is_gated=True)
    start = init_learner(jax.random.key(3), form.network, "adam")
    found = _trained(form, items)
    for before, after in zip(start.params.gates, found.params.gates, strict=True):
        assert (np.asarray(before) != np.asarray(after)).any()
