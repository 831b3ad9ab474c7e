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
    seconds, person, *_ = make_times()
    found = split_idle(seconds, person)
    # 4 standard errors of 200 cases in 4,000, and the overlap of the components
    assert found.share == pytest.approx(0.05, abs=0.015)


def test_active_seconds_are_those_of_work():
    seconds, person, _, work = make_times()
    seconds[::7] = np.nan
    known = np.isfinite(seconds)
    idle = 1.0 - work[known].sum() / seconds[known].sum()
    assert split_idle(seconds, person).idle_share == pytest.approx(idle, rel=0.05)


def test_nobody_is_called_idle_where_times_are_log_normal():
    seconds, person, *_ = make_times(share=0.0)
    found = split_idle(seconds, person)
    assert found.idle_share < 0.01
    assert found.spread == pytest.approx(0.4, rel=0.05)


def test_a_zero_of_whole_seconds_is_no_error():
    found = split_idle(np.array([0.0, 1.0, 2.0] * 20), np.zeros(60, np.int64))
    assert np.isfinite(found).all()


def test_very_many_answers_are_split_as_a_part_of_them_is():
    seconds, person, *_ = make_times(people=100, each=2000)
    found = split_idle(seconds, person)
    few = split_idle(seconds[:20_000], person[:20_000])
    # 4 standard errors of a share of 1 in 20 among 20,000
    assert found.share == pytest.approx(few.share, abs=0.0062)
    assert found.spread == pytest.approx(few.spread, rel=0.02)
