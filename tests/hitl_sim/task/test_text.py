import numpy as np
import pytest

from hitl_sim.task.text import group_text, weigh_words

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
