"""Interruptions are told from work, and no second is lost."""

import numpy as np
import pytest

from hitl_sim.participants.describing.idle import split_idle


def make_times(share=0.05, people=20, each=200, seed=0):
    rng = np.random.default_rng(seed)
    person = np.repeat(np.arange(people), each)
    usual = np.exp(rng.normal(2.0, 0.8, people))[person]
    work = usual * np.exp(rng.normal(0.0, 0.4, person.size))
    is_idle = rng.random(person.size) < share
    pause = usual * 10.0 * (1.0 + rng.exponential(size=person.size))
    return work + np.where(is_idle, pause, 0.0), person, is_idle, work


def test_interruptions_are_found_where_they_are():
    seconds, person, is_idle, _ = make_times()
    found = split_idle(seconds, person)
    # 4 standard errors of 200 cases in 4,000, and the overlap of the components
    assert found.share == pytest.approx(0.05, abs=0.015)
    assert found.probability[is_idle].mean() > 0.95
    assert found.probability[~is_idle].mean() < 0.01


def test_active_seconds_are_those_of_work():
    seconds, person, is_idle, work = make_times()
    found = split_idle(seconds, person)
    assert found.active_s[~is_idle].sum() == pytest.approx(
        work[~is_idle].sum(), rel=0.02
    )
    assert found.active_s[is_idle].sum() == pytest.approx(work[is_idle].sum(), rel=0.25)


def test_no_second_is_lost():
    seconds, person, *_ = make_times()
    seconds[::7] = np.nan
    found = split_idle(seconds, person)
    known = np.isfinite(seconds)
    np.testing.assert_allclose(
        (found.active_s + found.idle_s)[known], seconds[known], rtol=1e-12
    )
    assert (found.active_s[~known] == 0).all()


def test_nobody_is_called_idle_where_times_are_log_normal():
    seconds, person, *_ = make_times(share=0.0)
    found = split_idle(seconds, person)
    assert found.idle_share < 0.01
    assert found.spread == pytest.approx(0.4, rel=0.05)


def test_a_zero_of_whole_seconds_is_no_error():
    found = split_idle(np.array([0.0, 1.0, 2.0] * 20), np.zeros(60, np.int64))
    assert np.isfinite(found.active_s).all()


def test_very_many_answers_are_split_as_a_part_of_them_is():
    seconds, person, is_idle, _ = make_times(people=100, each=2000)
    found = split_idle(seconds, person)
    few = split_idle(seconds[:20_000], person[:20_000])
    assert found.probability.size == seconds.size
    assert found.probability[is_idle].mean() > 0.95
    # 4 standard errors of a share of 1 in 20 among 20,000
    assert found.share == pytest.approx(few.share, abs=0.0062)
    assert found.spread == pytest.approx(few.spread, rel=0.02)
