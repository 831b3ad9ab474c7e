"""Clocks and power caps: a model of them, and what the driver tells."""

from hitl_sim.energy.clock.driver import Answer as Answer
from hitl_sim.energy.clock.driver import BoardClocks as BoardClocks
from hitl_sim.energy.clock.driver import read_clocks as read_clocks
from hitl_sim.energy.clock.share import Published as Published
from hitl_sim.energy.clock.share import default_shares as default_shares
from hitl_sim.energy.clock.share import is_fitted as is_fitted
from hitl_sim.energy.clock.share import lowered_clock as lowered_clock
from hitl_sim.energy.clock.share import predict as predict
from hitl_sim.energy.clock.share import published_figures as published_figures
