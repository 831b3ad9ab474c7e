"""Desks of real people by name, as `hitl-sim live --desk NAME` has them.

A new one is a row of `DESKS`: nothing else knows their names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from hitl_sim.session.desk import Crowd
from hitl_sim.session.error import SessionError

SIMULATED = "simulated"
"""The desk at which the study's own simulated people answer."""


class NamedDesk(NamedTuple):
    """A desk at which real people answer.

    Attributes:
        open: `(where, deadline_s) -> Crowd`.
        place: folder of it within the results, where nobody says where it is; "" where
            somebody must.
        serve: what brings people to it, with `{at}` for where it is; "" where it is
            there already.
    """

    open: Callable[[str, float | None], Crowd]
    place: str
    serve: str


def _page(where: str, deadline_s: float | None) -> Crowd:
    from hitl_sim.session.desk.page.crowd import page_crowd  # noqa: PLC0415 - loads jax

    return page_crowd(where, deadline_s, None)


def _label_studio(where: str, deadline_s: float | None) -> Crowd:
    from hitl_sim.session.desk.label_studio.crowd import (  # noqa: PLC0415 - loads jax
        label_studio_crowd,
    )

    url, _, project = where.rpartition("/")
    if url.endswith((":", "/")) or not project:
        raise SessionError(
            "`at` must be the server's address and a name for the study on it, as "
            f"'http://localhost:8080/mine', got {where!r}."
        )
    return label_studio_crowd(url, None, project, deadline_s, None)


DESKS: Mapping[str, NamedDesk] = {
    "page": NamedDesk(_page, "desk", "hitl-sim desk {at} --invite 3"),
    "label_studio": NamedDesk(_label_studio, "", ""),
}
"""Desks by name."""


def check_desk(name: str) -> None:
    """Refuse a name that no desk has.

    Raises:
        SessionError: it lists those that there are.
    """
    if name not in (SIMULATED, *DESKS):
        known = ", ".join(map(repr, (SIMULATED, *DESKS)))
        raise SessionError(f"`desk` must be one of {known}, got {name!r}.")
