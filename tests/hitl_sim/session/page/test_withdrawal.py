"""Who withdraws is deleted, on the desk and in results; both say that it was so."""

import json

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

import hitl_sim as hs
from hitl_sim.cli import app
from hitl_sim.session.desk.page.settings import CONSENT

from .conftest import RUN, questions


@pytest.fixture
def asked(place):
    """Three people of whom the first two have answered both questions."""
    desk = place.desk()
    desk.post(questions(["a", "b"], people=2))
    people = place.invite(3)
    for person in people[:2]:
        name = person.agree()["question"]["assignment"]
        for said in (1, 2):
            told = person.answer(name, said).json()
            name = told.get("question", {}).get("assignment")
    return desk, people


def test_answers_times_and_link_are_deleted_and_others_are_asked(place, asked):
    desk, (gone, _, third) = asked
    third.agree()
    assert third.next()["state"] == "wait"
    assert gone.post("withdraw").status_code == 400
    assert gone.post("withdraw", {"confirm": True}).json()["state"] == "withdrawn"
    assert gone.post("next").status_code == 404
    with place.store.reading() as db:
        for table in ("answer", "assignment"):
            (left,) = db.execute(
                f"SELECT count(*) FROM {table} WHERE person = 1"
            ).fetchone()
            assert left == 0
    assert third.next()["state"] == "question"
    assert {a.person for a in desk.poll()} == {"p1"}
    told = hs.desk.participants(place.folder)
    assert [one["participant"] for one in told["participants"]] == ["p1", "p2"]
    (withdrawn,) = told["withdrawn"]
    assert (withdrawn["participant"], withdrawn["answers_deleted"]) == ("p0", 2)
    # their number is nobody else's
    place.invite(1)
    assert hs.desk.participants(place.folder)["participants"][-1]["participant"] == "p3"


def test_nothing_deleted_is_left_in_the_file(place):
    place.desk().post(questions(["a"], "marks", options=["u", "v"]))
    (mine,) = place.invite(1)
    name = mine.agree()["question"]["assignment"]
    mine.answer(name, [1, 0])
    place.store.settle()
    kept = (place.folder / "desk.sqlite").read_bytes()
    assert name.encode() in kept
    mine.post("withdraw", {"confirm": True})
    files = list(place.folder.glob("desk.sqlite*"))
    assert name.encode() not in b"".join(path.read_bytes() for path in files)


@pytest.fixture
def session(open_session, place, monkeypatch):
    """A session whose three people have answered, and that has ended."""
    people = place.invite(3)
    crowd = hs.crowd(page=place.folder)
    with open_session(crowd=crowd) as session:
        for arm in session.runs({"control": "control", "guided": "arm"}):
            with arm:
                if arm.role == "arm":
                    # what will be asked is asked beforehand, by a loop that was killed
                    crowd.open(RUN).post(questions(["a", "b"], people=3))
                    for person in people:
                        told = person.agree()
                        while told["state"] == "question":
                            name = told["question"]["assignment"]
                            told = person.answer(name, 2).json()
                    found = arm.ask("relevance", ["a", "b"], people=3)
                    assert found.is_answered.all()
                for step in range(1, 4):
                    with arm.work("train"):
                        pass
                    arm.report(step=step, accuracy=0.1 * step)
    return session, people


def test_results_lose_the_answers_and_say_so(session, place, tmp_path):
    session, people = session
    (path,) = (session.out / "answers").iterdir()
    assert pq.read_table(path).num_rows == 6
    records = {p: p.read_bytes() for p in (session.out / "records").iterdir()}
    assert "withdrew" not in hs.open_results(session.out).result.note
    people[1].post("withdraw", {"confirm": True})
    hs.Session.resume(session.out, meters=[])
    assert set(pq.read_table(path)["annotator"].to_pylist()) == {"p0", "p2"}
    note = hs.open_results(session.out).result.note
    assert "1 participant withdrew after 2 answers in 1 run" in note
    # then another, of a session that nobody opens any more
    ran = CliRunner().invoke(
        app,
        [
            *("participants", str(place.folder), "--withdraw", "p0"),
            *("--erase", str(session.out), "--export", str(tmp_path / "board.json")),
        ],
    )
    assert ran.exit_code == 0, ran.output
    assert "2 answers of 1 run were deleted" in " ".join(ran.output.split())
    assert set(pq.read_table(path)["annotator"].to_pylist()) == {"p2"}
    note = hs.open_results(session.out).result.note
    assert "2 participants withdrew after 4 answers in 1 run" in note
    assert note.count("withdrew") == 1
    # opened again, it says the same; what was counted stays
    hs.Session.resume(session.out, meters=[])
    assert hs.open_results(session.out).result.note == note
    assert {p: p.read_bytes() for p in (session.out / "records").iterdir()} == records
    board = json.loads((tmp_path / "board.json").read_text())
    assert list(board["consent_texts"].values()) == [CONSENT]
    assert board["participants"][0]["answers"] == 2
    assert len(board["withdrawn"]) == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--withdraw", "p7"], "`--withdraw` must name a participant"),
        (["--withdraw", "7"], "`--withdraw` must name a participant"),
        (["--erase", "."], "`--erase` must be the folder of a session"),
    ],
)
def test_who_or_what_is_not_there_is_refused(place, words, said):
    ran = CliRunner().invoke(app, ["participants", str(place.folder), *words])
    assert ran.exit_code == 2
    assert said in " ".join(ran.output.split())


def test_a_folder_that_is_no_desk_is_refused(tmp_path):
    ran = CliRunner().invoke(app, ["participants", str(tmp_path)])
    assert ran.exit_code == 2
    assert "must be the folder of a desk" in " ".join(ran.output.split())
    assert not list(tmp_path.iterdir())
