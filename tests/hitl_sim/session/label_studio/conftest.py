"""A Label Studio desk of which the test is the clock and the server."""

import pytest
from desk_kit.fake_label_studio import ADMIN, FakeLabelStudio
from desk_kit.label_studio_people import Account

from hitl_sim.session.desk import Run
from hitl_sim.session.desk.label_studio.asking import POLL_S, LabelStudioDesk
from hitl_sim.session.desk.label_studio.server import Server
from hitl_sim.session.desk.label_studio.tasks import Projects
from hitl_sim.session.question import build_questions

RUN = Run(0, "guided", 0)


class Place:
    """A server, the people on it, and the runs that ask them."""

    def __init__(self):
        self.fake = FakeLabelStudio()
        self.fake.start()
        self.now = 0.0

    def people(self, number):
        return [Account(self.fake.url, *self.fake.add_person()) for _ in range(number)]

    def sleep(self, seconds):
        self.now += seconds

    def desk(self, run=RUN, deadline_s=None, token=ADMIN):
        """Return a desk as a process that has just begun has it."""
        projects = Projects(Server(self.fake.url, token), "study")
        return LabelStudioDesk(projects, run, deadline_s, lambda: self.now, self.sleep)

    def poll(self, desk):
        """Look once more, when it is time to."""
        self.sleep(POLL_S)
        return desk.poll()


@pytest.fixture
def place():
    made = Place()
    yield made
    made.fake.stop()


def questions(items=("a", "b"), kind="label", people=1, **given):
    given.setdefault("options", ["u", "v"])
    return build_questions(kind, items, people=people, **given)


def answer(person, said="u"):
    """Let somebody answer the task that they are given; return it."""
    for project in person.projects():
        task = person.next(project)
        if task is not None:
            own = {"from_name": "answer", "type": "choices", "to_name": "part0"}
            person.hand_in(task["id"], [own | {"value": {"choices": [said]}}])
            return task
    return None
