"""Participants who withdrew: their answers leave a session's folder, which says so.

What runs counted of them stays, for it was done and paid: numbers of answers, seconds,
and the model that learned from these. Nothing tells any more which were whose.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import pyarrow.parquet as pq

from hitl_sim.output import write_bytes
from hitl_sim.session.error import SessionError
from hitl_sim.study.folder import LIVE, MANIFEST, SESSION
from hitl_sim.study.store import table_bytes, write_json

FILE = "withdrawn.json"
_MARK = "Withdrawals: "


@runtime_checkable
class Withdrawable(Protocol):
    """A crowd whose people may withdraw."""

    def withdrawn(self) -> Mapping[str, int]:
        """Return how many answers were deleted of each who did, by pseudonym."""
        ...


def erase_answers(out: Path, people: Collection[str]) -> dict[str, int]:
    """Delete the answers of people who withdrew from a session's folder.

    Args:
        out: the folder.
        people: their pseudonyms.

    Returns:
        How many answers were deleted now, by run.

    Raises:
        SessionError: the folder is of no session.
    """
    if not any((out / name).exists() for name in (SESSION, LIVE)):
        raise SessionError(
            "`erase` must be the folder of a session, or of a study with real people, "
            f"got {str(out)!r} without {SESSION} or {LIVE}."
        )
    erased: dict[str, int] = {}
    gone: Counter[str] = Counter()
    for path in sorted((out / "answers").glob("*.parquet")) if people else ():
        table = pq.read_table(path)
        names = table["annotator"].to_pylist()
        own = [name for name in names if name in people]
        if own:
            kept = table.filter([name not in people for name in names])
            write_bytes(path, table_bytes(kept))
            erased[path.stem] = len(own)
            gone.update(own)
    if erased:
        before = _read(out)
        runs = Counter(before["answers_by_run"]) + Counter(erased)
        both = Counter(before["answers_by_person"]) + gone
        tables = {"answers_by_run": runs, "answers_by_person": both}
        write_json(out / FILE, {name: dict(count) for name, count in tables.items()})
        _tell(out)
    return erased


def withdrawal_note(out: Path) -> str:
    """Say what is not in a folder any more; "" where nobody withdrew."""
    found = _read(out)
    people, runs = found["answers_by_person"], found["answers_by_run"]
    if not people:
        return ""
    who = "1 participant" if len(people) == 1 else f"{len(people)} participants"
    answers = sum(people.values())
    given = "1 answer" if answers == 1 else f"{answers} answers"
    where = "1 run" if len(runs) == 1 else f"{len(runs)} runs"
    return (
        f"{_MARK}{who} withdrew after {given} in {where}: the answers are deleted; "
        "counts, hours and what was trained on them are as they were."
    )


def _read(out: Path) -> dict[str, dict[str, int]]:
    try:
        found: dict[str, dict[str, int]] = json.loads((out / FILE).read_text())
    except FileNotFoundError:
        return {"answers_by_run": {}, "answers_by_person": {}}
    return found


def _tell(out: Path) -> None:
    """Say it in the tables that reports read, where they are written already."""
    try:
        manifest: dict[str, Any] = json.loads((out / MANIFEST).read_text())
    except FileNotFoundError:
        return
    study = manifest["study"]
    # an earlier sentence on withdrawals is replaced; what stands before it stays
    kept = study["note"].partition(_MARK)[0].rstrip()
    study["note"] = " ".join(filter(None, [kept, withdrawal_note(out)]))
    write_json(out / MANIFEST, manifest, is_sorted=False)
