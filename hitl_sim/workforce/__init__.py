"""The clock of the people: shifts, breaks, queues and a device that waits."""

from hitl_sim.workforce.account import Account as Account
from hitl_sim.workforce.behaviour import Behaviour as Behaviour
from hitl_sim.workforce.duration import (
    Duration as Duration,
    with_half_life as with_half_life,
)
from hitl_sim.workforce.labelling import simulate_project as simulate_project
from hitl_sim.workforce.people import People as People
from hitl_sim.workforce.policy import (
    First as First,
    Fixed as Fixed,
    Lead as Lead,
    Posterior as Posterior,
)
from hitl_sim.workforce.process import Round as Round
from hitl_sim.workforce.project import Group as Group, Project as Project
from hitl_sim.workforce.quality import (
    Adjudication as Adjudication,
    Gold as Gold,
    Qualification as Qualification,
)
from hitl_sim.workforce.team import Team as Team, team_of as team_of
from hitl_sim.workforce.timeline import (
    Timeline as Timeline,
    simulate_rounds as simulate_rounds,
)
