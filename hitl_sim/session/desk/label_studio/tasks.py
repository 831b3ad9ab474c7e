"""The desk's projects on a server, and a copy of their tasks that is kept up to date.

Nothing is kept here that the server does not have: a process that is begun again reads
it anew. Two that begin at once, or one that is killed while the server works, may make
a project or a task twice; then the one with the lowest number is the one, and answers
to both are answers to one question.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from hitl_sim.session.desk.label_studio.labelling import Page
from hitl_sim.session.desk.label_studio.server import Server

_MOST_TASKS, _MOST_BYTES = 200, 8_000_000
"""Most that is imported in one request: tasks, and bytes but for a single larger one;
each request is done whole or not at all."""
_NUM_LISTED = 200
"""Tasks, or projects, in one response."""
_SLACK = timedelta(seconds=5.0)
"""By how much changes from before the last look are read again: a change is dated when
a request begins to write, and is there somewhat later."""
_WHOLE = timedelta(minutes=10.0)
"""Time between two looks at all tasks, also at those that are there no more."""
_DATED = "%Y-%m-%dT%H:%M:%S.%fZ"
_LONGEST_TITLE = 50


class Annotation(NamedTuple):
    """What somebody handed in.

    Attributes:
        number: of the annotation: later ones have higher numbers.
        person: number of the account; 0 where it is gone.
        result: what it says, as Label Studio has it.
        is_skip: whether it was skipped.
        seconds: time that it took, s; None where nobody knows.
    """

    number: int
    person: int
    result: Any
    is_skip: bool
    seconds: float | None


@dataclass(frozen=True)
class Task:
    """One task, as it was read last.

    Attributes:
        number: of the task.
        question: id of the question that it puts.
        copy: which of the times that a person is asked; from 0.
        kind: of the question.
        item: what it is about.
        given_up: answers that were given up, at the question's deadline; None where it
            has not come.
        is_closed: whether nobody is asked any more.
        annotations: what was handed in, first one first.
    """

    number: int
    question: str
    copy: int
    kind: str
    item: str
    given_up: int | None
    is_closed: bool
    annotations: tuple[Annotation, ...]


@dataclass
class Project:
    """A project of the desk, and a copy of its tasks.

    Attributes:
        number: of the project.
        kind: of its questions.
        digest: of its page.
        tasks: by number.
        read_at: when they were read, by the server's clock; None before.
        whole_at: when all of them were.
    """

    number: int
    kind: str
    digest: str
    tasks: dict[int, Task] = field(default_factory=dict)
    read_at: datetime | None = None
    whole_at: datetime | None = None


class Projects:
    """The projects of one desk."""

    def __init__(self, server: Server, name: str) -> None:
        """Take the server, and the name that the desk has on it."""
        self._server, self._name = server, name
        self._known: dict[int, Project] = {}

    def known(self, kind: str) -> list[Project]:
        """Return the projects with questions of a kind that were found so far."""
        return [one for one in self._known.values() if one.kind == kind]

    def open(self, page: Page) -> Project:
        """Return the project of a page, made if there is none."""
        found = self._find(page)
        if found is None:
            made = self._server.post("/api/projects/", self._settings(page))
            found = self._find(page)
            assert found is not None
            if found.number != made["id"]:
                # another process was faster; nothing is in ours
                self._server.delete(f"/api/projects/{made['id']}/")
        return found

    def _find(self, page: Page) -> Project | None:
        known = [one for one in self._list().values() if one.digest == page.digest]
        return min(known, key=lambda one: one.number, default=None)

    def _list(self) -> dict[int, Project]:
        place, is_last = 1, False
        while not is_last:
            told = self._server.get(
                "/api/projects/",
                page=place,
                page_size=100,
                include="id,description",
            )
            for row in told["results"]:
                own = _read_mark(row.get("description") or "", self._name)
                if own is not None:
                    number = int(row["id"])
                    self._known.setdefault(number, Project(number, *own))
            place, is_last = place + 1, not told.get("next")
        return self._known

    def _settings(self, page: Page) -> dict[str, Any]:
        each = "one person" if page.people == 1 else f"{page.people} people"
        mark = _mark(self._name, page)
        return {
            "title": f"{self._name}: {page.kind}"[:_LONGEST_TITLE],
            "description": f"Questions of hitl_sim, each for {each}. {mark}",
            "label_config": page.config(),
            "maximum_annotations": page.people,
            # a skip is an answer that says nothing, and nobody gets it again
            "skip_queue": "IGNORE_SKIPPED",
            "sampling": "Sequential sampling",
            "show_skip_button": True,
            "enable_empty_annotation": False,
            "show_collab_predictions": False,
        }

    def add(self, project: Project, rows: Sequence[Mapping[str, Any]]) -> None:
        """Import tasks.

        Args:
            project: that takes them.
            rows: data of each task: at least `question`, `copy` and `item`.
        """
        for part in _parts(rows):
            self._server.post(
                f"/api/projects/{project.number}/import",
                [{"data": dict(row)} for row in part],
            )

    def read(self, project: Project) -> None:
        """Bring the copy of a project's tasks up to date, with what has changed."""
        # of the response before, so what is read is no older
        begun, since = self._server.date, project.read_at
        is_whole = (
            begun is None
            or since is None
            or project.whole_at is None
            or begun - project.whole_at > _WHOLE
        )
        query: dict[str, Any] = {"ordering": ["tasks:id"]}
        if since is not None and not is_whole:
            changed = {
                "filter": "filter:tasks:updated_at",
                "operator": "greater",
                "type": "Datetime",
                "value": (since - _SLACK).strftime(_DATED),
            }
            query["filters"] = {"conjunction": "and", "items": [changed]}
        rows = [_read_task(project.kind, row) for row in self._rows(project, query)]
        found = {task.number: task for task in rows if task is not None}
        # all of it, or nothing where the server goes away meanwhile
        project.tasks = found if is_whole else project.tasks | found
        project.read_at = begun
        project.whole_at = begun if is_whole else project.whole_at

    def _rows(
        self, project: Project, query: Mapping[str, Any]
    ) -> Iterator[Mapping[str, Any]]:
        place, num_read, total = 1, 0, 1
        while num_read < total:
            told = self._server.get(
                "/api/tasks",
                project=project.number,
                fields="all",
                resolve_uri="false",
                page=place,
                page_size=_NUM_LISTED,
                query=json.dumps(query),
            )
            if not told["tasks"]:
                return
            yield from told["tasks"]
            place, num_read, total = (
                place + 1,
                num_read + len(told["tasks"]),
                told["total"],
            )

    def close_task(self, task: Task, given_up: int | None = None) -> None:
        """Ask nobody any more; an answer that comes later is kept on the server.

        Args:
            task: to be closed.
            given_up: answers that are given up for good, at the question's deadline.
        """
        told: dict[str, Any] = {"overlap": 0, "is_labeled": True}
        if given_up is not None:
            told["meta"] = {"given_up": given_up}
        self._server.patch(f"/api/tasks/{task.number}/", told)

    def open_task(self, task: Task, people: int) -> None:
        """Ask again, until a number of people has answered."""
        is_done = len({one.person for one in task.annotations}) >= people
        told = {"overlap": people, "is_labeled": is_done}
        self._server.patch(f"/api/tasks/{task.number}/", told)


def _mark(name: str, page: Page) -> str:
    """Return the words by which a project is found again."""
    return f"[hitl_sim/{name}/{page.kind}/{page.digest}]"


def _read_mark(description: str, name: str) -> tuple[str, str] | None:
    """Read the kind and the digest of a page from a project's description."""
    found = re.search(rf"\[hitl_sim/{re.escape(name)}/(\w+)/(\w+)\]", description)
    return None if found is None else (found[1], found[2])


def _read_task(kind: str, row: Mapping[str, Any]) -> Task | None:
    """Read a task; None of one that no desk made."""
    data, meta = row.get("data") or {}, row.get("meta") or {}
    if not isinstance(data.get("question"), str):
        return None
    annotations = sorted(map(_read_annotation, row.get("annotations") or ()))
    given_up = meta.get("given_up")
    return Task(
        int(row["id"]),
        data["question"],
        int(data.get("copy", 0)),
        kind,
        str(data.get("item")),
        None if given_up is None else int(given_up),
        int(row["overlap"]) == 0,
        tuple(annotations),
    )


def _read_annotation(row: Mapping[str, Any]) -> Annotation:
    who = row.get("completed_by")
    if isinstance(who, Mapping):
        who = who.get("id")
    seconds = row.get("lead_time")
    return Annotation(
        int(row["id"]),
        0 if who is None else int(who),
        row.get("result"),
        bool(row.get("was_cancelled")),
        None if seconds is None else float(seconds),
    )


def _parts(rows: Sequence[Mapping[str, Any]]) -> Iterator[list[Mapping[str, Any]]]:
    """Cut rows into parts of at most `_MOST_TASKS` and `_MOST_BYTES`."""
    part: list[Mapping[str, Any]] = []
    size = 0
    for row in rows:
        own = len(json.dumps(row))
        if part and (len(part) == _MOST_TASKS or size + own > _MOST_BYTES):
            yield part
            part, size = [], 0
        part.append(row)
        size += own
    if part:
        yield part
