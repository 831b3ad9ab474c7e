"""Quality and consistency are separate parameters: what each moves, and what not."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from oracles import LABEL
from oracles.aggregate.votes import count_votes
from oracles.agreement import retest, shared_error

KEY = jax.random.key(21)
NUM_ITEMS, NUM_CLASSES = 8000, 10
SKILL_AT_80 = math.log(9 * 0.8 / 0.2)
LAMBDAS = [(1.0, 1.0), (1.0, 0.5), (0.8, 0.5), (0.6, 0.4), (0.0, 1.0)]

answer = jax.jit(LABEL.answer)


@pytest.fixture
def ask(make_query, make_crowd):
    """Ask three people twice each; return answers `[look, item, person]` and truth."""
    query = make_query(NUM_ITEMS, 3, NUM_CLASSES, num_looks=2)

    def run(shared, own, skill=SKILL_AT_80):
        params = make_crowd(3, skill=skill, shared=shared, own=own)
        _, response = answer(KEY, params, LABEL.init(KEY, params), query)
        looks = np.asarray(response.answer).reshape(2, NUM_ITEMS, 3)
        return looks, np.asarray(query.truth)[:NUM_ITEMS, 0]

    return run


def share_error(share, count=NUM_ITEMS):
    return math.sqrt(share * (1 - share) / count)


@pytest.mark.parametrize(("shared", "own"), LAMBDAS)
@pytest.mark.parametrize("accuracy", [0.3, 0.8, 0.97])
def test_accuracy_is_the_softmax_form_whatever_the_lambdas(ask, shared, own, accuracy):
    skill = math.log(9 * accuracy / (1 - accuracy))
    looks, truth = ask(shared, own, skill)
    for person in range(3):
        seen = (looks[0, :, person] == truth).mean()
        assert abs(seen - accuracy) < 4 * share_error(accuracy)


def outcome_shares(looks, truth):
    """Shares that together describe what three people's first answers look like."""
    first = looks[0]
    is_right = first == truth[:, None]
    return np.array(
        [
            *[(is_right.sum(axis=1) == k).mean() for k in range(4)],
            (first[:, 0] == first[:, 1]).mean(),
            ((first[:, 0] == first[:, 1]) & ~is_right[:, 0]).mean(),
        ]
    )


def test_asked_once_people_answer_alike_whatever_their_repeatability(ask):
    low = outcome_shares(*ask(0.7, 1.0))
    high = outcome_shares(*ask(0.7, 0.1))
    error = np.sqrt(2 * high * (1 - high) / NUM_ITEMS)
    assert (np.abs(low - high) < 4 * error).all()


def test_the_same_person_repeats_more_when_repeatability_is_up(ask):
    repeats = []
    for repeatability in (0.5, 0.75, 0.95):
        looks, truth = ask(math.sqrt(0.5), math.sqrt((1 - repeatability) / 0.5))
        repeats.append(retest(looks[0, :, 0], looks[1, :, 0], truth))
    for field in ("same", "same_if_right", "same_if_wrong", "kappa"):
        low, middle, high = (getattr(r, field) for r in repeats)
        assert low + 4 * share_error(0.5, 1600) < high
        assert low < middle < high


def test_at_shared_error_zero_people_err_independently(ask):
    looks, truth = ask(1.0, 0.3)
    shared = shared_error(looks[0], truth)
    # Three pairs per item, so the 8,000 items are the independent units.
    assert abs(shared.kappa) < 4 / math.sqrt(NUM_ITEMS)


def test_people_err_on_the_same_items_when_shared_error_is_up(ask):
    kappas, same = [], []
    for shared in (1.0, 0.8, 0.5):
        looks, truth = ask(shared, 0.5)
        statistics = shared_error(looks[0], truth)
        kappas.append(statistics.kappa)
        same.append(statistics.same_if_both)
    assert abs(same[0] - 1 / 9) < 4 * share_error(1 / 9, 0.04 * NUM_ITEMS)
    assert kappas[0] + 0.1 < kappas[1] < kappas[2] - 0.1
    assert same[0] + 0.3 < same[1] < same[2]


@pytest.mark.parametrize(
    ("shared", "expected", "slack"), [(1.0, 0.9244, 0.0), (0.4, 0.82, 0.01)]
)
def test_shared_error_decides_what_a_majority_of_three_is_worth(
    ask, shared, expected, slack
):
    looks, truth = ask(shared, 1.0)
    is_answered = jnp.ones((NUM_ITEMS, 3), bool)
    label, _ = count_votes(jnp.asarray(looks[0]), is_answered, NUM_CLASSES, KEY)
    seen = (np.asarray(label) == truth).mean()
    # At 1 in closed form: .8^3 + 3 .8^2 .2 + (3 .8 .2^2 8/9) / 3; at .4 from design.
    assert abs(seen - expected) < 4 * share_error(expected) + slack


def test_the_crowd_is_told_apart_by_accuracy_and_not_by_consistency(ask):
    right = [
        (looks[0] == truth[:, None]).mean()
        for looks, truth in (ask(1.0, 1.0), ask(0.6, 0.4))
    ]
    assert abs(right[0] - right[1]) < 4 * math.sqrt(2) * share_error(0.8)
