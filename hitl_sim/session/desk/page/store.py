"""The file of a desk: SQLite with a write-ahead log, for two processes or more.

What one transaction holds is there whole or not at all, whoever is killed. People stand
in it by a number; of their links and of the ids of a platform it holds hashes alone.

Its clock never goes back: it is the machine's when the file is opened, unless that is
behind what was seen before, and goes on at the pace of the machine's monotonic clock.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from hitl_sim.session.error import SessionError

FILE = "desk.sqlite"
_VERSION = 1
_BUSY_MS = 30_000
"""How long a process waits for another's transaction, ms; each takes a few."""

_SCHEMA = """
CREATE TABLE fact (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE person (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  token BLOB NOT NULL UNIQUE,
  platform BLOB UNIQUE,
  consent TEXT, consent_at REAL, seen_at REAL NOT NULL
);
CREATE TABLE consent (hash TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE question (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  run TEXT NOT NULL, kind TEXT NOT NULL, item TEXT NOT NULL,
  people INTEGER NOT NULL, asks INTEGER NOT NULL, shown TEXT NOT NULL,
  deadline_at REAL, is_open INTEGER NOT NULL, given_up INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX question_open ON question (is_open, number);
CREATE INDEX question_run ON question (run, is_open);
CREATE TABLE assignment (
  id TEXT PRIMARY KEY,
  question INTEGER NOT NULL REFERENCES question,
  person INTEGER NOT NULL REFERENCES person ON DELETE CASCADE,
  kind TEXT NOT NULL, item TEXT NOT NULL,
  given_at REAL NOT NULL, seen_at REAL NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('open', 'answered', 'late'))
) WITHOUT ROWID;
CREATE INDEX assignment_question ON assignment (question, state, seen_at);
CREATE INDEX assignment_item ON assignment (person, kind, item);
CREATE INDEX assignment_open ON assignment (person, state);
CREATE TABLE answer (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  assignment TEXT NOT NULL UNIQUE REFERENCES assignment ON DELETE CASCADE,
  question INTEGER NOT NULL, person INTEGER NOT NULL,
  said TEXT, seconds REAL NOT NULL, wall_s REAL NOT NULL, away_s REAL NOT NULL,
  confidence REAL, occasion INTEGER NOT NULL, answered_at REAL NOT NULL,
  is_late INTEGER NOT NULL
);
CREATE INDEX answer_question ON answer (question, is_late, number);
CREATE INDEX answer_person ON answer (person);
CREATE TABLE withdrawal (person INTEGER PRIMARY KEY, answers INTEGER NOT NULL, at REAL);
"""

Seconds = Callable[[], float]


class Store:
    """A desk's file, opened.

    Attributes:
        folder: of the desk.
    """

    _sync = ("NORMAL", "FULL")

    def __init__(
        self, folder: Path, wall: Seconds = time.time, pace: Seconds = time.monotonic
    ) -> None:
        """Open a desk's file, made if missing.

        Args:
            folder: of the desk.
            wall: the machine's clock, s.
            pace: one that never jumps, s.

        Raises:
            SessionError: it cannot be opened, or is of another version.
        """
        self.folder = folder
        self._pace, self._lock = pace, threading.RLock()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / FILE
            if not path.exists():
                # links to people stand in it, as hashes: nobody else's to read
                os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            self._db = sqlite3.connect(
                path, isolation_level=None, check_same_thread=False
            )
            self._db.row_factory = sqlite3.Row
            self._prepare()
        except (OSError, sqlite3.Error) as error:
            raise SessionError(
                f"`page` must be a folder that a desk can be kept in, got "
                f"{str(folder)!r}: {error}."
            ) from error
        with self.writing() as db:
            seen = self._fact(db, "clock")
            self._begin_s, self._began_s = max(wall(), float(str(seen))), pace()

    def _prepare(self) -> None:
        for pragma in (
            f"busy_timeout = {_BUSY_MS}",
            "journal_mode = WAL",
            "foreign_keys = ON",
            # what is deleted is written over
            "secure_delete = ON",
        ):
            self._db.execute(f"PRAGMA {pragma}")
        with self.writing() as db:
            version = db.execute("PRAGMA user_version").fetchone()[0]
            if version == 0:
                for statement in filter(str.strip, _SCHEMA.split(";")):
                    db.execute(statement)
                facts = {"id": secrets.token_hex(8), "key": secrets.token_bytes(32)}
                db.executemany(
                    "INSERT INTO fact VALUES (?, ?)", [*facts.items(), ("clock", 0.0)]
                )
                db.execute(f"PRAGMA user_version = {_VERSION}")
        if version not in (0, _VERSION):
            raise SessionError(
                f"{str(self.folder / FILE)!r} must be of version {_VERSION}, got "
                f"{version}: another version of the code wrote it."
            )

    @contextmanager
    def writing(self, *, is_lasting: bool = True) -> Iterator[sqlite3.Connection]:
        """Open a transaction: all of it is done, or nothing.

        Args:
            is_lasting: whether it is waited for until the disk has it, so that it
                outlasts a power cut too; a killed process it outlasts in any case.
        """
        with self._lock:
            self._db.execute(f"PRAGMA synchronous = {self._sync[is_lasting]}")
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Look at one state of the file."""
        with self._lock:
            self._db.execute("BEGIN")
            try:
                yield self._db
            finally:
                self._db.execute("COMMIT")

    def now(self) -> float:
        """Return the desk's time, s since 1970; it never goes back."""
        return self._begin_s + (self._pace() - self._began_s)

    def tick(self, db: sqlite3.Connection) -> float:
        """Return the desk's time and keep it, within a transaction."""
        now = self.now()
        db.execute("UPDATE fact SET value = max(value, ?) WHERE name = 'clock'", (now,))
        return now

    @property
    def id(self) -> str:
        """Return what names this desk, wherever its folder is."""
        with self.reading() as db:
            return str(self._fact(db, "id"))

    def keyed(self, purpose: str, text: str = "") -> str:
        """Return a secret of this desk that nobody can tell from its text."""
        with self.reading() as db:
            key = self._fact(db, "key")
        assert isinstance(key, bytes)
        message = f"{purpose}\0{text}".encode()
        return hmac.new(key, message, hashlib.sha256).hexdigest()

    @staticmethod
    def _fact(db: sqlite3.Connection, name: str) -> object:
        value: object = db.execute(
            "SELECT value FROM fact WHERE name = ?", (name,)
        ).fetchone()[0]
        return value

    def settle(self) -> None:
        """Write all of the log into the file, so that nothing deleted is left in it."""
        with self._lock:
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()


def hashed(token: str) -> bytes:
    """Return the hash by which a secret stands in the file."""
    return hashlib.sha256(token.encode()).digest()
