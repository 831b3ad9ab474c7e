"""Words that may no longer stand as whole names in the public API, studies and CLI."""

import ast
import re
import tomllib
from pathlib import Path

import pytest
import typer

from hitl_sim.cli import app

ROOT = Path(__file__).parents[1]
FORMER = {
    *("dial", "dials", "lever", "levers", "standing", "label_standing", "affordance"),
    *("afford", "portrait", "rehearsal", "lanes", "hire", "suit", "coded", "foretold"),
    *("tell_apart", "twin", "crew"),
}
TOLD = {"hitl_sim/renamed.py", "oracles/parameter.py"}
"""Files that tell a former name's new one."""


def named(tree):
    """Yield what a module names: definitions, arguments, attributes and fields."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.arg | ast.keyword):
            yield node.arg
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.alias):
            yield from (node.asname or node.name).split(".")
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def keys(value):
    """Yield every key of nested tables."""
    if isinstance(value, dict):
        for name, below in value.items():
            yield name
            yield from keys(below)
    elif isinstance(value, list):
        for below in value:
            yield from keys(below)


def files(ending, *folders):
    found = [p for f in folders for p in sorted((ROOT / f).rglob(f"*.{ending}"))]
    assert found
    return found


def test_no_python_name_is_a_former_one():
    bad = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in files("py", "hitl_sim", "oracles", "examples")
        if str(path.relative_to(ROOT)) not in TOLD
        for name in set(named(ast.parse(path.read_text()))) & FORMER
    }
    assert not bad


def test_no_key_of_a_study_or_a_table_is_a_former_one():
    bad = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in files("toml", "hitl_sim", "oracles", "examples", "experiments")
        for name in set(keys(tomllib.loads(path.read_text()))) & FORMER
    }
    assert not bad


def test_no_command_or_option_is_a_former_one():
    for name, command in typer.main.get_command(app).commands.items():
        options = {opt.lstrip("-") for p in command.params for opt in p.opts}
        assert not ({name} | options) & FORMER


def test_the_list_is_the_one_that_was_agreed():
    page = ROOT.parent / "shared/words.md"
    if not page.exists():
        pytest.skip("the list of terms stands beside the checkout, where there is one")
    line = next(s for s in page.read_text().splitlines() if s.startswith("Whole ident"))
    assert set(re.findall(r"`(\w+)`", line)) == FORMER
