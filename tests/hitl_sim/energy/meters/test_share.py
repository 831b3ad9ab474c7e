import pytest

from hitl_sim.energy import Kind, Quantity, Scope, unavailable
from hitl_sim.energy.meters.meter import attribute, checked_shares


def energy(of="host/package-0", value=100.0):
    return Quantity(
        value, "J", Kind.MEASURED_COUNTER, Scope.PACKAGE, (90.0, 110.0), "test", of=of
    )


def test_nobody_else_means_all_of_it():
    assert attribute(energy(), {}, {}).value == 100.0


def test_a_shared_device_without_a_share_is_refused():
    refused = attribute(energy(), {"host/package-0": "a neighbour"}, {})
    assert refused.value is None
    assert "shared (a neighbour): declare this program's share" in refused.reason


def test_a_declared_share_is_assumed_and_scales_value_and_interval():
    shares = checked_shares({"host": 0.25})
    part = attribute(energy(), {"host/package-0": "a neighbour"}, shares)
    assert part.value == pytest.approx(25.0)
    assert part.interval == pytest.approx((22.5, 27.5), rel=0.01)
    assert part.kind is Kind.ASSUMED


def test_the_share_of_the_device_itself_goes_before_that_of_the_machine():
    shares = checked_shares({"host": 0.25, "host/package-0": 0.5})
    assert attribute(energy(), {}, shares).value == pytest.approx(50.0)


def test_a_share_of_one_leaves_the_energy_measured():
    shares = checked_shares({"host": 1.0})
    whole = attribute(energy(), {"host/package-0": "a neighbour"}, shares)
    assert whole.kind is Kind.MEASURED_COUNTER


def test_what_is_unavailable_keeps_its_own_reason():
    lost = unavailable("J", Scope.PACKAGE, "lost", of="host/package-0")
    assert attribute(lost, {"host/package-0": "others"}, {}).reason == "lost"


@pytest.mark.parametrize("share", [0.0, -0.1, 1.5, float("nan")])
def test_a_share_is_a_part(share):
    with pytest.raises(ValueError, match=r"`share` of host must be in \(0, 1\], got"):
        checked_shares({"host": share})
