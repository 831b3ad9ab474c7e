"""A counter that stands still while work runs: its energy is unknown, never 0 J."""

from dataclasses import dataclass

import pytest
from meter_kit.board import FaultyBoard, FaultyDriver
from meter_kit.powercap import Tree

from hitl_sim.energy import Kind, Scope
from hitl_sim.energy.meters import (
    CpuBackend,
    Meter,
    NvmlBackend,
    RaplBackend,
    WallMeterBackend,
)
from hitl_sim.energy.meters.cpu_time import CpuCalibration
from hitl_sim.energy.meters.processor_time import CpuTime
from hitl_sim.energy.meters.simulated import (
    VirtualTime,
    Waveform,
)

HUNDRED_W = Waveform([0.0], [100.0])


@dataclass
class StuckBoard(FaultyBoard):
    """A board whose counter stops at some time, s."""

    stuck_s: float = 0.0

    def counter_j(self, at_s):
        return super().counter_j(min(at_s, self.stuck_s))


def nvml(time, folder, stuck_s, has_power=False):
    board = StuckBoard(HUNDRED_W, has_power=has_power, stuck_s=stuck_s)
    return NvmlBackend(
        FaultyDriver([board], time),
        time.clock,
        time.sleep,
        environ={},
        every=time.every,
    )


def rapl(time, folder, stuck_s):
    tree = Tree(folder / "powercap", {"intel-rapl:0": ("package-0", 100.0)})

    def follow():
        if time.now_s <= stuck_s:
            tree.add(0.02)

    time.every(follow, lambda: 0.02)
    return RaplBackend(
        tree.root, time.clock, time.sleep, every=time.every, cpu_time=lambda: None
    )


def wall(time, folder, stuck_s):
    path = folder / "plug.csv"
    path.write_text("time_s,joules\n0,0\n")

    def row():
        with path.open("a") as file:
            file.write(f"{time.now_s},{100.0 * min(time.now_s, stuck_s)}\n")

    time.every(row, lambda: 0.5)
    return WallMeterBackend(
        path,
        0.02,
        "plug meter",
        clock=time.clock,
        wall_clock=lambda: time.now_s,
        sleep=time.sleep,
    )


COUNTERS = (nvml, rapl, wall)


def window(build, folder, stuck_s, start_s=2.0, seconds=12.0, **options):
    time = VirtualTime()
    backend = build(time, folder, stuck_s, **options)
    backend.read()
    meter = Meter([backend], clock=time.clock, sleep=time.sleep)
    time.sleep(start_s)
    with meter.window("work", phase="train") as opened:
        time.sleep(seconds)
    return opened.reading


@pytest.mark.parametrize("build", COUNTERS, ids=lambda build: build.__name__)
def test_a_counter_that_stands_still_gives_no_joules(build, tmp_path):
    (energy,) = window(build, tmp_path, stuck_s=1.0).gross
    assert energy.value is None
    assert "stood still" in energy.reason


@pytest.mark.parametrize("build", COUNTERS, ids=lambda build: build.__name__)
def test_a_counter_that_stops_inside_a_window_gives_no_joules(build, tmp_path):
    (energy,) = window(build, tmp_path, stuck_s=6.0).gross
    assert energy.value is None
    assert "stood still" in energy.reason


@pytest.mark.parametrize("build", COUNTERS, ids=lambda build: build.__name__)
def test_a_window_in_which_a_counter_did_not_move_yet_is_no_zero(build, tmp_path):
    (energy,) = window(build, tmp_path, 99.0, start_s=2.005, seconds=0.004).gross
    if energy.is_known:
        assert build is wall  # which waits for its next row
        assert energy.value > 0.0
    else:
        assert "measure for longer" in energy.reason


def test_power_stands_in_for_a_counter_that_stands_still(tmp_path):
    reading = window(nvml, tmp_path, 1.0, has_power=True)
    (energy,), (check,) = reading.gross, reading.checks
    assert energy.value == pytest.approx(1200.0)
    assert energy.kind is Kind.MEASURED_SAMPLED
    assert check.label == "still"
    (seen,) = nvml(VirtualTime(), tmp_path, 0.0, has_power=True).probe()
    assert (seen.is_available, seen.kind) == (True, Kind.MEASURED_SAMPLED)
    assert "stood still" in seen.note


def test_repeating_goes_on_until_a_slow_counter_moves(tmp_path):
    time = VirtualTime()
    backend = nvml(time, tmp_path, 99.0)
    meter = Meter([backend], clock=time.clock, sleep=time.sleep)
    time.sleep(2.01)
    done = meter.repeat(lambda: time.sleep(0.01), name="x", phase="train")
    assert done.reading.gross[0].is_known
    assert done.num_repeats > 10


def test_power_of_zero_is_a_sensor_that_tells_nothing(tmp_path):
    time, path = VirtualTime(), tmp_path / "plug.csv"
    path.write_text("time_s,watts\n" + "".join(f"{at},0\n" for at in range(30)))
    backend = WallMeterBackend(
        path,
        0.02,
        "plug meter",
        clock=time.clock,
        wall_clock=lambda: time.now_s,
        sleep=time.sleep,
    )
    with Meter([backend], clock=time.clock).window("x", phase="train") as opened:
        time.sleep(12.0)
    (energy,) = opened.joules
    assert energy.value is None
    assert "0 W" in energy.reason


KNOWN = CpuCalibration(0.0, 5.0, 0.1, "laptop", "package", "package counter, 2026")


def cpu_energy(first, last):
    time, times = VirtualTime(), iter([first, last])
    backend = CpuBackend(KNOWN, time.clock, lambda: CpuTime(next(times), 100.0))
    with Meter([backend], clock=time.clock).window("x", phase="train") as opened:
        time.sleep(1.0)
    return opened.joules[0]


def test_processor_time_that_falls_is_unknown_and_not_zero():
    energy = cpu_energy(5.0, 3.0)
    assert (energy.value, energy.scope) == (None, Scope.PACKAGE)
    assert "processor time fell" in energy.reason


def test_processor_time_is_as_coarse_as_its_tick():
    none, one = cpu_energy(5.0, 5.0), cpu_energy(5.0, 5.5)
    assert none.value is None
    assert "stood still" in none.reason
    assert one.interval[1] - one.value > 0.1 * one.value
