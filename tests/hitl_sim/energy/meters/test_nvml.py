import types

import pytest

from hitl_sim.energy import Kind, Scope
from hitl_sim.energy.meters import NvmlBackend

SECOND = 1_000_000_000


class NvmlError(Exception):
    """As the driver's own."""


class FakeDriver:
    """A driver with boards that draw constant watts; None has no counter."""

    def __init__(self, watts, name="Test GPU"):
        self.watts = watts
        self.name = name
        self.now_ns = 0
        self.num_inits = 0
        self.offset_mj = 0

    def clock(self):
        return self.now_ns

    def sleep(self, seconds):
        self.now_ns += int(seconds * SECOND)

    def nvmlInit(self):  # noqa: N802
        self.num_inits += 1

    def nvmlDeviceGetCount(self):  # noqa: N802
        return len(self.watts)

    def nvmlDeviceGetHandleByIndex(self, index):  # noqa: N802
        return index

    def nvmlDeviceGetName(self, handle):  # noqa: N802
        return f"{self.name} {handle}"

    def nvmlDeviceGetTotalEnergyConsumption(self, handle):  # noqa: N802
        if self.watts[handle] is None:
            raise NvmlError("Not Supported")
        seconds = self.now_ns // (SECOND // 50) / 50
        return int(self.watts[handle] * seconds * 1000) + self.offset_mj


def backend(driver):
    return NvmlBackend(driver, driver.clock, driver.sleep)


def window(driver, seconds, change=lambda: None):
    meter = backend(driver)
    start = meter.read()
    driver.sleep(seconds)
    change()
    return meter.delta(start, meter.read())


def test_probing_sees_scope_and_update_period():
    (seen,) = backend(FakeDriver([300.0])).probe()
    assert seen.is_available
    assert (seen.device, seen.scope) == ("host/gpu0", Scope.BOARD)
    assert seen.update_period_s == pytest.approx(0.02, abs=0.002)
    assert seen.note == "Test GPU 0"


def test_millijoules_become_joules_of_each_board():
    one, two = window(FakeDriver([300.0, 50.0]), 2.0)
    assert (one.of, one.value) == ("host/gpu0", pytest.approx(600.0))
    assert (two.of, two.value) == ("host/gpu1", pytest.approx(100.0))
    assert one.kind is Kind.MEASURED_COUNTER
    assert one.interval[0] < 600.0 < one.interval[1]


def test_a_board_without_a_counter_says_so_beside_one_that_has():
    driver = FakeDriver([300.0, None])
    good, bad = backend(driver).probe()
    assert good.is_available
    assert not bad.is_available
    assert "Not Supported" in bad.reason
    assert "MIG" in bad.reason
    measured, missing = window(driver, 1.0)
    assert measured.value == pytest.approx(300.0)
    assert missing.value is None
    assert "Volta" in missing.reason


def test_a_counter_that_stands_still_is_not_a_meter():
    (seen,) = backend(FakeDriver([0.0])).probe()
    assert not seen.is_available
    assert "stood still" in seen.reason


def test_a_reloaded_driver_gives_unavailable_and_not_negative_joules():
    driver = FakeDriver([300.0])
    driver.offset_mj = 10_000_000
    (energy,) = window(driver, 1.0, lambda: setattr(driver, "offset_mj", 0))
    assert energy.value is None
    assert "loaded again" in energy.reason


def test_a_board_lost_inside_a_window_is_unavailable():
    driver = FakeDriver([300.0])
    (energy,) = window(driver, 1.0, lambda: driver.watts.__setitem__(0, None))
    assert energy.value is None


def test_a_driver_that_does_not_start_gives_the_reason():
    def fail():
        raise NvmlError("NVML Shared Library Not Found")

    meter = NvmlBackend(types.SimpleNamespace(nvmlInit=fail))
    (seen,) = meter.probe()
    assert not seen.is_available
    assert "NVML Shared Library Not Found" in seen.reason
    assert "driver is not installed" in seen.reason
    (energy,) = meter.delta(meter.read(), meter.read())
    assert energy.value is None
    assert energy.reason == seen.reason


def test_a_machine_without_boards_says_so():
    (seen,) = backend(FakeDriver([])).probe()
    assert seen.reason == "the NVIDIA driver sees no GPU"


def test_a_missing_binding_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pynvml", None)
    (seen,) = NvmlBackend().probe()
    assert "pip install nvidia-ml-py" in seen.reason


def test_the_driver_is_opened_once():
    driver = FakeDriver([300.0])
    meter = backend(driver)
    assert driver.num_inits == 0
    for _ in range(3):
        meter.read()
    assert driver.num_inits == 1
