"""A study's rounds with people at a desk: the records of a sweep, whoever is killed."""

import contextlib
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time

import pyarrow.parquet as pq
import pytest

import hitl_sim as hs
from hitl_sim.cache import cache_environment
from hitl_sim.session.desk.page.store import FILE

from .conftest import HERE

ROOT = HERE.parents[3]
CLOCK = ("worked_s", "paid_s", "wait_s", "elapsed_s")
REPLAY = {"replayed", "modelled", "untimed", "left_out"}
ARMS = (
    {"kind": "relevance", "questions": 10, "generalise_steps": 4},
    {"kind": "verification", "questions": 10, "proxy_steps": 4},
    {"kind": "preference", "questions": 10},
    {"kind": "curriculum", "questions": 10},
    {"kind": "importance", "share": 0.5},
    {
        "kind": "labelling",
        "rounds": 3,
        "questions": 4,
        "asks": 2,
        "before": [{"kind": "importance", "share": 0.5, "feedback": "marks"}],
    },
)
"""An arm of every kind of question, one of them in two stages, one asked twice."""


def rows(out):
    table = pq.read_table(out / "results.parquet").to_pylist()
    return {(row["arm"], row["role"], row["replicate"]): row for row in table}


def answers(out):
    """Every answer of a folder, but for its time and its turn among others'."""
    found = []
    for path in (out / "answers").glob("*.parquet"):
        for row in pq.read_table(path).to_pylist():
            place = row["round"], row["item"], row["annotator"]
            found.append((row["kind"], *place, row["answer"], row["gold"]))
    return sorted(found)


@pytest.mark.slow
@pytest.mark.study
def test_simulated_people_at_a_desk_answer_as_in_a_sweep(tiny, tmp_path):
    tiny["arm"][2:] = [{"name": f"arm_{i}", **arm} for i, arm in enumerate(ARMS)]
    study = hs.Study(**tiny)
    study.run(tmp_path / "sweep", workers=1)
    hs.live(study, tmp_path / "live")
    one, other = rows(tmp_path / "sweep"), rows(tmp_path / "live")
    assert one.keys() == other.keys()
    assert len(one) == 2 * (3 + len(ARMS))
    for place, row in one.items():
        for name, value in row.items():
            if name in CLOCK:
                # a program for all rounds may round a time otherwise than one for each
                assert other[place][name] == pytest.approx(value, rel=1e-6)
            else:
                assert repr(other[place][name]) == repr(value), (place, name)
    # a folder that one of both has begun the other ends, and finds nothing to do
    before = {p.name: p.read_bytes() for p in (tmp_path / "live/records").iterdir()}
    study.run(tmp_path / "live", workers=1)
    after = {p.name: p.read_bytes() for p in (tmp_path / "live/records").iterdir()}
    assert before == after
    # what an arm asked is in the folder, in the form of a recording
    kinds = {row[0] for row in answers(tmp_path / "live")}
    assert kinds >= {"label", "rating", "marks", "verification", "preference"}


KILLS, ALL = 3, 2 * 54
"""Times that a study is killed, and the answers of its two runs that ask."""


def counted(desk):
    """Count the answers that a desk holds; none where it is not there yet."""
    if not (desk / FILE).exists():
        return 0
    with contextlib.closing(sqlite3.connect(desk / FILE, timeout=30)) as db:
        try:
            return db.execute("SELECT count(*) FROM answer").fetchone()[0]
        except sqlite3.OperationalError:
            return 0


def start(out, *words):
    env = {**os.environ, **cache_environment(), "PYTHONPATH": str(ROOT)}
    argv = [sys.executable, "-m", "hitl_sim.cli", "live", str(HERE / "tiny.toml")]
    return subprocess.Popen(
        [*argv, "--out", str(out), *words], env=env, stdout=subprocess.DEVNULL
    )


def finish(process):
    assert process.wait(timeout=500) == 0


@pytest.fixture
def playing(played):
    """Return a function that has people answer at a desk until the test is over."""
    stop, threads = threading.Event(), []

    def begin(folder, **given):
        one = threading.Thread(
            target=played.play, args=(folder, stop.is_set), kwargs=given, daemon=True
        )
        threads.append(one)
        one.start()

    yield begin
    stop.set()
    for one in threads:
        one.join(10)


@pytest.mark.slow
@pytest.mark.study
def test_real_people_killed_and_resumed(playing, tmp_path):
    """Kill it at random moments; it ends as one that was never killed."""
    for name in ("whole", "killed"):
        playing(tmp_path / name / "desk")
    finish(start(tmp_path / "whole", "--desk", "page"))
    out = tmp_path / "killed"
    dice = random.Random(26)
    for moment in sorted(dice.sample(range(1, ALL), KILLS)):
        process = start(out, "--desk", "page")
        while counted(out / "desk") < moment:
            assert process.poll() is None
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        process.wait()
    finish(start(out, "--desk", "page"))
    one, other = rows(tmp_path / "whole"), rows(out)
    unlike = {*CLOCK, "key", "condition"}
    for place, row in one.items():
        for name, value in row.items():
            if name not in unlike:
                assert repr(other[place][name]) == repr(value), (place, name)
    assert answers(out) == answers(tmp_path / "whole")
    asked = [row for row in other.values() if row["arm"] == "labels"]
    assert [row["replayed"] for row in asked] == [ALL // 2] * 2
    assert counted(out / "desk") == ALL
    assert all(row["wait_s"][-1] > 0.0 for row in asked)
    # a folder of real people says so, and no sweep runs into it
    assert "People are real." in hs.open_results(out).words.caution
    with pytest.raises(ValueError, match="real people at a desk"):
        hs.load(HERE / "tiny.toml").run(out)


@pytest.mark.slow
@pytest.mark.study
def test_real_people_beside_simulated_ones(playing, tiny, tmp_path):
    playing(tmp_path / "out/desk", number=1)
    results = hs.live(hs.Study(**tiny), tmp_path / "out", "page", real_people=1)
    found = [row for row in rows(tmp_path / "out").values() if row["arm"] == "labels"]
    assert [(row["replayed"], row["modelled"]) for row in found] == [(18, 36)] * 2
    for path in (tmp_path / "out/answers").iterdir():
        told = pq.read_table(path).to_pylist()
        people = {(row["source"], row["annotator"]) for row in told}
        assert ("live", "p0") in people
        assert {name[0] for source, name in people if source == "simulated"} == {"s"}
    names = set(results.frame().column("population").to_pylist())
    assert names == {None, "desk and simulated typical"}
    said = "People are real; simulated people answer beside them."
    assert said in results.words.caution
