"""Meters: sources of joules that probe themselves, and windows over them."""

from hitl_sim.energy.meters.analytic import AnalyticBackend as AnalyticBackend
from hitl_sim.energy.meters.backend import Backend as Backend, Capability as Capability
from hitl_sim.energy.meters.choose import probe_meters as probe_meters
from hitl_sim.energy.meters.cpu_time import (
    CpuBackend as CpuBackend,
    calibrate_machine as calibrate_machine,
)
from hitl_sim.energy.meters.measure import (
    Measurement as Measurement,
    measure_command as measure_command,
)
from hitl_sim.energy.meters.meter import Meter as Meter, Window as Window
from hitl_sim.energy.meters.nvml import NvmlBackend as NvmlBackend
from hitl_sim.energy.meters.rapl import RaplBackend as RaplBackend
from hitl_sim.energy.meters.selftest import (
    SelfTest as SelfTest,
    run_selftest as run_selftest,
)
from hitl_sim.energy.meters.wall import WallMeterBackend as WallMeterBackend
