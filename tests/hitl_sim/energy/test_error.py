import numpy as np
import pytest
from hypothesis import given, strategies as st

from hitl_sim.energy.error import (
    Error,
    additive_interval,
    combine_errors,
    errors_from_ends,
    merge_errors,
    product_interval,
)


def test_equal_sources_add_linearly_and_different_ones_in_quadrature():
    same = merge_errors([Error("a", -3.0, 3.0), Error("a", -4.0, 4.0)])
    different = merge_errors([Error("a", -3.0, 3.0), Error("b", -4.0, 4.0)])
    assert additive_interval(100.0, same) == (93.0, 107.0)
    assert additive_interval(100.0, different) == (95.0, 105.0)


def test_sides_are_combined_apart():
    errors = (Error("a", -3.0, 6.0), Error("b", -4.0, 8.0))
    assert additive_interval(100.0, errors) == (95.0, 110.0)


def test_a_term_that_falls_where_its_source_rises_still_widens_both_sides():
    assert additive_interval(100.0, (Error("speed", 5.0, -2.0),)) == (98.0, 105.0)


def test_opposite_terms_of_one_source_cancel():
    assert merge_errors([Error("a", -1.0, 2.0), Error("a", 1.0, -2.0)]) == ()


@given(
    st.lists(
        st.tuples(st.floats(0.05, 1.0), st.floats(1.0, 20.0)), min_size=1, max_size=6
    )
)
def test_a_positive_sum_or_product_keeps_a_positive_lower_end(ends):
    errors = tuple(
        Error(str(i), low - 1.0, high - 1.0) for i, (low, high) in enumerate(ends)
    )
    for interval_fn in (additive_interval, product_interval):
        low, high = interval_fn(1.0, errors)
        assert 0.0 < low <= 1.0 <= high


def test_a_lower_end_that_would_be_exactly_zero_is_kept_positive():
    low, high = additive_interval(10.0, (Error("a", -6.0, 6.0), Error("b", -8.0, 8.0)))
    assert low == pytest.approx(10.0 * np.exp(-np.hypot(np.log(0.4), np.log(0.2))))
    assert high == 20.0


def test_a_product_of_log_normal_factors_covers_95_percent():
    spreads = {"a": 0.8, "b": 0.5, "c": 0.3}
    value, errors = errors_from_ends(
        lambda c: c["a"] * c["b"] / c["c"],
        {
            name: (1.0, np.exp(-1.96 * spread), np.exp(1.96 * spread))
            for name, spread in spreads.items()
        },
    )
    low, high = product_interval(value, errors)
    draws = np.random.default_rng(0).standard_normal((3, 20_000))
    truth = np.exp(draws[0] * 0.8 + draws[1] * 0.5 - draws[2] * 0.3)
    covered = np.mean((truth > low) & (truth < high))
    assert abs(covered - 0.95) < 4 * np.sqrt(0.95 * 0.05 / 20_000)


def test_a_shared_source_cancels_in_a_quotient_and_is_exact_in_a_square():
    argument = (10.0, (Error("c", -5.0, 10.0),))
    assert combine_errors(lambda x, y: x / y, argument, argument) == ()
    (term,) = combine_errors(lambda x, y: x * y, argument, argument)
    assert (term.low, term.high) == (25.0 - 100.0, 400.0 - 100.0)


def test_arrays_combine_element_by_element():
    value = np.array([1.0, 10.0, 0.0])
    errors = (
        Error("a", value * -0.3, value * 0.3),
        Error("b", value * -0.4, value * 0.4),
    )
    low, high = additive_interval(value, errors)
    np.testing.assert_allclose(low, value * 0.5)
    np.testing.assert_allclose(high, value * 1.5)


def test_each_constant_is_moved_alone():
    value, errors = errors_from_ends(
        lambda c: max(c["a"], c["b"]), {"a": (4.0, 2.0, 8.0), "b": (3.0, 1.0, 5.0)}
    )
    assert value == 4.0
    assert errors == (Error("a", -1.0, 4.0), Error("b", 0.0, 1.0))
    assert additive_interval(value, errors)[1] == pytest.approx(4.0 + np.sqrt(17.0))
