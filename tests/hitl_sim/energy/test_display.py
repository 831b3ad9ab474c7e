import numpy as np
import pytest

from hitl_sim.energy.display import format_value


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (812.0, "J", "812 J"),
        (0.0, "J", "0 J"),
        (1234.0, "J", "1.23 kJ"),
        (999.6, "J", "1.00 kJ"),
        (0.000684, "J", "684 µJ"),
        (3.6e9, "J", "3.60 GJ"),
        (0.0123, "s", "12.3 ms"),
        (7200.0, "s", "7,200 s"),
        (360_000.0, "J/h", "360 kJ/h"),
        (12.5, "USD", "12.5 USD"),
        (0.5, "1", "0.500"),
        (-2500.0, "W", "-2.50 kW"),
    ],
)
def test_numbers_read_in_three_digits_with_the_prefix_of_their_unit(value, unit, text):
    assert format_value(value, unit) == text


def test_an_interval_shares_the_prefix_of_its_value():
    assert format_value(1234.0, "J", (900.0, 1500.0)) == "1.23 kJ [0.900, 1.50]"


def test_an_array_is_written_as_its_range():
    value = np.array([0.0, 500.0, 2500.0])
    text = format_value(value, "J", (value * 0.5, value * 2.0))
    assert text == "0 to 2.50 kJ [0, 5.00] in 3 values"
