"""Methods in one ledger: what each saves, in which column, and in hours of people."""

from hitl_sim.analysis.efficiency.chip import TECHNOLOGY as TECHNOLOGY
from hitl_sim.analysis.efficiency.chip import ChipUse as ChipUse
from hitl_sim.analysis.efficiency.clock import ClockPoint as ClockPoint
from hitl_sim.analysis.efficiency.clock import ClockPolicy as ClockPolicy
from hitl_sim.analysis.efficiency.clock import clock_policies as clock_policies
from hitl_sim.analysis.efficiency.row import Combined as Combined
from hitl_sim.analysis.efficiency.row import MethodRow as MethodRow
from hitl_sim.analysis.efficiency.row import MethodTable as MethodTable
from hitl_sim.analysis.efficiency.row import Use as Use
from hitl_sim.analysis.efficiency.row import method_words as method_words
from hitl_sim.analysis.efficiency.serve import Served as Served
from hitl_sim.analysis.efficiency.serve import Serving as Serving
from hitl_sim.analysis.efficiency.tabulate import tabulate_methods as tabulate_methods
