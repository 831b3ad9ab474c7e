"""The floor of a project: where items open, are handed out, come back and are closed.

Rules, each with a test:
- Nobody is asked about an item twice.
- Who leaves with a question in hand abandons it; somebody else is asked.
- A question of an item that is closed is withdrawn unless somebody has begun it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import Literal

import numpy as np
import simpy

from hitl_sim.workforce.account import Hours, Tally
from hitl_sim.workforce.behaviour import AnswerSource
from hitl_sim.workforce.duration import stream_of
from hitl_sim.workforce.line import Line, Ticket
from hitl_sim.workforce.policy import (
    First,
    Posterior,
    asked_first,
    asked_next,
    claimed,
    weight_of,
)
from hitl_sim.workforce.project import Project

Event = Literal["begin", "answer", "abandon", "expire", "close"]
Look = Callable[[Event, float, int, int], None]
"""Told of every event: what, when (s), person and item; -1 where there is nobody."""
_BLOCK = 4_096


@dataclass
class Item:
    """What is known of an item while it is open.

    Attributes:
        opened_s: when it came in, s; of items that are all there from the start, when
            somebody first had time for it.
        counts: `[K]` answers that are used, of each class.
        order: classes in the order in which they were first answered.
        asked: people who were asked about it.
        due: questions that have neither been answered nor expired.
        is_cut: whether a question expired that is not asked again.
        tickets: the line and number of its places.
    """

    opened_s: float
    counts: list[int]
    order: list[int] = field(default_factory=list)
    asked: list[int] = field(default_factory=list)
    due: int = 0
    is_cut: bool = False
    tickets: list[tuple[Line, int]] = field(default_factory=list)


@dataclass
class Counts:
    """What is counted while the clock runs; fields as those of `Account`."""

    items_closed: int = 0
    items_right: int = 0
    labelled: int = 0
    claimed: float = 0.0
    asked: int = 0
    answered: int = 0
    surplus: int = 0
    abandoned: int = 0
    expired: int = 0
    worked_s: float = 0.0
    idle_s: float = 0.0
    waited_s: float = 0.0


class Floor:
    """Where items open, are handed out, come back and are closed.

    Attributes:
        env: the clock.
        project: what is to be done.
        finished: happens when the last item is closed.
        counts: what was counted so far.
        idle: people who wait for a question, and how they are told of one.
    """

    def __init__(
        self,
        env: simpy.Environment,
        project: Project,
        source: AnswerSource,
        draws: np.random.Generator,
        warm_up_items: int,
        look: Look | None,
    ) -> None:
        """Begin with no item open; see `simulate_project` for what is given."""
        self.env = env
        self.project = project
        self.policy = project.policy
        self.finished = env.event()
        self.counts = Counts()
        self.wait, self.sojourn, self.expiry = Tally(), Tally(), Tally()
        self.device_wait = Tally()
        self.hours = {"close": Hours(), "answer": Hours()}
        self.idle: dict[int, simpy.Event] = {}
        self._source = source
        self._warm_up_items = warm_up_items
        self._look = look
        self._again, self._fresh = Line(), Line()
        self._items: dict[int, Item] = {}
        self._num_opened = 0
        self._first = asked_first(self.policy, source.num_classes)
        believed = project.people.behaviour.accuracy
        if isinstance(self.policy, Posterior):
            believed = self.policy.accuracy
        self._weight = weight_of(believed, source.num_classes)
        limit = project.wait_limit
        self._limits = None if limit is None else stream_of(limit, draws)
        self._times: dict[str, list[float]] = {"close": [], "answer": []}

    def open_item(self) -> None:
        """Open the next item and ask its first questions."""
        number = self._num_opened
        self._num_opened += 1
        self._items[number] = Item(self.env.now, [0] * self._source.num_classes)
        self._ask(number, self._first, self._fresh)

    def _ask(self, number: int, questions: int, line: Line) -> None:
        """Ask about an item: people who are idle first, else questions wait in line."""
        item, now = self._items[number], self.env.now
        self.counts.asked += questions
        item.due += questions
        free = (person for person in self.idle if person not in item.asked)
        for person in list(islice(free, questions)):
            self._begin(number, person, now)
            self.idle.pop(person).succeed(number)
            questions -= 1
        if self._limits is None:
            if questions:
                ticket = line.push(Ticket(number, questions, now))
                item.tickets.append((line, ticket))
            return
        for _ in range(questions):
            ticket = line.push(Ticket(number, 1, now))
            item.tickets.append((line, ticket))
            timeout = self.env.timeout(next(self._limits))
            timeout.callbacks.append(partial(self._expire, number, line, ticket))

    def _expire(self, number: int, line: Line, ticket: int, _: simpy.Event) -> None:
        """Let a question go that nobody has begun in time."""
        if not line.withdraw(ticket):
            return
        self.counts.expired += 1
        if self.is_counted(number):
            self.expiry.add(1.0)
        self._tell("expire", -1, number)
        item = self._items[number]
        item.due -= 1
        item.is_cut = True
        if item.due == 0:
            self._close(number)

    def take(self, person: int) -> int | None:
        """Hand somebody the first question that they may have, if there is one."""
        ticket = self._again.take(person, self._is_seen)
        ticket = ticket or self._fresh.take(person, self._is_seen)
        is_more = self._num_opened < self.project.items
        if ticket is None and is_more and self.project.items_per_day is None:
            self.open_item()
            ticket = self._fresh.take(person, self._is_seen)
        if ticket is None:
            return None
        self._begin(ticket.item, person, ticket.asked_s)
        return ticket.item

    def is_counted(self, number: int) -> bool:
        """Whether the waits of an item count: it is none of the warm-up."""
        return number >= self._warm_up_items

    def _is_seen(self, number: int, person: int) -> bool:
        return person in self._items[number].asked

    def _begin(self, number: int, person: int, asked_s: float) -> None:
        self._items[number].asked.append(person)
        if self.is_counted(number):
            self.wait.add(self.env.now - asked_s)
            self.expiry.add(0.0)
        self._tell("begin", person, number)

    def answer(self, number: int, person: int) -> None:
        """Take an answer in; ask what its item still needs, or close it."""
        self.counts.answered += 1
        self._note("answer")
        self._tell("answer", person, number)
        item = self._items.get(number)
        if item is None:
            self.counts.surplus += 1
            return
        label = self._source.answer(number, person)
        item.counts[label] += 1
        if label not in item.order:
            item.order.append(label)
        item.due -= 1
        policy = self.policy
        if isinstance(policy, First) and sum(item.counts) == policy.kept:
            self._close(number)
        elif item.due == 0:
            needed = 0 if item.is_cut else asked_next(policy, item.counts)
            if needed:
                self._ask(number, needed, self._again)
            else:
                self._close(number)

    def give_back(self, number: int, person: int, *, is_expired: bool) -> None:
        """Take a question back that gets no answer, and ask somebody else."""
        if is_expired:
            self.counts.expired += 1
        else:
            self.counts.abandoned += 1
        self._tell("expire" if is_expired else "abandon", person, number)
        item = self._items.get(number)
        if item is not None:
            item.due -= 1
            self._ask(number, 1, self._again)

    def _close(self, number: int) -> None:
        """Decide an item's label, and withdraw what nobody has begun."""
        item, counts = self._items.pop(number), self.counts
        counts.expired += sum(line.withdraw(ticket) for line, ticket in item.tickets)
        self._source.close(number)
        counts.items_closed += 1
        if item.order:
            most = max(item.counts)
            label = next(k for k in item.order if item.counts[k] == most)
            counts.labelled += 1
            counts.items_right += label == 0
            counts.claimed += claimed(item.counts, self._weight)
            if self.is_counted(number):
                self.sojourn.add(self.env.now - item.opened_s)
        self._note("close")
        self._tell("close", -1, number)
        if counts.items_closed == self.project.items:
            self.finished.succeed()

    def _note(self, what: str) -> None:
        times = self._times[what]
        times.append(self.env.now)
        if len(times) == _BLOCK:
            self.flush()

    def flush(self) -> None:
        """Count in its hour what was noted."""
        for what, times in self._times.items():
            self.hours[what].add(np.array(times))
            times.clear()

    def _tell(self, what: Event, person: int, number: int) -> None:
        if self._look is not None:
            self._look(what, self.env.now, person, number)
