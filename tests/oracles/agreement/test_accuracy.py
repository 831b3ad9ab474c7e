import numpy as np
from sklearn.metrics import confusion_matrix

from oracles.agreement import accuracy_by_person, confusion

ANSWERS = np.array([[0, 0, 1], [1, 1, -1], [2, 0, 2], [-1, -1, 1]])
TRUTH = np.array([0, 1, 0, 1])


def test_accuracy_is_of_the_answers_that_a_person_gave():
    np.testing.assert_allclose(accuracy_by_person(ANSWERS, TRUTH), [2 / 3, 1, 1 / 3])


def test_confusion_equals_that_of_scikit_learn():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 4, 100)
    answers = rng.integers(-1, 4, (100, 3))
    given = answers >= 0
    right = np.broadcast_to(truth[:, None], answers.shape)
    expected = confusion_matrix(right[given], answers[given], labels=range(4))
    np.testing.assert_array_equal(confusion(answers, truth, 4), expected)


def test_confusion_of_one_person_is_that_of_one_column():
    counts = confusion(ANSWERS[:, [0]], TRUTH, 3)
    np.testing.assert_array_equal(counts, [[1, 0, 1], [0, 1, 0], [0, 0, 0]])


def test_without_answers_nothing_is_known():
    nobody = np.full((3, 2), -1)
    truth = np.zeros(3, int)
    assert np.isnan(accuracy_by_person(nobody, truth)).all()
    assert confusion(nobody, truth, 2).sum() == 0
