"""A desk of which the test is the clock, and people who talk to its page."""

import contextlib
import itertools
import threading
import time

import pytest
from starlette.testclient import TestClient

from hitl_sim.session.desk import Run
from hitl_sim.session.desk.page import participant, web
from hitl_sim.session.desk.page.asking import PageDesk
from hitl_sim.session.desk.page.limit import Rate
from hitl_sim.session.desk.page.serve import open_desk
from hitl_sim.session.desk.page.settings import CONSENT, Settings
from hitl_sim.session.desk.page.store import Store
from hitl_sim.session.question import build_questions

RUN = Run(0, "guided", 0)
ADDRESS = "http://127.0.0.1"
JSON = {"content-type": "application/json"}


class Clock:
    """The machine's clock, which may jump, and the pace at which time goes by."""

    def __init__(self):
        self.wall, self.pace = 1_000_000.0, 50.0

    def pass_by(self, seconds):
        self.wall += seconds
        self.pace += seconds


class Person:
    """Somebody with a link."""

    def __init__(self, client, token):
        self.client, self.token = client, token

    def post(self, path, body=None, **headers):
        own = {"authorization": f"Bearer {self.token}", **JSON, **headers}
        return self.client.post(f"/api/{path}", json=body or {}, headers=own)

    def agree(self, text=CONSENT):
        return self.post("consent", {"consent": text}).json()

    def next(self):
        return self.post("next").json()

    def answer(self, assignment, said, **more):
        told = {"seconds": 1.0, "wall_s": 1.0, "away_s": 0.0, **more}
        return self.post("answer", {"assignment": assignment, "said": said, **told})


class Place:
    """A desk in a folder, its page, and the sessions that ask."""

    def __init__(self, folder, clock, store=Store, **settings):
        self.folder, self.clock = folder, clock
        self.settings, self.opened = Settings(**settings), store
        self.stack = contextlib.ExitStack()
        self.begin()

    def open_store(self):
        return self.opened(
            self.folder, lambda: self.clock.wall, lambda: self.clock.pace
        )

    def begin(self):
        """Start the server, or start it again."""
        self.stack.close()
        self.store = self.open_store()
        self.stack.callback(self.store.close)
        # limits have a test of their own
        ticks = itertools.count(0, 10)
        desk = web.Desk(
            self.store, self.settings, ["127.0.0.1"], lambda: float(next(ticks))
        )
        client = TestClient(desk.app(), base_url=ADDRESS)
        self.client = self.stack.enter_context(client)

    def invite(self, number):
        made = participant.invite(self.store, number)
        return [Person(self.client, token) for token in made.values()]

    def desk(self, run=RUN, deadline_s=None):
        store = self.open_store()
        self.stack.callback(store.close)
        return PageDesk(store, run, deadline_s)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def place(tmp_path, clock):
    made = Place(tmp_path / "desk", clock)
    yield made
    made.stack.close()


def questions(items=("a", "b"), kind="relevance", people=1, **given):
    return build_questions(kind, items, people=people, **given)


@pytest.fixture
def served(tmp_path, monkeypatch):
    """Return a function that serves a desk over HTTP, in a thread."""
    monkeypatch.setattr(web, "OWN_RATE", Rate(1e4, 1e4))
    stack = contextlib.ExitStack()

    def run(folder=None, invite=1):
        desk = stack.enter_context(
            open_desk(folder or tmp_path / "desk", invite=invite, port=0)
        )
        thread = threading.Thread(target=desk.run, daemon=True)
        thread.start()

        def end():
            desk.server.should_exit = True
            thread.join(10)

        stack.callback(end)
        while not desk.server.started:
            time.sleep(0.01)
        return desk

    yield run
    stack.close()
