import math

import pytest

from hitl_sim.energy import Scope
from hitl_sim.energy.meters.power import first_sample, sampled_energy
from hitl_sim.energy.meters.sensor import Accuracy, Sensor

SECOND = 1_000_000_000


def totals(watts, period_s=0.1, accuracy=0.1):
    result = [first_sample(0, watts[0])]
    for number, power in enumerate(watts[1:], 1):
        at_ns = round(number * period_s * SECOND)
        result.append(result[-1].then(at_ns, power, accuracy))
    return result


def energy(start, end, relative_error=0.0, averaging_s=0.0):
    accuracy = Accuracy(relative_error, 0.1, "test")
    sensor = Sensor("x", Scope.BOARD, "test", accuracy, averaging_s=averaging_s)
    return sampled_energy(sensor, start, end)


def test_steady_power_is_known_exactly_but_for_the_sensor():
    sums = totals([200.0] * 11)
    exact = energy(sums[0], sums[-1])
    assert exact.value == pytest.approx(200.0)
    assert exact.interval == pytest.approx((200.0, 200.0))
    assert energy(sums[0], sums[-1], 0.05).interval == pytest.approx((190.0, 210.0))


def test_one_jump_is_as_unsure_as_its_age():
    sums = totals([0.0] * 10 + [300.0] * 11, period_s=0.1)
    result = energy(sums[0], sums[-1])
    student_19 = 2.093
    half = student_19 * 300.0 * 0.1 / math.sqrt(3)
    assert result.interval[1] - result.value == pytest.approx(half, rel=2e-3)


def test_a_repeated_reading_counts_from_when_it_last_changed():
    often = [0.0] * 20 + [300.0] * 20
    seldom = energy(*(totals(often, 0.01)[i] for i in (0, -1)))
    sure = energy(*(totals(often, 0.01, accuracy=0.01)[i] for i in (0, -1)))
    width, narrow = (q.interval[1] - q.value for q in (seldom, sure))
    assert width == pytest.approx(10 * narrow)


def test_few_samples_give_no_energy_and_say_so():
    sums = totals([100.0] * 4)
    assert energy(sums[0], sums[-1]).value is None
    assert "only 3 samples" in energy(sums[0], sums[-1]).reason


def test_an_averaged_reading_may_lag_by_its_whole_span():
    sums = totals([100.0] * 10 + [300.0] * 11)
    width = energy(sums[0], sums[-1], averaging_s=1.0).interval[1]
    assert width - energy(sums[0], sums[-1]).value >= 200.0
