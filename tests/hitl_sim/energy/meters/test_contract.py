"""What every built-in meter must do, on a device of 100 W."""

import pytest
from meter_kit.board import FaultyBoard, FaultyDriver
from meter_kit.powercap import Tree

from hitl_sim.energy import Kind, load_profile, total
from hitl_sim.energy.meters import (
    AnalyticBackend,
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
from hitl_sim.part import builtin


def nvml(time, folder, **board):
    boards = [FaultyBoard(Waveform([0.0], [100.0]), **board)]
    return NvmlBackend(
        FaultyDriver(boards, time),
        time.clock,
        time.sleep,
        environ={},
        every=time.every,
    )


def power_only(time, folder):
    return nvml(time, folder, has_counter=False)


def rapl(time, folder):
    tree = Tree(folder / "powercap", {"intel-rapl:0": ("package-0", 100.0)})
    time.every(lambda: tree.add(0.02), lambda: 0.02)
    return RaplBackend(
        tree.root, time.clock, time.sleep, every=time.every, cpu_time=lambda: None
    )


def wall(time, folder):
    path = folder / "plug.csv"
    path.write_text("time_s,watts\n0,100\n")

    def row():
        with path.open("a") as file:
            file.write(f"{time.now_s},100\n")

    time.every(row, lambda: 0.5)
    return WallMeterBackend(
        path,
        0.02,
        "plug meter",
        clock=time.clock,
        wall_clock=lambda: time.now_s,
        sleep=time.sleep,
    )


def cpu_time(time, folder):
    known = CpuCalibration(40.0, 60.0, 0.05, "laptop", "package", "counter, 2026")
    return CpuBackend(known, time.clock, lambda: CpuTime(time.now_s, time.now_s))


def analytic(time, folder):
    return AnalyticBackend(load_profile("laptop-cpu"), time.clock)


BACKENDS = (nvml, power_only, rapl, wall, cpu_time, analytic)


def test_every_meter_that_ships_is_held_to_the_contract():
    assert {build.__name__ for build in BACKENDS} - {"power_only"} == set(
        builtin("meter")
    )


@pytest.fixture(params=BACKENDS, ids=lambda build: build.__name__)
def setting(request, tmp_path):
    time = VirtualTime()
    backend = request.param(time, tmp_path)
    time.sleep(2.0)
    return time, backend, Meter([backend], clock=time.clock, sleep=time.sleep)


def test_making_it_reads_nothing(setting):
    _, backend, _ = setting
    assert not {"_found", "_zones"} & vars(backend).keys()


def test_it_is_available_or_says_why_and_never_both(setting):
    _, backend, _ = setting
    for seen in backend.probe():
        assert seen.is_available != bool(seen.reason)
        assert (seen.kind is Kind.UNAVAILABLE) != seen.is_available
        assert seen.backend == backend.name


def test_a_window_gives_the_devices_and_kinds_that_probing_promised(setting):
    time, backend, meter = setting
    promised = {(c.device, c.scope, c.kind) for c in backend.probe() if c.is_available}
    with meter.window("x", phase="train") as window:
        time.sleep(3.0)
    assert {(q.of, q.scope, q.kind) for q in window.joules} == promised


def test_it_measures_100_watts_within_its_own_interval(setting):
    time, backend, meter = setting
    with meter.window("x", phase="train") as window:
        time.sleep(4.0)
    (energy,) = window.joules
    low, high = energy.interval
    if backend.name == "analytic":
        assert 0.0 < low < energy.value < high
    else:
        assert low <= 400.0 <= high
        assert energy.value == pytest.approx(400.0, rel=0.05)


def test_adjacent_windows_add_up_to_the_one_around_them(setting):
    time, _, meter = setting
    parts = []
    with meter.window("whole", phase="train") as whole:
        for seconds in (3.0, 4.5):
            with meter.window("part", phase="train") as part:
                time.sleep(seconds)
            parts += part.joules
    assert total(parts).value == pytest.approx(whole.joules[0].value, abs=0.11)


def test_gross_idle_and_marginal_stand_in_one_order(setting):
    time, _, meter = setting
    meter.measure_idle(5.0)
    with meter.window("x", phase="score") as window:
        time.sleep(2.0)
    reading = window.reading
    for parts in zip(reading.gross, reading.idle, reading.marginal, strict=True):
        assert len({part.of for part in parts}) == 1
        assert all(part.is_known for part in parts)
    assert reading.marginal[0].value == pytest.approx(0.0, abs=25.0)
