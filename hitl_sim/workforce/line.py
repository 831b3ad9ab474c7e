"""Questions that wait for somebody: a line in which nobody is offered an item twice."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass
class Ticket:
    """Places on an item that were asked for at once.

    Attributes:
        item: whose they are.
        places: how many are left.
        asked_s: when they were asked for, s.
    """

    item: int
    places: int
    asked_s: float


class Line:
    """Places on items, in the order in which they were asked for.

    Everybody looks from the front for an item that they were not asked about. What
    somebody passed over they need never look at again, so each person keeps a place.
    """

    def __init__(self) -> None:
        """Begin with nobody in line."""
        self._tickets: dict[int, Ticket] = {}
        self._head = 0
        self._end = 0
        self._at: dict[int, int] = {}

    def push(self, ticket: Ticket) -> int:
        """Add places at the end; return the number of their ticket."""
        self._tickets[self._end] = ticket
        self._end += 1
        return self._end - 1

    def take(self, person: int, is_seen: Callable[[int, int], bool]) -> Ticket | None:
        """Take the first place that a person may have; return its ticket."""
        at = max(self._at.get(person, 0), self._head)
        while at < self._end:
            ticket = self._tickets.get(at)
            if ticket is None:
                self._head += at == self._head
            elif not is_seen(ticket.item, person):
                ticket.places -= 1
                if ticket.places == 0:
                    del self._tickets[at]
                self._at[person] = at + 1
                return ticket
            at += 1
        self._at[person] = at
        return None

    def withdraw(self, number: int) -> int:
        """Take back all places of a ticket that are left; return how many."""
        ticket = self._tickets.pop(number, None)
        return 0 if ticket is None else ticket.places
