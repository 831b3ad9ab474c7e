import numpy as np
import pytest

from hitl_sim.task.option import TaskOptions
from hitl_sim.task.text import (
    group_text,
    hash_words,
    number_words,
    represent,
    weigh_words,
)

TEXTS = ["the cat sat", "the dog sat the dog", "the bird"]


def test_the_most_frequent_words_are_kept():
    assert weigh_words(TEXTS, 3, "f")[1] == ("dog", "sat", "the")


def test_weights_are_the_formula_of_tf_idf():
    weights, words, _ = weigh_words(TEXTS, 3, "f")
    idf = {"dog": np.log(4 / 2) + 1, "sat": np.log(4 / 3) + 1, "the": 1.0}
    count = {"dog": 1 + np.log(2), "sat": 1.0, "the": 1 + np.log(2)}
    row = np.array([idf[word] * count[word] for word in words])
    np.testing.assert_allclose(weights[1], row / np.linalg.norm(row), rtol=1e-6)


def test_size_counts_words_relative_to_the_median():
    np.testing.assert_allclose(weigh_words(TEXTS, 3, "f")[2], [1.0, 5 / 3, 2 / 3])


def test_function_words_of_english_go_where_they_are_known_to_be():
    assert "the" not in weigh_words(TEXTS, 3, "f", is_english=True)[1]


def test_words_of_other_alphabets_are_words():
    assert weigh_words(["über Größe", "größe 12"], 2, "f")[1] == ("größe", "über")


def test_more_features_than_words_are_refused():
    with pytest.raises(
        ValueError, match=r"`num_features` must be <= 5 .*of f\), got 6"
    ):
        weigh_words(TEXTS, 6, "f")


def test_texts_without_words_are_refused():
    with pytest.raises(ValueError, match="f: must hold words, got 2 texts"):
        weigh_words(["1 2", "3"], 1, "f")


def test_the_default_number_of_groups_divides_the_words():
    weights = np.random.default_rng(0).random((9, 60))
    words = [str(i) for i in range(60)]
    assert group_text(weights, words, None)[0].shape == (30, 2)
    assert group_text(weights[:, :7], words[:7], None)[0].shape == (7, 1)


def test_words_are_numbered_in_their_order_and_texts_filled_or_cut():
    ids = number_words(["The dog, the CAT!", "dog"], ("cat", "dog"), 3)
    assert ids.tolist() == [[1, 3, 1], [3, 0, 0]]


def test_tokens_keep_function_words_and_count_the_ids_that_stand_for_none():
    options = TaskOptions(num_features=3, representation="tokens", length=4)
    texts = represent(TEXTS, options, "f", is_english=True)
    assert texts.words == ("dog", "sat", "the")
    assert texts.vocabulary == 5
    assert texts.features.tolist() == [[4, 1, 3, 0], [4, 2, 3, 4], [4, 1, 0, 0]]
    assert texts.weights.shape == (3, 3)


def test_hashed_words_are_counted_in_buckets_named_by_their_commonest():
    weights, names, size = hash_words(["cat cat dog", "dog"], 64, "f")
    cat, dog = names.index("cat"), names.index("dog")
    np.testing.assert_allclose(weights[0, [cat, dog]], np.array([2, 1]) / 5**0.5)
    assert weights[1].nonzero()[0].tolist() == [dog]
    assert names.count("no word") == 62
    np.testing.assert_allclose(size, [1.5, 0.5])


def test_a_bucket_that_two_words_share_has_the_name_of_the_commoner():
    assert hash_words(["cat dog dog"], 1, "f")[1] == ("dog",)


def test_hashing_texts_without_words_is_refused():
    with pytest.raises(ValueError, match="f: must hold words, got 1 texts"):
        hash_words(["12"], 4, "f")


@pytest.mark.parametrize("representation", ["tfidf", "hashed", "tokens"])
def test_every_representation_says_that_no_arm_is_billed_for_it(representation):
    options = TaskOptions(num_features=3, representation=representation)
    assert "on no arm's bill" in represent(TEXTS, options, "f").source
