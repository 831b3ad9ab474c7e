"""What is not a participant's own is refused alike, and nothing foreign gets in."""

import json
import logging

import pytest
from starlette.testclient import TestClient

from hitl_sim.session.desk.page import participant, web
from hitl_sim.session.desk.page.settings import Settings

from .conftest import ADDRESS, JSON, Person, questions

PATHS = ("next", "consent", "answer", "beat", "withdraw")


@pytest.fixture
def asked(place):
    """Two people who agreed, each with a question."""
    place.desk().post(questions(["a", "b"]))
    people = place.invite(2)
    names = [one.agree()["question"]["assignment"] for one in people]
    return people, names


@pytest.mark.parametrize("path", PATHS)
def test_whatever_is_not_theirs_is_refused_alike(place, asked, path):
    (mine, other), (name, theirs) = asked
    told = {"said": 1, "seconds": 1.0, "wall_s": 1.0, "away_s": 0.0, "confirm": True}
    gone = place.invite(1)[0]
    gone.post("withdraw", {"confirm": True})
    found = [
        Person(place.client, token).post(path, told | {"assignment": name})
        for token in ("", "wrong", "x" * 43, gone.token, mine.token[:-1])
    ]
    if path in ("answer", "beat"):
        found += [
            mine.post(path, told | {"assignment": one}) for one in (theirs, "none")
        ]
    bare = place.client.post(f"/api/{path}", json=told)
    assert {(r.status_code, r.text) for r in [*found, bare]} == {
        (404, json.dumps({"error": web.REFUSED}, separators=(",", ":")))
    }
    # and nothing of it was done
    assert other.next()["question"]["assignment"] == theirs
    assert place.desk().poll() == []


def test_a_wrong_open_link_is_refused_as_a_wrong_link(place):
    for code in (participant.open_code(place.store), "wrong"):
        body = {"code": code, "given": {}}
        refused = place.client.post("/api/join", json=body)
        assert (refused.status_code, refused.json()["error"]) == (404, web.REFUSED)


def test_the_page_is_the_same_whatever_its_address_says(place):
    pages = {place.client.get(at).text for at in ("/", "/join/a", "/join/b?x=1")}
    assert len(pages) == 1


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"content-type": "application/x-www-form-urlencoded"}, 415),
        ({"content-type": "text/plain"}, 415),
        ({"host": "evil.example"}, 400),
    ],
)
def test_what_another_site_sends_is_refused(asked, headers, status):
    (mine, _), _ = asked
    assert mine.post("withdraw", {"confirm": True}, **headers).status_code == status
    assert mine.next()["state"] == "question"
    assert mine.post("next", origin=ADDRESS).status_code == 200


def test_ten_megabytes_are_refused(asked):
    (mine, _), (name, _) = asked
    assert mine.answer(name, 1, more="x" * 10_000_000).status_code == 413
    assert mine.next()["question"]["assignment"] == name


def test_ten_megabytes_without_a_length_are_not_taken_in(place, asked):
    (mine, _), _ = asked
    sent = []

    def pieces():
        for _ in range(160):
            sent.append(1)
            yield b"x" * 65_536

    own = {"authorization": f"Bearer {mine.token}", **JSON}
    refused = place.client.post("/api/answer", content=pieces(), headers=own)
    assert refused.status_code == 413


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b"1", b"\xff", b"[" * 5_000, b'{"a": NaN}x']
)
def test_what_is_no_json_object_is_refused(place, asked, body):
    (mine, _), _ = asked
    own = {"authorization": f"Bearer {mine.token}", **JSON}
    assert place.client.post("/api/next", content=body, headers=own).status_code == 400


@pytest.mark.parametrize(
    "told",
    [
        {"said": 3},
        {"said": -1},
        {"said": True},
        {"said": 1.0},
        {"said": "2"},
        {"said": [1]},
        {"said": 1, "seconds": -1.0},
        {"said": 1, "seconds": float("nan")},
        {"said": 1, "wall_s": "1"},
        {"said": 1, "away_s": None},
        {"said": 1, "confidence": 1.1},
        {"said": 1, "confidence": True},
    ],
)
def test_what_is_no_answer_is_refused_and_may_be_given_again(place, asked, told):
    (mine, _), (name, _) = asked
    own = {"authorization": f"Bearer {mine.token}", **JSON}
    body = {"assignment": name, "seconds": 1.0, "wall_s": 1.0, "away_s": 0.0} | told
    sent = json.dumps(body)
    refused = place.client.post("/api/answer", content=sent, headers=own)
    assert refused.status_code == 400
    assert mine.answer(name, 2).json()["taken"]


@pytest.mark.parametrize(
    ("kind", "bad", "good"),
    [
        ("importance", [[0, 1], [0, 0, 1], [0, 1, 3], 1], [2, 0, 1]),
        ("marks", [[1, 0], [2, 0, 0], 0], [1, 0, 1]),
        ("label", [[0], 3], 2),
    ],
)
def test_rankings_and_marks_must_be_whole(place, kind, bad, good):
    desk = place.desk()
    desk.post(questions(["x"], kind, options=["u", "v", "w"]))
    (mine,) = place.invite(1)
    name = mine.agree()["question"]["assignment"]
    assert [mine.answer(name, one).status_code for one in bad] == [400] * len(bad)
    assert mine.answer(name, good).json()["taken"]
    (found,) = desk.poll()
    assert found.said == (tuple(good) if isinstance(good, list) else good)


def test_a_script_in_content_or_title_stays_text(tmp_path, place, clock):
    evil = "</script><script>alert(1)</script><img src=x onerror=alert(1)>"
    place.desk().post(questions([evil]))
    (mine,) = place.invite(1)
    assert mine.agree()["question"]["parts"] == [{"text": evil}]
    settings = Settings(title=evil, instructions=evil, contact=evil)
    client = TestClient(
        web.Desk(place.store, settings, ["127.0.0.1"]).app(), base_url=ADDRESS
    )
    page = client.get("/")
    assert "<script>alert" not in page.text
    assert "<img" not in page.text
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    script = client.get("/page.js").text
    assert not any(bad in script for bad in ("innerHTML", "document.write", "eval("))


def test_nothing_is_kept_by_browsers_or_told_to_other_sites(asked, place):
    (mine, _), _ = asked
    for response in (place.client.get("/"), mine.post("next"), place.client.get("/x")):
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["referrer-policy"] == "no-referrer"
        assert "set-cookie" not in response.headers


def test_nothing_that_identifies_is_logged_or_stored(place, caplog, tmp_path):
    caplog.set_level(logging.DEBUG)
    place.settings = Settings(open_link=True)
    place.begin()
    body = {"code": participant.open_code(place.store)}
    body["given"] = {"PROLIFIC_PID": "5f00c0ffee", "SESSION_ID": "s1"}
    token = place.client.post("/api/join", json=body).json()["token"]
    mine = Person(place.client, token)
    mine.agree()
    mine.answer("nothing", 1)
    place.store.settle()
    kept = b"".join(p.read_bytes() for p in place.folder.iterdir())
    ours = [r.getMessage() for r in caplog.records if "httpx" not in r.name]
    for secret in (token, "5f00c0ffee", "s1\0"):
        assert secret.encode() not in kept
        assert secret not in "".join(ours)


class Ticks:
    now = 0.0

    def __call__(self):
        return self.now


def test_requests_are_limited_by_participant_and_never_by_others_failures(place):
    clock = Ticks()
    desk = web.Desk(place.store, place.settings, ["127.0.0.1"], clock)
    client = TestClient(desk.app(), base_url=ADDRESS)
    mine, other = (Person(client, one.token) for one in place.invite(2))
    many = [mine.post("next").status_code for _ in range(40)]
    assert many.count(200) == web.OWN_RATE.burst
    assert set(many[30:]) == {429}
    assert other.post("next").status_code == 200
    wrong = [Person(client, f"w{i}").post("next").status_code for i in range(40)]
    assert (wrong.count(404), wrong.count(429)) == (web.FAILED_RATE.burst, 10)
    assert other.post("next").status_code == 200
    clock.now += 1.0
    assert mine.post("next").status_code == 200


def test_nothing_is_asked_before_consent_and_the_text_is_kept(place):
    place.desk().post(questions())
    (mine,) = place.invite(1)
    told = mine.next()
    assert (told["state"], told["consent"]) == ("consent", place.settings.consent)
    assert mine.answer("any", 1).status_code == 403
    assert mine.post("consent", {"consent": "another text"}).status_code == 409
    assert mine.next()["state"] == "consent"
    assert mine.agree()["state"] == "question"
    # another text is agreed to anew
    place.settings = Settings(consent="A new text.")
    place.begin()
    mine.client = place.client
    assert mine.next()["state"] == "consent"
    assert mine.agree("A new text.")["state"] == "question"
