"""Measure any command: the joules of a program that knows nothing of this package."""

import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from hitl_sim.energy.meters.analytic import AnalyticBackend
from hitl_sim.energy.meters.backend import Backend, Capability
from hitl_sim.energy.meters.choose import default_backends
from hitl_sim.energy.meters.meter import Meter
from hitl_sim.energy.meters.repeat import Repeated
from hitl_sim.energy.profile import DeviceProfile
from hitl_sim.energy.quantity import Kind, Quantity, total

Runner = Callable[[Sequence[str]], int]

_SIGNAL_CODE = 128
"""A shell's code for a child that a signal ended is this plus the signal's number."""


@dataclass(frozen=True)
class Measurement:
    """What a command took.

    Attributes:
        argv: the command.
        return_code: of its last run; the shell's 128 + n for signal n.
        repeated: its energy, over all runs and per run.
        idle_w: idle power by device, measured before; empty if it was not.
        capabilities: what can be measured here, and why the rest cannot.
    """

    argv: tuple[str, ...]
    return_code: int
    repeated: Repeated
    idle_w: Mapping[str, Quantity]
    capabilities: tuple[Capability, ...]

    @property
    def is_measured(self) -> bool:
        """Return whether any energy was measured, and not only modelled."""
        return any(
            energy.is_known and energy.kind >= Kind.MEASURED_SAMPLED
            for energy in self.repeated.reading.gross
        )

    @property
    def gross_total(self) -> Quantity | None:
        """Return the energy of one run over all devices, or `None` where they overlap.

        A plug meter and a processor counter see the same joules; they are not added.
        """
        return _sum(self.repeated.per_call)

    @property
    def marginal_total(self) -> Quantity | None:
        """Return the same less idle."""
        return _sum(self.repeated.marginal_per_call)


def choose_backends(
    profile: DeviceProfile | None = None, backends: Sequence[Backend] | None = None
) -> tuple[list[Backend], list[Capability]]:
    """Return the backends to measure with, and what all of them can do here.

    Args:
        profile: device to model where nothing can be measured; default none, and then
            energy is unavailable.
        backends: sources to ask; default those of `default_backends`.
    """
    asked = default_backends() if backends is None else backends
    seen = [(backend, backend.probe()) for backend in asked]
    capabilities = [capability for _, found in seen for capability in found]
    able = [backend for backend, found in seen if any(c.is_available for c in found)]
    if not able and profile is not None:
        model = AnalyticBackend(profile)
        return [model], capabilities + model.probe()
    return able or list(asked), capabilities


def measure_command(
    argv: Sequence[str],
    *,
    profile: DeviceProfile | None = None,
    backends: Sequence[Backend] | None = None,
    idle_s: float = 5.0,
    max_relative_error: float | None = None,
    max_repeats: int = 100,
    max_s: float = 600.0,
    run: Runner | None = None,
) -> Measurement:
    """Run a command and measure its energy.

    Idle power is measured first, so that gross, idle and marginal energy come together.
    The command gets this program's input and output.

    Args:
        argv: program and arguments.
        profile: device to model where nothing can be measured.
        backends: sources of joules; default those of `default_backends`.
        idle_s: how long to measure idle power, s; 0 leaves it and the marginal energy
            unavailable.
        max_relative_error: run the command again until its energy is known this well;
            default once. It ends at the first run that fails.
        max_repeats: most runs.
        max_s: rounds of runs are cut to fit this time, s.
        run: runs the command and returns its code; default a child process.

    Raises:
        ValueError: the command is empty, or a number is out of range.
        OSError: the command cannot be started.
    """
    if not argv:
        raise ValueError("`argv` must name a command, got none.")
    if not idle_s >= 0:
        raise ValueError(f"`idle_s` must be >= 0 s, got {idle_s}.")
    chosen, capabilities = choose_backends(profile, backends)
    meter = Meter(chosen)
    idle_w = _idle_power(meter, capabilities, idle_s)
    codes: list[int] = []
    repeated = meter.repeat(
        lambda: codes.append((run or _run_child)(argv)),
        name=" ".join(argv),
        phase="command",
        max_relative_error=1.0 if max_relative_error is None else max_relative_error,
        max_repeats=1 if max_relative_error is None else max_repeats,
        max_s=max_s,
        has_failed=lambda: codes[-1] != 0,
    )
    return Measurement(tuple(argv), codes[-1], repeated, idle_w, tuple(capabilities))


def _idle_power(
    meter: Meter, capabilities: Sequence[Capability], idle_s: float
) -> Mapping[str, Quantity]:
    """Return each device's idle power: measured, or the model's own."""
    for backend in meter.backends:
        if isinstance(backend, AnalyticBackend):
            meter.idle_w = {backend.profile.name: backend.profile.idle_power}
            return meter.idle_w
    if idle_s and any(seen.is_available for seen in capabilities):
        return meter.measure_idle(idle_s)
    return {}


def _run_child(argv: Sequence[str]) -> int:
    code = subprocess.run(list(argv), check=False).returncode
    return code if code >= 0 else _SIGNAL_CODE - code


def _sum(energies: Sequence[Quantity]) -> Quantity | None:
    try:
        return total(energies)
    except ValueError:
        return None
