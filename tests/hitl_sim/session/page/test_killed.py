"""Real processes of a desk and of its session, killed while people answer over HTTP."""

import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from hitl_sim.cache import cache_environment
from hitl_sim.session.desk.page.settings import CONSENT
from hitl_sim.session.desk.page.store import Store

from .killed_session import EACH, ITEMS, ROUNDS
from .test_same_answers import Play
from .test_serve import ROOT, start

SCRIPT = Path(__file__).with_name("killed_session.py")
ALL = ROUNDS * ITEMS * EACH
KILLS = 10


class Stubborn(threading.Thread):
    """People with two tabs each, who send again whatever got no reply."""

    def __init__(self, links, seed):
        super().__init__(daemon=True)
        self.play, self.dice = Play(links, {}), random.Random(seed)
        self.taken, self.stop, self.error = {}, threading.Event(), None

    def send(self, person, path, **body):
        _, address, token = person
        while not self.stop.is_set():
            try:
                return self.play.post(address, token, path, **body)
            except urllib.error.HTTPError as error:
                if error.code != 429:
                    raise
            except OSError:
                pass  # the server is gone, or went while it answered
            time.sleep(0.05)
        return {"state": "over"}

    def run(self):
        try:
            for person in self.play.people:
                self.send(person, "consent", consent=CONSENT)
            while not self.stop.is_set():
                self.answer(self.dice.choice(self.play.people))
        except Exception as error:
            self.error = repr(error)

    def answer(self, person):
        """Look in two tabs, and answer in both, each with something else."""
        tabs = [self.send(person, "next") for _ in range(2)]
        if any(tab["state"] != "question" for tab in tabs):
            time.sleep(0.01)
            return
        names = [tab["question"]["assignment"] for tab in tabs]
        assert names[0] == names[1]
        times = dict.fromkeys(("seconds", "wall_s", "away_s"), 0.5)
        said = self.dice.sample(range(3), 2)
        for name, one in zip(names, said, strict=True):
            told = self.send(person, "answer", assignment=name, said=one, **times)
            if told.get("taken"):
                # one that a dead server took told nobody: its second try is not taken
                assert name not in self.taken
                self.taken[name] = one


def begin_session(out, desk):
    env = {**os.environ, **cache_environment(), "PYTHONPATH": str(ROOT)}
    return subprocess.Popen([sys.executable, str(SCRIPT), str(out), str(desk)], env=env)


def counted(store):
    with store.reading() as db:
        (number,) = db.execute("SELECT count(*) FROM answer").fetchone()
    return number


@pytest.mark.slow
@pytest.mark.study
def test_no_answer_is_lost_or_counted_twice_over_ten_kills(tmp_path):
    dice = random.Random(26)
    moments = sorted(dice.sample(range(1, ALL - 1), KILLS))
    victims = [dice.choice(["desk", "session"]) for _ in moments]
    assert len(set(victims)) == 2
    out, folder = tmp_path / "out", tmp_path / "desk"
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    desk, text = start(folder, port, "--invite", str(EACH))
    words = text.split()
    links = {f"p{i}": word for i, word in enumerate(w for w in words if "/#" in w)}
    people, store = Stubborn(links, 1), Store(folder)
    session = begin_session(out, folder)
    people.start()
    try:
        for moment, victim in zip(moments, victims, strict=True):
            while counted(store) < moment and people.error is None:
                assert session.poll() is None
                time.sleep(0.002)
            if victim == "desk":
                os.kill(desk.pid, signal.SIGKILL)
                desk.wait()
                desk, _ = start(folder, port)
            else:
                os.kill(session.pid, signal.SIGKILL)
                assert session.wait() == -signal.SIGKILL
                session = begin_session(out, folder)
        assert session.wait(timeout=300) == 0
    finally:
        people.stop.set()
        people.join(30)
        for process in (desk, session):
            process.kill()
            process.wait()
    assert people.error is None
    # every person was asked everything once, and what they said came to the session
    (path,) = (out / "answers").glob("*.parquet")
    rows = pq.read_table(path).to_pylist()
    each = {(row["annotator"], row["item"]) for row in rows}
    assert len(rows) == len(each) == ALL == counted(store)
    with store.reading() as db:
        kept = db.execute(
            "SELECT a.assignment, a.said, q.item, a.person, a.is_late FROM answer a "
            "JOIN question q ON q.number = a.question"
        ).fetchall()
    store.close()
    assert not any(row["is_late"] for row in kept)
    said = {(f"p{row['person'] - 1}", row["item"]): row["said"] for row in kept}
    assert said == {(row["annotator"], row["item"]): row["answer"] for row in rows}
    # all that a page was told is taken is there, as it was said
    by_name = {row["assignment"]: int(row["said"]) for row in kept}
    assert by_name.items() >= people.taken.items()
    # an answer per kill of the desk, at most, whose reply was lost
    assert len(people.taken) >= ALL - KILLS
    table = pq.read_table(out / "results.parquet").to_pylist()
    (row,) = (row for row in table if row["arm"] == "guided")
    assert row["asked"][-1] == row["answered"][-1] == ALL
