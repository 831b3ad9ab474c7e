import itertools

import numpy as np
import pytest

from hitl_sim.energy import (
    Kind,
    Quantity,
    Scope,
    WorkUnit,
    load_profile,
    total,
)
from hitl_sim.energy.error import Error, product_interval
from hitl_sim.energy.monte_carlo import (
    draw_interval,
    draw_source,
    fit_errors,
)
from hitl_sim.energy.profile_file import profile_names

UNITS = (
    WorkUnit("small", "train", {"float32": 7.4e5}, 3.6e5, 32),
    WorkUnit("balanced", "train", {"float32": 1e7}, 1e6, 10),
    WorkUnit("large", "train", {"float32": 7.4e11}, 3.6e9, 100),
)


def joules(value, interval, source, kind=Kind.ASSUMED):
    return Quantity(value, "J", kind, Scope.BOARD, interval, source)


def drawn_interval(function, *quantities):
    """Return the ends of a function of independent quantities, found by draws."""
    value = function(*(q.value for q in quantities))
    draws = [draw_source(q.source, q.value, *q.interval) for q in quantities]
    return draw_interval(value, function(*draws))


def test_a_source_has_95_percent_between_its_ends_and_half_below_its_value():
    draws = draw_source("a", 2.0, 0.5, 3.0)
    inside = np.mean((draws > 0.5) & (draws < 3.0))
    assert abs(inside - 0.95) < 4 * np.sqrt(0.95 * 0.05 / draws.size)
    assert abs(np.mean(draws < 2.0) - 0.5) < 4 * np.sqrt(0.25 / draws.size)
    assert draws.min() > 0.0


def test_a_source_that_reaches_zero_is_drawn_on_the_plain_scale():
    low, high = np.quantile(draw_source("a", 1.0, -1.0, 4.0), [0.025, 0.975])
    assert (low, high) == pytest.approx((-1.0, 4.0), rel=0.05)


def test_equal_names_share_their_draws_and_others_do_not():
    one, again = draw_source("a", 1.0, 0.5, 2.0), draw_source("a", 1.0, 0.5, 2.0)
    other = draw_source("b", 1.0, 0.5, 2.0)
    np.testing.assert_array_equal(one, again)
    correlation = np.corrcoef(np.log(one), np.log(other))[0, 1]
    assert abs(correlation) < 4 / np.sqrt(one.size)


def test_arrays_are_drawn_element_by_element():
    draws = draw_source(
        "a", np.array([1.0, 0.0]), np.array([0.5, -1.0]), np.array([2.0, 1.0])
    )
    assert draws.shape[1:] == (2,)
    np.testing.assert_array_equal(draws[:, 0], draw_source("a", 1.0, 0.5, 2.0))


def test_the_fast_product_agrees_with_draws_where_sides_are_equal():
    one = joules(1.0, (0.1, 10.0), "a")
    other = joules(3.0, (1.5, 6.0), "b")
    fast = one.times(other, unit="J2").interval
    assert fast == pytest.approx(drawn_interval(np.multiply, one, other), rel=0.05)


def test_the_fast_product_of_upward_errors_is_too_narrow_and_draws_are_not():
    factors = [joules(1.0, (1.0, 4.0), name) for name in "abcd"]
    fast = factors[0]
    for factor in factors[1:]:
        fast = fast.times(factor, unit="J")
    drawn = drawn_interval(lambda a, b, c, d: a * b * c * d, *factors)
    logs = (
        np.log(4.0) / 1.96 * np.abs(np.random.default_rng(7).normal(size=(4, 40_000)))
    )
    is_up = np.random.default_rng(8).random((4, 40_000)) < 0.5
    truth = np.quantile(np.exp(np.sum(logs * is_up, axis=0)), 0.975)
    assert drawn[1] == pytest.approx(truth, rel=0.06)
    assert fast.interval[1] < 0.85 * truth


def test_the_fast_sum_agrees_with_draws_unless_terms_are_very_wide():
    for spread, tolerance in ((1.5, 0.02), (2.0, 0.04)):
        terms = [joules(1.0, (1 / spread, spread), name) for name in "abc"]
        fast = total(terms).interval
        drawn = drawn_interval(lambda a, b, c: a + b + c, *terms)
        assert fast == pytest.approx(drawn, rel=tolerance)
    wide = [joules(1.0, (0.1, 10.0), name) for name in "abc"]
    drawn = drawn_interval(lambda a, b, c: a + b + c, *wide)
    assert total(wide).interval[0] > 1.25 * drawn[0]


def test_fitted_errors_give_the_interval_of_the_draws_and_keep_their_sources():
    errors = (Error("a", -0.5, 1.0), Error("b", 0.0, 3.0))
    fitted = fit_errors(1.0, errors, (0.4, 9.0), "unit")
    assert product_interval(1.0, fitted) == pytest.approx((0.4, 9.0))
    assert [error.source for error in fitted] == ["a", "b"]


def test_what_no_source_does_alone_gets_a_source_of_its_own():
    """A maximum falls only where both of two equal terms do."""
    errors = (Error("a", 0.0, 1.0), Error("b", 0.0, 1.0))
    fitted = fit_errors(1.0, errors, (0.7, 3.0), "unit")
    assert product_interval(1.0, fitted)[0] == pytest.approx(0.7)
    assert fitted[-1].source == "unit: several at once"


def test_one_source_and_small_differences_are_left_exact():
    one = (Error("a", -0.5, 1.0),)
    assert fit_errors(1.0, one, (0.4, 2.5), "unit") is one
    two = (Error("a", -0.5, 1.0), Error("b", -0.5, 1.0))
    low, high = product_interval(1.0, two)
    assert fit_errors(1.0, two, (low * 1.02, high * 0.98), "unit") is two


@pytest.mark.parametrize(
    ("name", "unit"),
    list(itertools.product(profile_names(), UNITS)),
    ids=lambda case: getattr(case, "name", case),
)
def test_every_analytic_cost_has_the_interval_of_independent_draws(name, unit):
    """Another generator, and the roofline written out again."""
    profile = load_profile(name)
    rng = np.random.default_rng(11)
    drawn = {}
    for key, constant in profile.constants.items():
        z = rng.standard_normal(100_000) / 1.96
        up, down = (
            np.log(end / constant.value) for end in (constant.high, constant.low)
        )
        drawn[key] = constant.value * np.exp(np.where(z > 0, z * up, -z * down))
    peak = drawn["peak_flop_per_s.float32"]
    peak = drawn.get("peak_flop_per_s.float32 default", peak)
    compute = unit.flops["float32"] / peak
    memory = unit.bytes_moved / drawn["bandwidth_b_per_s"]
    busy = np.maximum(
        compute / drawn["compute_efficiency_frac"],
        memory / drawn["bandwidth_efficiency_frac"],
    )
    launch = unit.num_kernels * drawn["launch_s"]
    truth = {
        "seconds": launch + busy,
        "joules": launch * drawn["launch_w"] + busy * drawn["active_w"],
    }
    cost = profile.unit_cost(unit)
    for field, draws in truth.items():
        quantity = getattr(cost, field)
        assert quantity.interval == pytest.approx(
            draw_interval(quantity.value, draws), rel=0.12
        )
