"""Policies that differ are ranked alike, and a wrong simulation costs regret."""

from dataclasses import replace

import numpy as np
import pytest
from known_crowd import answer_design, make_design

from hitl_sim.participants.validating.policy import Policy, compare_policies, policies


def crowd(seed, accuracy=None):
    record, *_ = answer_design(make_design(repeats=0), seed)
    if accuracy is None:
        return record
    rng = np.random.default_rng(seed)
    truth = record.truth[record.item]
    right = rng.random(truth.size) < accuracy
    return replace(record, answer=np.where(right, truth, 1 - truth))


def test_eight_policies_need_three_answers():
    assert len(policies(3)) == 8
    assert Policy("adaptive", 5, "majority") in policies(5)
    thin, *_ = answer_design(make_design(per_item=2, repeats=0))
    with pytest.raises(ValueError, match="3 answers"):
        compare_policies(thin, [thin], 0)


@pytest.mark.slow
def test_a_crowd_of_the_same_kind_chooses_well():
    # policies are a hundredth apart, two crowds' luck as much
    found = compare_policies(crowd(1), [crowd(2), crowd(3)], 0, num_plays=4)
    assert found.estimate.regret < 0.03
    assert found.estimate.rank > 0.8
    assert found.estimate.gap < 0.05
    assert found.low.regret <= found.estimate.regret <= found.high.regret + 1e-9


def test_a_crowd_of_another_kind_misleads():
    sure, poor = crowd(1, accuracy=0.99), crowd(2, accuracy=0.55)
    found = compare_policies(poor, [sure], 0, num_plays=6)
    same = compare_policies(poor, [crowd(4, accuracy=0.55)], 0, num_plays=6)
    assert found.estimate.gap > 0.1 > same.estimate.gap


def test_one_answer_of_right_people_labels_all_the_budget_reaches():
    right = crowd(1, accuracy=1.0)
    found = compare_policies(right, [right], 0, num_plays=2)
    worth = dict(zip(found.names, found.real, strict=True))
    # a budget of two answers an item: five people reach two fifths of the items
    assert worth["fixed, 1 people, majority"] == pytest.approx(1.0)
    assert worth["fixed, 5 people, majority"] == pytest.approx(0.7, abs=0.01)
    assert worth["adaptive, 3 people, majority"] == pytest.approx(1.0, abs=0.01)


def test_features_turn_worth_into_what_a_classifier_learns():
    right = crowd(1, accuracy=1.0)
    told = np.stack([right.truth * 2.0 - 1.0, np.zeros(right.num_items)], axis=1)
    found = compare_policies(right, [right], 0, features=told, num_plays=2)
    np.testing.assert_allclose(found.real, 1.0)
