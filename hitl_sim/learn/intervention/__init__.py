"""Interventions: each says what people are asked, and what is done with the answers.

One file holds all of one: its table in a study, its checks, its program and its work.
"""

from hitl_sim.learn.intervention.arm import (
    Arm as Arm,
    Surroundings as Surroundings,
    TaskFacts as TaskFacts,
)
from hitl_sim.learn.intervention.base import (
    Intervention as Intervention,
    Program as Program,
    Setting as Setting,
    Shape as Shape,
)
