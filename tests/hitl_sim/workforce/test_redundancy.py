"""What asking until it is clear saves, with people who err alone and together."""

import math

import numpy as np
import pytest
from scipy.stats import binom

from hitl_sim.workforce import Behaviour, Fixed, Lead, Posterior
from hitl_sim.workforce.behaviour import draw_answers, draw_appeal, draw_skills
from hitl_sim.workforce.policy import follow_policy

NUM = 40_000


def label(policy, behaviour, seed=0):
    rng = np.random.default_rng(seed)
    skill = draw_skills(behaviour, rng, NUM * policy.at_most)
    skill = skill.reshape(NUM, policy.at_most)
    answers = draw_answers(behaviour, rng, skill, draw_appeal(behaviour, rng, NUM))
    return follow_policy(policy, answers, behaviour.num_classes, behaviour.accuracy)


def majority(accuracy, answers):
    return float(binom.sf(answers // 2, answers, accuracy))


@pytest.mark.parametrize("accuracy", [0.7, 0.8, 0.9])
def test_independent_people_save_what_the_closed_form_says(accuracy):
    # a lead of d is as right as the odds to the power d, whatever it takes to get there
    p, q, lead = accuracy, 1 - accuracy, 3
    right = 1 / (1 + (q / p) ** lead)
    used = lead / (p - q) * (p**lead - q**lead) / (p**lead + q**lead)
    fixed = next(k for k in range(1, 99, 2) if majority(p, k) >= right)
    found = label(Lead(lead, 40), Behaviour(accuracy))
    error = found.num_answers.std() / math.sqrt(NUM)
    assert found.num_answers.mean() == pytest.approx(used, abs=4 * error)
    error = math.sqrt(right * (1 - right) / NUM)
    assert found.is_right.mean() == pytest.approx(right, abs=4 * error)
    # at that accuracy the fixed number is larger by this share
    saved = 1 - used / fixed
    assert saved > 0.2
    assert 1 - found.num_answers.mean() / fixed == pytest.approx(saved, abs=0.01)


def test_people_who_err_together_have_a_ceiling_that_no_number_of_answers_lifts():
    together = Behaviour(0.8, 4, shared=0.6)
    alone = Behaviour(0.8, 4)
    shares = [label(Fixed(k), together).is_right.mean() for k in (1, 3, 9, 41)]
    # what one can learn of an item is its most frequent answer
    rng = np.random.default_rng(1)
    appeal = draw_appeal(together, rng, NUM)
    appeal[:, 0] += draw_skills(together, rng, 1) / together.shared
    ceiling = float((appeal.argmax(axis=1) == 0).mean())
    assert shares == sorted(shares)
    assert shares[-1] < ceiling + 4 * math.sqrt(0.25 / NUM)
    assert shares[-1] == pytest.approx(ceiling, abs=0.01)
    assert ceiling < 0.9 < 0.999 < label(Fixed(41), alone).is_right.mean()


@pytest.mark.parametrize("sure", [0.9, 0.99])
def test_a_posterior_that_takes_people_for_independent_claims_too_much(sure):
    policy = Posterior(sure, 0.8, 15)
    alone, together = (label(policy, Behaviour(0.8, 4, shared=s)) for s in (1.0, 0.6))
    assert alone.is_right.mean() == pytest.approx(alone.claimed.mean(), abs=0.005)
    assert together.claimed.mean() > together.is_right.mean() + 0.04
    # it stops sooner too: people who err together agree
    assert together.num_answers.mean() < alone.num_answers.mean()


def test_what_is_saved_at_equal_accuracy_is_told_with_its_sign():
    def saving(shared):
        behaviour = Behaviour(0.8, 4, shared=shared)
        lead = label(Lead(3, 15), behaviour)
        right = lead.is_right.mean()
        for k in range(1, 30):
            if label(Fixed(k), behaviour, 1).is_right.mean() >= right:
                return 1 - lead.num_answers.mean() / k
        return math.nan

    # asking until it is clear saves whether or not errors are shared, for it spends
    # answers where people differ
    assert saving(1.0) > 0.2
    assert saving(0.6) > 0.0
