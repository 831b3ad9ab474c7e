"""Levers: what makes training or use cheaper without people, beside any guidance."""

from hitl_sim.learn.lever.config import NO_LEVER as NO_LEVER
from hitl_sim.learn.lever.config import FineTuneConfig as FineTuneConfig
from hitl_sim.learn.lever.config import LeverConfig as LeverConfig
from hitl_sim.learn.lever.config import PruneConfig as PruneConfig
from hitl_sim.learn.lever.config import QuantiseConfig as QuantiseConfig
from hitl_sim.learn.lever.config import SplitConfig as SplitConfig
from hitl_sim.learn.lever.course import Course as Course
from hitl_sim.learn.lever.course import Leg as Leg
from hitl_sim.learn.lever.course import build_course as build_course
from hitl_sim.learn.lever.quantised import in_place_of as in_place_of
from hitl_sim.learn.lever.split import device_half as device_half
from hitl_sim.learn.lever.split import server_half as server_half
