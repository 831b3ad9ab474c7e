"""One session has the same records, whoever is asked: simulated people in process, and
real ones over HTTP on the page and in Label Studio."""

import json
import threading
import time
import urllib.request

import pytest
from desk_kit import label_studio_people as people
from desk_kit.fake_label_studio import ADMIN, FakeLabelStudio
from desk_kit.same_session import DEADLINE_S, SIZE, assert_same, run

import hitl_sim as hs
from hitl_sim.session.desk.label_studio import asking
from hitl_sim.session.desk.page.settings import CONSENT
from hitl_sim.session.desk.page.shown import item_name, shown


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


@pytest.fixture(scope="module")
def before(tmp_path_factory):
    """Return a run with simulated people: those who ask real ones are held to it."""
    out = tmp_path_factory.mktemp("simulated") / "out"
    crowd, target = hs.crowd("typical", size=SIZE), hs.target(smoothing=1)
    with hs.Session(out, crowd=crowd, target=target, meters=[]) as session:
        return run(session)


def test_answers_on_the_page_are_the_same_but_for_the_clock(
    before, open_session, served
):
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
    assert_same(before, after)


def test_answers_in_label_studio_are_the_same_but_for_the_clock(
    before, open_session, monkeypatch
):
    monkeypatch.setattr(asking, "POLL_S", 0.01)
    fake = FakeLabelStudio()
    fake.start()
    # their accounts are numbered otherwise than the simulated people
    made = {f"p{n}": people.Account(fake.url, *fake.add_person()) for n in range(SIZE)}
    play = people.Play(made, people.scripts(before), pause_s=0.05)
    play.start()
    crowd = hs.crowd(
        label_studio=fake.url, token=ADMIN, project="same", deadline_s=DEADLINE_S
    )
    with open_session("label_studio", crowd=crowd) as session:
        after = run(session)
    play.is_over.set()
    play.join(10)
    fake.stop()
    assert play.error is None
    assert not any(play.told.values())
    assert_same(before, after, {f"p{one.number}": name for name, one in made.items()})
