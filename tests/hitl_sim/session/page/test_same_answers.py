"""One session, asked in process and on the page over HTTP, has the same records."""

import json
import threading
import time
import urllib.request

import numpy as np
import pyarrow.parquet as pq
import pytest

import hitl_sim as hs
from hitl_sim.session.desk.page.settings import CONSENT
from hitl_sim.session.desk.page.shown import item_name, shown

SIZE = 3
DEADLINE_S = 30.0
"""After which the loop goes on alone, should people fail to come."""
ITEMS = [f"item {i}" for i in range(6)]
OTHERS = [f"other {i}" for i in range(3)]
# everybody is asked: else it hangs on who comes, and not on what they say
ROUNDS = (
    ("label", ITEMS, {"options": ["u", "v", "w"], "truth": [0, 1, 2] * 2, "people": 3}),
    (
        "label",
        OTHERS[:3],
        {"options": ["u", "v", "w"], "truth": [0, 1, 2], "people": 3},
    ),
    ("relevance", ITEMS, {"truth": [0, 1] * 3, "people": 3}),
    ("relevance", OTHERS[:2], {"truth": [0, 1], "people": 3, "asks": 2}),
    (
        "verification",
        ITEMS[:3],
        {"options": 2, "suggestion": [0, 1, 1], "truth": [0, 0, 1], "people": 3},
    ),
    ("importance", ITEMS[:2], {"options": 3, "truth": [[1, 0, -1]] * 2, "people": 3}),
    ("marks", ITEMS[:1], {"options": 3, "truth": [[1, 0, -1]], "people": 3}),
    ("preference", [("x", "y")], {"truth": [[0.5, -0.5]], "people": 3}),
    ("difficulty", ITEMS[:1], {"truth": [0.3], "people": 3}),
)
CLOCK = {"worked_s", "paid_s", "wait_s", "elapsed_s"}
SOURCE = {"key", "replayed", "modelled", "untimed", "left_out"}


def run(session):
    """Ask about everything, learn from the answers, and return what was asked."""
    found = None
    for arm in session.runs({"control": "control", "guided": "arm"}):
        with arm:
            gain = 0.1
            if arm.role == "arm":
                for kind, items, given in ROUNDS:
                    answers = arm.ask(kind, items, **given)
                    gain += 0.001 * float(np.nanmean(answers.mean()))
                found = arm
            for step in range(1, 4):
                with arm.work("train", items=4):
                    pass
                arm.report(step=step, accuracy=gain * step)
    return found


def scripts(arm):
    """Return what each person says to what is shown, by person, in order."""
    told = {}
    for one in arm.people.rounds:
        for answer in one.answers:
            question = one.questions[answer.question]
            place = answer.person, question.kind, item_name(question)
            body = json.dumps(shown(question), sort_keys=True)
            told.setdefault((*place[:2], body), []).append(answer)
    return told


class Play(threading.Thread):
    """People who come in turn, and say over HTTP what they said in process."""

    def __init__(self, links, told):
        super().__init__(daemon=True)
        self.people = [
            (name, *link.split("/#")) for name, link in sorted(links.items())
        ]
        self.told = {place: list(answers) for place, answers in told.items()}
        self.is_over = threading.Event()
        self.error = None

    def post(self, address, token, path, **body):
        own = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        asked = urllib.request.Request(
            f"{address}/api/{path}", json.dumps(body).encode(), own
        )
        with urllib.request.urlopen(asked) as response:
            return json.load(response)

    def run(self):
        try:
            self.play()
        except Exception as error:
            self.error = repr(error)

    def play(self):
        for _, address, token in self.people:
            self.post(address, token, "consent", consent=CONSENT)
        while True:
            for name, address, token in self.people:
                told = self.post(address, token, "next")
                while told["state"] == "wait":
                    if self.is_over.is_set():
                        return
                    time.sleep(0.01)
                    told = self.post(address, token, "next")
                self.answer(name, address, token, told["question"])

    def answer(self, name, address, token, asked):
        body = {one: asked[one] for one in asked if one not in ("assignment", "ask")}
        place = name, asked["kind"], json.dumps(body, sort_keys=True)
        answer = self.told[place].pop(0)
        self.post(
            address,
            token,
            "answer",
            assignment=asked["assignment"],
            said=answer.said,
            confidence=answer.confidence,
            **dict.fromkeys(("seconds", "wall_s", "away_s"), answer.seconds),
        )


def same(one, other):
    return repr(one) == repr(other)  # NaN is what it is


@pytest.fixture
def both(tmp_path, open_session, served):
    with open_session("simulated", crowd=hs.crowd("typical", size=SIZE)) as session:
        before = run(session)
    desk = served(invite=SIZE)
    play = Play(desk.links, scripts(before))
    play.start()
    with open_session(
        "page", crowd=hs.crowd(page=desk.folder, deadline_s=DEADLINE_S)
    ) as session:
        after = run(session)
    play.is_over.set()
    play.join(10)
    assert play.error is None
    assert not any(play.told.values())
    return before, after


def test_answers_and_records_are_the_same_but_for_the_clock(both):
    before, after = both
    rounds = zip(before.people.rounds, after.people.rounds, strict=True)
    for (kind, _, _), (one, other) in zip(ROUNDS, rounds, strict=True):
        said = [
            [
                (r.questions[a.question].item, a.person, a.said, a.occasion)
                for a in r.answers
            ]
            for r in (one, other)
        ]
        assert said[0] == said[1], kind
        assert [a.confidence for a in one.answers] == [
            a.confidence for a in other.answers
        ]
    first, second = before.row(), after.row()
    assert first.keys() | SOURCE == second.keys() | SOURCE
    differ = {n for n in first if not same(first[n], second.get(n))}
    assert differ <= CLOCK | SOURCE
    assert second["replayed"] == sum(len(r.answers) for r in after.people.rounds)
    tables = [
        pq.read_table(next((arm._session.out / "answers").iterdir())).to_pylist()
        for arm in both
    ]
    for one, other in zip(*tables, strict=True):
        clock = {"seconds", "source"}
        assert {n: v for n, v in one.items() if n not in clock} == {
            n: v for n, v in other.items() if n not in clock
        }
        assert (one["source"], other["source"]) == ("simulated", "live")
