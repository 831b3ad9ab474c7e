"""Means by real answers and predictions: known answers, and what is refused.

How often intervals hold is in `experiments/prediction_powered.md`, and in a small form
in `tests/experiments/test_prediction_powered.py`.
"""

import math

import numpy as np
import pytest
from scipy.stats import t as student

from hitl_sim.analysis.chance.interval import wilson
from hitl_sim.analysis.chance.prediction_powered import (
    MIN_PEOPLE,
    MIN_REAL,
    MIN_SURPRISES,
    powered_mean,
)


def spread(num, step):
    """Numbers in [0, 1) that are even and look like chance."""
    return np.mod(np.arange(1, num + 1) * step, 1.0)


@pytest.fixture
def some():
    """Outcomes of the first 200 of 2,000 items, and predictions of all."""
    every = 2 * spread(2000, 0.618034)
    return 1 + 0.7 * every[:200] + spread(200, 0.754878), every


def of(some, **changes):
    outcome, every = some
    return powered_mean(outcome, every[: len(outcome)], every, **changes)


def test_it_is_what_ppi_python_says_where_nobody_is_told_apart():
    first, second = (
        spread(12_000, s) for s in (0.6180339887498949, 0.7548776662466927)
    )
    every = 2 * first + np.sin(5 * second)
    outcome = 1.0 + 0.7 * every + 1.5 * (spread(12_000, 0.5698402909980532) - 0.5)
    found = powered_mean(outcome[:2000], every[:2000], every[2000:], is_subset=False)
    # ppi_mean_pointestimate and ppi_mean_ci(alpha=.05) of ppi-python 0.2.3, and the
    # latter with lam=0
    width = 0.04431
    assert found.mean.value == pytest.approx(1.80062666, abs=1e-4 * width)
    assert found.mean.low == pytest.approx(1.77847139, abs=1e-3 * width)
    assert found.mean.high == pytest.approx(1.82278193, abs=1e-3 * width)
    assert found.real_alone.low == pytest.approx(1.76651302, abs=1e-3 * width)
    assert found.real_alone.high == pytest.approx(1.8342264, abs=1e-3 * width)


def test_the_variance_is_that_of_the_formula_for_a_part_of_all_items(some):
    found, num, whole = of(some), 200, 2000
    ratio = 1 - found.correlation**2 * (1 - num / whole)
    assert 0.6 < found.correlation < 0.95
    assert found.variance / found.real_variance == pytest.approx(ratio, rel=0.02)
    assert found.effective == pytest.approx(num / ratio, rel=0.02)
    assert found.stood_for == pytest.approx(found.effective - num)


def test_the_variance_is_that_of_the_formula_for_other_items(some):
    outcome, every = some
    found = powered_mean(outcome, every[:200], every[200:600], is_subset=False)
    ratio = 1 - found.correlation**2 / (1 + 200 / 400)
    assert found.variance / found.real_variance == pytest.approx(ratio, rel=0.02)
    slope = np.polyfit(every[:200], outcome, 1)[0]
    assert found.weight == pytest.approx(slope / 1.5)


def test_predictions_that_say_nothing_leave_the_mean_of_real_answers(some):
    outcome, _ = some
    found = powered_mean(outcome, np.full(200, 0.3), np.full(2000, 0.3))
    assert found.weight == 0.0
    assert math.isnan(found.correlation)
    assert found.mean == found.real_alone
    reach = student.ppf(0.975, 199) * outcome.std(ddof=1) / math.sqrt(200)
    assert found.mean.value == pytest.approx(outcome.mean())
    assert found.mean.high - found.mean.value == pytest.approx(reach)


def test_opposite_predictions_tell_as_much(some):
    outcome, every = some
    one, other = of(some), powered_mean(outcome, -every[:200], -every)
    assert other.weight == pytest.approx(-one.weight)
    assert other.mean.low == pytest.approx(one.mean.low)
    assert other.mean.high == pytest.approx(one.mean.high)


def test_a_shift_of_all_predictions_changes_nothing(some):
    outcome, every = some
    shifted = powered_mean(outcome, every[:200] + 7.0, every + 7.0)
    assert shifted.mean.value == pytest.approx(of(some).mean.value)
    assert shifted.variance == pytest.approx(of(some).variance)


def test_balanced_people_with_one_answer_an_item_are_means_of_their_own(some):
    outcome, _ = some
    person = np.arange(200) % 5
    found = powered_mean(outcome, np.zeros(200), np.zeros(2000), person=person)
    means = np.array([outcome[person == one].mean() for one in range(5)])
    assert found.df == pytest.approx(4.0)
    assert found.variance == pytest.approx(means.var(ddof=1) / 5)
    assert found.num_people == 5


def test_crossed_people_and_items_have_the_variance_of_mean_squares():
    rng = np.random.default_rng(3)
    people, items = 6, 40
    table = rng.normal(size=(people, 1)) + rng.normal(size=items)
    table = table + rng.normal(size=(people, items))
    person, item = (axis.ravel() for axis in np.indices(table.shape))
    nothing = np.zeros(len(item))
    found = powered_mean(
        table.ravel(), nothing, np.zeros(items), item=item, person=person
    )
    by_person = items * table.mean(axis=1).var(ddof=1)
    by_item = people * table.mean(axis=0).var(ddof=1)
    rest = table - table.mean(axis=0) - table.mean(axis=1, keepdims=True) + table.mean()
    error = (rest**2).sum() / ((people - 1) * (items - 1))
    true = (by_person + by_item - error) / (people * items)
    assert by_item > error
    assert found.variance == pytest.approx(true, rel=1e-9)


def test_degrees_of_freedom_of_uneven_people_are_bells_and_mccaffreys(some):
    outcome, _ = some
    person = np.minimum(np.arange(200) // 30, 5)
    effect = 0.8 * np.array([1, -1, 0.5, -0.5, 1, -1])[person]
    found = powered_mean(outcome + effect, np.zeros(200), np.zeros(400), person=person)
    # the same with every matrix written out
    member = np.eye(6)[person]
    left = (np.eye(200) - 1 / 200) / 200
    y = outcome + effect
    told = [
        [np.sum((z.T @ left @ b) ** 2) for b in (member, np.eye(200))]
        for z in (member, np.eye(200))
    ]
    seen = [np.sum((z.T @ left @ y) ** 2) for z in (member, np.eye(200))]
    parts = np.linalg.solve(told, seen)
    assert (parts > 0).all()
    whole = parts[0] * member @ member.T + parts[1] * np.eye(200)
    sums = member.T @ left @ whole @ left.T @ member
    assert found.df == pytest.approx(np.trace(sums) ** 2 / np.sum(sums**2))
    true = np.ones(200) @ whole @ np.ones(200) / 200**2
    assert found.variance == pytest.approx(seen[0] / np.trace(sums) * true)


def test_items_count_the_same_however_often_they_were_asked():
    item = np.concatenate([np.zeros(50, int), np.arange(1, 51)])
    outcome = np.concatenate([np.zeros(50), np.ones(50)])
    found = powered_mean(outcome, np.zeros(100), np.zeros(51), item=item)
    assert found.mean.value == pytest.approx(50 / 51)
    assert found.num_items == 51


def test_people_with_an_own_mind_widen_the_interval(some):
    outcome, every = some
    person = np.arange(200) % 5
    leaning = 0.5 * np.array([-2, -1, 0, 1, 2])[person]
    alike, apart = (
        powered_mean(y, every[:200], every, person=person)
        for y in (outcome, outcome + leaning)
    )
    assert apart.variance > 10 * alike.variance
    assert apart.variance == pytest.approx(leaning[:5].var(ddof=1) / 5, rel=0.2)


def test_a_share_without_predictions_has_wilsons_interval():
    outcome = np.repeat([1.0, 0.0], [4_500, 500])
    found = powered_mean(outcome, np.zeros(5000), np.zeros(9000), is_share=True)
    known = wilson(4_500, 5_000)
    assert found.mean.low == pytest.approx(known.low, abs=2e-5)
    assert found.mean.high == pytest.approx(known.high, abs=2e-5)


def test_answers_that_are_all_right_are_bounded_as_a_share_is():
    found = powered_mean(np.ones(80), spread(80, 0.6), spread(300, 0.6), is_share=True)
    t = student.ppf(0.975, 79)
    assert found.weight == 0.0
    assert found.mean.high == 1.0
    assert found.mean.low == pytest.approx(80 / (80 + t * t))


def few_misses(num):
    """Predictions of 100 checked items that miss some, evenly of either kind."""
    outcome = (spread(100, 0.618034) < 0.7).astype(float)
    predicted = outcome.copy()
    predicted[:num] = 1 - predicted[:num]
    every = np.concatenate([predicted, (spread(900, 0.7548) < 0.7).astype(float)])
    return powered_mean(outcome, predicted, every, is_share=True)


def test_a_machine_that_hardly_missed_is_not_trusted_for_it():
    few, enough = few_misses(3), few_misses(12)
    assert few.num_surprises < MIN_SURPRISES <= enough.num_surprises
    assert few.weight == 0.0
    assert few.mean == few.real_alone
    assert enough.weight > 0.0
    width = enough.mean.high - enough.mean.low
    assert width < 0.8 * (enough.real_alone.high - enough.real_alone.low)


REFUSED = {
    "fewer than fifty": (
        {"outcome": np.zeros(49), "predicted": np.zeros(49)},
        f"`outcome` must hold at least {MIN_REAL}, got 49",
    ),
    "fewer items than have answers": (
        {"everything": np.zeros(50)},
        "`everything` must hold all 60 items that have answers, got 50",
    ),
    "predictions without a pair": (
        {"predicted": np.zeros(59)},
        "`predicted` must have 60 numbers, got 59",
    ),
    "ids without a pair": ({"item": np.arange(59)}, "`item` must have 60"),
    "an item that is predicted twice": (
        {"item": np.arange(60) // 2, "predicted": np.arange(60) / 60},
        "`predicted` must be one number for each item",
    ),
    "no number": ({"outcome": np.full(60, np.nan)}, "`outcome` .* finite, got nan"),
    "a prediction that is none": (
        {"everything": np.append(np.zeros(99), np.inf)},
        "`everything` .* finite, got inf",
    ),
    "beyond the scale": (
        {"predicted": np.append(np.zeros(59), 1.5), "is_share": True},
        r"`predicted` .* in \[0, 1\], got 1.5",
    ),
    "few people": (
        {"person": np.arange(60) % (MIN_PEOPLE - 1)},
        f"`person` must name at least {MIN_PEOPLE} people, got 3",
    ),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_estimated_is_refused(case):
    changes, message = case
    given = {
        "outcome": np.zeros(60),
        "predicted": np.zeros(60),
        "everything": np.zeros(100),
    }
    powered_mean(**given)
    with pytest.raises(ValueError, match=message):
        powered_mean(**given | changes)
