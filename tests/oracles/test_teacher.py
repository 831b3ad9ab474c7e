"""B-Pref's teachers against an implementation of their own, on 1.2e5 pairs."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from oracles.feedback import PREFERENCE
from oracles.teacher import discounted_worth, preference_teacher

KEY = jax.random.key(12)
PAIRS, STEPS = 120_000, 5
ANSWER = jax.jit(PREFERENCE.answer)
FIRST, TIE, SECOND = 0, 1, 2


@pytest.fixture(scope="module")
def rewards():
    return np.random.default_rng(2).normal(size=(PAIRS, 2, STEPS)).astype(np.float32)


@pytest.fixture(scope="module")
def ask(make_query):
    def to(teacher, worth):
        query = make_query(PAIRS, 1, 2)
        query = query._replace(utility=jnp.asarray(worth, jnp.float32)[:, None, :])
        _, given = ANSWER(KEY, teacher, PREFERENCE.init(KEY, teacher), query)
        return np.asarray(given.answer)[:, 0]

    return to


def scripted(worth, *, beta=np.inf, epsilon=0.0, equal=0.0, skip=-np.inf, seed=0):
    """Answer pairs as B-Pref's algorithm does; -1 where it skips."""
    rng = np.random.default_rng(seed)
    lead = worth[:, 0] - worth[:, 1]
    if np.isinf(beta):
        is_first = lead > 0
    else:
        is_first = rng.random(lead.size) < 1 / (1 + np.exp(-beta * lead))
    is_first ^= rng.random(lead.size) < epsilon
    answer = np.where(is_first, FIRST, SECOND)
    answer = np.where(np.abs(lead) < equal, TIE, answer)
    return np.where(worth.max(axis=1) < skip, -1, answer)


def far_from(threshold, values):
    """Leave out what lies so near a threshold that single precision decides."""
    return np.abs(values - threshold) > 3e-3


def test_the_oracle_and_the_equal_and_skipping_teacher_are_exact(ask, rewards):
    worth = rewards.sum(axis=2) / np.sqrt(STEPS)
    gap = np.abs(worth[:, 0] - worth[:, 1])
    for options in ({}, {"equal": 0.5}, {"skip": 0.2}, {"equal": 0.3, "skip": -0.5}):
        clear = far_from(0.0, gap) & far_from(options.get("equal", 9.0), gap)
        clear &= far_from(options.get("skip", 9.0), worth.max(axis=1))
        given = ask(preference_teacher(1, **options), worth)
        np.testing.assert_array_equal(given[clear], scripted(worth, **options)[clear])
        assert clear.mean() > 0.98


def test_the_myopic_teacher_weighs_the_last_steps_most(ask, rewards):
    worth = np.asarray(discounted_worth(jnp.asarray(rewards), 0.9))
    weighed = rewards.astype(float).copy()
    for index in range(STEPS - 1):  # as published: all before are discounted once more
        weighed[..., : index + 1] *= 0.9
    np.testing.assert_allclose(worth, weighed.sum(axis=2), atol=1e-5)
    clear = far_from(0.0, worth[:, 0] - worth[:, 1])
    given = ask(preference_teacher(1), worth)
    np.testing.assert_array_equal(given[clear], scripted(weighed.sum(axis=2))[clear])


@pytest.mark.parametrize("options", [{"epsilon": 0.1}, {"beta": 1.0}])
def test_mistaken_and_stochastic_teachers_have_the_published_rates(
    ask, rewards, options
):
    worth = rewards.sum(axis=2) / np.sqrt(STEPS)
    lead = worth[:, 0] - worth[:, 1]
    names = {"epsilon": "mistake", "beta": "rationality"}
    teacher = preference_teacher(1, **{names[k]: v for k, v in options.items()})
    given = ask(teacher, worth) == FIRST
    edges = np.quantile(lead, np.linspace(0, 1, 7))
    for low, high in itertools.pairwise(edges):
        inside = (lead >= low) & (lead < high)
        x = lead[inside]
        share = 1 / (1 + np.exp(-x)) if "beta" in options else np.where(x > 0, 0.9, 0.1)
        error = np.sqrt((share * (1 - share)).sum()) / inside.sum()
        assert abs(given[inside].mean() - share.mean()) < 4 * error


def test_a_stochastic_teacher_that_ties_comes_as_near_as_its_docstring_says(
    ask, rewards
):
    worth = rewards.sum(axis=2) / np.sqrt(STEPS)
    near = np.abs(worth[:, 0] - worth[:, 1]) < 0.5
    ours = ask(preference_teacher(1, rationality=1.0, equal=0.5), worth) == TIE
    theirs = scripted(worth, beta=1.0, equal=0.5) == TIE
    for found, stated in (
        (ours, 0.18),
        (theirs, 0.28),
        (ours[near], 0.24),
        (theirs[near], 1.0),
    ):
        error = np.sqrt(stated * (1 - stated) / found.size)
        # what is stated is rounded to hundredths
        assert abs(found.mean() - stated) < 4 * error + 0.005


def test_one_who_errs_by_a_lapse_does_not_skip(ask, rewards):
    worth = rewards.sum(axis=2) / np.sqrt(STEPS)
    below = worth.max(axis=1) < 0.0
    given = ask(preference_teacher(1, mistake=0.1, skip=0.0), worth)[below]
    error = np.sqrt(0.2 * 0.8 / below.sum())
    assert abs((given >= 0).mean() - 0.2) < 4 * error


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rationality": 0.0}, "`rationality` must be > 0, got 0.0"),
        ({"mistake": 0.6}, r"`mistake` must be in \[0, 0.5\], got 0.6"),
        ({"equal": -1.0}, "`equal` must be >= 0, got -1.0"),
    ],
)
def test_a_teacher_that_cannot_be_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        preference_teacher(1, **options)


def test_a_discount_that_cannot_be_is_refused():
    with pytest.raises(ValueError, match=r"`discount` must be in \(0, 1\], got 0"):
        discounted_worth(jnp.ones((1, 3)), 0.0)
