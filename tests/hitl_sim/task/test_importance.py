import numpy as np
import pytest

from hitl_sim.task.importance import IMPORTANCE_SOURCE, reference_importance

GROUPS = np.array([[0, 3], [1, 4], [2, 5]])


def make_table(num_classes, strength=(3.0, 1.0, 0.0), num_items=900):
    """Group g carries the label with the given strength in both its columns."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, num_classes, num_items)
    centres = rng.normal(size=(num_classes, 6)) * np.array(strength * 2)[None, :]
    return centres[labels] + rng.normal(size=(num_items, 6)), labels


@pytest.mark.parametrize("num_classes", [2, 3])
def test_groups_are_ordered_by_what_they_tell_of_the_label(num_classes):
    importance = reference_importance(*make_table(num_classes), GROUPS)
    assert np.argsort(-importance).tolist() == [0, 1, 2]


def test_importance_has_mean_zero_and_standard_deviation_one():
    importance = reference_importance(*make_table(3), GROUPS)
    assert importance.mean() == pytest.approx(0.0, abs=1e-4)
    assert importance.std() == pytest.approx(1.0, abs=1e-4)


def test_the_same_data_give_the_same_importance():
    table = make_table(3)
    first = reference_importance(*table, GROUPS)
    assert np.array_equal(first, reference_importance(*table, GROUPS))


def test_a_single_group_is_no_more_important_than_itself():
    importance = reference_importance(*make_table(2), np.arange(6).reshape(1, 6))
    assert importance.tolist() == [0.0]


def test_a_class_of_one_item_is_trained_on_and_not_held_out():
    features, labels = make_table(2)
    labels = np.append(labels, 2)
    features = np.vstack([features, np.full((1, 6), 50.0)])
    assert np.argmax(reference_importance(features, labels, GROUPS)) == 0


def test_nothing_to_hold_out_makes_all_groups_equal():
    features = np.arange(12.0).reshape(2, 6)
    assert not reference_importance(features, np.array([0, 1]), GROUPS).any()


def test_the_source_says_that_it_is_a_reference_from_clean_data():
    assert "trained on clean data" in IMPORTANCE_SOURCE
    assert "a reference, not a truth" in IMPORTANCE_SOURCE
