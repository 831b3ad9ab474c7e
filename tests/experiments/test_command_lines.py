"""What a script is asked for is read by a parser, which refuses what it cannot read."""

import re
from pathlib import Path

import pytest
from asked import asked

ROOT = Path(__file__).parents[2]
SCRIPTS = [
    path
    for folder in ("experiments", "examples")
    for path in sorted((ROOT / folder).rglob("*.py"))
    if "rivals" not in path.parts
]


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_no_script_takes_words_as_they_come(path):
    code = re.sub(r'"""(?s:.*?)"""', "", path.read_text())
    assert "sys.argv[1:]" not in code
    assert "len(sys.argv)" not in code


def call(monkeypatch, *words, default=Path("results"), has_smoke=True):
    monkeypatch.setattr("sys.argv", ["script.py", *words])
    return asked("What is it?", "word", default, has_smoke=has_smoke)


def test_a_word_and_the_quick_form_are_read(monkeypatch):
    assert call(monkeypatch).word == Path("results")
    given = call(monkeypatch, "elsewhere", "--smoke")
    assert (given.word, given.smoke) == (Path("elsewhere"), True)
    assert call(monkeypatch, "12", default=4).word == 12


@pytest.mark.parametrize(
    ("words", "default", "has_smoke"),
    [
        (["--quick"], Path("results"), True),
        (["--smoke"], Path("results"), False),
        (["a", "b"], Path("results"), True),
        (["0"], 4, False),
        (["many"], 4, False),
    ],
)
def test_anything_else_is_refused(monkeypatch, words, default, has_smoke):
    with pytest.raises(SystemExit) as refused:
        call(monkeypatch, *words, default=default, has_smoke=has_smoke)
    assert refused.value.code == 2
