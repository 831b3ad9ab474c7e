import msgspec
import pytest

from hitl_sim.energy.clock import (
    Published,
    default_shares,
    is_fitted,
    predict,
    published_figures,
)
from hitl_sim.energy.clock.share import ClockConstant, ClockShares


def sure(value, fitted_to=()):
    return ClockConstant(value, value, value, "assumed", "test", fitted_to=fitted_to)


def shipped(name):
    return next(found for found in published_figures() if found.name == name)


def figure(**changes):
    own = {
        "name": "some",
        "setting": "best_clock",
        "measure": "saved",
        "work": "training",
        "low": 0.1,
        "high": 0.2,
        "by": "somebody",
        "source": "somewhere",
        "year": 2020,
    }
    return Published(**(own | changes))


def test_a_figure_is_fitted_exactly_where_a_constant_says_so():
    fitted = {found.name for found in published_figures() if is_fitted(found)}
    assert fitted == {"sweep_training"}
    chosen = ClockShares(sure(0.3), sure(0.2, fitted_to=("sweep_inference",)))
    assert is_fitted(shipped("sweep_inference"), chosen)
    assert not is_fitted(shipped("sweep_training"), chosen)


def test_what_constants_cite_is_among_the_figures():
    names = {found.name for found in published_figures()}
    shares = default_shares()
    for constant in (shares.static_frac, shares.memory_frac):
        assert set(constant.fitted_to) <= names


def test_a_constant_that_does_not_say_what_it_was_chosen_from_is_refused():
    table = {"value": 0.3, "low": 0.2, "high": 0.4, "kind": "assumed", "source": "x"}
    with pytest.raises(msgspec.ValidationError, match="fitted_to"):
        msgspec.convert(table, ClockConstant)


def test_exact_shares_give_the_closed_forms_of_clock_and_cap():
    static, memory = 0.4, 0.25
    shares = ClockShares(sure(static), sure(memory))
    top = static + (1 - static) * (1 - memory)

    def left(clock):
        time = (1 - memory) / clock + memory
        return static * time + (1 - static) * (1 - memory) * clock**2

    best = (static / (2 * (1 - static))) ** (1 / 3)
    found = predict(figure(), shares)
    assert found.value == pytest.approx(1 - left(best) / top)
    assert found.interval == pytest.approx((found.value, found.value))
    capped = ((0.7 - static) / (1 - static)) ** (1 / 3)
    cap = {"setting": "power_cap", "caps": (0.7, 0.7)}
    saved = predict(figure(**cap), shares)
    assert saved.value == pytest.approx(1 - left(capped) / top)
    slowed = predict(figure(**cap, measure="slowed"), shares)
    assert slowed.value == pytest.approx((1 - memory) * (1 / capped - 1))


def test_a_range_of_caps_widens_what_the_model_says():
    shares = ClockShares(sure(0.4), sure(0.25))
    wide = predict(figure(setting="power_cap", caps=(0.6, 0.8)), shares)
    low, high = wide.interval
    assert low < wide.value - 0.01
    assert high > wide.value + 0.01


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"low": 0.3}, "`low` and `high` must be >= 0 and <= 1 and in order, got 0.3"),
        ({"caps": (0.6, 0.7)}, "`caps` must be given exactly where `setting` is"),
        ({"setting": "power_cap"}, "`caps` must be given exactly where `setting` is"),
    ],
)
def test_a_figure_that_says_nothing_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        figure(**changes)
