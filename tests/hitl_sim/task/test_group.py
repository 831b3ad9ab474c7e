import numpy as np
import pytest

from hitl_sim.task.group import block_groups, check_groups, patch_groups, word_groups


def test_sixteen_patches_of_a_digit_are_two_by_two_squares():
    groups, names = patch_groups((8, 8, 1), 16)
    assert groups[0].tolist() == [0, 1, 8, 9]
    assert groups[7].tolist() == [22, 23, 30, 31]
    assert names[7] == "rows 2-3, columns 6-7"
    assert np.unique(groups).size == 64


def test_a_patch_holds_every_channel_of_its_pixels():
    groups, names = patch_groups((2, 4, 3), 2)
    assert groups[1].tolist() == [6, 7, 8, 9, 10, 11, 18, 19, 20, 21, 22, 23]
    assert names == ("rows 0-1, columns 0-1", "rows 0-1, columns 2-3")


@pytest.mark.parametrize(
    ("shape", "number"), [((28, 28, 1), 16), ((32, 32, 3), 16), ((48, 32, 3), 24)]
)
def test_the_default_number_of_patches_is_the_nearest_to_sixteen(shape, number):
    assert len(patch_groups(shape, None)[0]) == number


def test_patches_that_are_no_equal_squares_are_refused():
    with pytest.raises(ValueError, match=r"must be one of 1, 4, 16, 64 .* got 8"):
        patch_groups((8, 8, 1), 8)


def test_every_column_is_a_group_by_default_and_neighbours_share_a_block():
    assert block_groups(["a", "b", "c"], None)[1] == ("a", "b", "c")
    groups, names = block_groups(["a", "b", "c", "d"], 2)
    assert groups.tolist() == [[0, 1], [2, 3]]
    assert names == ("a to b", "c to d")


@pytest.mark.parametrize("num_groups", [0, 3, 5])
def test_a_number_of_groups_that_does_not_divide_is_refused(num_groups):
    with pytest.raises(ValueError, match=f"must divide the 4 .* got {num_groups}"):
        block_groups(["a", "b", "c", "d"], num_groups)


def test_words_that_occur_together_share_a_group():
    topics = np.repeat(np.arange(4), 3)
    order = np.random.default_rng(0).permutation(12)
    rng = np.random.default_rng(1)
    topic_of_item = rng.integers(0, 4, 400)
    weights = (topics[order][None, :] == topic_of_item[:, None]) * rng.random((400, 12))
    groups, names = word_groups(weights, [f"w{i}" for i in range(12)], 4)
    found = {frozenset(topics[order][row].tolist()) for row in groups}
    assert found == {frozenset({k}) for k in range(4)}
    assert sorted(names[0].split(", ")) == sorted(f"w{i}" for i in groups[0])


def test_word_groups_have_equal_sizes_when_their_number_is_odd():
    weights = np.random.default_rng(0).random((50, 15))
    groups, _ = word_groups(weights, [str(i) for i in range(15)], 5)
    assert groups.shape == (5, 3)
    assert np.array_equal(np.sort(groups, axis=None), np.arange(15))


def test_groups_may_be_given_by_feature_or_by_group():
    by_feature = check_groups(np.array([1, 0, 1, 0]), 4, "f")
    by_group = check_groups(np.array([[1, 3], [0, 2]]), 4, "f")
    assert by_feature.tolist() == by_group.tolist() == [[1, 3], [0, 2]]


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        (np.array([0, 0, 0, 1]), "same number of features, got 1 in group 1 and 3 in"),
        (np.array([0, 0, 2, 2]), "same number of features, got 0 in group 1"),
        (np.array([0, 1]), "each of 4 features, got 2 entries"),
        (np.array([0, 0, -1, -1]), "the least -1"),
        (np.array([[0, 1], [1, 2]]), "exactly once, got 4 entries, 3 different"),
        (np.array([[0, 1], [2, 4]]), "from 0 to 3 exactly once.*from 0 to 4"),
        (np.array([[0.0, 1.0]]), "must be whole numbers"),
    ],
)
def test_groups_that_are_no_equal_partition_are_refused(groups, message):
    with pytest.raises(ValueError, match=f"^f: .*{message}"):
        check_groups(groups, 4, "f")
