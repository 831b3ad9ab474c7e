"""Clocks and power caps: a model, what the driver tells, and a governor that learns."""

from hitl_sim.energy.clock.driver import Answer as Answer
from hitl_sim.energy.clock.driver import BoardClocks as BoardClocks
from hitl_sim.energy.clock.driver import ClockRefusedError as ClockRefusedError
from hitl_sim.energy.clock.driver import read_clocks as read_clocks
from hitl_sim.energy.clock.model import Clocked as Clocked
from hitl_sim.energy.clock.model import Job as Job
from hitl_sim.energy.clock.model import best_clock as best_clock
from hitl_sim.energy.clock.model import capped_clock as capped_clock
from hitl_sim.energy.clock.model import clock_saving as clock_saving
from hitl_sim.energy.clock.model import critical_clock as critical_clock
from hitl_sim.energy.clock.model import job_energy as job_energy
from hitl_sim.energy.clock.model import job_time as job_time
from hitl_sim.energy.clock.sweep import Point as Point
from hitl_sim.energy.clock.sweep import best_point as best_point
from hitl_sim.energy.clock.sweep import fit_sweep as fit_sweep
from hitl_sim.energy.clock.sweep import sweep_setting as sweep_setting
