"""The floor of a project: where items open, are handed out, come back and are closed.

Rules, each with a test:
- Nobody is asked about an item twice.
- Who leaves with a question in hand abandons it; somebody else is asked.
- A question of an item that is closed is withdrawn unless somebody has begun it.
- An item that the crowd leaves unclear is closed by experts, who see no other.
- Where answers are refused, items are opened anew that need others in their place.
"""

from collections.abc import Callable, Sequence
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
from hitl_sim.workforce.person import Worker
from hitl_sim.workforce.policy import (
    First,
    Posterior,
    asked_first,
    asked_next,
    claimed,
    weight_of,
)
from hitl_sim.workforce.project import Project

Event = Literal["begin", "answer", "abandon", "expire", "close", "refuse", "reopen"]
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
        is_unclear: whether experts decide it.
        verdicts: what experts answered.
        is_reopened: whether it was closed before.
    """

    opened_s: float
    counts: list[int]
    order: list[int] = field(default_factory=list)
    asked: list[int] = field(default_factory=list)
    due: int = 0
    is_cut: bool = False
    tickets: list[tuple[Line, int]] = field(default_factory=list)
    is_unclear: bool = False
    verdicts: list[int] = field(default_factory=list)
    is_reopened: bool = False


@dataclass(frozen=True)
class Closed:
    """An item that is closed, as long as answers of it may be refused.

    Attributes:
        item: what was known of it.
        closed_s: when it was closed, s.
        is_right: whether its label is right; None where it has none.
        claimed: how probably right it would be, were people independent.
    """

    item: Item
    closed_s: float
    is_right: bool | None
    claimed: float


@dataclass
class GroupCounts:
    """What is counted of one group; fields as those of `GroupAccount`."""

    answered: int = 0
    gold: int = 0
    worked_s: float = 0.0
    gold_s: float = 0.0
    refused: int = 0
    refused_s: float = 0.0
    removed: int = 0


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
    adjudicated: int = 0
    reopened: int = 0
    idle_s: float = 0.0
    waited_s: float = 0.0


class Floor:
    """Where items open, are handed out, come back and are closed.

    Attributes:
        env: the clock.
        project: what is to be done.
        finished: happens when the last item is closed.
        counts: what was counted so far.
        groups: what was counted of each group, the crowd first.
        idle: people who wait for a question, and how they are told of one.
        idle_experts: likewise, of those who decide what is unclear.
    """

    def __init__(
        self,
        env: simpy.Environment,
        project: Project,
        sources: Sequence[AnswerSource],
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
        self.groups = [GroupCounts() for _ in sources]
        self.idle: dict[int, simpy.Event] = {}
        self.idle_experts: dict[int, simpy.Event] = {}
        self._sources = sources
        self._warm_up_items = warm_up_items
        self._look = look
        self._again, self._fresh, self._unclear = Line(), Line(), Line()
        self._items: dict[int, Item] = {}
        self._num_opened = 0
        self._num_classes = sources[0].num_classes
        self._first = asked_first(self.policy, self._num_classes)
        believed = project.people.behaviour.accuracy
        if isinstance(self.policy, Posterior):
            believed = self.policy.accuracy
        self._weight = weight_of(believed, self._num_classes)
        experts = [one.people.behaviour for one in project.groups if one.is_expert]
        self._expert_weight = max(
            (weight_of(one.accuracy, one.num_classes) for one in experts), default=0.0
        )
        gold = project.gold
        self._is_redone = gold is not None and gold.is_redone
        self._closed: dict[int, Closed] = {}
        self._given: dict[int, list[tuple[int, int, float]]] = {}
        limit = project.wait_limit
        self._limits = None if limit is None else stream_of(limit, draws)
        self._times: dict[str, list[float]] = {"close": [], "answer": []}

    def open_item(self) -> None:
        """Open the next item and ask its first questions."""
        number = self._num_opened
        self._num_opened += 1
        self._items[number] = Item(self.env.now, [0] * self._num_classes)
        self._ask(number, self._first, self._fresh)

    def _ask(self, number: int, questions: int, line: Line) -> None:
        """Ask about an item: people who are idle first, else questions wait in line."""
        item, now = self._items[number], self.env.now
        self.counts.asked += questions
        item.due += questions
        is_expert = line is self._unclear
        idle = self.idle_experts if is_expert else self.idle
        free = (person for person in idle if person not in item.asked)
        for person in list(islice(free, questions)):
            self._begin(number, person, now)
            idle.pop(person).succeed(number)
            questions -= 1
        if self._limits is None or is_expert:
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
            self._settle(number)

    def take(self, worker: Worker) -> int | None:
        """Hand somebody the first question that they may have, if there is one."""
        person = worker.number
        if worker.is_expert:
            ticket = self._unclear.take(person, self._is_seen)
            if ticket is None:
                return None
            self._begin(ticket.item, person, ticket.asked_s)
            return ticket.item
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

    def answer(self, number: int, worker: Worker, spent_s: float) -> None:
        """Take an answer in; ask what its item still needs, or close it."""
        counts = self.groups[worker.group]
        counts.answered += 1
        self.counts.answered += 1
        self._note("answer")
        self._tell("answer", worker.number, number)
        item = self._items.get(number)
        if item is None or item.is_unclear != worker.is_expert:
            self.counts.surplus += 1
            return
        label = self._sources[worker.group].answer(number, worker.place)
        item.due -= 1
        if item.is_unclear:
            item.verdicts.append(label)
            if item.due == 0:
                self._close(number)
            return
        if self._is_redone:
            self._given.setdefault(worker.number, []).append((number, label, spent_s))
        item.counts[label] += 1
        if label not in item.order:
            item.order.append(label)
        policy = self.policy
        if isinstance(policy, First) and sum(item.counts) == policy.kept:
            self._settle(number)
        elif item.due == 0:
            self._go_on(number)

    def _go_on(self, number: int) -> None:
        """Ask what an item still needs whose questions are answered, or close it."""
        item = self._items[number]
        needed = 0 if item.is_cut else asked_next(self.policy, item.counts)
        if needed:
            self._ask(number, needed, self._again)
        else:
            self._settle(number)

    def give_back(self, number: int, worker: Worker, *, is_expired: bool) -> None:
        """Take a question back that gets no answer, and ask somebody else."""
        if is_expired:
            self.counts.expired += 1
        else:
            self.counts.abandoned += 1
        self._tell("expire" if is_expired else "abandon", worker.number, number)
        item = self._items.get(number)
        if item is not None and item.is_unclear == worker.is_expert:
            item.due -= 1
            self._ask(number, 1, self._unclear if item.is_unclear else self._again)

    def _settle(self, number: int) -> None:
        """Close an item that the crowd is done with, or ask experts."""
        item, rule = self._items[number], self.project.adjudication
        if rule is None or claimed(item.counts, self._weight) >= rule.below:
            self._close(number)
            return
        self.counts.adjudicated += 1
        self._withdraw(item)
        item.is_unclear, item.due = True, 0
        self._ask(number, rule.answers, self._unclear)

    def _withdraw(self, item: Item) -> None:
        counts = self.counts
        counts.expired += sum(line.withdraw(ticket) for line, ticket in item.tickets)
        item.tickets.clear()

    def _close(self, number: int) -> None:
        """Decide an item's label, and withdraw what nobody has begun."""
        item, counts = self._items.pop(number), self.counts
        self._withdraw(item)
        counts.items_closed += 1
        is_right, claim = self._decide(item)
        if is_right is not None:
            counts.labelled += 1
            counts.items_right += is_right
            counts.claimed += claim
            if self.is_counted(number) and not item.is_reopened:
                self.sojourn.add(self.env.now - item.opened_s)
        if self._is_redone:
            self._closed[number] = Closed(item, self.env.now, is_right, claim)
        else:
            for source in self._sources:
                source.close(number)
        self._note("close")
        self._tell("close", -1, number)
        if counts.items_closed == self.project.items:
            self.finished.succeed()

    def _decide(self, item: Item) -> tuple[bool | None, float]:
        """Return whether an item's label is right, if it has one, and what it claims.

        Of equals the class that was answered first is taken.
        """
        votes, order, weight = item.counts, item.order, self._weight
        if item.verdicts:
            votes = [item.verdicts.count(k) for k in range(self._num_classes)]
            order, weight = item.verdicts, self._expert_weight
        most = max(votes)
        if most == 0:
            return None, 0.0
        label = next(k for k in order if votes[k] == most)
        return label == 0, claimed(votes, weight)

    def refuse(self, worker: Worker) -> None:
        """Strike all that somebody answered, and ask others where that is needed."""
        if self.finished.triggered:
            return
        counts = self.groups[worker.group]
        for number, label, spent_s in self._given.pop(worker.number, ()):
            closed = self._closed.get(number)
            item = self._items[number] if closed is None else closed.item
            if item.is_unclear:
                continue
            counts.refused += 1
            counts.refused_s += spent_s
            self._tell("refuse", worker.number, number)
            item.counts[label] -= 1
            if closed is not None:
                self._reopen(number, closed)
            # questions that are open tell later what the item needs

    def _reopen(self, number: int, closed: Closed) -> None:
        """Take back that an item was closed, and go on with it."""
        counts = self.counts
        del self._closed[number]
        item = self._items[number] = closed.item
        item.is_reopened = True
        item.due = 0
        counts.items_closed -= 1
        counts.reopened += 1
        if closed.is_right is not None:
            counts.labelled -= 1
            counts.items_right -= closed.is_right
            counts.claimed -= closed.claimed
        self.flush()
        self.hours["close"].drop(closed.closed_s)
        self._tell("reopen", -1, number)
        self._go_on(number)

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
