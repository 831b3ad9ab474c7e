import numpy as np
import pytest

from hitl_sim.task import TaskInfo, check_sizes
from hitl_sim.task.check import check_features, encode_labels

INFO = TaskInfo(
    name="toy",
    source="made here",
    content_hash="",
    num_items=100,
    num_features=2,
    num_classes=2,
    class_names=("no", "yes"),
    group_names=("a", "b"),
    kind="table",
    importance_source="none",
)


def test_a_split_of_all_items_is_accepted():
    check_sizes(INFO, 60, 20, 20)


def test_a_split_larger_than_the_task_names_the_sum_and_the_limit():
    with pytest.raises(
        ValueError, match=r"must be <= 100 .*'toy'.*60 \+ 20 \+ 21 = 101"
    ):
        check_sizes(INFO, 60, 20, 21)


@pytest.mark.parametrize("sizes", [(0, 1, 1), (1, 0, 1), (1, 1, -2)])
def test_an_empty_part_is_refused_by_name(sizes):
    name = ("num_pool", "num_validation", "num_test")[int(np.argmin(sizes))]
    with pytest.raises(ValueError, match=f"`{name}` must be >= 1, got {min(sizes)}"):
        check_sizes(INFO, *sizes)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_the_first_value_that_is_not_finite_is_named_by_row_and_column(value):
    features = np.zeros((5, 2))
    features[3, 1] = features[4, 0] = value
    with pytest.raises(
        ValueError, match=r"f\.csv.*row 4 .*column 'b' \(2 such values in 2 of 5 rows"
    ):
        check_features(features, ["a", "b"], "f.csv")


@pytest.mark.parametrize("shape", [(0, 2), (3, 0), (4,), (2, 2, 2)])
def test_features_must_be_items_by_features(shape):
    with pytest.raises(ValueError, match=r"\[items, features\]"):
        check_features(np.zeros(shape), ["a"] * 9, "f.npz")


def test_string_labels_become_classes_in_sorted_order():
    codes, names = encode_labels(np.array(["dog", "ant", "dog", "cat"]), "f")
    assert names == ("ant", "cat", "dog")
    assert codes.tolist() == [2, 0, 2, 1]


def test_whole_numbers_keep_their_value_and_booleans_become_two_classes():
    assert encode_labels(np.array([2, 0, 1]), "f")[0].tolist() == [2, 0, 1]
    assert encode_labels(np.array([True, False]), "f")[0].tolist() == [1, 0]


def test_whole_numbers_are_classes_whatever_their_type():
    codes, names = encode_labels(np.array([1.0, 0.0, 2.0]), "f")
    assert (codes.tolist(), names) == ([1, 0, 2], ("0", "1", "2"))


def test_a_class_without_items_is_named():
    with pytest.raises(
        ValueError, match=r"none of class 1 \(labels up to 3, 1 without"
    ):
        encode_labels(np.array([0, 2, 3, 3]), "f")


def test_labels_that_start_at_one_are_refused():
    with pytest.raises(ValueError, match="none of class 0"):
        encode_labels(np.array([1, 2, 3]), "f")


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.array([0, -1, 1]), "must be whole numbers >= 0, got -1 in row 2"),
        (
            np.array([0.0, 1.5]),
            r"must be whole numbers .* got type float64 \(1.5 in row 2",
        ),
        (np.array([0.0, np.nan]), r"got type float64 \(nan in row 2"),
        (np.array([0, 0]), r"at least 2 classes, got 1 \('0'\)"),
        (np.array(["a", "a"]), r"at least 2 classes, got 1 \('a'\)"),
        (np.array([], dtype=int), "at least 2 classes, got 0"),
        (np.array(["a", "", "b"]), "got '' in row 2"),
        (np.array([[0, 1]]), r"one label per item, got an array of shape \(1, 2\)"),
    ],
)
def test_labels_that_are_no_classes_are_refused(labels, message):
    with pytest.raises(ValueError, match=f"^f: .*{message}"):
        encode_labels(labels, "f")
