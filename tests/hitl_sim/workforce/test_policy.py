import math

import numpy as np
import pytest

from hitl_sim.workforce import First, Fixed, Lead, Posterior
from hitl_sim.workforce.policy import (
    asked_first,
    asked_next,
    check_policy,
    claimed,
    follow_policy,
    weight_of,
)

NUM = 200_000
POLICIES = (Fixed(3), First(5, 3), Lead(2, 9), Posterior(0.95, 0.8, 9))


def independent(accuracy, num_classes, size, seed=0):
    """Draw answers of one-coin people, 0 being right."""
    rng = np.random.default_rng(seed)
    wrong = rng.integers(1, num_classes, size)
    return np.where(rng.random(size) < accuracy, 0, wrong)


@pytest.mark.parametrize(
    ("policy", "counts", "more"),
    [
        (Fixed(3), [0, 0], 3),
        (Fixed(3), [1, 1], 1),
        (Fixed(3), [2, 1], 0),
        (First(5, 3), [1, 0], 2),
        (First(5, 3), [2, 1], 0),
        (Lead(2), [0, 0], 2),
        (Lead(2), [1, 1], 2),
        (Lead(2), [2, 1], 1),
        (Lead(2), [3, 1], 0),
        (Lead(2, 3), [1, 1], 1),
        (Lead(2, 3), [2, 1], 0),
        (Lead(2), [2, 1, 2], 2),
        (Posterior(0.9, 0.8), [0, 0], 2),
        (Posterior(0.9, 0.8), [1, 0], 1),
        (Posterior(0.9, 0.8), [2, 0], 0),
        (Posterior(0.9, 0.8, 2), [1, 1], 0),
    ],
)
def test_the_fewest_questions_that_could_do_are_asked(policy, counts, more):
    assert asked_next(policy, counts) == more


def test_all_of_the_first_few_of_many_are_asked_at_once():
    assert asked_first(First(5, 3), 2) == 5
    assert asked_first(Lead(4), 2) == 4


def test_the_claim_is_bayes_rule_for_independent_people():
    # three against one at accuracy .8, two classes
    right, wrong = 0.8**3 * 0.2, 0.2**3 * 0.8
    assert claimed([3, 1], weight_of(0.8, 2)) == pytest.approx(right / (right + wrong))


@pytest.mark.parametrize("policy", POLICIES, ids=repr)
@pytest.mark.parametrize("num_classes", [2, 4])
def test_all_items_at_once_end_as_one_after_the_other(policy, num_classes):
    answers = independent(0.7, num_classes, (300, 9))
    found = follow_policy(policy, answers, num_classes, 0.7)
    for row, num, is_right in zip(
        answers, found.num_answers, found.is_right, strict=True
    ):
        counts, order, used = [0] * num_classes, [], 0
        while asked_next(policy, counts):
            counts[row[used]] += 1
            order.append(row[used])
            used += 1
        label = next(k for k in order if counts[k] == max(counts))
        assert (used, int(label == 0)) == (num, is_right)


@pytest.mark.parametrize("accuracy", [0.6, 0.75, 0.9])
@pytest.mark.parametrize("lead", [1, 2, 3])
def test_a_lead_is_as_right_and_as_long_as_the_closed_form_says(accuracy, lead):
    # a random walk between two absorbing ends (gambler's ruin; Feller 1968, XIV)
    p, q = accuracy, 1 - accuracy
    answers = independent(p, 2, (NUM, 120))
    found = follow_policy(Lead(lead, 120), answers, 2, p)
    right = 1 / (1 + (q / p) ** lead)
    number = lead / (p - q) * (p**lead - q**lead) / (p**lead + q**lead)
    error = found.is_right.std() / math.sqrt(NUM)
    assert error <= 0.01 * right
    assert found.is_right.mean() == pytest.approx(right, abs=4 * error)
    error = found.num_answers.std() / math.sqrt(NUM)
    assert error <= 0.01 * number
    assert found.num_answers.mean() == pytest.approx(number, abs=4 * error + 1e-12)


def test_a_lead_of_guesses_takes_its_square():
    answers = independent(0.5, 2, (40_000, 400))
    found = follow_policy(Lead(3, 400), answers, 2, 0.6)
    error = found.num_answers.std() / math.sqrt(40_000)
    assert error <= 0.01 * 9
    assert found.num_answers.mean() == pytest.approx(9.0, abs=4 * error)


def test_independent_people_are_as_right_as_a_posterior_claims():
    answers = independent(0.75, 4, (NUM, 40))
    found = follow_policy(Posterior(0.95, 0.75, 40), answers, 4, 0.75)
    error = (found.is_right - found.claimed).std() / math.sqrt(NUM)
    assert found.is_right.mean() == pytest.approx(found.claimed.mean(), abs=4 * error)
    assert found.claimed.min() >= 0.95


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        (Fixed(0), "`policy.answers` must be >= 1, got 0"),
        (First(3, 4), r"`policy.kept` must be in 1 to `asked` \(3\), got 4"),
        (Lead(0), "`policy.lead` must be >= 1, got 0"),
        (Lead(3, 2), r"`policy.at_most` must be >= `lead` \(3\), got 2"),
        (Posterior(1.0, 0.8), r"`policy.confidence` must be in \(0.5, 1\), above ch"),
        (Posterior(0.9, 0.5), r"`policy.accuracy` must be in \(0.5, 1\), above chance"),
    ],
)
def test_an_impossible_policy_is_refused(policy, message):
    with pytest.raises(ValueError, match=message):
        check_policy(policy, 2)
