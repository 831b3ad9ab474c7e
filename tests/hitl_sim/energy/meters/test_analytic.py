import pytest

from hitl_sim.energy import Kind, load_profile
from hitl_sim.energy.meters import AnalyticBackend

SECOND = 1_000_000_000


def test_a_window_is_time_times_watts_between_idle_and_full_power():
    profile = load_profile("laptop-cpu")
    times = iter([0, 10 * SECOND])
    backend = AnalyticBackend(profile, lambda: next(times))
    (energy,) = backend.delta(backend.read(), backend.read())
    assert energy.value == pytest.approx(10.0 * profile.active_w.value)
    assert energy.interval == pytest.approx(
        (10.0 * profile.idle_w.low, 10.0 * profile.active_w.high)
    )
    assert energy.kind is Kind.MODELLED_ANALYTIC


def test_it_is_available_anywhere_and_says_that_nothing_is_measured():
    (seen,) = AnalyticBackend(load_profile("h100")).probe()
    assert seen.is_available
    assert seen.kind is Kind.MODELLED_ANALYTIC
    assert "nothing is measured" in seen.note
