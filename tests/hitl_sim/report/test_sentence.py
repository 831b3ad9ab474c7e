import re
from pathlib import Path

import pytest
from jinja2 import UndefinedError

import hitl_sim.report
from hitl_sim.report.sentence import say, sentences

ROOM = Path(hitl_sim.report.__file__).parent


def said():
    """Return a pattern for every name under which a file or command says something."""
    parts = "|".join({name.partition(".")[0] for name in sentences()})
    commands = ROOM.with_name("cli").glob("*.py")
    files = [*ROOM.rglob("*.py"), *ROOM.rglob("*.html"), *commands]
    text = "".join(path.read_text() for path in files)
    # of a part whose name is put together some is written
    parts += r"|[a-z_]+\{[^}\n]+\}"
    names = re.findall(rf'"((?:{parts})\.[^"\n]+)"', text)
    return [re.compile(re.sub(r"\{[^}]*\}", "[a-z_]+", name)) for name in names]


def test_no_sentence_stands_in_the_file_and_is_never_said():
    patterns = said()
    unsaid = [
        name
        for name in sentences()
        if not any(pattern.fullmatch(name) for pattern in patterns)
    ]
    assert unsaid == []


def test_no_two_sentences_are_the_same():
    assert len(set(sentences().values())) == len(sentences())


def test_a_gap_that_is_left_open_is_an_error():
    assert say("check.no_null").startswith("A/A: the study has no copy")
    with pytest.raises(UndefinedError, match="task"):
        say("upper_bound.unknown")
