"""People who answer on a page, as a session asks: `hitl_sim.crowd(page=...)`."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hitl_sim.session.desk import Desk, Run, Source
from hitl_sim.session.desk.page.asking import PageDesk
from hitl_sim.session.desk.page.participant import withdrawn
from hitl_sim.session.desk.page.shown import shown
from hitl_sim.session.desk.page.store import Store
from hitl_sim.session.error import SessionError
from hitl_sim.session.question import Question


@dataclass(frozen=True)
class PageCrowd:
    """People who answer on the page of a desk, in their own time.

    Attributes:
        path: folder of the desk.
        deadline_s: time after which a question is given up, s; None for never.
        workforce: the requester's own hours, if any.
        size: nobody knows it beforehand.
        is_timed: they answer by this machine's clock.
    """

    path: str
    deadline_s: float | None = None
    workforce: Mapping[str, Any] = field(default_factory=dict)
    size: int | None = None
    source: Source = "live"
    is_timed: bool = True

    @property
    def name(self) -> str:
        """Return what records call them."""
        return Path(self.path).resolve().name

    @functools.cached_property
    def _store(self) -> Store:
        return Store(Path(self.path))

    def open(self, run: Run) -> Desk:
        """Open a desk for one run."""
        return PageDesk(self._store, run, self.deadline_s)

    def check(self, questions: Sequence[Question]) -> None:
        """Refuse questions of which people would see nothing.

        Raises:
            SessionError: names the argument of `Arm.ask`.
        """
        for question in questions:
            shown(question)

    def identity(self) -> dict[str, Any]:
        """Return which desk it is, wherever its folder is moved."""
        own = {"source": self.source, "desk": self._store.id}
        return own | {"deadline_s": self.deadline_s, "workforce": dict(self.workforce)}

    def parameters(self) -> dict[str, Any]:
        """Return what was set of them."""
        return {} if self.deadline_s is None else {"deadline_s": self.deadline_s}

    def table(self) -> dict[str, Any]:
        """Return the arguments of `hitl_sim.crowd`."""
        own = {"page": self.path, "deadline_s": self.deadline_s}
        return own | {"workforce": dict(self.workforce)}

    def described(self, kinds: Sequence[str]) -> dict[str, Any]:
        """Return what is known of them: they are people, as they answered."""
        return {
            "summary": f"Real people, who answered on a page ({self.name}).",
            "status": dict.fromkeys(kinds, f"answers of real people ({self.name})"),
            "numbers": {kind: {} for kind in kinds},
        }

    def withdrawn(self) -> dict[str, int]:
        """Return how many answers were deleted of each who withdrew, by pseudonym."""
        return withdrawn(self._store)


def page_crowd(
    page: str | Path, deadline_s: float | None, workforce: Mapping[str, Any] | None
) -> PageCrowd:
    """Check what a session says of people on a page.

    Raises:
        SessionError: an argument that does not fit, its value, what is allowed.
    """
    from hitl_sim.study.spec import SpecError  # noqa: PLC0415 - loads jax
    from hitl_sim.study.spec.crowd import WorkforceSpec  # noqa: PLC0415
    from hitl_sim.study.spec.read import read_table  # noqa: PLC0415

    if deadline_s is not None and not 0.0 < deadline_s < float("inf"):
        raise SessionError(f"`deadline_s` must be finite and > 0, got {deadline_s!r}.")
    for name in workforce or {}:
        if name != "requester_h":
            raise SessionError(
                "`workforce` must hold `requester_h` alone where real people answer, "
                f"whose hours the clock tells, got {name!r}."
            )
    try:
        team = read_table({"size": 1, **(workforce or {})}, WorkforceSpec)
    except SpecError as error:
        raise SessionError(f"`crowd`: {error}") from error
    return PageCrowd(str(page), deadline_s, {"requester_h": team.requester_h})
