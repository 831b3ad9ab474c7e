import jax
import jax.numpy as jnp
import numpy as np
import pytest

from oracles.aggregate.one_coin import fit_one_coin

run_jitted = jax.jit(fit_one_coin, static_argnums=(3, 4, 5))


def run(answers, num_steps):
    return run_jitted(*answers[:3], 4, 6, num_steps)


@pytest.mark.parametrize("num_steps", [1, 8])
def test_the_estimates_equal_those_of_crowd_kit_at_equal_steps(
    asked, fit_crowd_kit, num_steps
):
    theirs = fit_crowd_kit("OneCoinDawidSkene", asked, n_iter=num_steps, tol=-np.inf)
    posterior, accuracy, prior = run(asked, num_steps)
    expected = theirs.probas_.sort_index().sort_index(axis=1)
    # float32 against float64, a few hundred terms summed
    np.testing.assert_allclose(posterior, expected, atol=1e-5)
    np.testing.assert_allclose(prior, theirs.priors_.sort_index(), atol=1e-5)
    np.testing.assert_allclose(accuracy, theirs.skills_.sort_index(), atol=1e-5)


def test_people_get_the_accuracies_with_which_they_were_simulated():
    rng = np.random.default_rng(3)
    accuracy = np.array([0.95, 0.8, 0.6, 0.4, 0.25, 0.7])
    truth = rng.integers(0, 4, (6000, 1))
    wrong = (truth + rng.integers(1, 4, (6000, 6))) % 4
    answers = jnp.asarray(np.where(rng.random((6000, 6)) < accuracy, truth, wrong))
    people = jnp.tile(jnp.arange(6)[None, :], (6000, 1))
    everybody = jnp.ones((6000, 6), bool)
    posterior, found, _ = run_jitted(answers, people, everybody, 4, 6, 60)
    # 4 standard errors of an accuracy whose truth is known, and half again as much
    # for the truth that is not
    error = np.sqrt(accuracy * (1 - accuracy) / 6000)
    assert (np.abs(np.asarray(found) - accuracy) < 6 * error).all()
    by_hand = np.log(accuracy * 3 / (1 - accuracy))
    votes = np.asarray(answers)[:, :, None] == np.arange(4)
    best = (votes * by_hand[None, :, None]).sum(axis=1).argmax(axis=1)
    assert (np.asarray(posterior).argmax(axis=1) == best).mean() > 0.99


def test_a_person_without_answers_is_at_chance_and_moves_nothing(asked):
    answers, people, is_answered, _ = asked
    silent = is_answered.at[:, 5].set(False)
    posterior, accuracy, _ = run((answers, people, silent), 4)
    without = run_jitted(answers[:, :5], people[:, :5], is_answered[:, :5], 4, 5, 4)
    assert accuracy[5] == 0.25
    np.testing.assert_allclose(posterior, without[0], atol=1e-6)
    np.testing.assert_allclose(accuracy[:5], without[1], atol=1e-6)


def test_people_who_never_err_leave_no_infinity():
    answers = jnp.asarray([[0, 0], [1, 1], [0, 0]])
    people = jnp.tile(jnp.arange(2)[None, :], (3, 1))
    posterior, accuracy, _ = run_jitted(answers, people, answers >= 0, 4, 6, 8)
    np.testing.assert_allclose(posterior[:, :2], [[1, 0], [0, 1], [1, 0]], atol=1e-6)
    np.testing.assert_allclose(accuracy, [1, 1, 0.25, 0.25, 0.25, 0.25], atol=1e-6)
