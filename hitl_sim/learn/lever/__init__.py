"""Levers: what makes training or use cheaper without people, beside any guidance."""

from hitl_sim.learn.lever.base import Course as Course
from hitl_sim.learn.lever.base import Host as Host
from hitl_sim.learn.lever.base import Leg as Leg
from hitl_sim.learn.lever.base import Lever as Lever
from hitl_sim.learn.lever.base import LeverSpec as LeverSpec
from hitl_sim.learn.lever.course import build_course as build_course
from hitl_sim.learn.lever.own import Around as Around
