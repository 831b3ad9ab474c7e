"""The clock of the people: shifts, breaks, queues and a device that waits."""

from hitl_sim.workforce.crew import Crew as Crew
from hitl_sim.workforce.crew import crew_of as crew_of
from hitl_sim.workforce.question import Round as Round
from hitl_sim.workforce.timeline import Timeline as Timeline
from hitl_sim.workforce.timeline import simulate_rounds as simulate_rounds
