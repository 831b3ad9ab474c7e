"""A run, from its keys to its trace; see `run`."""

from hitl_sim.learn.loop.config import Hyper as Hyper
from hitl_sim.learn.loop.config import RunConfig as RunConfig
from hitl_sim.learn.loop.config import Seeds as Seeds
from hitl_sim.learn.loop.config import Trace as Trace
from hitl_sim.learn.loop.config import run_keys as run_keys
from hitl_sim.learn.loop.driver import build_driver as build_driver
from hitl_sim.learn.loop.run import build_run as build_run
from hitl_sim.learn.loop.run import build_simulation as build_simulation
from hitl_sim.learn.loop.stage import course_of as course_of
from hitl_sim.learn.loop.stage import guidance_of as guidance_of
from hitl_sim.learn.loop.stage import host_of as host_of
