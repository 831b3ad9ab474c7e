"""The same on a real Label Studio server, which the test starts itself.

`HITL_SIM_LABEL_STUDIO` names its program, in an environment of its own:
`python -m venv ls && ls/bin/pip install label-studio`, then `ls/bin/label-studio`.
"""

import http.cookiejar
import json
import os
import re
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

import pytest
from desk_kit import label_studio_people as people
from desk_kit.fake_label_studio import ADMIN, FakeLabelStudio
from desk_kit.same_session import SIZE, assert_same, run

import hitl_sim as hs
from hitl_sim.session.desk import Run
from hitl_sim.session.desk.label_studio.labelling import Page
from hitl_sim.session.desk.label_studio.server import Server
from hitl_sim.session.desk.label_studio.tasks import Projects
from hitl_sim.session.desk.page.asking import NOBODY

from .conftest import answer, questions

PROGRAM = os.environ.get("HITL_SIM_LABEL_STUDIO")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        PROGRAM is None,
        reason="HITL_SIM_LABEL_STUDIO names no program to start a server with",
    ),
]
FIRST_START_S = 900.0
"""A first start makes the database."""
TOKEN, SECRET = "0123456789abcdef" * 2 + "01234567", "for-a-test-only-1"
DEADLINE_S = 600.0
"""After which the loop goes on alone, should people fail to come."""


class RealServer:
    """A server in a folder, and the accounts on it."""

    def __init__(self, folder):
        self.folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.start()

    def start(self):
        own = {"LABEL_STUDIO_BASE_DATA_DIR": str(self.folder)}
        own |= {"COLLECT_ANALYTICS": "false", "LATEST_VERSION_CHECK": "false"}
        kept = {n: v for n, v in os.environ.items() if n not in ("PYTHONPATH", "PORT")}
        owner = ["--username", "owner@example.org", "--password", SECRET]
        where = ["--internal-host", "127.0.0.1", "--port", str(self.port)]
        access = ["--user-token", TOKEN, "--enable-legacy-api-token"]
        argv = [PROGRAM, "start", "--no-browser", *where, *owner, *access]
        self.folder.mkdir(exist_ok=True)
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                argv,
                env=kept | own,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                start_new_session=True,
            )
        end = time.monotonic() + FIRST_START_S
        while not self.is_there():
            assert self._process.poll() is None, (self.folder / "log").read_text()
            assert time.monotonic() < end
            time.sleep(0.5)

    def is_there(self):
        try:
            with urllib.request.urlopen(f"{self.url}/api/version/", timeout=5):
                return True
        except OSError:
            return False

    def kill(self):
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def add_person(self, name):
        """Sign somebody up by the owner's invitation, as a browser does."""
        owner = people.Account(self.url, TOKEN, 1)
        address = self.url + owner.send("GET", "/api/invite")[1]["invite_url"]
        jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        browser = urllib.request.build_opener(jar)
        page = browser.open(address).read().decode()
        secret = re.search(r'csrfmiddlewaretoken" value="([^"]+)"', page)[1]
        told = {"email": f"{name}@example.org", "password": SECRET}
        told |= {"csrfmiddlewaretoken": secret, "allow_newsletters": "false"}
        browser.open(address, urllib.parse.urlencode(told).encode())
        who = json.load(browser.open(f"{self.url}/api/current-user/whoami"))
        token = json.load(browser.open(f"{self.url}/api/current-user/token"))
        return people.Account(self.url, token["token"], who["id"])


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    server = RealServer(tmp_path_factory.mktemp("label_studio") / "data")
    yield server
    server.kill()


@pytest.fixture(scope="module")
def crowd_of_three(real):
    return {f"p{n}": real.add_person(f"person{n}") for n in range(SIZE)}


@pytest.fixture(scope="module")
def personal(real):
    """Return a personal token, as an account's page makes it."""
    return people.Account(real.url, TOKEN, 1).send("POST", "/api/token/", {})[1][
        "token"
    ]


def test_answers_are_the_same_but_for_the_clock(
    real, crowd_of_three, personal, open_session, record_testsuite_property
):
    with open_session("simulated", crowd=hs.crowd("typical", size=SIZE)) as session:
        before = run(session)
    play = people.Play(crowd_of_three, people.scripts(before), pause_s=0.5)
    play.start()
    # by a personal token; people's own are legacy ones
    crowd = hs.crowd(
        label_studio=real.url, token=personal, project="same", deadline_s=DEADLINE_S
    )
    begin = time.monotonic()
    with open_session("real", crowd=crowd) as session:
        after = run(session)
    play.is_over.set()
    play.join(60)
    assert play.error is None
    assert not any(play.told.values())
    names = {f"p{one.number}": name for name, one in crowd_of_three.items()}
    assert_same(before, after, names)
    answers = sum(len(one.answers) for one in after.people.rounds)
    record_testsuite_property("answers", answers)
    record_testsuite_property("seconds", time.monotonic() - begin)


def test_a_server_that_is_killed_and_a_loop_that_begins_again(real, crowd_of_three):
    first, second, third = crowd_of_three.values()
    crowd = hs.crowd(label_studio=real.url, token=TOKEN, project="killed")
    asked = questions(["a", "b"], people=2)
    desk = crowd.open(Run(0, "guided", 0))
    ids = desk.post(asked)
    answer(first, "v")
    real.kill()
    time.sleep(1.1)
    before = desk.poll()  # waits for it
    real.start()
    answer(second)
    answer(second, "v")
    again = crowd.open(Run(0, "guided", 0))
    assert again.post(asked) == ids
    answer(third)
    time.sleep(1.1)
    for told in (again.poll(), before + desk.poll()):
        assert len(told) == 4
        assert {(one.person, ids.index(one.question)) for one in told} == {
            (f"p{first.number}", 0),
            (f"p{second.number}", 0),
            (f"p{second.number}", 1),
            (f"p{third.number}", 1),
        }
    assert all(answer(one) is None for one in crowd_of_three.values())


def test_what_is_given_up_is_asked_of_nobody(real, crowd_of_three):
    first, second, _ = crowd_of_three.values()
    crowd = hs.crowd(
        label_studio=real.url, token=TOKEN, project="late", deadline_s=0.01
    )
    desk = crowd.open(Run(0, "guided", 0))
    desk.post(questions(["a", "b"], people=2))
    task = answer(first)["id"]
    time.sleep(1.1)
    found = desk.poll()
    assert [one.person for one in found] == [f"p{first.number}"] + [NOBODY] * 3
    assert answer(second) is None
    second.hand_in(task, people.result_of("label", ["u", "v"], 1))
    assert answer(second) is None  # late, and no reason to ask on
    again = crowd.open(Run(0, "guided", 0))
    again.post(questions(["a", "b"], people=2))
    assert again.poll() == found


def test_a_thousand_questions_are_put_and_looked_at(real, record_testsuite_property):
    crowd = hs.crowd(label_studio=real.url, token=TOKEN, project="many")
    desk = crowd.open(Run(0, "guided", 0))
    begin = time.monotonic()
    ids = desk.post(questions(range(1000), content=["words"] * 1000))
    put_s = time.monotonic() - begin
    assert len(set(ids)) == 1000
    looks = []
    for _ in range(5):
        time.sleep(1.1)
        begin = time.monotonic()
        assert desk.poll() == []
        looks.append(time.monotonic() - begin)
    record_testsuite_property("put_s", put_s)
    record_testsuite_property("look_s", sorted(looks)[2])


def talk(url, token, person):
    """Put the same requests to a server; return what it answers with, told apart."""
    owner = people.Account(url, token, 1)
    page = Page("label", ("text",), ("u", "v"), 2)
    settings = Projects(Server(url, token), "talk")._settings(page)
    number = owner.send("POST", "/api/projects/", settings)[1]["id"]
    rows = [{"data": {"question": f"q{n}", "part0": "words"}} for n in range(2)]
    found = [owner.send("POST", f"/api/projects/{number}/import", rows)]
    broken = [{"data": {"question": "q"}}]
    found.append(owner.send("POST", f"/api/projects/{number}/import", broken))
    tasks = f"/api/tasks?project={number}&fields=all&page=1&page_size=1&query="
    every = urllib.parse.quote(json.dumps({"ordering": ["tasks:id"]}))
    found.append(owner.send("GET", tasks + every))
    task = found[-1][1]["tasks"][0]["id"]
    found.append(owner.send("GET", tasks.replace("page=1", "page=9") + every))
    found.append(person.send("GET", f"/api/projects/{number}/next/"))
    result = people.result_of("label", ["u", "v"], 1)
    told = {"result": result, "lead_time": 1.5}
    found.append(person.send("POST", f"/api/tasks/{task}/annotations/", told))
    found.append(owner.send("GET", tasks + every))
    seen = found[-1][1]["tasks"][0]["updated_at"]
    changed = {"filter": "filter:tasks:updated_at", "operator": "greater"}
    changed |= {"type": "Datetime", "value": seen}
    later = urllib.parse.quote(
        json.dumps({"filters": {"conjunction": "and", "items": [changed]}})
    )
    closed = {"overlap": 0, "is_labeled": True, "meta": {"given_up": 1}}
    found.append(owner.send("PATCH", f"/api/tasks/{task + 1}/", closed))
    found.append(owner.send("GET", tasks + later))
    found.append(person.send("GET", f"/api/projects/{number}/next/"))
    listed = "/api/projects/?page=1&page_size=1&include=id,description"
    status, told = owner.send("GET", listed)
    found.append((status, told["results"][0]))
    found.append(owner.send("DELETE", f"/api/projects/{number}/"))
    return [(status, shape(told)) for status, told in found]


def shape(told):
    """Return the names and the types of what is told, down to the last."""
    if isinstance(told, dict):
        return {name: shape(value) for name, value in told.items()}
    if isinstance(told, list):
        return [shape(one) for one in told]
    return type(told).__name__


def assert_within(less, more, where):
    """See that all that one server tells the other tells too, of the same types."""
    if isinstance(less, dict):
        assert isinstance(more, dict), where
        for name, value in less.items():
            assert name in more, (where, name)
            assert_within(value, more[name], (*where, name))
    elif isinstance(less, list):
        assert len(less) == len(more), where
        for place, pair in enumerate(zip(less, more, strict=True)):
            assert_within(*pair, (*where, place))
    else:
        assert less == more, where


def test_the_server_of_the_other_tests_answers_as_the_real_one(real, crowd_of_three):
    fake = FakeLabelStudio()
    fake.start()
    other = people.Account(fake.url, *fake.add_person())
    ours = talk(fake.url, ADMIN, other)
    fake.stop()
    theirs = talk(real.url, TOKEN, crowd_of_three["p0"])
    assert [status for status, _ in ours] == [status for status, _ in theirs]
    for place, ((_, less), (_, more)) in enumerate(zip(ours, theirs, strict=True)):
        assert_within(less, more, (place,))
