import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from oracles import LABEL
from oracles.timing import WAIT_FACTOR

KEY = jax.random.key(5)
answer = jax.jit(LABEL.answer)


def seconds_of(params, query):
    _, response = answer(KEY, params, LABEL.init(KEY, params), query)
    return np.asarray(response.seconds)


def test_without_any_chance_every_question_takes_the_pace(make_query, make_crowd):
    seconds = seconds_of(make_crowd(1, pace=math.log(4.0)), make_query(30, 1, 3))
    np.testing.assert_allclose(seconds, 4.0, rtol=1e-6)


def test_practice_follows_its_power_law_from_question_to_question(
    make_query, make_crowd
):
    params = make_crowd(1, practice=1.5, practice_power=0.8)
    seconds = seconds_of(params, make_query(30, 1, 3))[:, 0]
    np.testing.assert_allclose(seconds, 1 + 1.5 * np.arange(1, 31) ** -0.8, rtol=1e-5)


def test_questions_that_are_not_asked_give_no_practice(make_query, make_crowd):
    params = make_crowd(1, practice=1.5)
    query = make_query(30, 1, 3)
    is_asked = jnp.arange(30)[:, None] % 3 == 0
    seconds = seconds_of(params, query._replace(is_asked=is_asked))[::3, 0]
    np.testing.assert_allclose(seconds, 1 + 1.5 / np.arange(1, 11), rtol=1e-5)


def test_longer_items_take_longer_by_the_length_exponent(make_query, make_crowd):
    query = make_query(30, 1, 3)
    params = make_crowd(1, length=0.5)
    seconds = seconds_of(params, query._replace(size=jnp.full((30, 1), 9.0)))
    np.testing.assert_allclose(seconds, 3.0, rtol=1e-5)


def test_conflict_slows_down_with_the_closeness_of_the_call(make_query, make_crowd):
    query = make_query(30, 1, 3)
    params = make_crowd(1, conflict=2.0, skill=1.0)
    _, response = answer(KEY, params, LABEL.init(KEY, params), query)
    # Stated confidence is 1 / (1 + exp(-M)), so conflict is minus its logarithm.
    expected = np.asarray(response.confidence) ** -2.0
    np.testing.assert_allclose(response.seconds, expected, rtol=1e-5)


def test_the_log_of_times_is_normal_with_the_spread_asked_for(make_query, make_crowd):
    log_s = np.log(
        seconds_of(make_crowd(2, spread=0.4), make_query(5000, 2, 2))
    ).ravel()
    assert abs(log_s.mean()) < 4 * 0.4 / np.sqrt(log_s.size)
    assert abs(log_s.std() - 0.4) < 4 * 0.4 / np.sqrt(2 * log_s.size)
    assert abs((log_s < 0.4).mean() - 0.8413) < 4 * np.sqrt(0.1335 / log_s.size)


def test_slow_drift_has_its_long_run_spread_and_memory(make_query, make_crowd):
    params = make_crowd(400, drift=0.3, memory=0.7)
    log_s = np.log(seconds_of(params, make_query(40, 400, 2)))
    # Independent units are the 400 people; the first question is stationary already.
    for rows in (slice(0, 1), slice(None)):
        by_person = (log_s[rows] ** 2).mean(axis=0)
        error = by_person.std() / np.sqrt(400)
        assert abs(by_person.mean() - 0.09) < 4 * error
    lagged = (log_s[1:] * log_s[:-1]).mean(axis=0) / 0.09
    assert abs(lagged.mean() - 0.7) < 4 * lagged.std() / np.sqrt(400)


def test_a_lapse_takes_a_third_of_the_time_and_skips_reading(make_query, make_crowd):
    query = make_query(30, 1, 3)._replace(size=jnp.full((30, 1), 50.0))
    params = make_crowd(1, lapse=1.0, pace=math.log(6.0), length=1.0, conflict=3.0)
    np.testing.assert_allclose(seconds_of(params, query), 2.0, rtol=1e-5)


def test_pauses_are_as_frequent_and_as_long_as_stated(make_query, make_crowd):
    seconds = seconds_of(make_crowd(2, pause=0.1), make_query(5000, 2, 2)).ravel()
    is_pause = seconds > 10.5
    assert abs(is_pause.mean() - 0.1) < 4 * np.sqrt(0.09 / seconds.size)
    extra = seconds[is_pause] - 1.0
    assert extra.min() >= 10.0
    assert abs(extra.mean() - 20.0) < 4 * 10.0 / np.sqrt(extra.size)


def test_waits_are_as_frequent_and_as_long_as_stated(make_query, make_crowd):
    params = make_crowd(2)._replace(extra={"wait": jnp.full(2, 0.2)})
    extra = seconds_of(params, make_query(5000, 2, 2)).ravel() - 1.0
    is_wait = extra > 1e-5
    assert abs(is_wait.mean() - 0.2) < 4 * np.sqrt(0.16 / extra.size)
    waits = extra[is_wait]
    assert abs(waits.mean() - WAIT_FACTOR) < 4 * WAIT_FACTOR / np.sqrt(waits.size)


@pytest.mark.parametrize("skew", [0.0, 0.6, 1.0])
def test_log_seconds_lean_to_the_slow_side_as_stated(make_query, make_crowd, skew):
    params = make_crowd(2, spread=0.4)._replace(extra={"skew": jnp.full(2, skew)})
    z = np.log(seconds_of(params, make_query(10_000, 2, 2))).ravel() / 0.4
    # a Gumbel's third moment is 1.14 in its standard deviations, its kurtosis 5.4
    assert abs(z.var() - 1.0) < 4 * np.sqrt(4.4 / z.size)
    centred = (z - z.mean()) / z.std()
    assert abs((centred**3).mean() - 1.1395 * skew**3) < 4 * np.sqrt(40.0 / z.size)
    if skew == 1.0:
        assert abs((z < 0.0).mean() - 0.5) < 4 * 0.5 / np.sqrt(z.size)


def test_nobody_is_skewed_or_waits_unless_asked(make_query, make_crowd):
    plain, query = make_crowd(2, spread=0.4), make_query(50, 2, 2)
    neutral = plain._replace(
        extra={"skew": jnp.zeros(2), "wait": jnp.zeros(2)},
    )
    np.testing.assert_allclose(
        seconds_of(plain, query), seconds_of(neutral, query), rtol=1e-6
    )


def test_errors_are_slower_than_right_answers_through_conflict_alone(
    make_query, make_crowd
):
    query = make_query(20_000, 1, 10)
    params = make_crowd(1, skill=math.log(9 * 0.84 / 0.16), conflict=1.0, spread=0.37)
    _, response = answer(KEY, params, LABEL.init(KEY, params), query)
    log_s = np.log(response.seconds)
    is_right = np.asarray(response.answer == query.truth)
    slower = log_s[~is_right].mean() - log_s[is_right].mean()
    error = log_s.std() * math.sqrt(1 / (~is_right).sum() + 1 / is_right.sum())
    # People: +.13 to +.23 in log time.
    assert abs(slower - 0.20) < 4 * error
    assert slower > 4 * error


def test_without_conflict_errors_take_no_longer(make_query, make_crowd):
    query = make_query(20_000, 1, 10)
    params = make_crowd(1, skill=3.0, spread=0.37)
    _, response = answer(KEY, params, LABEL.init(KEY, params), query)
    log_s = np.log(response.seconds)
    is_right = np.asarray(response.answer == query.truth)
    slower = log_s[~is_right].mean() - log_s[is_right].mean()
    error = log_s.std() * math.sqrt(1 / (~is_right).sum() + 1 / is_right.sum())
    assert abs(slower) < 4 * error


@pytest.mark.parametrize("occasion", [1, 2])
def test_a_second_look_draws_its_own_time(make_query, make_crowd, occasion):
    query = make_query(30, 1, 3)
    params = make_crowd(1, spread=0.4)
    again = query._replace(occasion=jnp.full((30, 1), occasion, jnp.int32))
    assert (seconds_of(params, query) != seconds_of(params, again)).all()
