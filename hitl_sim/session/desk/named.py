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
        serve: what brings people to it, with `{at}` for where it is.
    """

    open: Callable[[str, float | None], Crowd]
    place: str
    serve: str


def _page(where: str, deadline_s: float | None) -> Crowd:
    from hitl_sim.session.desk.page.crowd import page_crowd  # noqa: PLC0415 - loads jax

    return page_crowd(where, deadline_s, None)


DESKS: Mapping[str, NamedDesk] = {
    "page": NamedDesk(_page, "desk", "hitl-sim desk {at} --invite 3"),
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
