"""Requests to a Label Studio server, and what its refusals mean."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from datetime import UTC, datetime
from email.message import Message
from email.utils import parsedate_to_datetime
from typing import IO, Any

from hitl_sim.session.error import SessionError

TOKEN_VARIABLE = "LABEL_STUDIO_API_KEY"
"""Variable of the environment that holds the token, by the name that Label Studio's own
library gives it."""
LEAST_VERSION = (1, 14)
"""First version that has change 6406: before it, time spent on drafts counted twice in
`lead_time`."""
_TIMEOUT_S = 60.0
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_BUSY = 429
_FAILED = 500
_UNKNOWN = 401
_FORBIDDEN = 403


class UnreachableError(Exception):
    """The server did not answer, or not now: the same request may do later."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: a token is for the server that it was given for."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: Message,
        newurl: str,
    ) -> None:
        return None


class Server:
    """A Label Studio server, as one of its accounts.

    Attributes:
        date: when it sent its last response, by its own clock, to the second; None
            where it did not say.
    """

    date: datetime | None = None

    def __init__(self, url: str, token: str) -> None:
        """Take the address and the token of an account; nothing is sent yet.

        Args:
            url: address, `http://` or `https://`.
            token: a personal access token, or a legacy token.
        """
        self.url = url.rstrip("/")
        self._token = token
        # a personal token is a signed one of three parts, changed for one that lasts
        # minutes; a legacy token is sent as it is
        self._is_personal = token.count(".") == 2
        self._access: str | None = None
        host = urllib.parse.urlsplit(self.url).hostname
        handlers: list[urllib.request.BaseHandler] = [_NoRedirect()]
        if host in _LOOPBACK:
            handlers.append(urllib.request.ProxyHandler({}))
        self._opener = urllib.request.build_opener(*handlers)

    def get(self, path: str, **query: Any) -> Any:
        """Return what is at a path.

        Raises:
            UnreachableError: there is no answer now.
            SessionError: the server refuses.
        """
        asked = f"?{urllib.parse.urlencode(query)}" if query else ""
        return self._call("GET", path + asked, None)

    def post(self, path: str, body: Any) -> Any:
        """Create something at a path, and return what was created.

        Raises:
            UnreachableError: there is no answer now; it may have been created.
            SessionError: the server refuses.
        """
        return self._call("POST", path, body)

    def patch(self, path: str, body: Any) -> Any:
        """Change fields of what is at a path.

        Raises:
            UnreachableError: there is no answer now.
            SessionError: the server refuses.
        """
        return self._call("PATCH", path, body)

    def delete(self, path: str) -> None:
        """Delete what is at a path.

        Raises:
            UnreachableError: there is no answer now.
            SessionError: the server refuses.
        """
        self._call("DELETE", path, None)

    def check(self) -> None:
        """See that it is there, new enough, and knows the token.

        Raises:
            SessionError: one of them is not so.
        """
        try:
            told = self._call("GET", "/api/version/", None, is_known=False)
            release = told.get("release") if isinstance(told, Mapping) else None
            if not isinstance(release, str):
                raise self._no_label_studio("it tells no version")
            _check_version(self.url, release)
            self.get("/api/current-user/whoami")
        except UnreachableError as error:
            raise SessionError(
                f"`label_studio` must be the address of a server that answers, got "
                f"{self.url!r}: {error}."
            ) from error

    def _call(self, method: str, path: str, body: Any, *, is_known: bool = True) -> Any:
        """Send one request; a personal token that ran out is renewed once."""
        was_renewed = False
        while True:
            if is_known and self._is_personal and self._access is None:
                self._renew()
                was_renewed = True
            status, data = self._send(method, path, body, is_known=is_known)
            if status == _UNKNOWN and self._is_personal and not was_renewed:
                self._access = None
                continue
            return self._read(method, path, status, data)

    def _renew(self) -> None:
        path = "/api/token/refresh/"
        told = {"refresh": self._token}
        status, data = self._send("POST", path, told, is_known=False)
        self._access = str(self._read("POST", path, status, data)["access"])

    def _send(
        self, method: str, path: str, body: Any, *, is_known: bool
    ) -> tuple[int, bytes]:
        headers = {"accept": "application/json"}
        data = None
        if body is not None:
            headers["content-type"] = "application/json"
            data = json.dumps(body).encode()
        if is_known:
            scheme = "Bearer" if self._is_personal else "Token"
            headers["authorization"] = f"{scheme} {self._access or self._token}"
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        try:
            with self._opener.open(request, timeout=_TIMEOUT_S) as response:
                self.date = _date(response.headers.get("date"))
                return response.status, response.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()
        except urllib.error.URLError as error:
            raise UnreachableError(str(error.reason)) from error
        except (OSError, http.client.HTTPException) as error:
            raise UnreachableError(str(error) or type(error).__name__) from error

    def _read(self, method: str, path: str, status: int, data: bytes) -> Any:
        """Return what a response holds.

        Raises:
            UnreachableError: the server has too much to do, or failed.
            SessionError: it refuses.
        """
        if status == _BUSY or status >= _FAILED:
            raise UnreachableError(f"it answers with status {status}")
        try:
            told = json.loads(data) if data else None
        except ValueError as error:
            raise self._no_label_studio(
                f"it answers with status {status} and no JSON"
            ) from error
        if status in (_UNKNOWN, _FORBIDDEN):
            raise SessionError(
                f"`token` must be of an account of {self.url!r} that may make projects "
                f"and see answers, got one that is refused: {_detail(told)}"
            )
        if not http.client.OK <= status < http.client.MULTIPLE_CHOICES:
            raise SessionError(
                f"Label Studio at {self.url!r} refuses {method} "
                f"{path.partition('?')[0]} with status {status}: {_detail(told)}"
            )
        return told

    def _no_label_studio(self, why: str) -> SessionError:
        return SessionError(
            f"`label_studio` must be the address of a Label Studio server, got "
            f"{self.url!r}: {why}."
        )


def _date(text: str | None) -> datetime | None:
    """Read the date of a response; None where there is none."""
    try:
        return None if text is None else parsedate_to_datetime(text).astimezone(UTC)
    except ValueError:
        return None


def _check_version(url: str, release: str) -> None:
    """Refuse a version that counts drafts twice."""
    numbers = [part for part in release.split(".")[:2] if part.isdigit()]
    if len(numbers) < 2 or tuple(map(int, numbers)) < LEAST_VERSION:
        least = ".".join(map(str, LEAST_VERSION))
        raise SessionError(
            f"Label Studio at {url!r} must be of version {least} or later, for before "
            f"it time spent on drafts counted twice, got {release!r}."
        )


def _detail(told: Any) -> str:
    """Return what the server says, in one line that ends with a full stop."""
    said: Any = told
    if isinstance(told, Mapping):
        said = told.get("validation_errors") or told.get("detail") or dict(told)
        if isinstance(said, Mapping):
            said = "; ".join(f"{name}: {one}" for name, one in said.items())
    text = " ".join(str(said).split())
    return text if text.endswith(".") else f"{text}."
