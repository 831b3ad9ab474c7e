"""Participants of a desk: links, consent, withdrawal.

A link holds a secret of 256 bits; the file has its hash. Ids of a platform become a
hash under the desk's own key, so that who comes back is the same participant, and
nobody can tell from the file who that is.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hitl_sim.session.desk.page.asking import person_name
from hitl_sim.session.desk.page.settings import Settings
from hitl_sim.session.desk.page.store import Store, hashed
from hitl_sim.session.error import SessionError

MOST_INVITED = 10_000
PLATFORMS = ("PROLIFIC_PID", "workerId", "participant")
"""Parameters that say who comes: of Prolific, of Mechanical Turk, of anybody else."""
_ID_LENGTH = 128


@dataclass(frozen=True)
class Person:
    """A participant, as the server knows them.

    Attributes:
        number: their number in the file.
        consent: hash of the text that they agreed to; None where they did not.
    """

    number: int
    consent: str | None

    @property
    def name(self) -> str:
        """Return their pseudonym."""
        return person_name(self.number)


def invite(store: Store, number: int) -> dict[str, str]:
    """Make links for participants who are known to whoever sends them.

    Args:
        store: the desk's file.
        number: how many.

    Returns:
        The secret of each link by pseudonym: it is told this once.

    Raises:
        SessionError: the number is none.
    """
    if not 1 <= number <= MOST_INVITED:
        raise SessionError(f"`invite` must be in [1, {MOST_INVITED:,}], got {number}.")
    with store.writing() as db:
        now = store.tick(db)
        made = {}
        for _ in range(number):
            token = secrets.token_urlsafe(32)
            made[person_name(_insert(db, token, None, now))] = token
    return made


def _insert(db: Any, token: str, platform: bytes | None, now: float) -> int:
    added = db.execute(
        "INSERT INTO person (token, platform, seen_at) VALUES (?, ?, ?)",
        (hashed(token), platform, now),
    )
    return int(added.lastrowid)


def open_code(store: Store) -> str:
    """Return the secret of the link that admits whoever has it."""
    return store.keyed("open link")[:32]


def join(
    store: Store, settings: Settings, code: str, given: Mapping[str, Any]
) -> str | None:
    """Admit who comes by the open link.

    Who names the same id of a platform again is the same participant. Without an id
    each visit is a participant of its own.

    Args:
        store: the desk's file.
        settings: whether there is such a link, and how many it admits.
        code: of the link.
        given: parameters of the address.

    Returns:
        The secret of the participant; None where nobody is admitted.
    """
    if not settings.open_link or not secrets.compare_digest(
        code.encode(), open_code(store).encode()
    ):
        return None
    who = _platform_id(given)
    token = secrets.token_urlsafe(32)
    platform = None
    if who is not None:
        platform = bytes.fromhex(store.keyed("platform", who))
        token = store.keyed("token", who)
    with store.writing() as db:
        now = store.tick(db)
        if platform is not None:
            known = db.execute(
                "SELECT 1 FROM person WHERE platform = ?", (platform,)
            ).fetchone()
            if known:
                return token
        (people,) = db.execute("SELECT count(*) FROM person").fetchone()
        if people >= settings.most_people:
            return None
        _insert(db, token, platform, now)
    return token


def _platform_id(given: Mapping[str, Any]) -> str | None:
    for name in PLATFORMS:
        value = given.get(name)
        if isinstance(value, str) and 0 < len(value) <= _ID_LENGTH:
            return f"{name}={value}"
    return None


def find(store: Store, token: str) -> Person | None:
    """Look a participant up by the secret of their link."""
    with store.reading() as db:
        row = db.execute(
            "SELECT number, consent FROM person WHERE token = ?", (hashed(token),)
        ).fetchone()
    return None if row is None else Person(row["number"], row["consent"])


def consent_hash(settings: Settings) -> str:
    """Return what names the text that is agreed to."""
    return hashlib.sha256(settings.consent.encode()).hexdigest()[:16]


def agree(store: Store, settings: Settings, person: Person) -> None:
    """Record that a participant agreed to the text as it is now."""
    name = consent_hash(settings)
    with store.writing() as db:
        now = store.tick(db)
        db.execute(
            "INSERT INTO consent VALUES (?, ?) ON CONFLICT DO NOTHING",
            (name, settings.consent),
        )
        db.execute(
            "UPDATE person SET consent = ?, consent_at = ? WHERE number = ?",
            (name, now, person.number),
        )


def withdraw(store: Store, number: int) -> bool:
    """Delete a participant: answers, times, link; keep that it was done.

    Returns:
        Whether there was such a participant.
    """
    with store.writing() as db:
        now = store.tick(db)
        (answers,) = db.execute(
            "SELECT count(*) FROM answer WHERE person = ?", (number,)
        ).fetchone()
        # what is asked of them, and what they said, goes with them
        if not db.execute("DELETE FROM person WHERE number = ?", (number,)).rowcount:
            return False
        db.execute("INSERT INTO withdrawal VALUES (?, ?, ?)", (number, answers, now))
    store.settle()
    return True


def withdrawn(store: Store) -> dict[str, int]:
    """Return how many answers were deleted of each who withdrew, by pseudonym."""
    with store.reading() as db:
        rows = db.execute("SELECT person, answers FROM withdrawal ORDER BY person")
        return {person_name(row["person"]): row["answers"] for row in rows}
