"""Simulated people over many splits: what is told apart, and what lies in the band."""

import numpy as np
import pytest
from told_apart import interval, outside, verdict

AUC = [0.52, 0.54, 0.53, 0.55]


@pytest.mark.parametrize(
    ("auc", "real", "coin", "said"),
    [
        (AUC, [0.50, 0.52], 0.9, "not told apart"),
        ([0.6, 0.62, 0.61, 0.63], [0.50, 0.52], 0.9, "told apart"),
        # a mean below the bar with an upper end too far above it
        ([0.40, 0.68, 0.40, 0.68], [0.50, 0.52], 0.9, "told apart"),
        (AUC, [0.40, 0.42], 0.9, "control 0.41: not asked"),
        (AUC, [0.50, 0.52], 0.7, "one coin is found with 0.70 alone: no power"),
    ],
)
def test_a_verdict_needs_a_control_and_power(auc, real, coin, said):
    assert verdict(auc, real, coin) == said


def test_an_interval_is_of_the_mean():
    mean, low, high = interval(AUC)
    assert mean == pytest.approx(0.535)
    assert high - mean == pytest.approx(1.96 * np.std(AUC, ddof=1) / 2.0)
    assert mean - low == pytest.approx(high - mean)


def splits(off, num=200):
    """Return splits whose two points are off by some, and vary by .02."""
    noise = np.random.default_rng(0).normal(0.0, 0.02, (num, 2))
    return [
        {"normal": {"curve": {"a": [0.8, 0.8 + x], "b": [0.9, 0.9 + off + y]}}}
        for x, y in noise
    ]


def test_a_curve_is_in_the_band_unless_it_is_off_in_nearly_all_splits():
    assert outside(splits(0.0), "normal") == (2, [])
    # the band of two normal points holds 2.24 standard deviations
    assert outside(splits(0.035), "normal") == (2, [])
    points, off = outside(splits(0.06), "normal")
    assert points == 2
    assert len(off) == 1
    assert off[0].startswith("b +0.06")


def test_points_that_a_split_lacks_are_not_judged():
    parts = splits(0.5, num=5)
    del parts[3]["normal"]["curve"]["b"]
    assert outside(parts, "normal") == (1, [])
    assert outside(parts[:2], "normal") == (0, [])
