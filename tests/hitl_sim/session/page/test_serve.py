"""Serving a desk: what cannot be is refused before anything is written."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import hitl_sim as hs
from hitl_sim.cache import cache_environment
from hitl_sim.cli import app
from hitl_sim.session.desk.page.serve import open_desk
from hitl_sim.session.desk.page.settings import CONSENT, FILE
from hitl_sim.session.error import SessionError

from .conftest import RUN, questions
from .test_same_answers import Play

ROOT = Path(__file__).parents[4]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"port": 70_000}, "`port` must be in"),
        ({"host": "0.0.0.0"}, "`address` must say how participants reach"),
        ({"address": "desk.example.org"}, "`address` must begin with"),
    ],
)
def test_what_cannot_be_served_is_refused(tmp_path, given, words):
    with (
        pytest.raises(SessionError, match=words),
        open_desk(tmp_path / "desk", **({"port": 0} | given)),
    ):
        pass
    assert not (tmp_path / "desk").exists()


def test_one_process_serves_a_desk(served, tmp_path):
    desk = served()
    with (
        pytest.raises(SessionError, match="is served by another process"),
        open_desk(desk.folder, port=0),
    ):
        pass
    port = int(desk.address.rpartition(":")[2])
    with (
        pytest.raises(SessionError, match=f"`port` must be free at .* got {port}"),
        open_desk(tmp_path / "other", port=port),
    ):
        pass


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("titel = 'x'", "`titel` is not a field of a desk's settings"),
        ("idle_s = 0", "`idle_s` must be .*> 0"),
        ("title = ''", "`title` must be"),
        ("ask = {gossip = 'x'}", "`ask` must name .*'gossip'"),
        ("= 1", "must be TOML"),
    ],
)
def test_settings_that_do_not_fit_are_refused_by_the_command(tmp_path, text, words):
    (tmp_path / FILE).write_text(text)
    ran = CliRunner().invoke(app, ["desk", str(tmp_path), "--port", "0"])
    assert ran.exit_code == 2
    with pytest.raises(SessionError, match=words), open_desk(tmp_path, port=0):
        pass
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


def test_without_its_extra_it_is_said_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "starlette", None)
    with (
        pytest.raises(SessionError, match=r"pip install 'hitl-sim\[desk\]'"),
        open_desk(tmp_path / "desk"),
    ):
        pass


def start(folder, port, *words):
    env = {**os.environ, **cache_environment(), "PYTHONPATH": str(ROOT)}
    argv = [sys.executable, "-m", "hitl_sim.cli", "desk", str(folder), "--port"]
    process = subprocess.Popen(
        [*argv, str(port), *words], stdout=subprocess.PIPE, env=env, text=True
    )
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line.startswith("A session asks"):
            break
    return process, "".join(lines)


@pytest.mark.study
def test_a_killed_server_goes_on_with_the_same_links(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    folder = tmp_path / "desk"
    loop = hs.crowd(page=folder).open(RUN)
    loop.post(questions(["a", "b"]))
    process, text = start(folder, port, "--invite", "1")
    link = next(word for word in text.split() if "/#" in word)
    play = Play({"p0": link}, {})
    ((_, address, token),) = play.people
    times = dict.fromkeys(("seconds", "wall_s", "away_s"), 0.5)
    try:
        name = play.post(address, token, "consent", consent=CONSENT)["question"]
        body = {"assignment": name["assignment"], "said": 2, **times}
        name = play.post(address, token, "answer", **body)["question"]["assignment"]
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process, _ = start(folder, port)
        assert not play.post(address, token, "answer", **body)["taken"]
        assert play.post(address, token, "next")["question"]["assignment"] == name
        assert [(a.person, a.said) for a in loop.poll()] == [("p0", 2)]
    finally:
        process.terminate()
        process.wait()


def test_a_loop_that_waits_for_a_server_says_so(served, tmp_path, caplog):
    crowd = hs.crowd(page=tmp_path / "desk")
    crowd.open(RUN).post(questions(["a"]))
    (told,) = caplog.messages
    assert told.startswith(f"Nobody serves the desk {tmp_path / 'desk'}, so nobody")
    assert "\n" not in told
    caplog.clear()
    served(tmp_path / "desk")
    desk = crowd.open(RUN)
    desk.post(questions(["b"]))
    desk.post(questions(["c"]))
    assert not caplog.messages
