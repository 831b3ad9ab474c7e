import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from hitl_sim import part_source
from hitl_sim.part_source import Source, identity, load, read_code, source_of
from oracles import part
from oracles.part import PartError

BALD = """
from hitl_sim import part
{imports}

@part.strategy(version=2)
def bald(shape):
    {body}
"""


@part.strategy()
def own(shape):
    return shape


@pytest.fixture
def write(tmp_path):
    """Write a file below a folder, and return its path."""

    def write(name, text, folder="study"):
        path = tmp_path / folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    return write


def bald(write, body="return shape", imports="", folder="study"):
    path = write("bald.py", BALD.format(body=body, imports=imports), folder)
    return Source(str(path), "bald", True)


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("./bald.py:bald", Source("./bald.py", "bald", True)),
        ("my_lab.al:Space.bald", Source("my_lab.al", "Space.bald", False)),
    ],
)
def test_a_source_is_a_file_or_a_module_and_a_name(text, source):
    assert Source.of(text) == source
    assert str(source) == text


@pytest.mark.parametrize("text", ["bald", "./bald.py", "my-lab.al:bald", "bald.py:"])
def test_a_source_of_another_form_is_refused(text):
    with pytest.raises(PartError, match=r"must be 'FILE\.py:NAME' or"):
        Source.of(text)


def test_a_file_imports_what_stands_beside_it_as_a_script_would(write):
    write("helper.py", "from . import deep\nfrom tools.more import TWO\nONE = TWO / 2")
    write("deep.py", "DEPTH = 3")
    write("tools/__init__.py", "")
    write("tools/more.py", "from .base import TWO")
    write("tools/base.py", "TWO = 2")
    lazy = (
        "import deep, tools.base as b; return shape + helper.ONE + deep.DEPTH + b.TWO"
    )
    found = load(bald(write, lazy, "import helper"))
    assert found.part(0) == 6
    assert {str(path) for path, _ in found.code.files.values()} == {
        *("bald.py", "helper.py", "deep.py"),
        *("tools/__init__.py", "tools/more.py", "tools/base.py"),
    }


def test_loading_changes_neither_the_path_nor_the_names_of_modules(write):
    write("helper.py", "ONE = 1")
    before = list(sys.path)
    load(bald(write, imports="import helper"))
    assert sys.path == before
    assert not {"bald", "helper"} & set(sys.modules)


def test_files_of_one_name_in_two_folders_do_not_meet(write):
    found = []
    for folder, number in (("a", 1), ("b", 2)):
        write("helper.py", f"ONE = {number}", folder)
        source = bald(write, "return helper.ONE", "import helper", folder)
        found.append(load(source).part)
    assert [each(0) for each in found] == [1, 2]


def test_a_part_is_run_once_for_each_form_of_its_file(write):
    first = load(bald(write, "return 1"))
    assert load(bald(write, "return 1")).part is first.part
    # of the same length and, most likely, of the same second
    assert load(bald(write, "return 2")).part(0) == 2


def test_one_changed_comment_beside_it_makes_another_part(write):
    source = bald(write, "import helper", "")
    write("helper.py", "ONE = 1  # one")
    before = load(source).identity
    write("helper.py", "ONE = 1  # two")
    after = load(source).identity
    assert before["sha256"] != after["sha256"]
    assert before | {"sha256": ""} == after | {"sha256": ""}


def test_line_ends_and_folders_say_nothing(write):
    write("helper.py", "ONE = 1")
    first = load(bald(write, imports="import helper"))
    other = bald(write, imports="import helper", folder="elsewhere")
    Path(other.module).write_bytes(
        Path(other.module).read_bytes().replace(b"\n", b"\r\n")
    )
    write("helper.py", "ONE = 1", "elsewhere")
    assert load(other).identity == first.identity
    assert first.identity == {
        "kind": "strategy",
        "name": "bald",
        "version": 2,
        "sha256": first.code.sha256,
    }


def test_two_files_that_change_places_make_another_part(write):
    texts = ("ONE = 1", "ONE = 2")
    source = bald(write, imports="import a, b")
    seen = set()
    for first, second in (texts, texts[::-1]):
        write("a.py", first)
        write("b.py", second)
        seen.add(read_code(Path(source.module)).sha256)
    assert len(seen) == 2


def test_a_module_that_no_statement_imports_cannot_be_had(write):
    write("helper.py", "ONE = 1")
    body = "return __import__('helper').ONE"
    with pytest.raises(ModuleNotFoundError, match="helper"):
        load(bald(write, body)).part(0)


@pytest.mark.parametrize(
    ("text", "name", "message"),
    [
        (None, "bald", "Part file must be readable.*No such file"),
        ("def bald(:", "bald", "must be Python, got .* in line 1"),
        ("x = 1\nimport os\n1 / 0", "bald", r"ZeroDivisionError: .* \(line 3\)"),
        ("raise SystemExit(3)", "bald", "it raised SystemExit: 3"),
        ("import no_such_thing", "bald", "it raised ModuleNotFoundError"),
        (BALD.format(imports="", body="pass"), "bold", r"\('bald'\), got 'bold'"),
        ("def bald(shape): ...", "bald", "must be marked as a part.*plain function"),
    ],
    ids=["missing", "syntax", "raises", "exits", "imports", "name", "unmarked"],
)
def test_a_wrong_file_is_refused_in_one_line(write, text, name, message):
    path = write("wrong.py", text or "")
    if text is None:
        path.unlink()
    with pytest.raises(PartError, match=message) as refused:
        load(Source(str(path), name, True))
    assert "\n" not in str(refused.value)


def test_a_module_that_is_not_installed_is_refused():
    with pytest.raises(PartError, match=r"installed, got 'no_such_lab\.al'"):
        load(Source.of("no_such_lab.al:bald"))


def test_an_installed_part_is_told_by_the_files_of_its_package(write, monkeypatch):
    folder = write("my_lab/__init__.py", "", "site").parent.parent
    text = BALD.format(imports="", body="return shape")
    file = write("my_lab/al.py", text, "site")
    write("my_lab/__pycache__/al.cpython.pyc", "left out", "site")
    ask = (
        "from hitl_sim.part_source import *; "
        "print(dict(load(Source.of('my_lab.al:bald')).identity))"
    )

    def identity_there():
        env = {"PYTHONPATH": f"{folder}:{Path.cwd()}", "JAX_PLATFORMS": "cpu"}
        command = [sys.executable, "-B", "-c", ask]
        return subprocess.run(command, env=env, check=True, capture_output=True).stdout

    first = identity_there()
    assert b"'package': 'my_lab'" in first
    write("my_lab/__pycache__/al.cpython.pyc", "other", "site")
    assert identity_there() == first
    file.write_text(text + "# more")
    assert identity_there() != first


def test_a_part_at_hand_is_found_again_in_its_file():
    source = source_of(own)
    assert source == Source(str(Path(__file__).resolve()), "own", True)
    assert identity(own)["sha256"] == read_code(Path(__file__)).sha256


@pytest.mark.parametrize("is_there", [True, False])
def test_a_folder_named_as_an_installed_package_is_not_it(
    tmp_path, monkeypatch, is_there
):
    """As where a package brings its folder `tests` along."""
    (tmp_path / "other_lab").mkdir()
    (tmp_path / "other_lab/__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    known = {"other_lab": ["other-lab"]}
    monkeypatch.setattr("hitl_sim.part_source._distributions", lambda: known)
    file = tmp_path / "other_lab/mine.py" if is_there else Path(__file__)
    file.touch()
    monkeypatch.setattr("inspect.getsourcefile", lambda factory: str(file))
    monkeypatch.setattr(own.factory, "__module__", "other_lab.mine")
    monkeypatch.setitem(sys.modules, "other_lab.mine", SimpleNamespace(own=own))
    where = "other_lab.mine" if is_there else str(Path(__file__).resolve())
    assert source_of(own) == Source(where, "own", not is_there)


def test_a_part_that_no_worker_could_find_is_refused():
    @part.strategy()
    def hidden(shape):
        return shape

    with pytest.raises(PartError, match="'hidden' must stand at the top of its module"):
        source_of(hidden)


def test_a_built_in_part_is_told_by_its_name_and_the_packages_version(monkeypatch):
    monkeypatch.setattr(own.factory, "__module__", "hitl_sim.learn.strategy.own")
    assert identity(own) == {
        "kind": "strategy",
        "name": "own",
        "version": 1,
        "package": "hitl-sim",
        "package_version": "0.1.0",
    }


def test_an_import_that_does_not_end_is_told(write, monkeypatch, capsys):
    monkeypatch.setattr(part_source, "SLOW_S", 0.05)
    source = bald(write, imports="import time; time.sleep(0.5)")
    load(source)
    told = capsys.readouterr().err
    assert told == (
        f"Part {str(source)!r} is still being imported after 0.05 s. If its code loops "
        "for ever, interrupt it.\n"
    )
    load(bald(write))
    assert not capsys.readouterr().err
