import dataclasses
import math

import numpy as np
import pytest

from hitl_sim.workforce import Duration, with_half_life
from hitl_sim.workforce.duration import check_duration

SHAPES = (
    Duration(30.0, "fixed"),
    Duration(30.0, "exponential"),
    Duration(30.0, "lognormal", 0.7),
    Duration(30.0, "weibull", 0.6),
)
NUM = 200_000


@pytest.mark.parametrize("duration", SHAPES, ids=lambda d: d.shape)
def test_draws_have_the_mean_and_the_survival_that_is_told(duration):
    times = duration.draw(np.random.default_rng(0), NUM)
    # five standard errors: a false alarm in 1e6 runs
    assert times.mean() == pytest.approx(30.0, abs=5 * times.std() / math.sqrt(NUM))
    for time_s in (0.0, 5.0, 29.0, 31.0, 80.0):
        share = float((times > time_s).mean())
        expected = float(duration.survival(np.array(time_s)))
        error = math.sqrt(expected * (1 - expected) / NUM)
        assert share == pytest.approx(expected, abs=5 * error + 1e-12)


@pytest.mark.parametrize(("shape", "power"), [("exponential", 1.0), ("weibull", 0.5)])
def test_half_of_all_stay_longer_than_the_half_life(shape, power):
    stay = with_half_life(100.0, shape, power)
    assert float(stay.survival(np.array(100.0))) == pytest.approx(0.5)


def test_a_half_life_is_told_of_two_shapes_only():
    with pytest.raises(ValueError, match="`shape` must be 'exponential' or 'weibull'"):
        with_half_life(1.0, "fixed")


@pytest.mark.parametrize(
    ("field", "value", "condition"),
    [
        ("mean_s", 0.0, "finite and > 0 s"),
        ("mean_s", math.inf, "finite and > 0 s"),
        ("shape", "normal", "one of 'fixed', 'exponential', 'lognormal', 'weibull'"),
        ("spread", 0.0, "finite and > 0"),
    ],
)
def test_an_impossible_time_is_refused(field, value, condition):
    bad = dataclasses.replace(Duration(1.0), **{field: value})
    with pytest.raises(ValueError, match=rf"`stay.{field}` must be {condition}, got"):
        check_duration("stay", bad)


def test_nothing_may_take_no_time_for_certain():
    check_duration("wait_limit", Duration(0.0, "fixed"))
