from functools import partial

import numpy as np
import pytest

from hitl_sim.energy import Scope
from hitl_sim.energy.meters.backend import Snapshot
from hitl_sim.energy.meters.counter import counter_energy, watch_counter
from hitl_sim.energy.meters.sensor import Accuracy, Sensor, meter_constants

SECOND = 1_000_000_000


class FakeTime:
    def __init__(self):
        self.now_ns = 0

    def clock(self):
        return self.now_ns

    def sleep(self, seconds):
        self.now_ns += int(seconds * SECOND)


def energy(joules, seconds, accuracy, start_ns=0):
    end_ns = start_ns + int(seconds * SECOND)
    sensor = Sensor("host/gpu0", Scope.BOARD, "nvml", accuracy)
    start, end = Snapshot(start_ns, start_ns), Snapshot(end_ns, end_ns)
    return counter_energy(sensor, joules, start, end)


def test_a_short_window_is_as_unsure_as_the_counter_is_slow():
    slow = Accuracy(0.0, 0.1, "test")
    low, high = energy(100.0, 1.0, slow).interval
    assert high - 100.0 == pytest.approx(1.96 * 100.0 * 0.1 / np.sqrt(6))
    assert energy(1000.0, 10.0, slow).interval[1] - 1000.0 == pytest.approx(high - 100)
    assert low == pytest.approx(200.0 - high)


def test_windows_of_one_board_share_its_gain_but_not_their_edges():
    accuracy = Accuracy(0.05, 0.1, "test")
    pair = energy(100.0, 1.0, accuracy) + energy(100.0, 1.0, accuracy, SECOND)
    edge = 1.96 * 100.0 * 0.1 / np.sqrt(6)
    assert pair.interval[1] - 200.0 == pytest.approx(np.hypot(10.0, edge * 2**0.5))


def test_no_interval_reaches_below_zero_joules():
    assert energy(0.001, 0.001, Accuracy(0.05, 0.1, "test")).interval[0] == 0.0


def test_short_windows_do_not_add_up_to_less_than_nothing():
    windows = [
        energy(1.0, 0.01, Accuracy(0.0, 0.1, "test"), i * SECOND) for i in range(2)
    ]
    assert (windows[0] + windows[1]).interval[0] == pytest.approx(2.0 - 2**0.5)


def test_the_interval_covers_the_truth_in_95_percent_of_windows():
    rng = np.random.default_rng(1)
    period, power, duration, num_windows = 0.1, 200.0, 1.0, 4_000
    accuracy = Accuracy(0.05, period, "test")
    starts = rng.uniform(0, 50, num_windows)
    gains = 1 + 0.05 / 1.96 * rng.standard_normal(num_windows)
    covered = 0
    for begin, gain in zip(starts, gains, strict=True):
        ends = np.floor(np.array([begin, begin + duration]) / period) * period
        low, high = energy(gain * power * np.diff(ends)[0], duration, accuracy).interval
        covered += low < power * duration < high
    assert covered / num_windows > 0.95 - 4 * np.sqrt(0.95 * 0.05 / num_windows)


@pytest.mark.parametrize("before_w", [0.0, 50.0, 200.0, 500.0])
def test_the_edges_alone_cover_95_percent_whatever_ran_before(before_w):
    rng = np.random.default_rng(2)
    period, power, duration, num_windows = 0.1, 200.0, 1.0, 2_000
    held = 0
    for age_s, late_s in rng.uniform(0, period, (num_windows, 2)):
        truth = power * duration
        shown = truth + before_w * age_s - power * late_s
        quantity = counter_energy(
            Sensor("x", Scope.BOARD, "test", Accuracy(0.0, period, "test")),
            shown,
            Snapshot(0, 0),
            Snapshot(SECOND, SECOND),
            (before_w, power),
        )
        held += quantity.interval[0] <= truth <= quantity.interval[1]
    assert held / num_windows > 0.93


def test_watching_finds_the_update_period():
    fake = FakeTime()
    period = watch_counter(
        lambda: fake.now_ns // (SECOND // 10) * 20.0,
        1.0,
        clock=fake.clock,
        sleep=fake.sleep,
    )
    assert period == pytest.approx(0.1, abs=0.002)


def test_watching_a_dead_counter_ends_with_nothing():
    fake = FakeTime()
    times = {"clock": fake.clock, "sleep": fake.sleep}
    assert watch_counter(lambda: 5.0, 0.1, **times) is None
    assert fake.now_ns <= 0.6 * SECOND


def test_a_counter_that_falls_is_refused_unless_it_goes_round():
    fake = FakeTime()
    falling = iter([9.0, 8.0, 7.0, 6.0])
    with pytest.raises(ValueError, match=r"must not fall, got 9\.0 J and then 8\.0 J"):
        watch_counter(lambda: next(falling), 0.1, clock=fake.clock, sleep=fake.sleep)
    wrapping = iter([9.0, 1.0, 2.0])
    read = partial(next, wrapping)
    period = watch_counter(read, 0.1, 10.0, fake.clock, fake.sleep)
    assert period == pytest.approx(1e-3)


def test_the_shipped_constants_have_sources():
    constants = meter_constants()
    for accuracy in (constants.nvml, constants.rapl.package, constants.rapl.dram):
        assert 0 < accuracy.relative_error < 1
        assert len(accuracy.source) > 30
