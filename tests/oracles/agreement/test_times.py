import math

import jax
import numpy as np
import pytest

from oracles import LABEL, build_population, sample_annotators
from oracles.agreement import practice_curve, time_by_correctness

KEY = jax.random.key(17)


def test_the_gap_is_the_slope_with_one_intercept_per_person():
    rng = np.random.default_rng(0)
    shape = (40, 4)
    wrong, given = rng.random(shape) < 0.3, rng.random(shape) < 0.8
    log_time = rng.normal(size=shape) + 0.5 * wrong + np.arange(4)[None, :]
    person = np.broadcast_to(np.arange(4), shape)[given]
    design = np.column_stack([wrong[given], person[:, None] == np.arange(4)])
    expected = np.linalg.lstsq(design.astype(float), log_time[given])[0][0]
    seen = time_by_correctness(np.exp(log_time), ~wrong, given)
    assert seen.log_gap == pytest.approx(expected)


def test_accuracy_is_split_by_each_persons_own_times():
    seconds = np.array([[4.0, 10.0], [1.0, 20.0], [3.0, 30.0], [2.0, 40.0]])
    is_right = np.array([[0, 1], [1, 1], [0, 1], [1, 0]], bool)
    seen = time_by_correctness(seconds, is_right, np.ones((4, 2), bool), num_bins=2)
    np.testing.assert_allclose(seen.accuracy_by_time, [1.0, 0.25])


def test_medians_follow_each_persons_own_order():
    seconds = np.array([[9.0, 0.0], [7.0, 5.0], [5.0, 0.0], [1.0, 3.0]])
    given = seconds > 0
    curve = practice_curve(seconds, given, num_bins=2)
    np.testing.assert_allclose(curve, [7.0, 3.0])


def test_simulated_errors_are_slow_and_simulated_people_speed_up(make_query):
    query = make_query(300, 20, 6)
    params = sample_annotators(KEY, build_population("typical", "label", 6), 20)
    _, response = jax.jit(LABEL.answer)(KEY, params, LABEL.init(KEY, params), query)
    is_right = np.asarray(response.answer == query.truth)
    given = np.asarray(response.is_answered)
    seconds = np.asarray(response.seconds)
    seen = time_by_correctness(seconds, is_right, given)
    # sd .45 of log time, 6000 answers of which 16 % wrong
    assert seen.log_gap > 4 * 0.45 / math.sqrt(6000 * 0.16 * 0.84)
    assert seen.accuracy_by_time[0] > seen.accuracy_by_time[-1] + 0.05
    curve = practice_curve(seconds, given, num_bins=30)
    assert curve[0] > 1.2 * curve[-1]


def test_what_cannot_be_known_is_nan_and_not_zero():
    nobody = np.zeros((3, 2), bool)
    seen = time_by_correctness(np.zeros((3, 2)), nobody, nobody, num_bins=2)
    assert math.isnan(seen.log_gap)
    assert np.isnan(seen.accuracy_by_time).all()
    assert np.isnan(practice_curve(np.zeros((3, 2)), nobody, num_bins=2)).all()
