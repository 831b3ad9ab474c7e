"""Tasks of which a number is asked."""

import jax
import numpy as np
import pytest
from sklearn import datasets

from hitl_sim.task import Corruption, Status, build_split, load_task
from hitl_sim.task.importance import reference_importance_of_numbers
from hitl_sim.task.number import read_numbers
from hitl_sim.task.planted_number import NOISE
from hitl_sim.task.survey import survey_task


def test_numbers_are_in_standard_deviations_from_their_mean():
    found = read_numbers(np.array(["1", " 2.5", "4"]), "here")
    np.testing.assert_allclose(found.values, [-np.sqrt(1.5), 0.0, np.sqrt(1.5)])
    np.testing.assert_allclose(found.scale, (2.5, np.sqrt(1.5)))


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (np.array([1.0, np.nan, 2.0]), r"got nan in row 2 .* 1 such rows"),
        (np.array([1.0, np.inf]), "got inf in row 2"),
        (np.array([3.0, 3.0]), "two different numbers, got 3 in all 2 rows"),
        (np.array(["1", "high"]), "got 'high' in row 2"),
        (np.array([[1.0], [2.0]]), r"one number per item, .* \(2, 1\)"),
        (np.array([True, False]), "must be numbers where `problem` is 'regression'"),
    ],
)
def test_what_is_no_number_is_refused_in_one_line(labels, words):
    with pytest.raises(ValueError, match=words) as caught:
        read_numbers(labels, "there, column 'y'")
    assert str(caught.value).startswith("there, column 'y'")
    assert "\n" not in str(caught.value)


def test_diabetes_is_scikit_learns():
    info, data = load_task("diabetes")
    given = datasets.load_diabetes(scaled=False)
    assert (info.problem, info.num_classes, info.class_names) == ("regression", 1, ())
    assert (info.num_items, info.num_features) == given.data.shape
    mean, spread = info.scale
    np.testing.assert_allclose(mean + spread * data.labels, given.target, rtol=1e-5)
    # what the literature finds: body mass and a blood value before all others
    best = np.argsort(-data.importance)[:2]
    assert {info.group_names[g] for g in best} == {"bmi", "s5"}


def test_what_is_planted_is_found_and_no_more_can_be_told():
    info, data = load_task("planted_number", num_features=32)
    held = slice(2000, None)
    x, y = data.features.astype(np.float64), data.labels.astype(np.float64)
    weights = np.linalg.lstsq(x[:2000], y[:2000], rcond=None)[0]
    error = np.sqrt(np.square(x[held] @ weights - y[held]).mean())
    # 32 weights of 2,000 items add a share 32 / 2,000 to the variance; 5 sd of an RMSE
    best = NOISE / np.sqrt(1.0 + NOISE**2)
    assert abs(error / best - 1.0) < 0.008 + 5.0 / np.sqrt(2.0 * 2000)
    found = reference_importance_of_numbers(x, y, data.groups)
    assert np.corrcoef(found, data.importance)[0, 1] > 0.9
    assert info.num_groups == 16


def test_a_corrupt_number_is_another_items():
    _, data = load_task("diabetes")
    draw = jax.jit(build_split, static_argnums=(3, 4, 5))
    shares = Corruption(0.2, 0.1, 0.3)
    pool = jax.tree.map(
        np.asarray, draw(jax.random.key(0), data, shares, 300, 50, 50).pool
    )
    assert pool.label.dtype == pool.truth.dtype == np.float32
    assert np.isin(pool.label, data.labels).all()
    is_wrong = pool.status == Status.WRONG_LABEL
    assert is_wrong.sum() == 90
    assert (pool.label != pool.truth)[~is_wrong].sum() == 0
    # some of 442 patients share a number
    assert (pool.label != pool.truth)[is_wrong].mean() > 0.95


def test_a_table_of_numbers_is_read_as_it_is_said(tmp_path):
    path = tmp_path / "prices.csv"
    rows = [f"{0.1 * k},{k % 3},{10.0 + k}" for k in range(40)]
    path.write_text("\n".join(["x,z,price", *rows]) + "\n")
    info, data = load_task(path, label_column="price", problem="regression")
    np.testing.assert_allclose(data.labels[[0, -1]], [-1.689, 1.689], atol=1e-3)
    assert info.source.endswith("(mean 29.5, standard deviation 11.5434)")
    arrays = tmp_path / "prices.npz"
    np.savez(arrays, features=np.ones((40, 2)), labels=10.0 + np.arange(40))
    again = load_task(arrays, problem="regression")[1]
    np.testing.assert_array_equal(again.labels, data.labels)


def test_fractions_as_classes_are_told_the_way(tmp_path):
    path = tmp_path / "prices.csv"
    path.write_text("x,label\n1,0.5\n2,1.5\n")
    with pytest.raises(ValueError, match=r"0\.5 in row 1.* `problem = 'regression'`"):
        load_task(path)


def test_a_source_that_says_itself_what_is_asked_is_told_nothing():
    with pytest.raises(ValueError, match="`problem` must be left out for 'diabetes'"):
        load_task("diabetes", problem="regression")
    with pytest.raises(ValueError, match="`problem` must be one of 'classification'"):
        load_task("x.csv", problem="ranking")


def test_a_survey_of_numbers_says_what_they_are():
    info, data = load_task("diabetes")
    found = survey_task(info, data)
    assert found.extremes == pytest.approx((25.0, 140.5, 346.0), rel=1e-5)
    # a linear model explains about half of it: Efron et al. (2004), R^2 .518 in sample
    assert 0.4 < found.explained < 0.55
    assert (found.commonest, found.rarest, found.accuracy) == (None, None, None)
