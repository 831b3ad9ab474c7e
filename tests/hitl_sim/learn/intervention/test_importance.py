"""What becomes of feature groups that people or machines find important."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hitl_sim.learn import build_run
from hitl_sim.learn.crowd import Answers
from hitl_sim.learn.intervention.importance import ImportanceArm, marked_share
from hitl_sim.learn.intervention.machine_importance import (
    MachineImportanceArm,
    attributed_importance,
)
from hitl_sim.learn.network import NetworkConfig, build_network
from hitl_sim.learn.network.cnn import ConvolutionConfig
from hitl_sim.learn.network.text_cnn import TextConvolutionConfig
from hitl_sim.learn.optimise import Batch, TrainConfig, fit, input_gradient_penalty


def ranked(questions):
    """Three people who all rank by the reference."""
    order = jnp.argsort(-questions.utility[0]).astype(jnp.int32)
    ranking = jnp.broadcast_to(order[None, None], (1, 3, order.size))
    return Answers(ranking, jnp.ones((1, 3), bool), jnp.zeros((1, 3), jnp.int32))


def test_marks_are_shares_of_those_who_answered():
    marks = jnp.array([[1, 0, 1], [1, 1, 0], [0, 1, 1]])
    share = marked_share(marks, jnp.array([True, True, False]))
    np.testing.assert_allclose(share, [1.0, 0.5, 0.5])


def test_the_most_marked_groups_are_kept_and_ties_go_by_the_key(setting, program):
    built = ImportanceArm(name="a", share=4 / 16, feedback="marks").build(program)
    assert built.feedback == "marks"
    marks = jnp.zeros((1, 3, 16), jnp.int32).at[0, :, jnp.array([2, 9])].set(1)
    answers = Answers(marks, jnp.ones((1, 3), bool), jnp.zeros((1, 3), jnp.int32))
    best = []
    for key in range(8):
        plan, _ = built.begin(jax.random.key(key), setting)
        best.append(tuple(np.asarray(built.absorb(setting, plan, answers).best)))
    assert all({2, 9} <= set(groups) for groups in best)
    assert len(set(best)) > 1


def test_a_penalty_leaves_the_important_features_free(setting, program):
    built = ImportanceArm(name="a", share=4 / 16, use="penalty", penalty=0.1).build(
        program
    )
    plan, questions = built.begin(jax.random.key(0), setting)
    plan = built.absorb(setting, plan, ranked(questions))
    training = built.training(setting, plan)
    free = np.asarray(setting.groups)[np.asarray(plan.best)].ravel()
    expected = np.full(64, 0.1, np.float32)
    expected[free] = 0.0
    np.testing.assert_array_equal(training.penalty, expected)
    assert built.num_features == training.features.shape[1] == 64
    assert built.columns(setting, plan) is None


def test_the_penalty_of_a_linear_network_has_its_closed_form():
    """Of log p summed over K classes the gradient is W (1 - K p)."""
    network = build_network(NetworkConfig(()), 5, 3)
    params = network.init(jax.random.key(0))
    x = jnp.asarray(np.random.default_rng(0).normal(size=(7, 5)), jnp.float32)
    weight = np.arange(5, dtype=np.float32)
    logits = np.asarray(network.apply(params, x), np.float64)
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    kernel = next(w for w in jax.tree.leaves(params) if w.shape == (5, 3))
    gradient = (1 - 3 * p) @ np.asarray(kernel).T
    expected = (weight * gradient**2).sum(axis=1).mean()
    batch = Batch(x, jnp.zeros(len(x), jnp.int32))
    found = input_gradient_penalty(network, params, batch, jnp.asarray(weight))
    assert float(found) == pytest.approx(expected, rel=1e-4)


def test_a_penalised_network_relies_less_on_what_was_ruled_out(setting, program):
    built = ImportanceArm(name="a", share=4 / 16, use="penalty", penalty=0.1).build(
        program
    )
    plan, questions = built.begin(jax.random.key(0), setting)
    plan = built.absorb(setting, plan, ranked(questions))
    training = built.training(setting, plan)
    network = build_network(program.network, 64, 10)
    rates, pool = setting.optimiser, setting.split.pool

    def reliance(training):
        config = TrainConfig(batch=16)
        params = fit(jax.random.key(1), network, config, rates, training, 200)
        by_feature = attributed_importance(
            network, params, pool.features, training.labels
        )
        is_free = np.asarray(training_penalty) == 0
        return float(by_feature[~is_free].sum() / by_feature.sum())

    training_penalty = training.penalty
    assert reliance(training) < 0.5 * reliance(training._replace(penalty=None))


def test_the_attribution_of_a_linear_network_has_its_closed_form():
    network = build_network(NetworkConfig(()), 5, 3)
    params = network.init(jax.random.key(0))
    rng = np.random.default_rng(0)
    x = jnp.asarray(rng.normal(size=(7, 5)), jnp.float32)
    y = rng.integers(0, 3, 7)
    logits = np.asarray(network.apply(params, x), np.float64)
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    kernel = next(w for w in jax.tree.leaves(params) if w.shape == (5, 3))
    expected = np.abs(x * ((np.eye(3)[y] - p) @ np.asarray(kernel).T)).mean(axis=0)
    found = attributed_importance(network, params, x, jnp.asarray(y))
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_a_machine_finds_the_only_group_that_tells_the_classes_apart(setting, program):
    """All features but those of group 5 are noise."""
    groups = np.asarray(setting.groups)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(80, 64)).astype(np.float32)
    label = np.arange(80) % 2
    x[:, groups[5]] += 4.0 * label[:, None]
    pool = setting.split.pool._replace(
        features=jnp.asarray(x), label=jnp.asarray(label, jnp.int32)
    )
    planted = setting._replace(split=setting.split._replace(pool=pool))
    built = MachineImportanceArm(name="a", share=1 / 16, proxy_steps=200).build(program)
    plan, questions = built.begin(jax.random.key(0), planted)
    assert questions is None
    assert list(np.asarray(plan.best)) == [5]
    assert {line.unit.phase for line in built.work} == {"choose", "score"}


@pytest.mark.parametrize(
    "intervention",
    [
        ImportanceArm(name="a", share=4 / 16, feedback="marks"),
        ImportanceArm(name="a", share=4 / 16, use="penalty", penalty=0.1),
        MachineImportanceArm(name="a", share=4 / 16),
        MachineImportanceArm(name="a", share=4 / 16, use="penalty", penalty=0.1),
    ],
)
def test_every_way_runs_whole(digits, config_of, hyper_of, seeds_of, intervention):
    run = jax.jit(build_run(config_of(intervention)))
    kind = intervention.question or "importance"
    trace = run(seeds_of(), hyper_of(kind=kind, num_options=16), digits[1])
    assert bool(trace.curve.is_finite.all())
    assert trace.curve.validation.shape == (6,)


@pytest.mark.parametrize(
    ("encoder", "use"),
    [
        (ConvolutionConfig((8, 8, 1)), "select"),
        (TextConvolutionConfig(9, 64), "select"),
        (TextConvolutionConfig(9, 64), "penalty"),
    ],
)
def test_an_input_that_does_not_bear_a_use_is_refused(program, encoder, use):
    encoded = dataclasses.replace(program, network=NetworkConfig((), encoder))
    for config in (
        ImportanceArm(name="a", share=8 / 16, use=use),
        MachineImportanceArm(name="a", share=8 / 16, use=use),
    ):
        with pytest.raises(ValueError, match=f"must have no encoder .*'{use}'"):
            config.build(encoded)


def test_the_pixels_of_a_convolution_may_be_penalised(program):
    network = NetworkConfig((), ConvolutionConfig((8, 8, 1)))
    encoded = dataclasses.replace(program, network=network)
    built = ImportanceArm(name="a", share=8 / 16, use="penalty", penalty=0.1).build(
        encoded
    )
    assert (built.num_features, built.has_penalty) == (64, True)
