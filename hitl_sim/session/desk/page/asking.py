"""The session's side of a desk: questions in, answers out.

A run that is begun again posts its questions again: those that it asked before keep
their answers, and nobody is asked anew.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from typing import Any

from hitl_sim.session.desk import Run
from hitl_sim.session.desk.page.serving import is_served
from hitl_sim.session.desk.page.shown import item_name, question_id, shown
from hitl_sim.session.desk.page.store import Store
from hitl_sim.session.question import Answer, Question

_LOG = logging.getLogger(__name__)
NOBODY = "nobody"
"""Who gives the answers that never came."""
_MISSING = """(q.people * q.asks - (SELECT count(*) FROM answer a
  WHERE a.question = q.number AND NOT a.is_late))"""
_PAST = f"""FROM question q WHERE q.run = ? AND q.is_open AND q.deadline_at < ?
  AND {_MISSING} > 0"""


def run_name(run: Run) -> str:
    """Name a run in a desk's file."""
    return f"{run.seed}/{run.replicate}/{run.arm}"


def person_name(number: int) -> str:
    """Return a person's pseudonym, `p0` for the first."""
    return f"p{number - 1}"


class PageDesk:
    """The desk of one run."""

    def __init__(self, store: Store, run: Run, deadline_s: float | None) -> None:
        """Open the desk.

        Args:
            store: the desk's file.
            run: that asks.
            deadline_s: time after which a question is given up, s; None for never.
        """
        self._store, self._run, self._deadline_s = store, run_name(run), deadline_s
        self._asked: set[str] = set()
        self._times: dict[str, int] = {}
        self._given: list[Answer] = []
        self._cursor = 0

    def post(self, questions: Sequence[Question]) -> list[str | None]:
        """Put a round's questions; those asked before bring their answers along.

        Where no server lets people answer, it is said once, and waited for.
        """
        if not self._asked and not is_served(self._store.folder):
            _LOG.warning(
                "Nobody serves the desk %(at)s, so nobody can answer yet. In another "
                "terminal: hitl-sim desk %(at)s",
                {"at": self._store.folder},
            )
        rows = [self._row(question) for question in questions]
        with self._store.writing() as db:
            now = self._store.tick(db)
            until = None if self._deadline_s is None else now + self._deadline_s
            db.executemany(
                "INSERT INTO question "
                "(id, run, kind, item, people, asks, shown, deadline_at, is_open) "
                "VALUES (:id, :run, :kind, :item, :people, :asks, :shown, :until, 1) "
                "ON CONFLICT (id) DO UPDATE SET is_open = NOT given_up, "
                "deadline_at = :until",
                [row | {"until": until} for row in rows],
            )
            for row in rows:
                name = row["id"]
                self._asked.add(name)
                # what was given up stays so, and whoever withdrew since is missing too
                db.execute(
                    f"UPDATE question AS q SET given_up = {_MISSING} "
                    "WHERE id = ? AND given_up > 0",
                    (name,),
                )
                before = self._numbered(
                    db, "q.id = ? AND a.number <= ?", (name, self._cursor)
                )
                self._given += [answer for _, answer in before]
                self._give_up(db, name)
        return [row["id"] for row in rows]

    def poll(self) -> list[Answer]:
        """Return what has come since, and give up what is past its deadline."""
        now = self._store.now()
        with self._store.reading() as db:
            found = self._numbered(
                db, "q.run = ? AND a.number > ?", (self._run, self._cursor)
            )
            is_past = db.execute(f"SELECT 1 {_PAST}", (self._run, now)).fetchone()
        if found:
            self._cursor = found[-1][0]
            self._given += [one for _, one in found if one.question in self._asked]
        if found or is_past:
            self._end(now)
        given, self._given = self._given, []
        return given

    def _end(self, now: float) -> None:
        """Close what has all its answers, and give up what is past its deadline."""
        with self._store.writing() as db:
            self._store.tick(db)
            db.execute(
                "UPDATE question AS q SET is_open = 0 WHERE q.run = ? AND q.is_open "
                f"AND {_MISSING} <= 0",
                (self._run,),
            )
            past = db.execute(f"SELECT q.id {_PAST}", (self._run, now)).fetchall()
            for (name,) in past:
                db.execute(
                    f"UPDATE question AS q SET is_open = 0, given_up = {_MISSING} "
                    "WHERE id = ?",
                    (name,),
                )
                if name in self._asked:
                    self._give_up(db, name)

    def close(self) -> None:
        """End the run's questions; an answer that comes later is kept as late."""
        with self._store.writing() as db:
            db.execute("UPDATE question SET is_open = 0 WHERE run = ?", (self._run,))

    def _row(self, question: Question) -> dict[str, Any]:
        body = shown(question)
        first = question_id(self._run, question, body, 0)
        nth = self._times.get(first, 0)
        self._times[first] = nth + 1
        return {
            "id": question_id(self._run, question, body, nth),
            "run": self._run,
            "kind": question.kind,
            "item": item_name(question),
            "people": question.people,
            "asks": question.asks,
            "shown": json.dumps(body),
        }

    @staticmethod
    def _numbered(
        db: Any, where: str, values: Sequence[Any]
    ) -> list[tuple[int, Answer]]:
        """Read answers that count, in the order in which they came."""
        rows = db.execute(
            "SELECT a.*, q.id FROM answer a JOIN question q ON q.number = a.question "
            f"WHERE NOT a.is_late AND {where} ORDER BY a.number",
            values,
        )
        return [(row["number"], _answer(row)) for row in rows]

    def _give_up(self, db: Any, name: str) -> None:
        """Give what never came to a question as answers that say nothing."""
        (number,) = db.execute(
            "SELECT given_up FROM question WHERE id = ?", (name,)
        ).fetchone()
        self._given += [Answer(name, NOBODY, None, 0.0)] * number


def _answer(row: Any) -> Answer:
    said = None if row["said"] is None else json.loads(row["said"])
    return Answer(
        row["id"],
        person_name(row["person"]),
        tuple(said) if isinstance(said, list) else said,
        row["seconds"],
        row["occasion"],
        row["confidence"],
        "live",
    )
