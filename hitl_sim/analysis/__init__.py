"""Analysis: targets, bills, rho and break-even, each with its intervals."""

from hitl_sim.analysis.between import beside as beside
from hitl_sim.analysis.break_even import Answer as Answer
from hitl_sim.analysis.break_even import BreakEven as BreakEven
from hitl_sim.analysis.claim import Effect as Effect
from hitl_sim.analysis.claim import judge as judge
from hitl_sim.analysis.crossing import Payback as Payback
from hitl_sim.analysis.estimate import Estimate as Estimate
from hitl_sim.analysis.finding import FailedRun as FailedRun
from hitl_sim.analysis.finding import Finding as Finding
from hitl_sim.analysis.finding import StudyResult as StudyResult
from hitl_sim.analysis.finding import TaskResult as TaskResult
from hitl_sim.analysis.finding import best as best
from hitl_sim.analysis.finding import cheapest as cheapest
from hitl_sim.analysis.inference_life import LifePayback as LifePayback
from hitl_sim.analysis.inference_life import find_life_payback as find_life_payback
from hitl_sim.analysis.interval import Proportion as Proportion
from hitl_sim.analysis.interval import wilson as wilson
from hitl_sim.analysis.parameter import ParameterCrossing as ParameterCrossing
from hitl_sim.analysis.result import analyse as analyse
from hitl_sim.analysis.sensitivity import Verdict as Verdict
from hitl_sim.analysis.sensitivity import weigh as weigh
from hitl_sim.analysis.target import Curve as Curve
from hitl_sim.analysis.versus import Confirmation as Confirmation
from hitl_sim.record import RecordError as RecordError
