"""Parts that cannot be used end a study with one line, before any work."""

import pytest
from typer.testing import CliRunner

from hitl_sim.cli import app

pytestmark = pytest.mark.study

GOOD = """
import random
import jax
import jax.numpy as jnp
from hitl_sim import part


@part.strategy(params={{"temperature": 1.0}})
def keen(shape, *, members=5):
    {build}

    def score(key, view, params):
        {score}

    return score


def unmarked(shape):
    return None


@part.aggregation()
def other_kind(num_classes, num_annotators):
    return None
"""
SOUND = "return view.logits[:, 0] / params['temperature']"
ARM = """
[[arm]]
name = "asked"
kind = "labelling"
strategy = "keen"
rounds = 2
questions = 10
"""


def run(folder, smoke_file, *, source="./keen.py:keen", text=None, arm="", how=()):
    """Run a study with one part of its own; return its exit code and last words."""
    study = smoke_file.read_text() + ARM + arm + f'[part.keen]\nsource = "{source}"\n'
    (folder / "study.toml").write_text(study)
    text = GOOD.format(build="", score=SOUND) if text is None else text
    (folder / "keen.py").write_text(text)
    words = ["run", str(folder / "study.toml"), "--out", str(folder / "out"), *how]
    done = CliRunner().invoke(app, words)
    return done.exit_code, done.stderr.strip().splitlines()[-1]


def score(words):
    return {"text": GOOD.format(build="", score=words)}


CASES = {
    "file missing": ({"source": "./gone.py:keen"}, "Part file must be readable"),
    "name missing": ({"source": "./keen.py:bold"}, "got 'bold'."),
    "not marked": ({"source": "./keen.py:unmarked"}, "must be marked as a part"),
    "of another kind": (
        {"source": "./keen.py:other_kind"},
        "must be of kind 'strategy' where it is used, got 'aggregation'.",
    ),
    "raises at import": ({"text": "1 / 0"}, "raised ZeroDivisionError"),
    "raises at build": (
        {"text": GOOD.format(build="raise KeyError('depth')", score=SOUND)},
        "its factory must build, but it raised KeyError: 'depth'",
    ),
    "wrong shape": (
        score("return view.logits"),
        "`score` must be float32[24], got float32[24, 4].",
    ),
    "not traceable": (
        score("return view.logits[:, 0] if view.logits[0, 0] > 0 else 0"),
        "it used a traced array as a Python value",
    ),
    "nondeterministic": (
        score("return view.logits[:, 0] + random.random()"),
        "it must be one program however often it is traced",
    ),
    "by the order of a set": (
        score("return view.logits[:, 0] + float(hash('x') % 100)"),
        "two processes must give the same bytes",
    ),
    "an unknown option": (
        {"arm": "options = { depth = 2 }\n"},
        "`options.depth` is no option of strategy 'keen'",
    ),
    "an unknown param": (
        {"arm": "params = { heat = 2.0 }\n"},
        "`params.heat` is no param of strategy 'keen'",
    ),
    "a param that changes the program": (
        score("return view.logits[:, int(params['temperature'])]"),
        "a param (`temperature`) must stay a traced number",
    ),
}


@pytest.mark.parametrize("how", [["--dry-run"], ["--dry-run", "--probe"], ["--tune"]])
def test_a_wrong_part_is_refused_before_anything_is_timed(how, tmp_path, smoke_file):
    given, words = CASES["nondeterministic"]
    before = smoke_file.read_text()
    code, line = run(tmp_path, smoke_file, how=how, **given)
    assert words in line
    assert code == 2
    assert not (tmp_path / "out").exists()
    assert (tmp_path / "study.toml").read_text().startswith(before)


@pytest.mark.parametrize("name", list(CASES))
def test_a_wrong_part_is_refused_in_one_line(name, tmp_path, smoke_file):
    given, words = CASES[name]
    code, line = run(tmp_path, smoke_file, **given)
    assert words in line
    assert line.startswith("error: ")
    assert code == 2
    assert not (tmp_path / "out" / "records").exists()
