"""Real people beside simulated ones: each question goes to both, told apart."""

import threading

import pyarrow.parquet as pq
import pytest

import hitl_sim as hs
from hitl_sim.session.desk import Run
from hitl_sim.session.desk.mixed import MixedDesk
from hitl_sim.session.error import SessionError
from hitl_sim.session.question import Answer, build_questions

from .conftest import train

RUN = Run(0, "guided", 0)


class Desk:
    """Keeps what it was asked, and answers what it is told to."""

    def __init__(self, source="live", leaves_out=()):
        self.asked, self.given, self.is_closed = [], [], False
        self.source, self.leaves_out = source, leaves_out

    def post(self, questions):
        begin = len(self.asked)
        self.asked += questions
        ids = [f"{id(self)} {begin + i}" for i in range(len(questions))]
        return [
            None if question.item in self.leaves_out else name
            for question, name in zip(questions, ids, strict=True)
        ]

    def say(self, number, person, said):
        name = f"{id(self)} {number}"
        self.given.append(Answer(name, person, said, 2.0, source=self.source))

    def poll(self):
        given, self.given = self.given, []
        return given

    def close(self):
        self.is_closed = True


def ask(items, people=3, truth=1):
    return build_questions(
        "relevance", items, people=people, truth=[truth] * len(items)
    )


def test_each_question_goes_to_some_of_both():
    real, simulated = Desk(), Desk("simulated")
    desk = MixedDesk(real, simulated, 1)
    ids = desk.post(ask(["a", "b"]))
    assert [q.people for q in real.asked] == [1, 1]
    assert [q.people for q in simulated.asked] == [2, 2]
    # what is right is for simulated people alone
    assert [q.truth for q in real.asked] == [None, None]
    assert [q.truth for q in simulated.asked] == [1, 1]
    real.say(1, "p0", 2)
    simulated.say(1, "p0", 0)
    found = {(a.question, a.person, a.said, a.source) for a in desk.poll()}
    assert found == {(ids[1], "p0", 2, "live"), (ids[1], "s0", 0, "simulated")}
    assert desk.poll() == []
    # the next round's ids are its own
    assert not set(desk.post(ask(["c"]))) & set(ids)
    desk.close()
    assert real.is_closed
    assert simulated.is_closed


def test_where_few_are_asked_all_are_real():
    real, simulated = Desk(), Desk("simulated")
    desk = MixedDesk(real, simulated, 2)
    (name,) = desk.post(ask(["a"], people=2))
    assert (real.asked[0].people, simulated.asked) == (2, [])
    real.say(0, "p0", 1)
    assert [a.question for a in desk.poll()] == [name]


def test_what_one_of_both_leaves_out_is_not_asked():
    real, simulated = Desk(leaves_out=("a",)), Desk("simulated")
    desk = MixedDesk(real, simulated, 1)
    assert desk.post(ask(["a", "b"]))[0] is None
    simulated.say(0, "p1", 1)
    assert desk.poll() == []


@pytest.mark.parametrize(
    ("real", "simulated", "number", "words"),
    [
        ({}, {}, 1, "`real` must be people who are not simulated"),
        ({"page": "x"}, {"page": "y"}, 1, "`simulated` must be a population"),
        ({"page": "x"}, {}, 0, "`real_people` must be a whole number >= 1, got 0"),
        ({"page": "x"}, {}, 1.5, "`real_people` must be a whole number >= 1, got 1.5"),
    ],
)
def test_crowds_that_cannot_be_mixed(real, simulated, number, words):
    with pytest.raises(SessionError, match=words):
        hs.crowd.mixed(hs.crowd(**real), hs.crowd(**simulated), real_people=number)


def test_a_session_tells_them_apart_everywhere(open_session, played, tmp_path):
    crowd = hs.crowd.mixed(
        hs.crowd(page=tmp_path / "desk"), hs.crowd("typical", size=3), real_people=1
    )
    stop = threading.Event()
    person = threading.Thread(
        target=played.play, args=(tmp_path / "desk", stop.is_set, 1)
    )
    person.start()
    try:
        with open_session(crowd=crowd) as session:
            for arm in session.runs({"control": "control", "guided": "arm"}):
                with arm:
                    if arm.role == "arm":
                        own = {"content": ["a", "b", "c"], "truth": [1, 0, 1]}
                        given = arm.ask("relevance", [3, 5, 7], people=3, **own)
                    train(arm)
    finally:
        stop.set()
        person.join(10)
    assert given.is_answered.sum() == (given.answer >= 0).sum()
    assert {name[0] for name in given.person.ravel()} == {"p", "s"}
    (path,) = (session.out / "answers").iterdir()
    told = pq.read_table(path).to_pylist()
    assert [(row["source"], row["annotator"]) for row in told].count(
        ("live", "p0")
    ) == 3
    assert sum(row["source"] == "simulated" for row in told) == 6
    table = pq.read_table(session.out / "results.parquet").to_pylist()
    (row,) = (row for row in table if row["arm"] == "guided")
    assert (row["replayed"], row["modelled"]) == (3, 6)
    assert row["population"] == "desk and simulated typical"
    # a folder opens as it was opened
    again = hs.Session.resume(session.out, meters=[])
    assert again.crowd == crowd
    assert "simulated people answer beside them" in session.results().words.caution
