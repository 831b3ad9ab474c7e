import math

import krippendorff
import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from oracles.agreement import cohen_kappa, fleiss_kappa, krippendorff_alpha


def draw_answers(num_options, missing=0.3):
    rng = np.random.default_rng(num_options)
    truth = rng.integers(0, num_options, (200, 1))
    near = np.clip(truth + rng.integers(-1, 2, (200, 4)), 0, num_options - 1)
    answers = np.where(rng.random((200, 4)) < 0.6, truth, near)
    answers[rng.random((200, 4)) < missing] = -1
    return answers


@pytest.mark.parametrize("level", ["nominal", "ordinal"])
@pytest.mark.parametrize("num_options", [2, 5])
def test_alpha_equals_that_of_the_krippendorff_package(num_options, level):
    answers = draw_answers(num_options)
    data = np.where(answers < 0, np.nan, answers).T
    expected = krippendorff.alpha(data, level_of_measurement=level)
    assert krippendorff_alpha(answers, level) == pytest.approx(expected, abs=1e-12)


def test_an_unknown_level_is_refused():
    with pytest.raises(ValueError, match=r"`level` must be one of .* got 'ratio'"):
        krippendorff_alpha([[0, 1]], "ratio")


def test_kappa_equals_that_of_scikit_learn():
    rng = np.random.default_rng(0)
    a = rng.integers(0, 4, 300)
    b = np.where(rng.random(300) < 0.5, a, rng.integers(0, 4, 300))
    assert cohen_kappa(a, b) == pytest.approx(cohen_kappa_score(a, b))


def test_fleiss_kappa_of_his_own_kind_of_table_is_the_published_one():
    # Ten items, fourteen people, five options: the worked table in wide use, .210.
    table = np.array(
        [
            [0, 0, 0, 0, 14],
            [0, 2, 6, 4, 2],
            [0, 0, 3, 5, 6],
            [0, 3, 9, 2, 0],
            [2, 2, 8, 1, 1],
            [7, 7, 0, 0, 0],
            [3, 2, 6, 3, 0],
            [2, 5, 3, 2, 2],
            [6, 5, 2, 1, 0],
            [0, 2, 2, 3, 7],
        ]
    )
    answers = np.array([np.repeat(np.arange(5), row) for row in table])
    assert fleiss_kappa(answers) == pytest.approx(0.210, abs=5e-4)


def test_fleiss_kappa_and_alpha_differ_by_the_correction_for_few_answers():
    answers = draw_answers(4, missing=0.0)
    corrected = 1 - (1 - fleiss_kappa(answers)) * (answers.size - 1) / answers.size
    assert krippendorff_alpha(answers) == pytest.approx(corrected, abs=1e-12)


def test_fleiss_kappa_refuses_items_with_different_numbers_of_answers():
    with pytest.raises(ValueError, match=r"equally many answers .* got 1 to 2"):
        fleiss_kappa([[0, 1], [1, -1]])


def test_what_cannot_be_known_is_nan_and_not_zero():
    nobody = np.full((3, 2), -1)
    assert math.isnan(krippendorff_alpha(nobody))
    assert math.isnan(krippendorff_alpha([[1, 1], [1, 1]]))
    assert math.isnan(fleiss_kappa(nobody))
    assert math.isnan(fleiss_kappa([[1, 1], [1, 1]]))
    assert math.isnan(cohen_kappa([], []))
