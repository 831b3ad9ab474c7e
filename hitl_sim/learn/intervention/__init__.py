"""Interventions: each says what people are asked, and what is done with the answers.

One file holds all of one: its table in a study, its checks, its program and its work.
"""

from hitl_sim.learn.intervention.arm import Arm as Arm
from hitl_sim.learn.intervention.arm import Surroundings as Surroundings
from hitl_sim.learn.intervention.arm import TaskFacts as TaskFacts
from hitl_sim.learn.intervention.base import Intervention as Intervention
from hitl_sim.learn.intervention.base import Program as Program
from hitl_sim.learn.intervention.base import Setting as Setting
from hitl_sim.learn.intervention.base import Shape as Shape
