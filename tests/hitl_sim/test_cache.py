"""What is kept between processes: found again, bounded, and whole after any kill."""

import os
import signal
import subprocess
import sys

import jax
import pytest
from typer.testing import CliRunner

from hitl_sim import cache
from hitl_sim.cli import app

WRITER = """
import os, resource, signal, sys
import jax
from hitl_sim.cache import cache_settings, keep
for name, value in cache_settings().items():
    jax.config.update(name, value)
if "killed" in sys.argv:
    # a signal comes in the middle of the first file that grows beyond the limit
    signal.signal(signal.SIGXFSZ, lambda *_: os.kill(os.getpid(), signal.SIGKILL))
    resource.setrlimit(resource.RLIMIT_FSIZE, (200, resource.RLIM_INFINITY))
if "keep" in sys.argv:
    keep("task", 1, lambda: bytes(1000))
else:
    jax.jit(lambda x: jax.numpy.sin(x) @ x)(jax.numpy.eye(3)).block_until_ready()
"""


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "hitl_sim"


def write(*words):
    done = subprocess.run([sys.executable, "-c", WRITER, *words], check=False)
    return done.returncode


def test_what_was_made_for_a_key_is_not_made_again():
    made = []
    for key in (("digits", {"num_groups": 4}), ("digits", {"num_groups": 4}), "other"):
        cache.keep("task", key, lambda key=key: made.append(key) or [key])
    assert made == [("digits", {"num_groups": 4}), "other"]
    assert cache.keep("task", "other", list) == ["other"]


@pytest.mark.parametrize(
    "damaged", [b"", b"cnowhere\nnobody\n.", b"\x80\x05\x95", b"I no"]
)
def test_an_entry_that_cannot_be_read_is_made_anew(home, damaged):
    cache.keep("task", 1, lambda: 5)
    (path,) = (p for p in home.rglob("task-*") if p.is_file())
    path.write_bytes(damaged)
    assert cache.keep("task", 1, lambda: 6) == 6
    assert cache.keep("task", 1, lambda: 7) == 6


def test_a_cache_that_cannot_be_written_is_no_error(home):
    home.write_text("a file in the place of the folder")
    assert cache.keep("task", 1, lambda: 5) == 5


def test_other_versions_go_first_then_what_was_used_least(home):
    for name in ("a", "b", "c"):
        cache.keep(name, 1, lambda: bytes(1000))
    current = sorted(p for p in home.rglob("*-*") if p.is_file())
    old = home / "jax-0.0.1-0.0.1" / "machine" / "xla" / "z-cache"
    old.parent.mkdir(parents=True)
    old.write_bytes(bytes(1000))
    for path, used_s in zip([*current, old], (3e8, 1e8, 2e8, 4e8), strict=True):
        os.utime(path, (used_s, used_s))
    assert cache.state().num_old == 1
    cache.set_limit(3.2e-6)
    assert [path.exists() for path in current] == [True, True, True]
    assert not old.exists()
    cache.set_limit(1.1e-6)
    assert [path.exists() for path in current] == [True, False, False]


@pytest.mark.parametrize("what", ["program", "keep"])
def test_a_killed_writer_keeps_nobody_from_writing(home, what):
    assert write(what, "killed") == -signal.SIGKILL
    cache.tidy()
    assert not list(home.rglob("*-cache"))
    assert not list(home.rglob("task-*"))
    assert write(what) == 0
    cache.tidy()
    name = "*-cache" if what == "program" else "task-*"
    assert len(list(home.rglob(name))) >= 1


def test_the_command_tells_bounds_and_clears_the_cache(home):
    cache.keep("task", 1, lambda: bytes(1000))
    told = CliRunner().invoke(app, ["cache", "--limit", "2"]).output
    assert str(home) in told.replace("\n", "")
    assert "1 entries" in told
    assert "at most 2 GB" in told
    assert "0 entries" in CliRunner().invoke(app, ["cache", "--clear"]).output
    assert cache.state().limit_gb == 2.0
    assert CliRunner().invoke(app, ["cache", "--limit", "nan"]).exit_code == 2


def test_a_process_keeps_programs_unless_it_was_told_where(monkeypatch, tmp_path):
    before = jax.config.jax_compilation_cache_dir
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    try:
        cache.keep_programs()
        assert jax.config.jax_compilation_cache_dir == before
        jax.config.update("jax_compilation_cache_dir", None)
        cache.keep_programs()
        assert jax.config.jax_compilation_cache_dir.startswith(str(tmp_path))
    finally:
        jax.config.update("jax_compilation_cache_dir", before)
