"""Whatever fails between a participant and a loop: no answer lost, none counted twice.

A small world is drawn by a seed: people who answer, on a desk whose server and loop are
killed within transactions and started again, whose clock goes back, whose network loses
what was done, and whose people send answers twice, in two tabs, too late, or to what is
not theirs.
"""

import asyncio
import random
from collections import Counter
from contextlib import contextmanager

import httpx2
import pytest

from hitl_sim.session.desk.page.store import Store

from .conftest import ADDRESS, Place, questions

ITEMS, EACH, TEAM = 8, 3, 5
WORLDS, FAULTS = 5, 1_000
LEASE_S = 600.0


class KilledError(Exception):
    """The process ends here."""


class Killable(Store):
    """A file whose process is killed before or after a transaction is whole."""

    end = None
    # processes are killed here, machines are not: no need to wait for the disk
    _sync = ("OFF", "OFF")

    @contextmanager
    def writing(self, **given):
        end, self.end = self.end, None
        with super().writing(**given) as db:
            yield db
            if end == "before":
                raise KilledError
        if end == "after":
            raise KilledError


class Direct:
    """A client in the thread of its application, for thousands of requests."""

    def __init__(self, app, loop):
        self._loop = loop
        transport = httpx2.ASGITransport(app)
        self._client = httpx2.AsyncClient(transport=transport, base_url=ADDRESS)

    def post(self, *given, **named):
        return self._loop.run_until_complete(self._client.post(*given, **named))


class World:
    """A desk, its people and its loop, with all that was ever answered."""

    def __init__(self, folder, clock, seed):
        self.dice, self.clock = random.Random(seed), clock
        self.runner = asyncio.new_event_loop()
        self.place = Place(folder, clock, Killable, lease_s=LEASE_S)
        self.people = self.place.invite(TEAM)
        self.connect()
        for person in self.people:
            person.agree()
        self.tabs = {person.token: [] for person in self.people}
        self.sent, self.taken = {}, {}
        self.faults, self.rounds, self.is_over = Counter(), 1, False
        self.start_loop()

    def start_loop(self):
        """Begin the loop again: it posts what it posted, and gets all it had."""
        self.got, self.ids, number = [], [], self.rounds
        self.loop, self.rounds = self.place.desk(), 0
        for _ in range(number):
            self.post()
            # a round that was answered before the kill is over at once
            self.got += self.loop.poll()

    def post(self):
        """Ask about one more round of items."""
        begin = self.rounds * ITEMS
        items = range(begin, begin + ITEMS)
        asked = questions(items, people=EACH, content=[f"Text {i}" for i in items])
        self.ids += self.loop.post(asked)
        self.rounds += 1

    def poll(self):
        """Take what came; a loop goes on once a round has all its answers."""
        self.got += self.loop.poll()
        if len(self.got) == EACH * len(self.ids) and not self.is_over:
            self.post()

    def start_server(self):
        before = self.kept_time()
        self.place.begin()
        assert self.place.store.now() >= before
        self.connect()
        self.start_loop()

    def connect(self):
        client = Direct(self.place.client.app, self.runner)
        for person in self.people:
            person.client = client

    def kept_time(self):
        with self.place.store.reading() as db:
            return self.place.store._fact(db, "clock")

    def look(self, person):
        """Open a tab, or look at one again."""
        told = person.next()
        if told["state"] == "question":
            self.tabs[person.token].append(told["question"]["assignment"])
            return self.tabs[person.token][-1]
        return None

    def send(self, person, name, said):
        """Answer, and remember what the server said that it took."""
        response = person.answer(name, said)
        if response.status_code != 200:
            return response
        if response.json()["taken"]:
            assert name not in self.taken
            self.taken[name] = said
        self.sent.setdefault(name, (person, said))
        return response

    def answered(self):
        person = self.dice.choice(self.people)
        if (name := self.look(person)) is not None:
            self.send(person, name, self.dice.randrange(3))

    def duplicate(self):
        if not self.sent:
            return
        name, (person, said) = self.dice.choice(list(self.sent.items()))
        again = self.dice.choice([said, (said + 1) % 3, None])
        assert not self.send(person, name, again).json()["taken"]
        self.faults["duplicate"] += 1

    def two_tabs(self):
        person = self.dice.choice(self.people)
        first, second = self.look(person), self.look(person)
        assert first == second
        if first is not None:
            one = self.send(person, first, 0).json()["taken"]
            assert one
            assert not self.send(person, second, 2).json()["taken"]
            self.faults["two tabs"] += 1

    def not_theirs(self):
        own, other = self.dice.sample(self.people, 2)
        if (name := self.look(own)) is not None:
            assert self.send(other, name, 1).status_code == 404
            self.faults["not theirs"] += 1

    def late(self):
        """Leave a question until it is given to others, and answer it then."""
        person = self.dice.choice(self.people)
        if (name := self.look(person)) is not None:
            self.clock.pass_by(2.0 * LEASE_S)
            for _ in range(2 * TEAM):
                self.answered()
            if name not in self.sent:
                self.send(person, name, self.dice.randrange(3))
            self.faults["late"] += 1

    def cut(self):
        """Lose the response, or the whole request; the page sends it again."""
        person = self.dice.choice(self.people)
        if (name := self.look(person)) is None:
            return
        said = self.dice.randrange(3)
        # a request is two transactions: the answer, and the next question
        end = self.dice.choice(["before", "after"])
        self.place.store.end = end
        with pytest.raises(KilledError):
            person.answer(name, said)
        self.start_server()
        taken = person.answer(name, said).json()["taken"]
        assert taken == (end == "before")
        self.taken[name], self.sent[name] = said, (person, said)
        self.faults[f"server killed {end} an answer was whole"] += 1

    def loop_killed(self):
        self.loop._store.end = self.dice.choice(["before", "after"])
        try:
            self.poll()
            self.loop.close()
        except KilledError:
            self.faults["loop killed"] += 1
        self.start_loop()

    def clock_back(self):
        self.clock.wall -= self.dice.uniform(1.0, 5e5)
        self.faults["clock back"] += 1
        if self.dice.random() < 0.3:
            self.start_server()

    def restart(self):
        self.start_server()
        self.faults["restart"] += 1

    def step(self):
        self.clock.pass_by(self.dice.uniform(0.0, 30.0))
        self.dice.choice(
            [
                *(self.answered, self.duplicate, self.duplicate, self.two_tabs),
                *(self.not_theirs, self.late, self.cut, self.loop_killed),
                *(self.clock_back, self.restart, self.duplicate),
            ]
        )()
        if self.dice.random() < 0.5:
            self.poll()


@pytest.mark.parametrize("seed", range(WORLDS))
def test_no_answer_is_lost_and_none_counts_twice(tmp_path, clock, seed):
    world = World(tmp_path / "desk", clock, seed)
    while sum(world.faults.values()) <= FAULTS / WORLDS:
        world.step()
    world.is_over = True
    for _ in range(10 * ITEMS):
        world.clock.pass_by(1.0)
        world.answered()
    world.poll()
    assert len(world.faults) == 9
    # every question has its answers, each by somebody else
    asked = Counter(one.question for one in world.got)
    assert asked == dict.fromkeys(world.ids, EACH)
    assert len({(one.question, one.person) for one in world.got}) == len(world.got)
    with world.place.store.reading() as db:
        rows = db.execute("SELECT assignment, said, is_late FROM answer").fetchall()
    kept = {row["assignment"]: row for row in rows}
    # all that was told to be taken is there, as it was said first, once
    assert len(kept) == len(rows)
    assert {name: str(said) for name, said in world.taken.items()} == {
        name: row["said"] for name, row in kept.items()
    }
    # and whatever is not late came to the loop, which has nothing else
    in_time = [int(row["said"]) for row in rows if not row["is_late"]]
    assert Counter(one.said for one in world.got) == Counter(in_time)
    assert any(row["is_late"] for row in rows)
    # a loop that begins again gets the same, and asks nobody
    before = sorted((one.question, one.person, one.said) for one in world.got)
    world.start_loop()
    again = sorted((one.question, one.person, one.said) for one in world.got)
    assert before == again
    assert all(person.next()["state"] == "wait" for person in world.people)
    world.place.stack.close()
    world.runner.close()
