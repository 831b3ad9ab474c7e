"""The learner: networks, optimisation, interventions and the round loop."""

from hitl_sim.learn.crowd import PanelConfig as PanelConfig
from hitl_sim.learn.describe import Halves as Halves
from hitl_sim.learn.describe import Query as Query
from hitl_sim.learn.describe import StepCounts as StepCounts
from hitl_sim.learn.describe import describe_halves as describe_halves
from hitl_sim.learn.describe import describe_query as describe_query
from hitl_sim.learn.describe import describe_steps as describe_steps
from hitl_sim.learn.describe import describe_work as describe_work
from hitl_sim.learn.loop import Hyper as Hyper
from hitl_sim.learn.loop import RunConfig as RunConfig
from hitl_sim.learn.loop import Seeds as Seeds
from hitl_sim.learn.loop import Trace as Trace
from hitl_sim.learn.loop import build_run as build_run
from hitl_sim.learn.loop import build_simulation as build_simulation
from hitl_sim.learn.network import NetworkConfig as NetworkConfig
from hitl_sim.learn.optimise import TrainConfig as TrainConfig
from hitl_sim.learn.shape import describe_shape as describe_shape
from hitl_sim.learn.work import WorkLine as WorkLine
