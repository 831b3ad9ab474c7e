import math

import pytest

from hitl_sim.report.number import digits, duration, energy_text, short_times, times


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.0, "0.00"),
        (1.0, "1.00"),
        (0.6372, "0.637"),
        (12.34, "12.3"),
        (1234.0, "1,230"),
        (0.00001, "1.00e-05"),
        (math.inf, "∞"),
        (math.nan, "?"),
    ],
)
def test_numbers_have_three_digits(number, text):
    assert digits(number) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0 s"),
        (0.0028, "2.80 ms"),
        (90.0, "1.50 min"),
        (7200.0, "2.00 h"),
        (2e5, "2.31 days"),
        (6.3e7, "2.00 years"),
    ],
)
def test_times_take_the_unit_that_suits_them(seconds, text):
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("multiple", "text"),
    [
        (2.5, "2.50 times"),
        (6.64e7, "66.4 million times"),
        (9e9, "9.00 billion times"),
        (math.inf, "∞ times"),
    ],
)
def test_multiples_are_written_in_words(multiple, text):
    assert times(multiple) == text


def test_short_multiples_keep_their_size():
    assert (short_times(6.64e7), short_times(12.0)) == ("6.6e+07", "12.0")


def test_an_unbounded_interval_says_so():
    assert energy_text(2.0, 1.0, math.inf) == "2.00 J [1.00 J, ∞]"
    assert energy_text(0.28, 0.226, 0.327) == "280 mJ [226, 327]"
