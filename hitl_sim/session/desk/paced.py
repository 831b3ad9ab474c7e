"""A desk whose answers come in real time, so many times faster: a rehearsal.

Each answer is held back until its person would have given it: people of a round work
side by side, and one after another through their own questions. What they say, and what
is recorded of it, stays what it is.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from hitl_sim.session.desk import Desk
from hitl_sim.session.error import SessionError
from hitl_sim.session.question import Answer, Question

Seconds = Callable[[], float]


class PacedDesk:
    """Another desk, whose answers are held back until they are due."""

    def __init__(
        self, inner: Desk, speed: float, clock: Seconds = time.monotonic
    ) -> None:
        """Take a desk that answers at once, and how many times faster people are."""
        self._inner, self._speed, self._clock = inner, speed, clock
        self._held: list[tuple[float, Answer]] = []
        self._free_at: dict[str, float] = {}

    def post(self, questions: Sequence[Question]) -> list[str | None]:
        """Put questions, and say when each answer is due."""
        now, ids = self._clock(), self._inner.post(questions)
        for answer in self._inner.poll():
            begin = max(now, self._free_at.get(answer.person, now))
            due = begin + answer.seconds / self._speed
            self._free_at[answer.person] = due
            self._held.append((due, answer))
        return ids

    def poll(self) -> list[Answer]:
        """Return the answers that are due, each person's in the order of the work."""
        now = self._clock()
        due = [answer for at, answer in self._held if at <= now]
        self._held = [(at, answer) for at, answer in self._held if at > now]
        return due

    def close(self) -> None:
        """Close the desk behind it."""
        self._inner.close()


def paced(desk: Desk, speed: float | None) -> Desk:
    """Return a desk at a speed; as it is where that is None."""
    return desk if speed is None else PacedDesk(desk, speed)


def check_speed(speed: float | None) -> None:
    """Refuse a speed at which nobody answers.

    Raises:
        SessionError: it is not above 0.
    """
    if speed is not None and not 0.0 < speed < float("inf"):
        raise SessionError(f"`speed` must be finite and > 0, got {speed!r}.")
