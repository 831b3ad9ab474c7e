"""Which commit of which tree a package is of."""

import subprocess

import pytest

from hitl_sim.study import made_by


def git(folder, *words):
    mine = ("-c", "user.name=n", "-c", "user.email=e@example.org")
    subprocess.run(
        ["git", "-C", folder, *mine, *words], check=True, capture_output=True
    )


@pytest.fixture
def package(tmp_path):
    """A package in a git tree, as a checkout has it."""
    folder = tmp_path / "tree" / "hitl_sim"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    git(folder.parent, "init", "-q")
    git(folder.parent, "add", ".")
    git(folder.parent, "commit", "-qm", "begin")
    return folder


def test_a_checkout_has_its_commit_and_says_whether_it_was_changed(package):
    commit, is_changed = made_by._commit_of(package)
    assert (len(commit), is_changed) == (40, False)
    (package / "more.py").write_text("")
    assert made_by._commit_of(package) == (commit, True)


def test_what_lies_outside_the_package_is_no_change_of_it(package):
    (package.parent / "notes.txt").write_text("mine")
    assert made_by._commit_of(package)[1] is False


def test_a_package_installed_into_the_tree_of_another_project_has_no_commit(package):
    installed = package.parent / ".venv" / "hitl_sim"
    installed.mkdir(parents=True)
    (installed / "__init__.py").write_text("")
    assert made_by._commit_of(installed) == (None, None)


def test_a_package_outside_any_tree_has_no_commit(tmp_path):
    (tmp_path / "__init__.py").write_text("")
    assert made_by._commit_of(tmp_path) == (None, None)


def test_without_git_there_is_no_commit(package, monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert made_by._commit_of(package) == (None, None)
