"""Desks: sources of answers behind one interface, one file each.

A crowd is who may be asked, and `Crowd.open` opens a desk for one run. A new source is
a file here with a crowd and its desk: nothing else knows which one answers.

1. `post` takes the questions of a round and returns an id for each, or None for one
   that will not be asked. Whom it asks is the desk's business: a simulated one deals
   them out, a page waits for whoever comes. Nobody is asked a question twice but as
   often as it says.
2. `poll` returns the answers that have come since, those of a person in the order of
   that person's work, and does not wait. A question is done when it has as many answers
   as it asks for. A skip is an answer that says nothing; so is one that a desk gives
   up on, with the seconds that it took, if any.
3. `close` ends the run's questions; nothing may be posted after it.

The truth of a question is for simulated people alone: no other desk may show or send
it.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple, Protocol

from hitl_sim.session.question import Answer, Question

Source = Literal["simulated", "recorded", "live"]


class Run(NamedTuple):
    """Which run asks.

    Attributes:
        seed: of the session.
        arm: name of the arm.
        replicate: the arms of one replicate meet the same people.
    """

    seed: int
    arm: str
    replicate: int


class Desk(Protocol):
    """Where questions of one run are put."""

    def post(self, questions: Sequence[Question]) -> list[str | None]:
        """Put a round's questions, and return an id for each that is asked."""
        ...

    def poll(self) -> list[Answer]:
        """Return the answers that have come since the last call; do not wait."""
        ...

    def close(self) -> None:
        """End what was asked."""
        ...


class Crowd(Protocol):
    """Who may be asked.

    Attributes:
        name: what records call them.
        source: where their answers come from.
        size: how many they are; None where nobody knows.
        is_timed: whether answers come in their own time, by this machine's clock. Else
            the people's clock is simulated: shifts, breaks and the device's waiting.
        workforce: how they work, by the fields of a study's table `[workforce]`.
    """

    @property
    def name(self) -> str:
        """Return what records call them."""
        ...

    @property
    def source(self) -> Source:
        """Return where their answers come from."""
        ...

    @property
    def size(self) -> int | None:
        """Return how many they are."""
        ...

    @property
    def is_timed(self) -> bool:
        """Say whether answers come in their own time."""
        ...

    @property
    def workforce(self) -> Mapping[str, Any]:
        """Return how they work."""
        ...

    def open(self, run: Run) -> Desk:
        """Open a desk for one run."""
        ...

    def check(self, questions: Sequence[Question]) -> None:
        """Refuse questions that these people cannot be asked.

        Raises:
            SessionError: names the argument of `Arm.ask`, its value, what is allowed.
        """
        ...

    def identity(self) -> dict[str, Any]:
        """Return what decides the answers, as plain values: part of a run's key."""
        ...

    def parameters(self) -> dict[str, Any]:
        """Return what was set of them, by name, for tables of a report."""
        ...

    def table(self) -> dict[str, Any]:
        """Return what `hitl_sim.crowd` makes them of again."""
        ...

    def described(self, kinds: Sequence[str]) -> dict[str, Any]:
        """Return what is known of them, as a manifest keeps populations."""
        ...
