"""Who is asked what on a page, and what comes of it."""

import numpy as np
import pytest

from hitl_sim.session.desk import Run
from hitl_sim.session.desk.page import participant
from hitl_sim.session.desk.page.asking import NOBODY, PageDesk
from hitl_sim.session.desk.page.shown import shown
from hitl_sim.session.error import SessionError

from .conftest import RUN, Person, Place, questions


@pytest.fixture
def team(place):
    people = place.invite(3)
    for person in people:
        person.agree()
    return people


def text_of(told):
    return told["question"]["parts"][0]["text"]


def test_a_question_goes_to_as_many_people_as_it_asks_for(place, team):
    desk = place.desk()
    ids = desk.post(questions(["a", "b"], people=2))
    one, two, three = (person.next() for person in team)
    assert [text_of(told) for told in (one, two, three)] == ["a", "a", "b"]
    for person, told in zip(team, (one, two, three), strict=True):
        person.answer(told["question"]["assignment"], 2, confidence=0.75)
    assert text_of(team[0].next()) == "b"
    assert team[1].next()["state"] == "wait"
    found = [(a.question, a.person, a.said, a.confidence) for a in desk.poll()]
    assert found == [
        (ids[0], "p0", 2, 0.75),
        (ids[0], "p1", 2, 0.75),
        (ids[1], "p2", 2, 0.75),
    ]
    assert desk.poll() == []


def test_second_asks_come_after_all_first_ones_and_from_the_same_people(place, team):
    desk = place.desk()
    desk.post(questions(["a", "b"], people=1, asks=2))
    seen = []
    for _ in range(4):
        told = team[0].next()
        seen.append(text_of(told))
        team[0].answer(told["question"]["assignment"], 1)
        # who has begun goes on: the second asks are nobody else's
        assert len(seen) < 2 or team[1].next()["state"] == "wait"
    assert seen == ["a", "b", "a", "b"]
    assert [a.occasion for a in desk.poll()] == [0, 0, 1, 1]
    assert team[0].next()["state"] == "wait"


def test_an_item_met_in_another_run_comes_last_and_is_another_occasion(place, team):
    first = place.desk()
    first.post(questions(["a"]))
    team[0].answer(team[0].next()["question"]["assignment"], 1)
    assert len(first.poll()) == 1
    desk = place.desk(Run(0, "other", 0))
    desk.post(questions(["a", "b"]))
    for text in ("b", "a"):
        told = team[0].next()
        assert text_of(told) == text
        team[0].answer(told["question"]["assignment"], 1)
    assert [a.occasion for a in desk.poll()] == [0, 1]


def test_a_question_without_a_sign_of_life_goes_to_somebody_else(place, team, clock):
    desk = place.desk()
    desk.post(questions(["a"]))
    name = team[0].next()["question"]["assignment"]
    clock.pass_by(0.9 * place.settings.lease_s)
    assert team[1].next()["state"] == "wait"
    team[0].post("beat", {"assignment": name})
    clock.pass_by(0.9 * place.settings.lease_s)
    assert team[1].next()["state"] == "wait"
    clock.pass_by(0.2 * place.settings.lease_s)
    other = team[1].next()["question"]["assignment"]
    assert team[0].next()["state"] == "wait"
    assert team[1].answer(other, 2).json()["taken"]
    # the first answers after all: it is kept, and counts for nothing
    assert team[0].answer(name, 0).json()["taken"]
    assert [(a.person, a.said) for a in desk.poll()] == [("p1", 2)]
    assert team[0].next()["answers"] == 1


def test_what_is_not_answered_by_the_deadline_is_given_up_once(place, team, clock):
    desk = place.desk(deadline_s=100.0)
    (name,) = desk.post(questions(["a"], people=3))
    own, late = (person.next()["question"]["assignment"] for person in team[:2])
    team[0].answer(own, 2)
    clock.pass_by(99.0)
    assert [a.person for a in desk.poll()] == ["p0"]
    clock.pass_by(2.0)
    given_up = [(a.question, a.person, a.said, a.seconds) for a in desk.poll()]
    assert given_up == [(name, NOBODY, None, 0.0)] * 2
    team[1].answer(late, 1)
    assert team[2].next()["state"] == "wait"
    assert desk.poll() == []
    # begun again, the run has the same answers
    again = place.desk(deadline_s=100.0)
    assert again.post(questions(["a"], people=3)) == [name]
    assert sorted(a.person for a in again.poll()) == [NOBODY, NOBODY, "p0"]
    assert again.poll() == []


def test_a_clock_that_goes_back_gives_nobody_more_time(place, team, clock):
    store = place.open_store()
    desk = PageDesk(store, RUN, 100.0)
    desk.post(questions(["a"]))
    clock.pass_by(60.0)
    assert team[0].next()["state"] == "question"
    clock.wall -= 1e6
    place.begin()
    mine = Person(place.client, team[0].token)
    assert mine.next()["state"] == "question"
    clock.pass_by(60.0)
    assert mine.next()["state"] == "wait"
    assert [a.person for a in desk.poll()] == [NOBODY]
    store.close()


def test_the_same_question_twice_is_asked_twice(place, team):
    desk = place.desk()
    first, second = desk.post(questions(["a"])), desk.post(questions(["a"]))
    assert first != second
    for _ in range(2):
        team[0].answer(team[0].next()["question"]["assignment"], 1)
    assert [(a.question, a.occasion) for a in desk.poll()] == [
        (first[0], 0),
        (second[0], 1),
    ]


def test_no_page_claims_more_time_than_has_passed(place, team, clock):
    desk = place.desk()
    desk.post(questions(["a", "b"]))
    name = team[0].next()["question"]["assignment"]
    clock.pass_by(4.0)
    team[0].answer(name, 1, seconds=3.25, wall_s=4.0, away_s=0.5)
    name = team[0].next()["question"]["assignment"]
    clock.pass_by(4.0)
    team[0].answer(name, 1, seconds=3_600.0, wall_s=3_600.0)
    assert [a.seconds for a in desk.poll()] == [3.25, 5.0]


def test_a_skip_is_an_answer_that_says_nothing(place, team):
    desk = place.desk()
    desk.post(questions(["a"]))
    team[0].answer(team[0].next()["question"]["assignment"], None)
    (found,) = desk.poll()
    assert (found.said, found.seconds, found.source) == (None, 1.0, "live")


def test_the_code_is_shown_when_there_is_nothing_to_do(tmp_path, place, team, clock):
    desk = place.desk()
    desk.post(questions(["a"]))
    assert team[1].next()["state"] == "question"
    told = team[0].next()
    assert told["state"] == "wait"
    assert "code" not in told  # nothing was answered yet
    name = team[1].next()["question"]["assignment"]
    own = team[1].answer(name, 1).json()["code"]
    desk.post(questions(["b"]))
    other = team[0].answer(team[0].next()["question"]["assignment"], 1).json()["code"]
    assert own != other
    assert team[1].next()["code"] == own


def test_one_code_for_all_and_an_end_for_each(tmp_path, clock):
    place = Place(tmp_path / "few", clock, code="C0DE", most_answers=1)
    place.desk().post(questions(["a", "b"]))
    (mine,) = place.invite(1)
    name = mine.agree()["question"]["assignment"]
    told = mine.answer(name, 1).json()
    assert (told["state"], told["code"]) == ("done", "C0DE")
    place.stack.close()


@pytest.fixture
def opened(tmp_path, clock):
    place = Place(tmp_path / "open", clock, open_link=True, most_people=2)
    yield place
    place.stack.close()


def test_whoever_comes_back_from_a_platform_is_the_same_participant(opened):
    code = participant.open_code(opened.store)

    def come(**given):
        body = {"code": code, "given": given}
        return opened.client.post("/api/join", json=body)

    first = come(PROLIFIC_PID="abc", STUDY_ID="s").json()["token"]
    assert come(PROLIFIC_PID="abc", STUDY_ID="t").json()["token"] == first
    second = come(workerId="abc").json()["token"]
    assert second != first
    # two are admitted, and a third is refused as a wrong link is
    assert come(participant="third").status_code == 404
    assert come(PROLIFIC_PID="abc").status_code == 200
    people = [Person(opened.client, token) for token in (first, second)]
    assert [one.next()["state"] for one in people] == ["consent"] * 2


def test_what_cannot_be_shown_is_refused_and_truth_is_never_kept(place):
    desk = place.desk()
    for given, words in (
        ({"items": [7]}, "`content` must be given where people answer on a page"),
        ({"content": [np.zeros((2, 2))]}, r"got an array of shape \(2, 2\)"),
        ({"kind": "preference", "items": [(1, 2)]}, "`content` must be given"),
    ):
        asked = questions(**{"items": ["a"]} | given)
        with pytest.raises(SessionError, match=words):
            desk.post(asked)
    desk.post(questions(["secret"], truth=[1]))
    with place.store.reading() as db:
        (row,) = db.execute("SELECT * FROM question").fetchall()
    assert "truth" not in str(dict(row))
    grey = shown(questions([3], content=[np.zeros((4, 4), np.uint8)])[0])
    assert grey["parts"][0]["picture"].startswith("data:image/png;base64,")
