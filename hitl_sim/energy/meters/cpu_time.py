"""Processor time times calibrated watts, where the counters cannot be read.

    joules = idle_w * seconds + core_w * processor seconds

Both constants come from this machine's own counters, once, on a day when they can be
read (as root, say): `calibrate_cpu` fits them to windows of different load. The result
is a file; later windows need no permission and give joules that are modelled from it.
"""

from __future__ import annotations

import json
import math
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from functools import partial
from pathlib import Path

import numpy as np

from hitl_sim.energy.error import additive_interval, merge_errors
from hitl_sim.energy.meters.backend import Backend, Capability, Clock, Snapshot
from hitl_sim.energy.meters.choose import default_backends
from hitl_sim.energy.meters.counter import why_still
from hitl_sim.energy.meters.meter import Meter
from hitl_sim.energy.meters.processor_time import CpuTime, read_cpu_time, tick_s
from hitl_sim.energy.meters.sensor import TO_95, relative_half_width, within
from hitl_sim.energy.quantity import Kind, Quantity, Scope, total, unavailable
from hitl_sim.output import write_text
from hitl_sim.part import meter

_SYSTEM_HELP = "processor time can be read on Linux only (/proc)"
_CHILD_LOST = (
    "processor time fell: a child process ended and its time was not handed on"
)
_MIN_WINDOWS = 4
_OF = "host/package"
_SPAN_S = 2.0
_SPIN = """
import sys, time
end = time.perf_counter() + float(sys.argv[1])
while time.perf_counter() < end: pass
"""


@meter(version=1)
def cpu_time(*, calibration: str) -> CpuBackend:
    """Processors by processor time and watts that `meters --calibrate FILE` found.

    Args:
        calibration: path of that file.
    """
    return CpuBackend(read_calibration(Path(calibration)))


@dataclass(frozen=True)
class CpuCalibration:
    """What a machine draws at rest, and what one busy core adds.

    Attributes:
        idle_w: power without work, W; >= 0.
        core_w: power that one busy core adds, W; > 0.
        relative_error: 95 % half-width of a window's joules, from the spread of the fit
            and the counter's own error.
        device: the machine.
        scope: what the counters covered, `package` or wider.
        source: which counters, when.

    Raises:
        ValueError: a number is out of range.
    """

    idle_w: float
    core_w: float
    relative_error: float
    device: str
    scope: str
    source: str

    def __post_init__(self) -> None:
        """Refuse numbers out of range."""
        if not 0 <= self.idle_w < math.inf:
            raise ValueError(f"`idle_w` must be >= 0 W, got {self.idle_w}.")
        for name in ("core_w", "relative_error"):
            number = getattr(self, name)
            if not 0 < number < math.inf:
                raise ValueError(f"`{name}` must be > 0, got {number}.")
        if not self.source:
            raise ValueError("`source` must name the counters, got ''.")

    def write(self, path: Path) -> None:
        """Write the calibration as JSON."""
        write_text(path, json.dumps(asdict(self), indent=2) + "\n")


def read_calibration(path: Path) -> CpuCalibration:
    """Read a calibration that was written before.

    Raises:
        OSError: the file cannot be read.
        ValueError: it holds something else.
    """
    try:
        return CpuCalibration(**json.loads(path.read_text(encoding="utf-8")))
    except TypeError as error:
        raise ValueError(f"`{path}` must hold a calibration, got {error}.") from error


def calibrate_cpu(
    measure: Callable[[Callable[[], object]], tuple[float, Sequence[Quantity]]],
    loads: Sequence[Callable[[], object]],
    *,
    device: str,
    source: str,
    cpu_time: Callable[[], CpuTime | None] = read_cpu_time,
) -> CpuCalibration:
    """Measure loads with a counter, and fit the constants to them by least squares.

    Args:
        measure: runs a load and returns its seconds and joules, such as a window of a
            `Meter` over `RaplBackend`; joules are added within a load.
        loads: at least four, from a sleep to all cores busy.
        device: the machine.
        source: which counters, when.
        cpu_time: returns processor time.

    Raises:
        ValueError: there are too few loads, an energy was not measured, the loads do
            not differ enough to tell the constants apart, or processor time cannot be
            read.
    """
    if len(loads) < _MIN_WINDOWS:
        raise ValueError(
            f"`loads` must hold at least {_MIN_WINDOWS} windows, got {len(loads)}."
        )
    seconds, cpu_s, energies = [], [], []
    for load in loads:
        before = cpu_time()
        elapsed, joules = measure(load)
        after = cpu_time()
        if before is None or after is None:
            raise ValueError(f"`cpu_time` must be readable, got None: {_SYSTEM_HELP}.")
        seconds.append(elapsed)
        cpu_s.append(after.host_s - before.host_s)
        energies.append(total(joules).require("measured"))
    watts = np.array([float(q.value or 0.0) for q in energies]) / np.array(seconds)
    cores = np.array(cpu_s) / np.array(seconds)
    if float(np.ptp(cores)) < 0.5:
        raise ValueError(
            "`cpu_s` must differ by at least half a core between "
            f"windows, got {np.round(cores, 2).tolist()} busy cores."
        )
    design = np.stack([np.ones_like(cores), cores], axis=1)
    (idle_w, core_w), *_ = np.linalg.lstsq(design, watts, rcond=None)
    rest = (design @ np.asarray([idle_w, core_w]) - watts) / watts
    spread = TO_95 * math.sqrt(float(np.sum(rest**2)) / (len(watts) - 2))
    return CpuCalibration(
        max(0.0, float(idle_w)),
        float(core_w),
        math.hypot(spread, max(map(relative_half_width, energies))),
        device,
        energies[0].scope.value,
        source,
    )


def calibrate_machine(
    counters: Sequence[Backend] | None = None, span_s: float = _SPAN_S
) -> CpuCalibration:
    """Measure this machine at rest and with more and more cores busy, and fit.

    Args:
        counters: of its processors; default those of `default_backends`.
        span_s: how long each load lasts, s; > 0.

    Raises:
        ValueError: as `calibrate_cpu`, or no counter can be read.
    """
    counters = default_backends() if counters is None else counters
    seen = [capability for backend in counters for capability in backend.probe()]
    if not any(capability.is_available for capability in seen):
        reasons = "; ".join(capability.reason for capability in seen)
        raise ValueError(f"`calibrate` must find a counter to learn from: {reasons}.")
    window_of = Meter(counters).window

    def measure(load: Callable[[], object]) -> tuple[float, Sequence[Quantity]]:
        with window_of("calibrate", phase="command") as window:
            load()
        known = [energy for energy in window.joules if energy.value is not None]
        return float(window.seconds.value or 0.0), known or window.joules

    most = os.cpu_count() or 1
    loads = [partial(_busy, cores, span_s) for cores in (0, 0, -(-most // 2), most)]
    names = " and ".join(c.device for c in seen if c.is_available)
    source = f"counters of {names}, {date.today().isoformat()}"
    return calibrate_cpu(measure, loads, device=platform.node(), source=source)


def _busy(cores: int, seconds: float) -> None:
    """Keep some cores busy by children of this process; none is rest."""
    argv = [sys.executable, "-c", _SPIN, str(seconds)]
    children = [subprocess.Popen(argv) for _ in range(cores)]
    for child in children:
        child.wait()
    if not children:
        time.sleep(seconds)


@dataclass
class CpuBackend:
    """Energy of the processors, modelled from this program's processor time.

    It takes the whole idle power and the work of this program and its children, not of
    others: their part is no error of it. Processor time is counted in ticks, a second
    error at the edges of a window.

    Attributes:
        calibration: the machine's constants.
        clock: monotonic clock, ns.
        cpu_time: returns processor time.
    """

    calibration: CpuCalibration
    clock: Clock = time.monotonic_ns
    cpu_time: Callable[[], CpuTime | None] = read_cpu_time
    name: str = "cpu_time"

    def probe(self) -> list[Capability]:
        """Say whether processor time can be read."""
        if self.cpu_time() is None:
            return [
                Capability.absent(
                    self.name, _OF, Scope(self.calibration.scope), _SYSTEM_HELP
                )
            ]
        return [
            Capability(
                self.name,
                True,
                _OF,
                Scope(self.calibration.scope),
                Kind.MODELLED_CALIBRATED,
                0.01,
                note=f"calibrated: {self.calibration.source}; nothing is measured now",
                relative_error=self.calibration.relative_error,
            )
        ]

    def read(self) -> Snapshot:
        """Read the clock and the processor time."""
        before = self.clock()
        return Snapshot(before, self.clock(), cpu=self.cpu_time())

    def delta(self, start: Snapshot, end: Snapshot) -> list[Quantity]:
        """Return idle power times time, and watts per core times processor time."""
        scope = Scope(self.calibration.scope)
        if start.cpu is None or end.cpu is None:
            return [unavailable("J", scope, _SYSTEM_HELP, of=_OF)]
        seconds = end.since(start)
        cpu_s = end.cpu.own_s - start.cpu.own_s
        if cpu_s < 0:
            return [unavailable("J", scope, _CHILD_LOST, of=_OF)]
        core_w = self.calibration.core_w
        joules = self.calibration.idle_w * seconds + core_w * cpu_s
        if not joules > 0:
            reason = why_still(seconds, tick_s())
            return [unavailable("J", scope, reason, of=_OF)]
        half = self.calibration.relative_error * joules
        edge = TO_95 * core_w * tick_s() / math.sqrt(6.0)
        source = f"processor time and watts calibrated by {self.calibration.source}"
        label = f"ticks of processor time: window at {start.before_ns} ns"
        errors = merge_errors(
            (within(source, joules, half), within(label, joules, edge))
        )
        return [
            Quantity(
                joules,
                "J",
                Kind.MODELLED_CALIBRATED,
                scope,
                additive_interval(joules, errors),
                source,
                of=_OF,
                errors=errors,
            )
        ]
