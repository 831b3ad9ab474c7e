"""Methods: what makes training or use cheaper without people, beside any guidance."""

from hitl_sim.learn.efficiency.base import (
    Host as Host,
    MethodSpec as MethodSpec,
    Phase as Phase,
    TrainingPhases as TrainingPhases,
)
from hitl_sim.learn.efficiency.course import build_course as build_course
from hitl_sim.learn.efficiency.own import Around as Around
