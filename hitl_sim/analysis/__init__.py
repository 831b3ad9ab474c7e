"""Analysis: targets, bills, rho and break-even, each with its intervals."""

from hitl_sim.analysis.chance.claim import Effect as Effect
from hitl_sim.analysis.chance.claim import judge as judge
from hitl_sim.analysis.chance.crossing import Payback as Payback
from hitl_sim.analysis.chance.estimate import Estimate as Estimate
from hitl_sim.analysis.chance.interval import Proportion as Proportion
from hitl_sim.analysis.chance.interval import wilson as wilson
from hitl_sim.analysis.condition.between import beside as beside
from hitl_sim.analysis.condition.break_even import Answer as Answer
from hitl_sim.analysis.condition.break_even import BreakEven as BreakEven
from hitl_sim.analysis.condition.finding import FailedRun as FailedRun
from hitl_sim.analysis.condition.finding import Finding as Finding
from hitl_sim.analysis.condition.finding import StudyResult as StudyResult
from hitl_sim.analysis.condition.finding import TaskResult as TaskResult
from hitl_sim.analysis.condition.finding import best as best
from hitl_sim.analysis.condition.finding import cheapest as cheapest
from hitl_sim.analysis.condition.parameter import ParameterCrossing as ParameterCrossing
from hitl_sim.analysis.condition.result import analyse as analyse
from hitl_sim.analysis.condition.versus import Confirmation as Confirmation
from hitl_sim.analysis.decision.sensitivity import Verdict as Verdict
from hitl_sim.analysis.decision.sensitivity import weigh as weigh
from hitl_sim.analysis.efficiency.inference_life import LifePayback as LifePayback
from hitl_sim.analysis.efficiency.inference_life import (
    find_life_payback as find_life_payback,
)
from hitl_sim.analysis.run.target import Curve as Curve
from hitl_sim.record import RecordError as RecordError
