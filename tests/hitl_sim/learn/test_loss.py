"""What is lost on an item follows from what its label is."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.metrics import log_loss, mean_squared_error

from hitl_sim.learn.intervention.base import number_questions
from hitl_sim.learn.intervention.machine_importance import attributed_importance
from hitl_sim.learn.loss import is_number, item_losses, label_type, told
from hitl_sim.learn.network import NetworkConfig, build_network
from hitl_sim.learn.optimise import Batch, input_gradient_penalty
from hitl_sim.task import Status
from oracles.part import PROBLEMS

RNG = np.random.default_rng(0)
LOGITS = jnp.asarray(RNG.normal(size=(30, 4)), jnp.float32)
CLASS = jnp.asarray(RNG.integers(0, 4, 30), jnp.int32)
NUMBER = jnp.asarray(RNG.normal(size=30), jnp.float32)


def test_labels_of_a_problem_are_of_its_type():
    kinds = {problem: label_type(problem) for problem in PROBLEMS}
    assert kinds == {"classification": np.int32, "regression": np.float32}
    assert is_number(NUMBER)
    assert not is_number(CLASS)


def test_a_class_costs_its_cross_entropy_and_a_number_half_the_squared_error():
    p = jax.nn.softmax(LOGITS)
    np.testing.assert_allclose(
        item_losses(LOGITS, CLASS).mean(), log_loss(CLASS, p, labels=range(4)), 1e-6
    )
    said = LOGITS[:, :1]
    want = 0.5 * mean_squared_error(NUMBER, said[:, 0])
    np.testing.assert_allclose(item_losses(said, NUMBER).mean(), want, rtol=1e-6)


@pytest.fixture(scope="module")
def linear():
    network = build_network(NetworkConfig(()), 3, 1)
    return network, network.init(jax.random.key(0))


def test_gradients_of_a_number_are_of_the_number_itself(linear):
    """Of one output a log-probability says nothing: it is always 0."""
    network, params = linear
    x = jnp.asarray(RNG.normal(size=(5, 3)), jnp.float32)
    weight = jax.grad(lambda row: network.apply(params, row[None]).sum())(x[0])
    penalty = jnp.array([1.0, 0.0, 2.0])
    found = input_gradient_penalty(network, params, Batch(x, NUMBER[:5]), penalty)
    np.testing.assert_allclose(found, (penalty * weight**2).sum(), rtol=1e-5)
    used = attributed_importance(network, params, x, NUMBER[:5])
    np.testing.assert_allclose(used, jnp.abs(x * weight[None]).mean(axis=0), rtol=1e-5)
    assert told(LOGITS[:, :1], NUMBER).shape == (30, 1)


def test_an_irrelevant_item_is_asked_about_without_a_signal(setting):
    pool = setting.split.pool
    number = pool._replace(label=1.0 * pool.label, truth=1.0 * pool.truth)
    other = setting._replace(split=setting.split._replace(pool=number))
    asked = number_questions(other, jnp.arange(80))
    is_irrelevant = np.asarray(pool.status) == Status.IRRELEVANT
    np.testing.assert_array_equal(asked.discrimination, ~is_irrelevant)
    np.testing.assert_array_equal(asked.utility[:, 1], number.truth)
    np.testing.assert_array_equal(asked.utility[:, 0], 0.0)
