"""Simulated boards with faults, and a driver that tells of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from types import SimpleNamespace

from hitl_sim.energy.meters.boards import MODULE_SCOPE, POWER_INSTANT_FIELD
from hitl_sim.energy.meters.simulated import SimulatedBoard, SimulatedDriver

_NOT_SUPPORTED = 3


@dataclass
class FaultyBoard(SimulatedBoard):
    """A board, and what is wrong with it.

    Attributes:
        has_counter: whether there is a counter.
        has_power: whether power can be read.
        lost_s: when it falls off the bus, s.
        reset_s: when its counter starts again from 0, s.
        mig_mode: 1 when it is cut in slices.
        virtualization: the driver's number of it; 2 for a guest's virtual GPU.
        uuid: its UUID.
        pids: programs that run on it.
        seen_frac: last part of each refresh period that its sensor looks at.
        module_w: power of the rest of its module, W, which its counter holds too.
        has_module_power: whether the module's power can be read.
    """

    has_counter: bool = True
    has_power: bool = True
    lost_s: float = float("inf")
    reset_s: float = float("inf")
    mig_mode: int = 0
    virtualization: int = 0
    uuid: str = "GPU-00000000-0000-0000-0000-000000000000"
    pids: Sequence[int] = ()
    seen_frac: float = 1.0
    module_w: float = 0.0
    has_module_power: bool = True

    def counter_j(self, at_s):
        shown = self._energy(self.refreshed(at_s, self.counter_s))
        if at_s >= self.reset_s:
            shown -= self._energy(self.reset_s)
        return max(0.0, shown)

    def power_w(self, at_s):
        if self.seen_frac < 1.0:
            refreshed = (at_s + self.phase_s) // self.power_s * self.power_s
            return self.gain * self._seen_w(refreshed - self.phase_s, self.power_s)
        return super().power_w(at_s)

    def _energy(self, at_s):
        """Return the energy up to a refresh as the sensor takes it, J."""
        joules = self.waveform.energy(at_s)
        if self.seen_frac < 1.0:
            num = int((at_s + self.phase_s) / self.counter_s + 0.5)
            ends = (i * self.counter_s - self.phase_s for i in range(1, num + 1))
            watts = (self._seen_w(end, self.counter_s) for end in ends)
            joules = self.counter_s * sum(watts)
        return self.gain * (joules + self.module_w * at_s)

    def _seen_w(self, end_s, period_s):
        """Return the mean power over the part of a period that is looked at, W."""
        seen_s = self.seen_frac * period_s
        first, last = (max(0.0, at) for at in (end_s - seen_s, end_s))
        return (self.waveform.energy(last) - self.waveform.energy(first)) / seen_s


class DriverError(Exception):
    """What the driver raises."""


class FaultyDriver(SimulatedDriver):
    """All of `pynvml` that the NVML backend asks, over boards with faults."""

    def __init__(self, boards, time):
        super().__init__(boards, time)
        self.nvmlDeviceGetUUID = lambda board: board.uuid
        self.nvmlDeviceGetMigMode = lambda board: [board.mig_mode, board.mig_mode]
        self.nvmlDeviceGetVirtualizationMode = lambda board: board.virtualization
        self.nvmlDeviceGetComputeRunningProcesses = lambda board: [
            SimpleNamespace(pid=pid) for pid in board.pids
        ]
        self.nvmlDeviceGetPowerUsage = self.power_mw

    def counter_mj(self, board):
        self._refuse(board, board.has_counter)
        return super().counter_mj(board)

    def power_mw(self, board):
        self._refuse(board, board.has_power)
        (found,) = super().fields(board, [(0, 0)])
        return found.value.uiVal

    def fields(self, board, fields):
        ((number, scope),) = fields
        if number != POWER_INSTANT_FIELD:
            return [SimpleNamespace(nvmlReturn=_NOT_SUPPORTED, value=None)]
        milliwatts = self.power_mw(board)
        if scope == MODULE_SCOPE:
            self._refuse(board, board.has_module_power)
            milliwatts += int(board.gain * board.module_w * 1e3)
        value = SimpleNamespace(uiVal=milliwatts)
        return [SimpleNamespace(nvmlReturn=0, value=value)]

    def _refuse(self, board, is_there):
        if self.time.now_s >= board.lost_s:
            raise DriverError("GPU is lost")
        if not is_there:
            raise DriverError("Not Supported")
