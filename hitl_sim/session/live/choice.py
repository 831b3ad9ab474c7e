"""At which desk the people of a study answer, as plain values."""

from __future__ import annotations

from typing import NamedTuple

from hitl_sim.session.desk import Crowd
from hitl_sim.session.desk.named import DESKS, SIMULATED


class DeskChoice(NamedTuple):
    """At which desk people answer.

    Attributes:
        name: of the desk, one of `desk.named`.
        at: where it is; "" where it is nowhere.
        deadline_s: time after which a real person's question is given up, s; None for
            never.
        real_people: to how many real people each question is put, the others being
            simulated; 0 where nobody is mixed with anybody.
        speed: how many times faster than people simulated ones answer, in real time;
            at once where None.
    """

    name: str = SIMULATED
    at: str = ""
    deadline_s: float | None = None
    real_people: int = 0
    speed: float | None = None

    @property
    def is_real(self) -> bool:
        """Whether real people are asked."""
        return self.name != SIMULATED

    def crowd(self) -> Crowd | None:
        """Return the real people; None where there are none."""
        if not self.is_real:
            return None
        return DESKS[self.name].open(self.at, self.deadline_s)
