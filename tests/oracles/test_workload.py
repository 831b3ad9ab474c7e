from statistics import NormalDist

import jax
import numpy as np
import pytest

from oracles import build_population, sample_annotators
from oracles.people import draw_activity
from oracles.workload import activity_by_rank, assign_by_activity

KEY = jax.random.key(3)
PEOPLE = 4000


def test_the_busiest_tenth_has_the_share_of_a_log_normal():
    share = activity_by_rank(2000, 1.5)[:200].sum()
    assert share == pytest.approx(NormalDist().cdf(1.5 - 1.2816), abs=0.02)
    np.testing.assert_allclose(activity_by_rank(7, 0.0), 1 / 7)


@pytest.mark.parametrize("people", [1, 3])
def test_questions_are_dealt_in_proportion_to_activity(people):
    activity = activity_by_rank(40, 1.0)
    dealt = assign_by_activity(2000, people, activity)
    load = np.bincount(dealt.ravel(), minlength=40)
    assert load.sum() == 2000 * people
    np.testing.assert_allclose(load, 2000 * people * activity, atol=2)


def test_nobody_meets_a_question_twice_and_the_busiest_meet_all():
    dealt = assign_by_activity(500, 3, activity_by_rank(5, 3.0))
    assert all(len(set(row)) == 3 for row in dealt.tolist())
    assert (np.bincount(dealt.ravel())[:2] == 500).all()


def test_as_many_people_as_there_are_all_answer_everything():
    dealt = assign_by_activity(10, 3, activity_by_rank(3, 2.0))
    assert (np.sort(dealt, axis=1) == [0, 1, 2]).all()


@pytest.mark.parametrize(
    ("people", "activity", "message"),
    [
        (3, [1.0, 1.0], r"`people` must be in \[1, 2\], got 3"),
        (1, [1.0, 0.0], r"`activity` must be > 0, got 0"),
        (1, [1.0, np.nan], r"`activity` must be > 0, got nan"),
    ],
)
def test_a_deal_that_cannot_be_is_refused(people, activity, message):
    with pytest.raises(ValueError, match=message):
        assign_by_activity(5, people, np.array(activity))


def test_activity_spreads_and_goes_with_skill_as_stated():
    population = build_population(
        "typical", "label", 10, activity_spread=1.2, skill_activity=-0.6
    )
    log = np.log(np.asarray(draw_activity(KEY, population, PEOPLE)))
    skill = np.asarray(sample_annotators(KEY, population, PEOPLE).skill)
    assert abs(log.std() - 1.2) < 4 * 1.2 / np.sqrt(2 * PEOPLE)
    r = np.corrcoef(log, skill)[0, 1]
    assert abs(r + 0.6) < 4 * (1 - 0.6**2) / np.sqrt(PEOPLE)


def test_without_a_spread_all_are_equally_active():
    population = build_population("typical", "label", 10)
    assert (draw_activity(KEY, population, 5) == 1.0).all()
