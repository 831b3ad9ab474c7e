"""The clock of the people: shifts, breaks, queues and a device that waits."""

from hitl_sim.workforce.process import Round as Round
from hitl_sim.workforce.team import Team as Team, team_of as team_of
from hitl_sim.workforce.timeline import (
    Timeline as Timeline,
    simulate_rounds as simulate_rounds,
)
