"""The desk of one run on a Label Studio server: questions in, answers out.

A question is a task, or as many as it asks each person. Label Studio gives a task to
different people until enough have handed it in, and to nobody twice. Whatever was asked
before, by a run that was killed, is found again by the question's id; its answers are
taken as they are, and nobody is asked anew.
"""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from hitl_sim.session.desk import Run
from hitl_sim.session.desk.label_studio.labelling import Page, page_of, read_result
from hitl_sim.session.desk.label_studio.server import UnreachableError
from hitl_sim.session.desk.label_studio.tasks import (
    Annotation,
    Project,
    Projects,
    Task,
)
from hitl_sim.session.desk.page.asking import NOBODY, run_name
from hitl_sim.session.desk.page.shown import item_name, question_id
from hitl_sim.session.error import SessionError
from hitl_sim.session.question import Answer, Question

POLL_S = 1.0
"""Time between two looks at the server, s."""
PATIENCE_S = 3600.0
"""How long a server that does not answer is waited for, s: it may be started anew."""

Seconds = Callable[[], float]


@dataclass
class _Asked:
    """A question of this run.

    Attributes:
        id: of it.
        page: on which it is put.
        data: of its tasks, but for the copy.
        asks: times that each person is asked.
        project: on the server, once it is known.
        deadline_at: by the desk's clock, s; None for never.
        told: numbers of the annotations whose answers were returned.
        nobody: answers that never came, and were returned as such.
    """

    id: str
    page: Page
    data: dict[str, Any]
    asks: int
    project: Project | None = None
    deadline_at: float | None = None
    told: set[int] = field(default_factory=set)
    nobody: int = 0

    @property
    def missing(self) -> int:
        """Return how many answers are still waited for."""
        return self.page.people * self.asks - len(self.told) - self.nobody

    @property
    def tasks(self) -> list[Task]:
        """Return its tasks on the server, as they were read last."""
        every = {} if self.project is None else self.project.tasks
        return [one for one in every.values() if one.question == self.id]

    @property
    def given_up(self) -> int | None:
        """Return how many answers were given up; None where none was."""
        lost = [one.given_up for one in self.tasks if one.given_up is not None]
        return max(lost, default=None)

    def counted(self) -> list[tuple[Task, Annotation]]:
        """Return the annotations that are answers, first one first.

        Of somebody who handed a task in twice the first counts; of answers beyond those
        that were asked for, or that came when the rest was given up, none.
        """
        found: dict[tuple[int, int], tuple[Task, Annotation]] = {}
        for task in self.tasks:
            for one in task.annotations:
                place = task.copy, one.person
                if place not in found or one.number < found[place][1].number:
                    found[place] = task, one
        ordered = sorted(found.values(), key=lambda pair: pair[1].number)
        return ordered[: self.page.people * self.asks - (self.given_up or 0)]


class LabelStudioDesk:
    """The desk of one run."""

    def __init__(
        self,
        projects: Projects,
        run: Run,
        deadline_s: float | None,
        clock: Seconds = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Open the desk.

        Args:
            projects: of the desk on its server.
            run: that asks.
            deadline_s: time after which a question is given up, s; None for never.
            clock: one that never goes back, s.
            sleep: waits, s.
        """
        self._projects, self._run = projects, run_name(run)
        self._deadline_s, self._clock, self._sleep = deadline_s, clock, sleep
        self._asked: dict[str, _Asked] = {}
        self._times: dict[str, int] = {}
        self._given: list[Answer] = []
        self._looked_at: float | None = None
        self._reached_at = clock()

    def post(self, questions: Sequence[Question]) -> list[str | None]:
        """Put a round's questions; those asked before bring their answers along.

        Raises:
            SessionError: the server has been away for too long, or refuses.
        """
        rows = [self._row(question) for question in questions]
        pages: dict[Page, list[_Asked]] = {}
        for row in rows:
            pages.setdefault(row.page, []).append(row)
        self._reached_at = self._clock()
        for page, own in pages.items():
            while not self._try(functools.partial(self._put, page, own)):
                # what was done of it is found in the next try
                self._sleep(POLL_S)
        until = None if self._deadline_s is None else self._clock() + self._deadline_s
        for row in rows:
            row.deadline_at = until
            self._asked[row.id] = row
        self._take(rows)
        return [row.id for row in rows]

    def poll(self) -> list[Answer]:
        """Return what has come since, and give up what is past its deadline.

        Raises:
            SessionError: the server has been away for too long, or refuses, or nobody
                knows how long an answer took.
        """
        now = self._clock()
        if self._looked_at is None or now >= self._looked_at + POLL_S:
            self._looked_at = now
            self._try(lambda: self._look(now))
        given, self._given = self._given, []
        return given

    def close(self) -> None:
        """End the run's questions; an answer that comes later stays on the server."""
        with contextlib.suppress(UnreachableError):
            for row in self._asked.values():
                if row.missing:
                    self._close_tasks(row)

    def _row(self, question: Question) -> _Asked:
        page, data = page_of(question)
        body = {"page": page.digest, **data}
        first = question_id(self._run, question, body, 0)
        nth = self._times.get(first, 0)
        self._times[first] = nth + 1
        name = question_id(self._run, question, body, nth)
        own = {"question": name, "item": item_name(question)}
        return _Asked(name, page, own | data, question.asks)

    def _put(self, page: Page, rows: Sequence[_Asked]) -> None:
        """See that every question has its tasks, open to whoever comes."""
        project = self._projects.open(page)
        for one in self._projects.known(page.kind):
            # also others of the kind, where people may have met these items
            self._projects.read(one)
        new = []
        for row in rows:
            row.project = project
            there = {task.copy for task in row.tasks}
            new += [row.data | {"copy": n} for n in range(row.asks) if n not in there]
            if row.given_up is not None:
                self._close_tasks(row, row.given_up)
                continue
            for task in row.tasks:
                if task.is_closed:
                    self._projects.open_task(task, page.people)
        if new:
            self._projects.add(project, new)
        self._projects.read(project)

    def _look(self, now: float) -> None:
        """Read what is new on the server, take it, and end what is past its deadline.

        Raises:
            UnreachableError: the server does not answer now.
        """
        waiting = [row for row in self._asked.values() if row.missing]
        projects = {row.project.number: row.project for row in waiting if row.project}
        for project in projects.values():
            self._projects.read(project)
        self._take(waiting)
        for row in waiting:
            is_late = row.deadline_at is not None and now > row.deadline_at
            if row.missing and is_late:
                self._close_tasks(row, row.missing)
                self._leave(row)
            elif not row.missing:
                # closed already, but where a task is there twice
                people = row.page.people
                self._close_tasks(row, most_people=people - 1)

    def _take(self, rows: Sequence[_Asked]) -> None:
        """Take answers that were not returned before, in the order they came in."""
        new = [(row, *pair) for row in rows for pair in row.counted()]
        for row, task, one in sorted(new, key=lambda each: each[2].number):
            if one.number not in row.told and row.missing:
                self._given.append(self._answer(row, task, one))
                row.told.add(one.number)
        for row in rows:
            if row.given_up is not None:
                self._leave(row)

    def _leave(self, row: _Asked) -> None:
        """Take what never came as answers that say nothing."""
        self._given += [Answer(row.id, NOBODY, None, 0.0)] * row.missing
        row.nobody += row.missing

    def _answer(self, row: _Asked, task: Task, one: Annotation) -> Answer:
        if one.seconds is None:
            raise SessionError(
                f"Annotation {one.number} of task {task.number} in Label Studio must "
                "have a `lead_time`, got none: what people cost would be unknown. Set "
                "it, or delete the annotation."
            )
        said, sure = read_result(row.page, [] if one.is_skip else one.result)
        before = sum(
            other.person == one.person and other.number < one.number
            for project in self._projects.known(row.page.kind)
            for each in project.tasks.values()
            if each.item == task.item
            for other in each.annotations
        )
        return Answer(
            row.id, person_name(one.person), said, one.seconds, before, sure, "live"
        )

    def _close_tasks(
        self,
        row: _Asked,
        given_up: int | None = None,
        most_people: int | None = None,
    ) -> None:
        """Ask nobody any more; an answer that comes later stays on the server.

        Args:
            row: question whose tasks are closed.
            given_up: answers that are given up for good.
            most_people: close those alone that at most so many have handed in.
        """
        for task in row.tasks:
            people = len({one.person for one in task.annotations})
            if not task.is_closed and (most_people is None or people <= most_people):
                self._projects.close_task(task, given_up)

    def _try(self, work: Callable[[], None]) -> bool:
        """Do what needs the server; say whether it was there.

        Raises:
            SessionError: it has been away for too long, or it refuses.
        """
        try:
            work()
        except UnreachableError as error:
            if self._clock() - self._reached_at > PATIENCE_S:
                raise SessionError(
                    f"Label Studio has not answered for {PATIENCE_S:.0f} s ({error}). "
                    "Nothing is lost: begin the run again when the server is there."
                ) from error
            return False
        self._reached_at = self._clock()
        return True


def person_name(account: int) -> str:
    """Return a person's pseudonym: the number of the account, which is no name."""
    return f"p{account}"
