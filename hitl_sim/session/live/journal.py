"""How long the people of a run took, kept whoever is killed meanwhile."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hitl_sim.study.store import write_json

Seconds = Callable[[], float]


def journal_file(out: Path, key: str) -> Path:
    """Return where the waiting of a run is kept."""
    return out / "live" / f"{key}.json"


def read_journal(out: Path, key: str) -> dict[str, Any]:
    """Read how far a run is; nothing where it has not asked anybody yet."""
    try:
        found: dict[str, Any] = json.loads(journal_file(out, key).read_text())
    except FileNotFoundError:
        return {}
    return found


class Journal:
    """How long each round of a run took by the machine's clock.

    A round that is open when its process is killed goes on: people answer meanwhile.

    Attributes:
        waited_s: of each round that is over, s.
    """

    def __init__(
        self,
        out: Path,
        key: str,
        wall: Seconds = time.time,
        pace: Seconds = time.monotonic,
    ) -> None:
        """Read what is there of a run.

        Args:
            out: results folder.
            key: of the run.
            wall: the machine's clock, s.
            pace: one that never jumps, s.
        """
        found = read_journal(out, key)
        self._path, self._wall, self._pace = journal_file(out, key), wall, pace
        self.waited_s: list[float] = found.get("waited_s", [])
        self._posted_at: float | None = found.get("posted_at")
        self._number, self._since = 0, 0.0
        self._told = {"questions": 0, "answers": 0, "asked": 0}

    def open(self, questions: int, asked: int) -> None:
        """Note that a round's questions are put, and how many answers they ask for."""
        self._told = {"questions": questions, "answers": 0, "asked": asked}
        self._since = self._pace()
        if self._is_new and self._posted_at is None:
            self._posted_at = self._wall()
        self._write()

    def note(self, answers: int) -> None:
        """Note how many answers have come."""
        self._told["answers"] = answers
        self._write()

    def close(self) -> float:
        """Note that the round is over, and return how long it took, s."""
        if self._is_new:
            # a clock that was set back takes nothing from what this process saw
            seen, now = self._pace() - self._since, self._wall()
            posted_at = now if self._posted_at is None else self._posted_at
            self.waited_s.append(max(seen, now - posted_at))
            self._posted_at = None
            self._write()
        self._number += 1
        return self.waited_s[self._number - 1]

    @property
    def _is_new(self) -> bool:
        return self._number == len(self.waited_s)

    def _write(self) -> None:
        clock = {"waited_s": self.waited_s, "posted_at": self._posted_at}
        write_json(self._path, {"round": self._number + 1, **self._told, **clock})
