import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hitl_sim.learn import NetworkConfig, describe_work
from hitl_sim.learn.arithmetic import quantise_kernel, quantise_rows
from hitl_sim.learn.efficiency.quantise import QuantiseMethod
from hitl_sim.learn.intervention.whole_pool import WholePoolArm
from hitl_sim.learn.network import build_network
from hitl_sim.learn.optimise import TrainConfig, in_use, init_learner

pytest.importorskip("qwix")
SIZES = (64, 10)
RATES = {"learning_rate": jnp.float32(0.05)}
AFTER = QuantiseMethod(form="post_training")
AWARE = QuantiseMethod(form="aware")
ROUGH = QuantiseMethod(form="approximate", multiplier="mitchell")


@pytest.fixture
def answers(once, items, phases_of):
    """Return what a network answers in training, in use, rounded by hand, and plain."""

    def answers_of(network, quantise):
        def every():
            (form,) = phases_of(network, quantise)
            learner = init_learner(
                jax.random.key(2), form.network, TrainConfig(), RATES
            )
            weights = learner.weights(form.network, learner.params)
            trained = form.network.apply(weights, items)
            used = in_use(form.network, learner)(items)
            return (
                trained,
                used,
                *(
                    built.apply(built.init(jax.random.key(2)), items)
                    for built in (_rounded(network), build_network(network, *SIZES))
                ),
            )

        return once(every)

    return answers_of


def _back(quantised):
    return quantised.qvalue * quantised.scale


def _rounded(network):
    """A network whose every product rounds both operands to int8."""

    def product(params):
        return (
            params,
            lambda x, kernel, bias: (
                _back(quantise_rows(x)) @ _back(quantise_kernel(kernel)) + bias[None]
            ),
        )

    return build_network(network, *SIZES, product)


def test_a_network_in_use_multiplies_rounded_numbers(any_network, answers):
    trained, used, rounded, plain = answers(any_network, AFTER)
    np.testing.assert_allclose(trained, plain, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(used, rounded, rtol=1e-3, atol=1e-3)
    assert not np.allclose(used, plain, rtol=1e-4, atol=1e-4)


def test_a_network_that_is_aware_trains_as_it_is_used(network, answers):
    trained, used, _, _ = answers(network, AWARE)
    np.testing.assert_allclose(trained, used, rtol=1e-3, atol=1e-3)


def test_an_approximate_multiplier_errs_in_training_and_in_use(answers):
    trained, used, rounded, _ = answers(NetworkConfig((12, 7)), ROUGH)
    np.testing.assert_allclose(trained, used, rtol=1e-3, atol=1e-3)
    assert not np.allclose(used, rounded, rtol=1e-2, atol=1e-2)


def test_gradients_pass_straight_through_rounding(network, items, once, phases_of):
    (form,) = phases_of(network, AWARE)

    def gradients():
        learner = init_learner(jax.random.key(2), form.network, TrainConfig(), RATES)

        def loss(params):
            weights = learner.weights(form.network, params)
            return jnp.square(form.network.apply(weights, items)).mean()

        return jax.grad(loss)(learner.params)

    found_leaves = jax.tree.leaves(once(gradients))
    for position in form.layout.kernels:
        assert np.abs(np.asarray(found_leaves[position])).max() > 0.0


def _lines(config_of, method):
    arm = WholePoolArm(name="a", role="control", method=(method,))
    config = dataclasses.replace(config_of(arm), num_leftover=700)
    return {line.unit.name: line.counts.tolist() for line in describe_work(config)}


def test_rounding_is_counted_where_it_is_done(config_of):
    after = _lines(config_of, AFTER)
    aware = _lines(config_of, AWARE)
    assert "train:64-8-10:b8:n80" in after
    assert "train:64-8-10:b8:n80:int8" in aware
    for lines in (after, aware):
        assert "evaluate:64-8-10:class:n30:int8" in lines
    assert after["train:quantise:64-8-10"] == [1, 2, 3, 4, 5, 6]


def test_no_device_is_billed_for_looking_products_up(config_of):
    assert _lines(config_of, ROUGH) == _lines(config_of, AWARE)
