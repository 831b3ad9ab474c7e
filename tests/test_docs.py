"""What README and docs say can be typed, and does what it says."""

import importlib
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from hitl_sim.cli import app
from hitl_sim.part import KINDS
from hitl_sim.study.spec import kinds_of, load_spec

ELSEWHERE = (
    *(
        "report",
        "plot",
        "explore",
        "export",
        "confirm",
        "status",
        "verify",
        "compare",
        "audit",
        "profile",
    ),
    *("fit", "validate", "methods", "import", "record", "cache", "assess", "rectify"),
    *("fit-machine", "project", "desk", "participants", "live"),
)
"""Need a finished study, people, a file of answers or minutes, as does `--tune`, or set
what is the user's own: other tests run them; here their words are read."""
ROOT = Path(__file__).parents[1]
_TOP = ("README.md", "CONTRIBUTING.md", "experiments/README.md")
PAGES = (*(ROOT / name for name in _TOP), *sorted(ROOT.glob("docs/*.md")))
TEXT = "\n".join(page.read_text() for page in PAGES)


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


def commands(program):
    lines = [line for block in blocks("console") for line in block.splitlines()]
    split = [shlex.split(line, comments=True) for line in lines]
    return [words[1:] for words in split if words and words[0] == program]


@pytest.mark.parametrize("target", [words[0] for words in commands("make")])
def test_make_targets_exist(target):
    subprocess.run(["make", "-n", target], cwd=ROOT, check=True, capture_output=True)


@pytest.mark.parametrize("words", commands("hitl-sim"), ids=" ".join)
def test_commands_run(words, monkeypatch, tmp_path):
    monkeypatch.chdir(ROOT)
    runner = CliRunner()
    if words[0] in ELSEWHERE or "--tune" in words:
        explained = runner.invoke(app, [words[0], "--help"], env={"COLUMNS": "200"})
        assert explained.exit_code == 0
        options = [word for word in words if word.startswith("--")]
        assert all(option in explained.output for option in options)
        return
    if "experiments/people/replay.toml" in words:
        # what it replays is there once somebody has recorded it
        assert load_spec(ROOT / words[1], is_smoke=True).crowd.recording
        return
    if words[0] == "run" and "--dry-run" not in words:
        words = [*words, "--dry-run"]
    result = runner.invoke(app, words)
    assert result.exit_code == 0, result.output


SCRIPTS = [words for words in commands("python") if words[0] != "-m"]


@pytest.mark.parametrize("words", SCRIPTS, ids=" ".join)
def test_experiments_know_the_options_that_they_are_given(words):
    explained = subprocess.run(
        [sys.executable, words[0], "--help"], cwd=ROOT, check=True, capture_output=True
    )
    options = [word for word in words if word.startswith("--")]
    assert all(option in explained.stdout.decode() for option in options)


def test_what_is_quoted_of_policies_is_what_their_page_says():
    page = (ROOT / "experiments/people/sim_to_real.md").read_text().splitlines()
    start = next(i for i, row in enumerate(page) if row.startswith("| set | policies"))
    assert "\n".join(page[start : start + 5]) in TEXT


@pytest.mark.study
@pytest.mark.parametrize("code", blocks("python"))
def test_python_blocks_run(code, tmp_path):
    (tmp_path / "experiments").symlink_to(ROOT / "experiments")
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    # worker processes load a part from the file that it stands in
    script = tmp_path / "script.py"
    script.write_text(code)
    subprocess.run([sys.executable, script], cwd=tmp_path, env=env, check=True)


def test_the_readme_opens_with_the_first_example():
    assert (ROOT / "examples/quickstart.py").read_text() == blocks("python")[0]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    for link in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
        assert (page.parent / link).exists(), link


def test_pictures_of_concepts_are_as_they_are_drawn(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    pictures = importlib.import_module("pictures")
    drawn = pictures.pictures()
    assert len(drawn) == 3
    for name, svg in drawn.items():
        assert (ROOT / "docs" / name).read_text(encoding="utf-8") == svg
    # what the page says of them
    rng = np.random.default_rng
    apart, together = (pictures.majorities(noise, rng(0)) for noise in (1.0, 0.4))
    assert all(abs(found[0] - pictures.ACCURACY) < 0.01 for found in (apart, together))
    assert apart[1] > 0.92
    assert together[1] < 0.83


def test_every_page_of_the_site_is_in_its_contents():
    listed = set()
    for page in ROOT.glob("docs/*.md"):
        for block in re.findall(r"```{toctree}\n(.*?)```", page.read_text(), re.DOTALL):
            listed |= {line for line in block.splitlines() if line and line[0] != ":"}
    pages = {page.stem for page in ROOT.glob("docs/*.md")} - {"index"}
    assert pages <= listed


@pytest.mark.parametrize("kind", ["intervention", "method"])
def test_every_kind_of_arm_and_of_method_is_named(kind):
    for name in kinds_of(kind):
        assert f"`{name}`" in TEXT


@pytest.mark.parametrize("text", blocks("toml"))
def test_populations_can_be_read(text, tmp_path):
    (tmp_path / "people.toml").write_text(text)
    assert (
        CliRunner().invoke(app, ["crowd", str(tmp_path / "people.toml")]).exit_code == 0
    )


def test_every_kind_of_part_has_its_row():
    page = (ROOT / "docs/parts.md").read_text()
    assert set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)) == set(KINDS)


QUOTED = re.findall(
    r"```console\nhitl-sim ([^\n]*)\n```\n\n```text\n(.*?)```", TEXT, re.S
)
"""Commands, and lines of what they print."""


@pytest.mark.parametrize(("command", "lines"), QUOTED, ids=[c for c, _ in QUOTED])
def test_what_is_quoted_of_a_command_is_what_it_prints(command, lines, monkeypatch):
    monkeypatch.chdir(ROOT)
    wide = {"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"}
    words = shlex.split(command, comments=True)
    result = CliRunner().invoke(app, words, env=wide)
    printed = " ".join(re.sub("[│┃]", " ", result.output).split())
    for line in filter(None, map(str.strip, lines.splitlines())):
        assert " ".join(line.split()) in printed
