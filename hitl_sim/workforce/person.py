"""What the clock keeps of one person."""

from collections.abc import Callable
from dataclasses import dataclass

from hitl_sim.workforce.roster import Roster, stretches_of


@dataclass
class Worker:
    """One person on the clock.

    Attributes:
        number: among all people of all groups.
        group: number of their group; 0 for the crowd.
        place: number within the group.
        is_expert: whether they decide what is unclear; others label.
        is_placed: whether their place is filled anew when they go.
        leave_s: when they leave for good, s.
        pace: factor on the time that an answer takes.
        stretch: finds, from a time on, when they may work and until when.
        begun_s: when the question in hand was begun, s; None where there is none.
        is_on_gold: whether the answer of that one is known.
        idle_since_s: since when they wait for a question; None where they do not.
        owed: questions with a known answer that they are still to be asked.
        golds: such questions answered.
        golds_right: of these, those that were right.
    """

    number: int
    group: int
    place: int
    is_expert: bool
    is_placed: bool
    leave_s: float
    pace: float
    stretch: Callable[[float], tuple[float, float]]
    begun_s: float | None = None
    is_on_gold: bool = False
    idle_since_s: float | None = None
    owed: int = 0
    golds: int = 0
    golds_right: int = 0


def worker_of(
    roster: Roster, row: int, number: int, group: int, place: int, *, is_expert: bool
) -> Worker:
    """Put somebody of a roster on the clock; see `Worker`."""
    return Worker(
        number=number,
        group=group,
        place=place,
        is_expert=is_expert,
        is_placed=bool(roster.is_placed[row]),
        leave_s=float(roster.leave_s[row]),
        pace=float(roster.pace[row]),
        stretch=stretches_of(roster, row),
    )
