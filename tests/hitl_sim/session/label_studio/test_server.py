"""What is refused before anything is asked: one line that says what would do."""

import pytest
from desk_kit.fake_label_studio import ADMIN, REDIRECT, FakeLabelStudio

import hitl_sim as hs
from hitl_sim.session.error import SessionError


def refused(words):
    """Expect one line with these words."""
    return pytest.raises(SessionError, match=rf"(?s)^(?!.*\n).*{words}")


@pytest.fixture
def fake():
    made = FakeLabelStudio()
    made.start()
    yield made
    made.stop()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"label_studio": "localhost"}, "`label_studio` must be the address.*'localho"),
        ({"project": None}, "`project` must be a name .*None"),
        ({"project": "a/b"}, "`project` must be a name .*'a/b'"),
        ({"token": ""}, "`token` must be the access token .*LABEL_STUDIO_API_KEY"),
        ({"token": "a b"}, "`token` must be the access token .*with blanks"),
        ({"label_studio": None}, "`token` must be left out without `label_studio`"),
        ({"size": 3}, "`size` must be left out with Label Studio"),
        ({"page": "x"}, "`page` must be left out with Label Studio"),
        ({"deadline_s": 0.0}, "`deadline_s` must be finite and > 0"),
        ({"workforce": {"size": 2}}, "`workforce` must hold"),
    ],
)
def test_arguments(given, words, monkeypatch):
    monkeypatch.delenv("LABEL_STUDIO_API_KEY", raising=False)
    own = {"label_studio": "http://127.0.0.1:9", "token": "t", "project": "study"}
    with refused(words):
        hs.crowd(**(own | given))


def test_a_server_that_is_not_there(fake):
    fake.stop()
    with refused(f"`label_studio` .* answers, got '{fake.url}': .*refused"):
        hs.crowd(label_studio=fake.url, token=ADMIN, project="study")
    fake.start()


@pytest.mark.parametrize("token", ["wrong", "wrong.in.parts"])
def test_a_wrong_token(fake, token):
    with refused("`token` must be of an account .*invalid|`token` .*Invalid token"):
        hs.crowd(label_studio=fake.url, token=token, project="study")


@pytest.mark.parametrize("release", ["1.13.1", "0.9", "soon"])
def test_a_version_that_is_too_old(fake, release):
    fake.release = release
    with refused(f"must be of version 1.14 or later.*'{release}'"):
        hs.crowd(label_studio=fake.url, token=ADMIN, project="study")


def test_a_server_that_is_another_product(fake):
    fake.release = None
    with refused("`label_studio` must be the address of a Label Studio server"):
        hs.crowd(label_studio=fake.url, token=ADMIN, project="study")


def test_what_the_server_refuses_is_said_in_one_line(fake):
    crowd = hs.crowd(label_studio=fake.url, token=ADMIN, project="study")
    with refused("refuses POST /api/nothing with status 404: Not found."):
        crowd.server.post("/api/nothing", {})


def test_no_file_and_no_text_holds_the_token(fake, tmp_path, monkeypatch):
    own = {"label_studio": fake.url, "project": "study"}
    crowd = hs.crowd(token=ADMIN, **own)
    target = hs.target(smoothing=1)
    with hs.Session(tmp_path, crowd=crowd, target=target, meters=[]):
        pass
    assert ADMIN not in repr(crowd)
    kept = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert kept
    assert not any(ADMIN.encode() in content for content in kept)
    with refused("`token` must be the access token"):
        monkeypatch.delenv("LABEL_STUDIO_API_KEY", raising=False)
        hs.Session.resume(tmp_path)
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", ADMIN)
    assert hs.Session.resume(tmp_path).crowd == crowd


def test_a_token_is_sent_to_no_other_server(fake):
    crowd = hs.crowd(label_studio=fake.url, token=ADMIN, project="study")
    fake.faults = [REDIRECT]
    with refused("with status 302"):
        crowd.server.get("/api/projects/")
