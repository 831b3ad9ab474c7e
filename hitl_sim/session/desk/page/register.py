"""Who took part in a desk, for whoever runs it and for an ethics board."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hitl_sim.output import write_text
from hitl_sim.session.desk.page import participant
from hitl_sim.session.desk.page.asking import person_name
from hitl_sim.session.desk.page.settings import read_settings
from hitl_sim.session.desk.page.store import FILE, Store
from hitl_sim.session.error import SessionError

_PEOPLE = """
SELECT p.number, p.consent, p.consent_at, p.platform IS NOT NULL AS is_open_link,
  count(a.number) AS answers, coalesce(sum(a.said IS NULL AND a.number), 0) AS skips,
  coalesce(sum(a.is_late), 0) AS late, coalesce(sum(a.seconds), 0.0) AS seconds,
  coalesce(sum(a.wall_s), 0.0) AS wall_s, coalesce(sum(a.away_s), 0.0) AS away_s
FROM person p LEFT JOIN answer a ON a.person = p.number
GROUP BY p.number ORDER BY p.number
"""


def open_store(folder: Path | str) -> Store:
    """Open the file of a desk that is there.

    Raises:
        SessionError: there is none.
    """
    folder = Path(folder)
    if not (folder / FILE).exists():
        raise SessionError(
            f"`desk` must be the folder of a desk, got {str(folder)!r} without {FILE}."
        )
    return Store(folder)


def participants(folder: Path | str) -> dict[str, Any]:
    """Tell who took part: consents, answers and times by pseudonym, and who withdrew.

    Raises:
        SessionError: there is no desk in the folder.
    """
    store = open_store(folder)
    try:
        with store.reading() as db:
            people = [dict(row) for row in db.execute(_PEOPLE)]
            texts = dict(map(tuple, db.execute("SELECT hash, text FROM consent")))
            questions, waiting = db.execute(
                "SELECT count(*), coalesce(sum(is_open), 0) FROM question"
            ).fetchone()
            gone = db.execute("SELECT * FROM withdrawal ORDER BY person").fetchall()
    finally:
        store.close()
    return {
        "settings": json.loads(json.dumps(_plain(folder))),
        "consent_texts": texts,
        "questions": questions,
        "open_questions": waiting,
        "participants": [_told(person) for person in people],
        "withdrawn": [
            {
                "participant": person_name(row["person"]),
                "answers_deleted": row["answers"],
                "at": _date(row["at"]),
            }
            for row in gone
        ],
    }


def _plain(folder: Path | str) -> dict[str, Any]:
    settings = read_settings(Path(folder))
    return {name: getattr(settings, name) for name in settings.__struct_fields__}


def _told(person: Mapping[str, Any]) -> dict[str, Any]:
    given = dict(person)
    number, when = given.pop("number"), given.pop("consent_at")
    times = {
        name: round(given.pop(name), 3) for name in ("seconds", "wall_s", "away_s")
    }
    given["is_open_link"] = bool(given["is_open_link"])
    agreed = None if when is None else _date(when)
    return {"participant": person_name(number), "agreed_at": agreed} | given | times


def _date(at: float) -> str:
    return datetime.fromtimestamp(at, tz=UTC).isoformat(timespec="minutes")


def export(folder: Path | str, path: Path) -> None:
    """Write what `participants` tells as JSON, for an ethics board.

    Raises:
        SessionError: there is no desk in the folder.
    """
    text = json.dumps(participants(folder), indent=2, ensure_ascii=False)
    write_text(path, text + "\n")


def withdraw(folder: Path | str, name: str) -> int:
    """Delete a participant who asked for it, as the button on the page does.

    Args:
        folder: of the desk.
        name: the participant's pseudonym.

    Returns:
        How many answers were deleted.

    Raises:
        SessionError: there is no such participant.
    """
    store = open_store(folder)
    try:
        number = int(name[1:]) + 1 if name[:1] == "p" and name[1:].isdecimal() else 0
        if not participant.withdraw(store, number):
            raise SessionError(
                f"`withdraw` must name a participant of {str(folder)!r}, as p0, got "
                f"{name!r}."
            )
        return participant.withdrawn(store)[name]
    finally:
        store.close()
