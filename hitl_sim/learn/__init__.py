"""The learner: networks, optimisation, interventions and the round loop."""

from hitl_sim.learn.crowd import PanelConfig as PanelConfig
from hitl_sim.learn.describe import (
    Halves as Halves,
    Query as Query,
    StepCounts as StepCounts,
    describe_halves as describe_halves,
    describe_query as describe_query,
    describe_steps as describe_steps,
    describe_work as describe_work,
)
from hitl_sim.learn.loop import (
    Draw as Draw,
    Hyper as Hyper,
    RunConfig as RunConfig,
    Seeds as Seeds,
    Trace as Trace,
    build_drawn_run as build_drawn_run,
    build_run as build_run,
    build_simulation as build_simulation,
    draw_run as draw_run,
)
from hitl_sim.learn.network import NetworkConfig as NetworkConfig
from hitl_sim.learn.optimise import TrainConfig as TrainConfig
from hitl_sim.learn.shape import describe_shape as describe_shape
from hitl_sim.learn.work import WorkLine as WorkLine
