"""Meters: sources of joules that probe themselves, and windows over them."""

from hitl_sim.energy.meters.analytic import AnalyticBackend as AnalyticBackend
from hitl_sim.energy.meters.backend import Backend as Backend
from hitl_sim.energy.meters.backend import Capability as Capability
from hitl_sim.energy.meters.choose import probe_meters as probe_meters
from hitl_sim.energy.meters.cpu_time import CpuBackend as CpuBackend
from hitl_sim.energy.meters.cpu_time import calibrate_machine as calibrate_machine
from hitl_sim.energy.meters.measure import Measurement as Measurement
from hitl_sim.energy.meters.measure import measure_command as measure_command
from hitl_sim.energy.meters.meter import Meter as Meter
from hitl_sim.energy.meters.meter import Window as Window
from hitl_sim.energy.meters.nvml import NvmlBackend as NvmlBackend
from hitl_sim.energy.meters.rapl import RaplBackend as RaplBackend
from hitl_sim.energy.meters.selftest import SelfTest as SelfTest
from hitl_sim.energy.meters.selftest import run_selftest as run_selftest
from hitl_sim.energy.meters.wall import WallMeterBackend as WallMeterBackend
