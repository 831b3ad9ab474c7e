import pytest

from hitl_sim.energy import Kind, Quantity, Scope
from hitl_sim.energy.meters import CpuBackend, Meter
from hitl_sim.energy.meters.cpu_time import (
    CpuCalibration,
    calibrate_cpu,
    read_calibration,
)
from hitl_sim.energy.meters.processor_time import CpuTime
from hitl_sim.energy.meters.simulated import VirtualTime

KNOWN = CpuCalibration(10.0, 5.0, 0.1, "laptop", "package", "package counter, 2026")


class Host:
    """A machine of 12 W at rest and 6 W a busy core."""

    def __init__(self):
        self.time, self.cpu_s, self.cores = VirtualTime(), 0.0, 0.0

    def work(self, seconds):
        self.time.sleep(seconds)
        self.cpu_s += self.cores * seconds

    def cpu_time(self):
        return CpuTime(self.cpu_s / 2, self.cpu_s)

    def load(self, cores):
        def run():
            self.cores = cores
            self.work(10.0)

        return run

    def measure(self, load):
        load()
        joules = 10.0 * (12.0 + 6.0 * self.cores)
        ends = (0.95 * joules, 1.05 * joules)
        return 10.0, [
            Quantity(
                joules, "J", Kind.MEASURED_COUNTER, Scope.PACKAGE, ends, "rapl", of="h"
            )
        ]


def calibrate(host, cores):
    return calibrate_cpu(
        host.measure,
        [host.load(number) for number in cores],
        device="laptop",
        source="test",
        cpu_time=host.cpu_time,
    )


def test_calibration_finds_the_watts_and_keeps_the_counters_error():
    found = calibrate(Host(), (0, 1, 2, 4))
    assert (found.idle_w, found.core_w) == pytest.approx((12.0, 6.0))
    assert found.relative_error == pytest.approx(0.05)
    assert found.scope == "package"


def test_loads_that_do_not_differ_calibrate_nothing():
    with pytest.raises(ValueError, match="must differ by at least half a core"):
        calibrate(Host(), (1, 1, 1, 1.1))
    with pytest.raises(ValueError, match="at least 4 windows, got 2"):
        calibrate(Host(), (0, 4))


def test_a_window_is_idle_power_and_our_own_processor_time():
    host = Host()
    host.cores = 4
    backend = CpuBackend(KNOWN, host.time.clock, host.cpu_time)
    with Meter([backend], clock=host.time.clock).window("x", phase="score") as window:
        host.work(10.0)
    (energy,) = window.joules
    assert energy.value == pytest.approx(10.0 * 10.0 + 5.0 * 20.0)
    assert energy.interval == pytest.approx((180.0, 220.0))
    assert energy.kind is Kind.MODELLED_CALIBRATED
    assert "package counter, 2026" in energy.source


def test_a_calibration_is_a_file(tmp_path):
    KNOWN.write(tmp_path / "cpu.json")
    assert read_calibration(tmp_path / "cpu.json") == KNOWN
    (tmp_path / "bad.json").write_text('{"idle_w": 3}')
    with pytest.raises(ValueError, match="must hold a calibration"):
        read_calibration(tmp_path / "bad.json")


def test_without_processor_time_energy_is_unavailable():
    backend = CpuBackend(KNOWN, cpu_time=lambda: None)
    assert not backend.probe()[0].is_available
    (energy,) = backend.delta(backend.read(), backend.read())
    assert energy.value is None


def test_a_calibrated_backend_says_that_it_measures_nothing():
    (seen,) = CpuBackend(KNOWN, cpu_time=lambda: CpuTime(0, 0)).probe()
    assert seen.kind is Kind.MODELLED_CALIBRATED
    assert "nothing is measured now" in seen.note


@pytest.mark.parametrize(
    "bad", [{"idle_w": -1.0}, {"core_w": 0.0}, {"relative_error": 0.0}, {"source": ""}]
)
def test_constants_out_of_range_are_refused(bad):
    fields = {**KNOWN.__dict__, **bad}
    with pytest.raises(ValueError, match=f"`{next(iter(bad))}` must"):
        CpuCalibration(**fields)
