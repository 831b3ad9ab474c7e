import pytest

from hitl_sim.energy import Kind
from hitl_sim.energy.clock import default_shares, lowered_clock
from hitl_sim.energy.clock.share import ClockConstant, ClockShares


def sure(value, kind="measured_counter"):
    return ClockConstant(value, value, value, kind, "test", fitted_to=())


def test_exact_shares_give_the_closed_form():
    shares = ClockShares(sure(0.4), sure(0.25))
    energy, time = lowered_clock(shares)
    clock = (0.4 / (2 * 0.6)) ** (1 / 3)
    slow = 0.75 / clock + 0.25
    assert time.value == pytest.approx(slow)
    at_best = 0.4 * slow + 0.6 * 0.75 * clock**2
    assert energy.value == pytest.approx(at_best / (0.4 + 0.6 * 0.75))
    assert energy.interval == pytest.approx((energy.value, energy.value))


def test_the_shipped_shares_are_calibrated_to_the_sweep_that_they_cite():
    # Tang et al. (2019), arXiv 1905.11012: 8.7 to 23.1 % of training; no test of them
    assert "sweep_training" in default_shares().static_frac.fitted_to
    energy, time = lowered_clock()
    assert 0.087 < 1.0 - energy.value < 0.231
    low, high = (1.0 - end for end in reversed(energy.interval))
    assert low < 0.087
    assert high > 0.231
    assert time.value > 1.0


def test_what_is_assumed_stays_assumed():
    energy, _ = lowered_clock()
    assert energy.kind is Kind.ASSUMED
    measured, _ = lowered_clock(ClockShares(sure(0.4), sure(0.25)))
    assert measured.kind is Kind.MODELLED_ANALYTIC


def test_the_source_of_the_saving_names_its_assumptions():
    text = default_shares().static_frac.source
    assert text in lowered_clock()[0].source
