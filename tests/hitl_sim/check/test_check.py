import importlib.util
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hitl_sim import check
from hitl_sim.check import CheckError, run_checks, subject_of
from hitl_sim.cli import app

BROKEN = Path(__file__).with_name("broken.py")


@pytest.fixture(scope="module")
def broken():
    spec = importlib.util.spec_from_file_location("broken_annotators", BROKEN)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def failure_of(part, name):
    (found,) = [c for c in check.checks_of(part.kind) if c.name == name]
    with pytest.raises(CheckError) as failed:
        found.run(subject_of(part))
    assert "\n" not in str(failed.value)
    return str(failed.value)


@pytest.mark.parametrize(
    ("name", "check_name", "words"),
    [
        ("off_shape", "shapes", "`answer` must be int32[24, 3], got float32[24, 3]."),
        ("python_value", "shapes", "it used a traced array as a Python value"),
        ("python_value", "transformations", "it used a traced array as a Python"),
        (
            "drawn_from_numpy",
            "key",
            "it must be one program however often it is traced",
        ),
        ("by_hash", "processes", "under another PYTHONHASHSEED"),
        ("on_the_host", "callbacks", "must call nothing on the host, got debug"),
        ("reads_padding", "padding", "must be the same whatever the padding holds"),
        ("overflows", "finite", "`seconds` must be finite, got inf with long items"),
        ("answers_all", "answers", "`is_answered` must be false where nothing was"),
        ("keeps_place", "state", "the same for a queue as for its two halves"),
        ("forgets_occasions", "occasions", "another `occasion` must be another draw"),
        ("never_errs", "marginals", "must be 0.8 within 0.020"),
    ],
)
def test_each_broken_promise_is_found_by_its_check(broken, name, check_name, words):
    assert words in failure_of(getattr(broken, name), check_name)


def test_a_part_that_ignores_its_key_is_said_to_be_not_random(broken):
    (found,) = [c for c in check.checks_of("annotator") if c.name == "key"]
    assert found.run(subject_of(broken.without_key)) == "nothing in it is random"


@pytest.mark.parametrize(
    ("name", "check_name", "words"),
    [
        ("uphill", "steps", "must lower the loss of a linear network"),
        ("the_worse_the_better", "value", "must be the higher the better"),
        ("loses_weights", "course", "what is trained must keep its arrays"),
        ("other_each_time", "content", "it must make the same arrays each time"),
        ("below_nothing", "reading", "joules must be >= 0, got -1.0"),
    ],
)
def test_a_broken_promise_of_another_kind_is_found(broken, name, check_name, words):
    assert words in failure_of(getattr(broken, name), check_name)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("no_oracle", "must return an `oracles.Oracle`"),
        ("raises", "it raised RuntimeError: no luck today."),
        ("power", "it must have `name`, got NoneType"),
        ("not_around", "must return an `Around` or a `Method`"),
        ("no_arrays", "must return arrays by name, got int"),
    ],
)
def test_a_part_that_does_not_build_has_one_outcome(broken, name, words):
    (outcome,) = run_checks(getattr(broken, name))
    assert outcome.check == "build"
    assert words in outcome.failure


def test_an_expected_failure_is_told_from_a_check_that_passes(broken):
    reasons = {"never_errs": {"marginals": "it never errs"}}
    mark = check.parametrize([broken.never_errs], expected_failed_checks=reasons)
    _, params = mark.args
    marked = [p.id for p in params if p.marks]
    assert marked == ["annotator-never_errs-marginals"]


def test_an_expected_failure_of_no_such_check_is_refused(broken):
    reasons = {"sound": {"speed": "it is slow"}}
    with pytest.raises(ValueError, match="got 'speed' of 'sound'"):
        check.parametrize([broken.sound], expected_failed_checks=reasons)


def test_the_command_names_the_check_that_failed_and_says_why():
    called = CliRunner().invoke(app, ["check", f"{BROKEN}:the_worse_the_better"])
    assert called.exit_code == 3
    lines = called.stdout.splitlines()
    assert lines[0] == "metric the_worse_the_better"
    failed = "  value: failed; `value` must be the higher"
    assert any(line.startswith(failed) for line in lines)
    assert "  shapes: passed" in lines


def test_the_command_passes_a_sound_part():
    called = CliRunner().invoke(app, ["check", f"{BROKEN}:share_right"])
    assert called.exit_code == 0, called.stdout


def test_a_source_that_is_none_is_refused_in_one_line():
    assert CliRunner().invoke(app, ["check", "nothing"]).exit_code == 2
