"""People on a Label Studio server, as a session asks them."""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from hitl_sim.session.desk import Desk, Run, Source
from hitl_sim.session.desk.label_studio.asking import LabelStudioDesk
from hitl_sim.session.desk.label_studio.labelling import page_of
from hitl_sim.session.desk.label_studio.server import TOKEN_VARIABLE, Server
from hitl_sim.session.desk.label_studio.tasks import Projects
from hitl_sim.session.desk.page.crowd import page_crowd
from hitl_sim.session.error import SessionError
from hitl_sim.session.question import Question

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_. -]{0,28}[A-Za-z0-9]|[A-Za-z0-9]")


@dataclass(frozen=True)
class LabelStudioCrowd:
    """People with accounts on a Label Studio server, who answer in their own time.

    Attributes:
        url: address of the server.
        token: of the account that makes projects and reads answers; no file keeps it.
        project: name of the desk on the server, which its projects begin with.
        deadline_s: time after which a question is given up, s; None for never.
        workforce: the requester's own hours, if any.
        size: nobody knows it beforehand.
        is_timed: they answer by this machine's clock.
    """

    url: str
    token: str = field(repr=False)
    project: str
    deadline_s: float | None = None
    workforce: Mapping[str, Any] = field(default_factory=dict)
    size: int | None = None
    source: Source = "live"
    is_timed: bool = True

    @property
    def name(self) -> str:
        """Return what records call them."""
        return self.project

    @functools.cached_property
    def server(self) -> Server:
        """Return the server."""
        return Server(self.url, self.token)

    def open(self, run: Run) -> Desk:
        """Open a desk for one run."""
        projects = Projects(self.server, self.project)
        return LabelStudioDesk(projects, run, self.deadline_s)

    def check(self, questions: Sequence[Question]) -> None:
        """Refuse questions of which people would see nothing.

        Raises:
            SessionError: names the argument of `Arm.ask`.
        """
        for question in questions:
            page_of(question)

    def identity(self) -> dict[str, Any]:
        """Return which desk it is, wherever its server is moved."""
        own = {"source": self.source, "label_studio": self.project}
        return own | {"deadline_s": self.deadline_s, "workforce": dict(self.workforce)}

    def parameters(self) -> dict[str, Any]:
        """Return what was set of them."""
        return {} if self.deadline_s is None else {"deadline_s": self.deadline_s}

    def table(self) -> dict[str, Any]:
        """Return the arguments of `hitl_sim.crowd` but for the token."""
        own = {"label_studio": self.url, "project": self.project}
        hours = {"workforce": dict(self.workforce)}
        return own | {"deadline_s": self.deadline_s} | hours

    def described(self, kinds: Sequence[str]) -> dict[str, Any]:
        """Return what is known of them: they are people, as they answered."""
        return {
            "summary": f"Real people, who answered in Label Studio ({self.project}).",
            "status": dict.fromkeys(kinds, f"answers of real people ({self.project})"),
            "numbers": {kind: {} for kind in kinds},
        }


def label_studio_crowd(
    url: str,
    token: str | None,
    project: str | None,
    deadline_s: float | None,
    workforce: Mapping[str, Any] | None,
) -> LabelStudioCrowd:
    """Check what a session says of people on a server, and that the server is there.

    Raises:
        SessionError: an argument that does not fit, or the server does not answer, does
            not know the token, or is too old.
    """
    address = urlsplit(url) if isinstance(url, str) else None
    if address is None or address.scheme not in ("http", "https") or not address.netloc:
        raise SessionError(
            "`label_studio` must be the address of a server, as "
            f"'http://localhost:8080', got {url!r}."
        )
    if project is None or not _NAME.fullmatch(project):
        raise SessionError(
            "`project` must be a name of at most 30 letters, digits, blanks, '.', '-' "
            f"and '_', got {project!r}."
        )
    known = token or os.environ.get(TOKEN_VARIABLE, "")
    if not known or not known.isascii() or not known.isprintable() or " " in known:
        raise SessionError(
            f"`token` must be the access token of an account (or {TOKEN_VARIABLE} in "
            f"the environment), got {'none' if not known else 'one with blanks'}."
        )
    # the rest is as of people on a page
    like = page_crowd("", deadline_s, workforce)
    crowd = LabelStudioCrowd(url, known, project, like.deadline_s, like.workforce)
    crowd.server.check()
    return crowd
