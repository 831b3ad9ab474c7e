"""Levers in one ledger: what each saves, in which column, and in hours of people."""

from hitl_sim.analysis.lever.chip import TECHNOLOGY as TECHNOLOGY
from hitl_sim.analysis.lever.chip import ChipUse as ChipUse
from hitl_sim.analysis.lever.clock import ClockPoint as ClockPoint
from hitl_sim.analysis.lever.clock import ClockPolicy as ClockPolicy
from hitl_sim.analysis.lever.clock import clock_policies as clock_policies
from hitl_sim.analysis.lever.row import Combined as Combined
from hitl_sim.analysis.lever.row import LeverRow as LeverRow
from hitl_sim.analysis.lever.row import LeverTable as LeverTable
from hitl_sim.analysis.lever.row import Use as Use
from hitl_sim.analysis.lever.row import lever_words as lever_words
from hitl_sim.analysis.lever.serve import Served as Served
from hitl_sim.analysis.lever.serve import Serving as Serving
from hitl_sim.analysis.lever.tabulate import tabulate_levers as tabulate_levers
