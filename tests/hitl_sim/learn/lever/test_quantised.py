import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hitl_sim.learn import (
    FineTuneConfig,
    LeverConfig,
    PruneConfig,
    QuantiseConfig,
    describe_work,
)
from hitl_sim.learn.arithmetic import fake_quantise
from hitl_sim.learn.intervention import WholePoolConfig
from hitl_sim.learn.lever.form import build_form
from hitl_sim.learn.network import build_network
from hitl_sim.learn.optimise import in_use, init_learner

pytest.importorskip("qwix")
SIZES = (64, 10)
AFTER = QuantiseConfig("post_training")
AWARE = QuantiseConfig("aware")
ROUGH = QuantiseConfig("approximate", "mitchell")


def _answers(network, items, **levers):
    form = build_form(network, SIZES, LeverConfig(**levers))
    learner = init_learner(jax.random.key(2), form.network, "adam")

    @jax.jit
    def answer(learner):
        weights = learner.weights(form.network, learner.params)
        trained = form.network.apply(weights, items)
        return trained, in_use(form.network, learner)(items)

    return answer(learner)


def _rounded(network, items):
    """What a network answers whose every product rounds both operands to int8."""

    def product(params):
        return (
            params,
            lambda x, kernel, bias: (
                fake_quantise(x, 0) @ fake_quantise(kernel, 1) + bias[None]
            ),
        )

    plain = build_network(network, *SIZES, product)
    return jax.jit(plain.apply)(plain.init(jax.random.key(2)), items)


def test_a_network_in_use_multiplies_rounded_numbers(any_network, items):
    trained, used = _answers(any_network, items, quantise=AFTER)
    plain = build_network(any_network, *SIZES)
    want = jax.jit(plain.apply)(plain.init(jax.random.key(2)), items)
    np.testing.assert_allclose(trained, want, rtol=1e-5, atol=1e-5)
    rounded = _rounded(any_network, items)
    np.testing.assert_allclose(used, rounded, rtol=1e-3, atol=1e-3)
    assert not np.allclose(used, want, rtol=1e-4, atol=1e-4)


def test_a_network_that_is_aware_trains_as_it_is_used(network, items):
    trained, used = _answers(network, items, quantise=AWARE)
    np.testing.assert_allclose(trained, used, rtol=1e-3, atol=1e-3)


def test_an_approximate_multiplier_errs_in_training_and_in_use(network, items):
    trained, used = _answers(network, items, quantise=ROUGH)
    rounded = _rounded(network, items)
    np.testing.assert_allclose(trained, used, rtol=1e-3, atol=1e-3)
    assert not np.allclose(used, rounded, rtol=1e-2, atol=1e-2)


def test_gradients_pass_straight_through_rounding(network, items):
    form = build_form(network, SIZES, LeverConfig(quantise=AWARE))
    learner = init_learner(jax.random.key(2), form.network, "adam")

    def loss(params):
        weights = learner.weights(form.network, params)
        return jnp.square(form.network.apply(weights, items)).mean()

    gradients = jax.jit(jax.grad(loss))(learner.params)
    for position in form.layout.kernels:
        assert np.abs(np.asarray(gradients[position])).max() > 0.0


def _lines(config_of, **levers):
    lever = LeverConfig(**levers)
    config = dataclasses.replace(
        config_of(WholePoolConfig()), lever=lever, num_leftover=700
    )
    return {line.unit.name: line.counts.tolist() for line in describe_work(config)}


def test_rounding_is_counted_where_it_is_done(config_of):
    after = _lines(config_of, quantise=AFTER)
    aware = _lines(config_of, quantise=AWARE)
    assert "train:64-8-10:b8:n80" in after
    assert "train:64-8-10:b8:n80:int8" in aware
    for lines in (after, aware):
        assert "evaluate:64-8-10:class:n30:int8" in lines
    assert after["train:quantise:64-8-10"] == [1, 2, 3, 4, 5, 6]


def test_no_device_is_billed_for_looking_products_up(config_of):
    assert _lines(config_of, quantise=ROUGH) == _lines(config_of, quantise=AWARE)


def test_three_levers_act_at_once(levered, config_of):
    levers = {
        "fine_tune": FineTuneConfig(5, 5),
        "prune": PruneConfig(0.5, "gated", after=1),
        "quantise": AWARE,
    }
    curve = levered(WholePoolConfig(), LeverConfig(**levers)).curve
    assert np.isnan(curve.validation).tolist() == [True] + [False] * 5
    lines = _lines(config_of, **levers)
    assert "train:64-8-10:b8:n80:gated:int8" in lines
    assert "train:64-4-10:b8:n80:int8" in lines
    assert "evaluate:64-4-10:class:n30:int8" in lines
