"""NVIDIA boards through the driver's own energy counter (Volta and newer)."""

from __future__ import annotations

import importlib
import time
from dataclasses import dataclass
from typing import Any

from hitl_sim.energy.meters.backend import (
    PROBE_LIMIT_S,
    Capability,
    Clock,
    Sleep,
    Snapshot,
    counter_energy,
    meter_constants,
    watch_counter,
)
from hitl_sim.energy.quantity import Kind, Quantity, Scope, unavailable
from hitl_sim.unit import J_PER_MILLIJOULE

_ALL = "host/gpu"
_COUNTER_HELP = (
    "the energy counter needs a Volta or newer board that is neither a MIG slice nor"
    " a virtual GPU"
)


@dataclass
class NvmlBackend:
    """Board energy of every NVIDIA GPU of this machine.

    Devices are numbered as the driver does, `host/gpu0` onwards, which need not be the
    order that a program sees.

    Attributes:
        driver: the `pynvml` module or one like it; imported when first needed if None.
        clock: monotonic clock, ns.
        sleep: waits for some seconds.
    """

    driver: Any = None
    clock: Clock = time.monotonic_ns
    sleep: Sleep = time.sleep
    name: str = "nvml"

    def __post_init__(self) -> None:
        """Start with no handles; the driver is opened by the first reading."""
        self._handles: dict[str, Any] | None = None
        self._reason = ""

    def probe(self) -> list[Capability]:
        """Read each board's counter until it moves, and say what was seen."""
        handles = self._open()
        if not handles:
            return [self._absent(_ALL, self._reason)]
        return [self._probe_board(of, handle) for of, handle in handles.items()]

    def read(self) -> Snapshot:
        """Read all counters; a board that fails gives a reason."""
        handles = self._open()
        reasons = {} if handles else {_ALL: self._reason}
        joules: dict[str, float] = {}
        before = self.clock()
        for of, handle in handles.items():
            try:
                joules[of] = self._joules(handle)
            except Exception as error:
                reasons[of] = self._why(error)
        return Snapshot(before, self.clock(), joules, reasons)

    def delta(self, start: Snapshot, end: Snapshot) -> list[Quantity]:
        """Return the energy of each board between two readings."""
        reasons = {**start.reasons, **end.reasons}
        result = [
            unavailable("J", Scope.BOARD, reason, of=of)
            for of, reason in reasons.items()
        ]
        for of in start.joules.keys() & end.joules.keys() - reasons.keys():
            joules = end.joules[of] - start.joules[of]
            if joules < 0:
                reason = "the energy counter fell: the driver was loaded again"
                result.append(unavailable("J", Scope.BOARD, reason, of=of))
                continue
            result.append(
                counter_energy(
                    joules,
                    start,
                    end,
                    scope=Scope.BOARD,
                    of=of,
                    backend=self.name,
                    accuracy=meter_constants().nvml,
                )
            )
        return sorted(result, key=lambda quantity: quantity.of)

    def _open(self) -> dict[str, Any]:
        """Load the driver once; on failure keep the reason and return no boards."""
        if self._handles is not None:
            return self._handles
        self._handles = {}
        try:
            if self.driver is None:
                self.driver = importlib.import_module("pynvml")
            self.driver.nvmlInit()
            num_boards = self.driver.nvmlDeviceGetCount()
            self._handles = {
                f"host/gpu{index}": self.driver.nvmlDeviceGetHandleByIndex(index)
                for index in range(num_boards)
            }
            if not num_boards:
                self._reason = "the NVIDIA driver sees no GPU"
        except ImportError:
            self._reason = (
                "the Python package nvidia-ml-py is missing: pip install nvidia-ml-py"
            )
        except Exception as error:
            self._reason = (
                f"the NVIDIA driver does not answer ({error}): no NVIDIA GPU here, or"
                " its driver is not installed or not visible in this container"
            )
        return self._handles

    def _probe_board(self, of: str, handle: Any) -> Capability:
        try:
            counted, period = watch_counter(
                lambda: self._joules(handle), None, self.clock, self.sleep
            )
        except Exception as error:
            return self._absent(of, self._why(error))
        if counted == 0.0:
            return self._absent(
                of, f"the energy counter stood still for {PROBE_LIMIT_S} s"
            )
        return Capability(
            self.name,
            True,
            of,
            Scope.BOARD,
            Kind.MEASURED_COUNTER,
            meter_constants().nvml.update_period_s if period is None else period,
            note=self._board_name(handle),
        )

    def _absent(self, of: str, reason: str) -> Capability:
        return Capability(
            self.name, False, of, Scope.BOARD, Kind.UNAVAILABLE, reason=reason
        )

    def _joules(self, handle: Any) -> float:
        counter = self.driver.nvmlDeviceGetTotalEnergyConsumption(handle)
        return float(counter) * J_PER_MILLIJOULE

    def _board_name(self, handle: Any) -> str:
        name = self.driver.nvmlDeviceGetName(handle)
        return name.decode() if isinstance(name, bytes) else str(name)

    def _why(self, error: Exception) -> str:
        return f"{error}: {_COUNTER_HELP}"


def probe() -> list[Capability]:
    """Say what the NVIDIA driver can measure on this machine."""
    return NvmlBackend().probe()
