import errno
import os

import pytest
from typer.testing import CliRunner

from hitl_sim import output
from hitl_sim.cli import app
from hitl_sim.output import DiskFullError, say_os_error, write_bytes, write_text


def test_a_write_that_fails_leaves_nothing_behind(tmp_path, monkeypatch):
    def fail(*_):
        raise OSError("no such device")

    monkeypatch.setattr(output.os, "replace", fail)
    with pytest.raises(OSError, match="no such device"):
        write_bytes(tmp_path / "file", b"data")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o002, 0o664)])
def test_others_may_read_what_the_umask_lets_them(tmp_path, umask, mode):
    before = os.umask(umask)
    try:
        write_text(tmp_path / "file", "text")
    finally:
        os.umask(before)
    assert (tmp_path / "file").stat().st_mode & 0o777 == mode


def test_a_full_disk_is_told_with_file_and_advice(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(output.os, "fsync", full)
    with pytest.raises(DiskFullError, match=r"'page.html' .* full .*; free some space"):
        write_text(tmp_path / "page.html", "text")


def test_a_refusal_of_the_system_names_the_file():
    error = OSError(errno.EACCES, "Permission denied", "a/b.toml")
    assert say_os_error(error) == "'a/b.toml' cannot be used: Permission denied."
    full = say_os_error(OSError(errno.ENOSPC, "No space left on device"))
    assert "disk or quota is full" in full
    assert "free some space" in full


def test_a_figure_on_a_full_disk_is_one_line_with_a_way_out(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(output.os, "fsync", full)
    file = tmp_path / "lab.svg"
    found = CliRunner().invoke(app, ["crowd", "lab", "--figure", str(file)])
    assert found.exit_code == 2
    assert "'lab.svg'" in found.stderr
    assert "free some space" in found.stderr
    assert not file.exists()
