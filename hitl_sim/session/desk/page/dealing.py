"""Who is asked what, and what they said: the server's side of a desk.

A participant has one question at a time, the same in every tab. It stays theirs while
there are signs of life, and goes to somebody else after `lease_s` without any. What
they said of it is taken once; what comes when others have answered is kept as late and
counts for nothing.
"""

from __future__ import annotations

import json
import math
import secrets
from dataclasses import dataclass
from typing import Any

from hitl_sim.session.desk.page.participant import Person
from hitl_sim.session.desk.page.settings import Settings
from hitl_sim.session.desk.page.store import Store

_SLACK_S = 1.0
"""By how much a page's clock may be ahead of the server's, s."""

# a question may be given to somebody more
_FREE = """
  (SELECT count(*) FROM answer a WHERE a.question = q.number AND NOT a.is_late)
  + (SELECT count(*) FROM assignment a WHERE a.question = q.number
     AND a.state = 'open' AND a.seen_at > :cut) < q.people * q.asks
"""
# and to this person: as one of its people, and not more often than it asks
_SEAT = """
  (SELECT count(*) FROM assignment a WHERE a.question = q.number
     AND a.person = :person AND a.state != 'open') < q.asks
  AND (q.asks = 1 OR q.people >
    (SELECT count(DISTINCT a.person) FROM assignment a
     JOIN person p ON p.number = a.person
     WHERE a.question = q.number AND a.person != :person AND a.state != 'late'
       AND p.seen_at > :cut))
"""
_LOOKS = """
  (SELECT count(*) FROM assignment a WHERE a.person = :person AND a.kind = q.kind
     AND a.item = q.item AND a.state != 'open')
"""
_UNSEEN = f"""
SELECT q.number, q.kind, q.item FROM question q
WHERE q.is_open AND NOT EXISTS (
  SELECT 1 FROM assignment a WHERE a.person = :person AND a.kind = q.kind
    AND a.item = q.item AND a.state != 'open')
  AND (q.deadline_at IS NULL OR q.deadline_at >= :now)
  AND {_FREE} AND {_SEAT} ORDER BY q.number LIMIT 1
"""
_SEEN = f"""
SELECT q.number, q.kind, q.item FROM question q
WHERE q.is_open AND (q.deadline_at IS NULL OR q.deadline_at >= :now)
  AND {_FREE} AND {_SEAT} ORDER BY {_LOOKS}, q.number LIMIT 1
"""
# what they let lie is theirs again where nobody else has it
_OWN = f"""
SELECT a.id, a.question FROM assignment a JOIN question q ON q.number = a.question
WHERE a.person = :person AND a.state = 'open' AND q.is_open
  AND (q.deadline_at IS NULL OR q.deadline_at >= :now)
  AND (SELECT count(*) FROM answer b WHERE b.question = q.number AND NOT b.is_late)
    < q.people * q.asks
  AND (a.seen_at > :cut OR ({_FREE} AND {_SEAT}))
ORDER BY a.given_at LIMIT 1
"""


class BadAnswerError(ValueError):
    """An answer that is none to its question."""


class NotTheirsError(LookupError):
    """A question that this participant was not given."""


@dataclass(frozen=True)
class Told:
    """What a participant said, as their page sent it.

    Attributes:
        said: an option, a ranking or marks; None where they skipped.
        seconds: time in focus and not idle, s.
        wall_s: time from the question's first sight to its answer, s.
        away_s: part of it without focus, s; what is left of it was idle.
        confidence: how sure they said they are, in [0, 1]; None where they did not.
    """

    said: int | tuple[int, ...] | None
    seconds: float
    wall_s: float
    away_s: float
    confidence: float | None = None


def next_question(
    store: Store, settings: Settings, person: Person
) -> dict[str, Any] | None:
    """Give a participant their question, or the next one; None where there is none."""
    with store.writing(is_lasting=False) as db:
        now = store.tick(db)
        _see(db, person, now)
        values = {"person": person.number, "now": now, "cut": now - settings.lease_s}
        own = db.execute(_OWN, values).fetchone()
        if own is not None:
            db.execute("UPDATE assignment SET seen_at = ? WHERE id = ?", (now, own[0]))
            return _shown(db, settings, own["question"], own["id"])
        if settings.most_answers and _count(db, person) >= settings.most_answers:
            return None
        found = db.execute(_UNSEEN, values).fetchone()
        if found is None:
            found = db.execute(_SEEN, values).fetchone()
        if found is None:
            return None
        name = secrets.token_urlsafe(16)
        db.execute(
            "INSERT INTO assignment VALUES (?, ?, ?, ?, ?, ?, ?, 'open')",
            (name, found[0], person.number, found["kind"], found["item"], now, now),
        )
        return _shown(db, settings, found["number"], name)


def _see(db: Any, person: Person, now: float) -> None:
    db.execute("UPDATE person SET seen_at = ? WHERE number = ?", (now, person.number))


def _shown(db: Any, settings: Settings, number: int, name: str) -> dict[str, Any]:
    row = db.execute(
        "SELECT kind, shown FROM question WHERE number = ?", (number,)
    ).fetchone()
    body: dict[str, Any] = json.loads(row["shown"])
    return body | {"assignment": name, "ask": settings.put(row["kind"])}


def _count(db: Any, person: Person) -> int:
    (number,) = db.execute(
        "SELECT count(*) FROM answer WHERE person = ?", (person.number,)
    ).fetchone()
    return int(number)


def num_answers(store: Store, person: Person) -> int:
    """Count what a participant has answered or skipped, late or in time."""
    with store.reading() as db:
        return _count(db, person)


def beat(store: Store, person: Person, name: str) -> None:
    """Note that a participant is still at their question.

    Raises:
        NotTheirsError: it is not theirs.
    """
    with store.writing(is_lasting=False) as db:
        now = store.tick(db)
        _assignment(db, person, name)
        _see(db, person, now)
        db.execute("UPDATE assignment SET seen_at = ? WHERE id = ?", (now, name))


def answer(store: Store, person: Person, name: str, told: Told) -> bool:
    """Take an answer, once: whatever comes again to the same question is dropped.

    Returns:
        Whether it was taken now.

    Raises:
        NotTheirsError: the question was not given to this participant.
        BadAnswerError: it is no answer to that question.
    """
    with store.writing() as db:
        now = store.tick(db)
        row = _assignment(db, person, name)
        _see(db, person, now)
        if row["state"] != "open":
            return False
        body = json.loads(row["shown"])
        if told.said is not None and not is_answer(body, told.said):
            raise BadAnswerError("This is no answer to that question.")
        (taken,) = db.execute(
            "SELECT count(*) FROM answer WHERE question = ? AND NOT is_late",
            (row["question"],),
        ).fetchone()
        past = row["deadline_at"] is not None and row["deadline_at"] < now
        is_full = taken >= row["people"] * row["asks"]
        is_late = not row["is_open"] or past or is_full
        (looks,) = db.execute(
            "SELECT count(*) FROM assignment WHERE person = ? AND kind = ? AND item = ?"
            " AND state != 'open'",
            (person.number, row["kind"], row["item"]),
        ).fetchone()
        most = max(0.0, now - row["given_at"]) + _SLACK_S
        db.execute(
            "INSERT INTO answer (assignment, question, person, said, seconds, wall_s, "
            "away_s, confidence, occasion, answered_at, is_late) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(name, row["question"], person.number),
                None if told.said is None else json.dumps(told.said),
                *(min(s, most) for s in (told.seconds, told.wall_s, told.away_s)),
                *(told.confidence, looks, now, is_late),
            ),
        )
        db.execute(
            "UPDATE assignment SET state = ?, seen_at = ? WHERE id = ?",
            ("late" if is_late else "answered", now, name),
        )
    return True


def _assignment(db: Any, person: Person, name: str) -> Any:
    row = db.execute(
        "SELECT a.*, q.shown, q.people, q.asks, q.is_open, q.deadline_at "
        "FROM assignment a JOIN question q ON q.number = a.question "
        "WHERE a.id = ? AND a.person = ?",
        (name, person.number),
    ).fetchone()
    if row is None:
        raise NotTheirsError(name)
    return row


def is_answer(body: dict[str, Any], said: Any) -> bool:
    """Say whether something said is an answer to what was shown."""
    kind, number = body["kind"], len(body["options"])
    if kind == "importance":
        return isinstance(said, tuple) and sorted(said) == list(range(number))
    if kind == "marks":
        is_list = isinstance(said, tuple) and len(said) == number
        return is_list and all(one in (0, 1) for one in said)
    return isinstance(said, int) and 0 <= said < number


def is_time(value: Any) -> bool:
    """Say whether something sent is a time, s."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and math.isfinite(value) and 0.0 <= value < 1e7
