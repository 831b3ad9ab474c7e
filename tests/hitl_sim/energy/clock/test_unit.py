import math

import pytest

from hitl_sim.energy import WorkUnit, load_profile
from hitl_sim.energy.clock.model import capped_share, power_left, slow_unit


@pytest.fixture(scope="module")
def profile():
    return load_profile("laptop-cpu")


def _unit(flops=0.0, bytes_moved=0.0, num_kernels=0.0):
    return WorkUnit("unit", "train", {"float32": flops}, bytes_moved, num_kernels)


@pytest.mark.parametrize("work", [{"flops": 1e9}, {"num_kernels": 100.0}])
def test_what_counts_cycles_follows_the_clock_model(profile, work):
    static, share = 0.35, 0.6
    found = slow_unit(_unit(**work), profile, share)
    assert found.seconds == pytest.approx(1.0 / share)
    want = static / share + (1.0 - static) * share**2
    assert found.joules * power_left(static, share) == pytest.approx(want)


def test_memory_takes_as_long_at_any_clock(profile):
    found = slow_unit(_unit(flops=1.0, bytes_moved=1e9), profile, 0.5)
    assert found == (1.0, 1.0)


def test_the_rule_turns_from_memory_to_arithmetic_as_the_clock_falls(profile):
    constants = profile.centre
    rate = constants["peak_flop_per_s.float32"] * constants["compute_efficiency_frac"]
    speed = constants["bandwidth_b_per_s"] * constants["bandwidth_efficiency_frac"]
    half = _unit(flops=0.5 * rate, bytes_moved=speed)
    assert slow_unit(half, profile, 0.5).seconds == pytest.approx(1.0)
    assert slow_unit(half, profile, 0.25).seconds == pytest.approx(2.0)


def test_a_capped_clock_draws_the_cap():
    share = capped_share(0.35, 0.7)
    assert float(power_left(0.35, share)) == pytest.approx(0.7)
    assert share == pytest.approx(math.cbrt(0.35 / 0.65))
    assert capped_share(0.35, 1.0) == 1.0
    assert capped_share(0.35, 0.3) is None


@pytest.mark.parametrize("share", [0.0, 1.1])
def test_a_clock_above_the_highest_is_refused(profile, share):
    with pytest.raises(ValueError, match=f"`share` must be > 0 and <= 1, got {share}"):
        slow_unit(_unit(flops=1.0), profile, share)
