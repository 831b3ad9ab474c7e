import jax
import jax.numpy as jnp
import numpy as np
import pytest

from oracles.aggregate.glad import fit_glad

run = jax.jit(fit_glad, static_argnums=(3, 4, 5, 6))


@pytest.mark.parametrize("num_steps", [1, 4])
def test_the_estimates_equal_those_of_crowd_kit_at_equal_steps(
    asked, fit_crowd_kit, num_steps
):
    # Their conjugate gradients are run to their end, as are our turns, so that what is
    # compared is the M-step itself; both stop where slopes are small in single or
    # double precision, which leaves 1e-3 of an estimate on this flat top.
    theirs = fit_crowd_kit(
        "GLAD",
        asked,
        n_iter=num_steps,
        tol=-np.inf,
        m_step_max_iter=400,
        m_step_tol=1e-5,
    )
    assert len(theirs.loss_history_) == num_steps
    posterior, ability, log_ease = run(*asked[:3], 4, 6, num_steps, 30)
    expected = theirs.probas_.sort_index().sort_index(axis=1)
    np.testing.assert_allclose(posterior, expected, atol=1e-3)
    np.testing.assert_allclose(ability, theirs.alphas_.sort_index(), atol=1e-3)
    np.testing.assert_allclose(log_ease, theirs.betas_.sort_index(), atol=1e-3)


def test_ten_turns_come_near_the_end_of_the_m_step(asked):
    few, many = (run(*asked[:3], 4, 6, 4, turns) for turns in (10, 30))
    for left, right in zip(few, many, strict=True):
        np.testing.assert_allclose(left, right, atol=1e-3)


def test_able_people_and_easy_items_are_told_from_others():
    rng = np.random.default_rng(5)
    ability, ease = np.linspace(0.3, 3.0, 8), rng.choice([0.3, 3.0], 1500)
    chance = 1 / (1 + np.exp(-ability[None, :] * ease[:, None]))
    truth = rng.integers(0, 2, (1500, 1))
    answers = np.where(rng.random((1500, 8)) < chance, truth, 1 - truth)
    people = jnp.tile(jnp.arange(8)[None, :], (1500, 1))
    posterior, found, log_ease = run(
        jnp.asarray(answers), people, jnp.ones((1500, 8), bool), 2, 8, 20, 10
    )
    # Shrunk towards 1 by the prior, so near a line and not on the diagonal.
    assert np.corrcoef(found, ability)[0, 1] > 0.9
    easy, hard = (np.asarray(log_ease)[ease == e].mean() for e in (3.0, 0.3))
    assert easy - hard > 0.5
    right = (np.asarray(posterior).argmax(axis=1) == truth[:, 0]).mean()
    majority = ((answers.mean(axis=1) > 0.5) == truth[:, 0]).mean()
    assert right > majority


def test_without_answers_the_estimates_are_those_of_the_prior(asked):
    answers, people, is_answered, _ = asked
    posterior, ability, log_ease = run(answers, people, is_answered & False, 4, 6, 4)
    np.testing.assert_allclose(posterior, 0.25, rtol=1e-6)
    np.testing.assert_allclose(ability, 1.0)
    np.testing.assert_allclose(log_ease, 1.0)
