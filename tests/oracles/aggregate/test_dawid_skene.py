import jax
import jax.numpy as jnp
import numpy as np
import pytest

from oracles.aggregate.dawid_skene import fit_dawid_skene

NUM_ITEMS, NUM_PEOPLE, NUM_CLASSES = 150, 6, 4


run_jitted = jax.jit(fit_dawid_skene, static_argnums=(3, 4, 5))


def run(answers, people, is_answered, num_steps, num_classes=NUM_CLASSES):
    return run_jitted(answers, people, is_answered, num_classes, NUM_PEOPLE, num_steps)


@pytest.mark.parametrize("num_steps", [1, 3, 12])
def test_the_estimates_equal_those_of_crowd_kit_at_equal_steps(
    asked, fit_crowd_kit, num_steps
):
    answers, people, is_answered, _ = asked
    # At tolerance 0 it stops as soon as the loss that it reports gets worse.
    theirs = fit_crowd_kit("DawidSkene", asked, n_iter=num_steps, tol=-np.inf)
    assert len(theirs.loss_history_) == num_steps
    posterior, confusion, prior = run(answers, people, is_answered, num_steps)
    expected = theirs.probas_.sort_index().sort_index(axis=1).to_numpy()
    np.testing.assert_allclose(posterior, expected, atol=1e-5)
    np.testing.assert_allclose(prior, theirs.priors_.sort_index(), atol=1e-5)
    for (worker, label), by_truth in theirs.errors_.iterrows():
        mine = confusion[worker, :, label]
        np.testing.assert_allclose(mine, by_truth.sort_index(), atol=1e-5)


def test_the_estimates_do_not_depend_on_how_answers_are_packed(asked):
    answers, people, is_answered, _ = asked
    order = np.random.default_rng(1).permuted(np.asarray(people), axis=1)
    packed = (jnp.take_along_axis(x, jnp.asarray(order), 1) for x in asked[:3])
    for left, right in zip(
        run(answers, people, is_answered, 5), run(*packed, 5), strict=True
    ):
        np.testing.assert_allclose(left, right, atol=1e-5)


def test_an_item_without_answers_gets_the_prior_and_moves_nothing(asked):
    answers, people, is_answered, _ = asked
    silent = is_answered.at[0].set(False)
    posterior, confusion, prior = run(answers, people, silent, 5)
    without = run(answers[1:], people[1:], is_answered[1:], 5)
    np.testing.assert_allclose(posterior[1:], without[0], atol=1e-5)
    np.testing.assert_allclose(confusion, without[1], atol=1e-5)
    np.testing.assert_allclose(prior, without[2], atol=1e-5)
    _, _, earlier_prior = run(answers, people, silent, 4)
    np.testing.assert_allclose(posterior[0], earlier_prior, atol=1e-5)


def test_an_option_that_nobody_named_gets_nothing(asked):
    answers, people, is_answered, _ = asked
    wider = run(answers, people, is_answered, 5, NUM_CLASSES + 2)
    plain = run(answers, people, is_answered, 5)
    np.testing.assert_array_equal(wider[0][:, NUM_CLASSES:], 0.0)
    np.testing.assert_allclose(wider[0][:, :NUM_CLASSES], plain[0], atol=1e-5)


def test_without_any_answer_all_options_stay_open(asked):
    answers, people, is_answered, _ = asked
    posterior, confusion, prior = run(answers, people, is_answered & False, 3)
    np.testing.assert_allclose(posterior, 1 / NUM_CLASSES, rtol=1e-6)
    assert np.isfinite(confusion).all()
    assert np.isfinite(prior).all()


def test_a_liar_is_found_out_and_helps(asked):
    _, people, _, truth = asked
    rng = np.random.default_rng(2)
    honest = np.where(
        rng.random((NUM_ITEMS, NUM_PEOPLE)) < 0.8,
        np.asarray(truth)[:, None],
        rng.integers(0, NUM_CLASSES, (NUM_ITEMS, NUM_PEOPLE)),
    )
    honest[:, 5] = (np.asarray(truth) + 1) % NUM_CLASSES
    everybody = jnp.ones((NUM_ITEMS, NUM_PEOPLE), bool)
    _, confusion, _ = run(jnp.asarray(honest), people, everybody, 20)
    np.testing.assert_array_equal(jnp.argmax(confusion[5], axis=1), [1, 2, 3, 0])
