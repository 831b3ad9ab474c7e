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
from hitl_sim.learn.loop.driver import build_driver as build_driver
from hitl_sim.learn.loop.judging import LABEL as LABEL, Judging as Judging
from hitl_sim.learn.loop.run import (
    build_drawn_run as build_drawn_run,
    build_run as build_run,
    build_simulation as build_simulation,
)
from hitl_sim.learn.loop.stage import (
    course_of as course_of,
    guidance_of as guidance_of,
    host_of as host_of,
)
