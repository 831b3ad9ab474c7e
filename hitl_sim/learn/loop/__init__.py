"""A run, from its keys to its trace; see `run`."""

from hitl_sim.learn.loop.config import (
    Draw as Draw,
    Hyper as Hyper,
    RunConfig as RunConfig,
    Seeds as Seeds,
    Trace as Trace,
    draw_run as draw_run,
    run_keys as run_keys,
)
from hitl_sim.learn.loop.driver import (
    RoundState as RoundState,
    build_driver as build_driver,
)
from hitl_sim.learn.loop.judging import LABEL as LABEL, Judging as Judging
from hitl_sim.learn.loop.run import (
    build_drawn_run as build_drawn_run,
    build_run as build_run,
    build_simulation as build_simulation,
)
from hitl_sim.learn.loop.stage import (
    Opened as Opened,
    People as People,
    Stage as Stage,
    apart_of as apart_of,
    begin_before as begin_before,
    build_people as build_people,
    build_stage as build_stage,
    course_of as course_of,
    end_before as end_before,
    guidance_of as guidance_of,
    host_of as host_of,
)
