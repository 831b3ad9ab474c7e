"""The web page of a desk, and what it talks to: an ASGI application.

The page is the same for everybody, and holds nothing: its address ends in the secret of
a participant after a `#`, which browsers never send. The page's script sends it in a
header of every request. So no secret stands in any log, a foreign site can send none,
and there are no cookies.

Whatever is not a participant's own is refused alike: a wrong or withdrawn link, the
question of somebody else, and one that does not exist.
"""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hitl_sim.session.desk.page import dealing, participant
from hitl_sim.session.desk.page.limit import Limiter, Rate
from hitl_sim.session.desk.page.participant import Person
from hitl_sim.session.desk.page.settings import Settings
from hitl_sim.session.desk.page.store import Store

MOST_BYTES = 64 * 1024
"""Largest request, bytes; an answer takes a few hundred."""
OWN_RATE = Rate(5.0, 30.0)
"""Requests of one participant."""
FAILED_RATE = Rate(0.5, 30.0)
"""Refused requests of one address; those with a valid link are never held up by it."""
JOIN_RATE = Rate(2.0, 60.0)
"""Visits by the open link, of one address."""
REFUSED = "This link is not valid."
_STATIC = Path(__file__).with_name("static")
_TYPES = {"page.js": "text/javascript", "page.css": "text/css"}
_HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; "
    "style-src 'self'; img-src data:; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
_CODE_LENGTH = 10

Body = Mapping[str, Any]
Handler = Callable[[Person, Body], dict[str, Any]]


class _Refusal(Exception):  # noqa: N818 - an answer, and no error of ours
    """A request that is refused: status, and what is said."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(said)
        self.status, self.said = status, said


class _Headers:
    """Adds the headers that keep a page to itself to every response."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._own = [(n.encode(), v.encode()) for n, v in _HEADERS.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_more(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *self._own]
            await send(message)

        await self._app(scope, receive, send_more)


class Desk:
    """A desk behind its page."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        hosts: Iterable[str],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the desk's file and settings.

        Args:
            store: the file.
            settings: what participants see and may do.
            hosts: names by which the server is asked for; others are refused.
            clock: of the limits, s.
        """
        self._store, self._settings, self._hosts = store, settings, tuple(hosts)
        self._own = Limiter(OWN_RATE, clock)
        self._failed = Limiter(FAILED_RATE, clock)
        self._joined = Limiter(JOIN_RATE, clock)
        folder = Environment(
            loader=FileSystemLoader(_STATIC), undefined=StrictUndefined, autoescape=True
        )
        self._page = folder.get_template("page.html").render(settings=settings)
        self._files = {name: (_STATIC / name).read_bytes() for name in _TYPES}

    def app(self) -> Starlette:
        """Return the application."""
        handlers: dict[str, Handler] = {
            "next": self._next,
            "consent": self._consent,
            "answer": self._answer,
            "beat": self._beat,
            "withdraw": self._withdraw,
        }
        routes = [
            Route("/", self._show),
            Route("/join/{code}", self._show),
            Route("/page.js", self._file),
            Route("/page.css", self._file),
            Route("/api/join", self._join, methods=["POST"]),
            *(
                Route(f"/api/{name}", self._for(handler), methods=["POST"])
                for name, handler in handlers.items()
            ),
        ]
        return Starlette(
            routes=routes,
            middleware=[
                Middleware(_Headers),
                Middleware(
                    TrustedHostMiddleware,
                    allowed_hosts=list(self._hosts),
                    www_redirect=False,
                ),
            ],
        )

    async def _show(self, request: Request) -> Response:
        """Send the page, the same whatever the address says."""
        return Response(self._page, media_type="text/html")

    async def _file(self, request: Request) -> Response:
        name = request.url.path.lstrip("/")
        return Response(self._files[name], media_type=_TYPES[name])

    def _for(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        """Return an endpoint: who asks is found first, and refused alike."""

        async def endpoint(request: Request) -> Response:
            try:
                self._check_origin(request)
                body = await _read(request)
                person = self._person(request)
                return JSONResponse(handler(person, body))
            except _Refusal as refusal:
                return _refused(refusal)
            except dealing.NotTheirsError:
                return _refused(self._unknown(request))
            except dealing.BadAnswerError as error:
                return _refused(_Refusal(400, str(error)))
            except ClientDisconnect:
                return Response(status_code=400)

        return endpoint

    async def _join(self, request: Request) -> Response:
        """Admit who comes by the open link."""
        try:
            self._check_origin(request)
            body = await _read(request)
            if not self._joined.allows(_address(request)):
                raise _Refusal(429, "Too many requests. Please wait a moment.")
            code, given = body.get("code"), body.get("given")
            if not isinstance(code, str) or not isinstance(given, dict):
                raise self._unknown(request)
            token = participant.join(self._store, self._settings, code, given)
            if token is None:
                raise self._unknown(request)
            return JSONResponse({"token": token})
        except _Refusal as refusal:
            return _refused(refusal)
        except ClientDisconnect:
            return Response(status_code=400)

    def _check_origin(self, request: Request) -> None:
        """Refuse what another site's page sends."""
        origin = request.headers.get("origin")
        site = request.headers.get("sec-fetch-site", "same-origin")
        is_ours = origin is None or urlsplit(origin).netloc == request.headers["host"]
        if not is_ours or site not in ("same-origin", "none"):
            raise _Refusal(403, "This request did not come from the page itself.")
        kind = request.headers.get("content-type", "").partition(";")[0].strip()
        if kind != "application/json":
            raise _Refusal(415, "Requests must be JSON.")

    def _person(self, request: Request) -> Person:
        """Find who asks by the secret in the header."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        found = None
        if scheme == "Bearer" and 0 < len(token) <= 128:
            found = participant.find(self._store, token)
        if found is None:
            raise self._unknown(request)
        if not self._own.allows(found.number):
            raise _Refusal(429, "Too many requests. Please wait a moment.")
        return found

    def _unknown(self, request: Request) -> _Refusal:
        """Refuse what is nobody's, or not theirs; and often, for a while altogether."""
        if not self._failed.allows(_address(request)):
            return _Refusal(429, "Too many requests. Please wait a moment.")
        return _Refusal(404, REFUSED)

    def _next(self, person: Person, body: Body) -> dict[str, Any]:
        """Say what a participant sees now."""
        settings = self._settings
        if person.consent != participant.consent_hash(settings):
            return {"state": "consent", "consent": settings.consent}
        question = dealing.next_question(self._store, settings, person)
        done = dealing.num_answers(self._store, person)
        told: dict[str, Any] = {"answers": done}
        if question is not None:
            return told | {"state": "question", "question": question}
        if done >= settings.least_answers and done:
            told["code"] = self._code(person)
        is_over = settings.most_answers and done >= settings.most_answers
        return told | {"state": "done" if is_over else "wait"}

    def _code(self, person: Person) -> str:
        own = self._store.keyed("completion", str(person.number))
        return self._settings.code or own[:_CODE_LENGTH].upper()

    def _consent(self, person: Person, body: Body) -> dict[str, Any]:
        """Record consent to the text that the page showed."""
        if body.get("consent") != self._settings.consent:
            raise _Refusal(409, "The text has changed. Please read it again.")
        participant.agree(self._store, self._settings, person)
        agreed = participant.consent_hash(self._settings)
        return self._next(Person(person.number, agreed), body)

    def _answer(self, person: Person, body: Body) -> dict[str, Any]:
        """Take an answer and give the next question."""
        if person.consent is None:
            raise _Refusal(403, "Please agree to take part first.")
        taken = dealing.answer(self._store, person, _named(body), _told(body))
        return self._next(person, body) | {"taken": taken}

    def _beat(self, person: Person, body: Body) -> dict[str, Any]:
        """Note that somebody is still there."""
        dealing.beat(self._store, person, _named(body))
        return {}

    def _withdraw(self, person: Person, body: Body) -> dict[str, Any]:
        """Delete a participant who asks for it."""
        if body.get("confirm") is not True:
            raise _Refusal(400, "`confirm` must be true.")
        participant.withdraw(self._store, person.number)
        return {"state": "withdrawn"}


def _named(body: Body) -> str:
    name = body.get("assignment")
    if not isinstance(name, str):
        raise _Refusal(400, "`assignment` must be a text.")
    return name


def _told(body: Body) -> dealing.Told:
    """Read an answer; whether it is one to its question is seen later."""
    said = body.get("said")
    if isinstance(said, list):
        is_whole = all(type(one) is int for one in said)
        said = tuple(said)
    else:
        is_whole = said is None or type(said) is int
    if not is_whole:
        raise _Refusal(400, "`said` must be a whole number, a list of them, or null.")
    times = []
    for name in ("seconds", "wall_s", "away_s"):
        value = body.get(name)
        if not dealing.is_time(value):
            raise _Refusal(400, f"`{name}` must be a time in seconds.")
        times.append(float(value))  # type: ignore[arg-type]
    sure = body.get("confidence")
    if sure is not None and (not dealing.is_time(sure) or sure > 1.0):
        raise _Refusal(400, "`confidence` must be in [0, 1] or null.")
    seconds, wall_s, away_s = times
    stated = None if sure is None else float(sure)
    return dealing.Told(said, seconds, wall_s, away_s, stated)


async def _read(request: Request) -> Body:
    """Read a body up to the limit; nothing beyond it is taken in."""
    told = request.headers.get("content-length", "0")
    data = b""
    if not told.isdigit() or int(told) > MOST_BYTES:
        raise _Refusal(413, f"Requests must be at most {MOST_BYTES:,} bytes.")
    async for chunk in request.stream():
        data += chunk
        if len(data) > MOST_BYTES:
            raise _Refusal(413, f"Requests must be at most {MOST_BYTES:,} bytes.")
    try:
        body = json.loads(data or b"{}")
    except (ValueError, RecursionError) as error:
        raise _Refusal(400, "Requests must be JSON.") from error
    if not isinstance(body, dict):
        raise _Refusal(400, "Requests must be a JSON object.")
    return body


def _refused(refusal: _Refusal) -> JSONResponse:
    return JSONResponse({"error": refusal.said}, refusal.status)


def _address(request: Request) -> str:
    return "" if request.client is None else request.client.host
