"""Serve a desk: one process, until it is told to end."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from hitl_sim.session.desk.page import participant
from hitl_sim.session.desk.page.serving import take_serving
from hitl_sim.session.desk.page.settings import Settings, read_settings, write_template
from hitl_sim.session.desk.page.store import Store
from hitl_sim.session.error import SessionError

PORT = 8321
LOOPBACK = ("127.0.0.1", "localhost", "::1")
_MOST_PORT = 65_535


@dataclass(frozen=True)
class Served:
    """A desk that is ready to be served.

    Attributes:
        folder: of the desk.
        settings: of it.
        address: under which participants reach it.
        links: of participants who were invited now, by pseudonym.
        open_link: that admits whoever has it; None where there is none.
        is_plain: whether it is reached from other machines without encryption.
        server: of `uvicorn`, which sets `should_exit` to end.
    """

    folder: Path
    settings: Settings
    address: str
    links: dict[str, str]
    open_link: str | None
    is_plain: bool
    server: Any
    _socket: socket.socket

    def run(self) -> None:
        """Serve until the process is told to end."""
        self.server.run(sockets=[self._socket])


@contextlib.contextmanager
def open_desk(
    folder: Path | str,
    *,
    invite: int = 0,
    host: str = LOOPBACK[0],
    port: int = PORT,
    address: str | None = None,
) -> Iterator[Served]:
    """Make a desk ready to be served, as a context: `.run()` of it serves.

    Args:
        folder: of the desk; made if missing, with settings to be changed.
        invite: how many links to make for new participants.
        host: address of this machine that is listened to; loopback when left out.
        port: of it; 0 for any that is free.
        address: under which participants reach it, such as that of a proxy that adds
            encryption; the machine's own when left out.

    Raises:
        SessionError: an argument does not fit, another process serves this desk, or the
            extra is missing; nothing was started.
    """
    uvicorn = _uvicorn()
    if not 0 <= port <= _MOST_PORT:
        raise SessionError(f"`port` must be in [0, {_MOST_PORT}], got {port}.")
    if address is None and host not in LOOPBACK:
        raise SessionError(
            "`address` must say how participants reach a desk that listens on "
            f"{host!r}, as https://desk.example.org, got None."
        )
    shown = f"[{host}]" if ":" in host else host
    parts = _checked(address or f"http://{shown}")
    folder = Path(folder)
    settings = read_settings(folder)
    store = Store(folder)
    claim, listening = take_serving(folder), None
    try:
        if claim is None:
            raise SessionError(f"{str(folder)!r} is served by another process.")
        listening = _listen(host, port)
        own = f"http://{shown}:{listening.getsockname()[1]}"
        reached = (address or own).rstrip("/")
        write_template(folder)
        made = participant.invite(store, invite) if invite else {}
        from hitl_sim.session.desk.page.web import Desk  # noqa: PLC0415 - the extra

        hosts = {*LOOPBACK, host, str(parts.hostname)}
        app = Desk(store, settings, hosts).app()
        # no address, and no secret of a participant, is logged
        config = uvicorn.Config(
            app,
            access_log=False,
            log_level="error",
            server_header=False,
            timeout_graceful_shutdown=5,
            proxy_headers=False,
        )
        code = participant.open_code(store)
        yield Served(
            folder,
            settings,
            reached,
            {name: f"{reached}/#{token}" for name, token in made.items()},
            f"{reached}/join/{code}" if settings.open_link else None,
            parts.scheme == "http" and parts.hostname not in LOOPBACK,
            uvicorn.Server(config),
            listening,
        )
    finally:
        if listening is not None:
            listening.close()
        if claim is not None:
            claim.give_back()
        store.close()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        raise SessionError(
            f"`port` must be free at `host` {host!r}, got {port}: "
            f"{os.strerror(error.errno or 0)}."
        ) from error


def _checked(address: str) -> SplitResult:
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SessionError(
            f"`address` must begin with http:// or https:// and a name, got "
            f"{address!r}."
        )
    return parts


def _uvicorn() -> Any:
    try:
        import starlette  # noqa: F401, PLC0415 - the extra
        import uvicorn  # noqa: PLC0415
    except ImportError as error:
        raise SessionError(
            "A desk's page must have its web server installed, got no starlette and "
            "uvicorn: pip install 'hitl-sim[desk]'."
        ) from error
    return uvicorn
