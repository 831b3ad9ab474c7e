"""The conformance kit for meters: fake devices whose faults and truth are known."""

import sys
import time
from pathlib import Path

import pytest

TESTS = next(folder for folder in Path(__file__).parents if folder.name == "tests")
sys.path.insert(0, str(TESTS))

from meter_kit.board import FaultyBoard, FaultyDriver  # noqa: E402
from meter_kit.nvml import (  # noqa: E402
    FakeMachine,
    compile_library,
    load_into_pynvml,
)

from hitl_sim.energy.meters import Meter, NvmlBackend  # noqa: E402
from hitl_sim.energy.meters.simulated import (  # noqa: E402
    VirtualTime,
    Waveform,
)


@pytest.fixture(scope="session")
def library(tmp_path_factory):
    path = compile_library(tmp_path_factory.mktemp("nvml"))
    if path is None:
        pytest.skip("no C compiler: the fake NVML library cannot be built")
    return path


class Machine(FakeMachine):
    """A machine with fake boards, on a clock that only we move."""

    def __init__(self, path, driver):
        self.time = VirtualTime()
        self.driver = driver
        super().__init__(path, now_ns=0)

    def clock(self):
        return self.time.clock()

    def sleep(self, seconds):
        """Let time pass in small steps, so that the file follows the clock."""
        self.time.sleep(seconds)
        self.write(now_ns=self.time.clock())

    def every(self, tick, pause_s):
        def follow():
            self.write(now_ns=self.time.clock())
            tick()

        return self.time.every(follow, pause_s)

    def backend(self, **options):

        options.setdefault("environ", {})
        return NvmlBackend(
            self.driver, self.clock, self.sleep, every=self.every, **options
        )

    def window(self, seconds, start_s=1.0, **options):
        """Measure a stretch and return its reading."""

        share = options.pop("share", {})
        meter = Meter(
            [self.backend(**options)], clock=self.clock, sleep=self.sleep, share=share
        )
        self.sleep(start_s - self.time.now_s)
        with meter.window("work", phase="train") as window:
            self.sleep(seconds)
        return window.reading


@pytest.fixture
def machine(library, tmp_path, monkeypatch):
    monkeypatch.setenv("FAKE_NVML_FILE", "")
    return Machine(tmp_path / "boards", load_into_pynvml(library, monkeypatch))


class RealTime:
    """The monotonic clock from zero, for boards that follow real time."""

    def __init__(self):
        self.zero_ns = time.monotonic_ns()

    @property
    def now_s(self):
        return (time.monotonic_ns() - self.zero_ns) * 1e-9


@pytest.fixture
def live_board():
    """Build our meter over a simulated board of 100 W that follows real time."""

    def build(**board):
        board.setdefault("counter_s", 0.02)
        board.setdefault("power_s", 0.02)
        waveform = board.pop("waveform", Waveform([0.0], [100.0]))
        boards = [FaultyBoard(waveform, **board)]
        return NvmlBackend(FaultyDriver(boards, RealTime()), environ={})

    return build
