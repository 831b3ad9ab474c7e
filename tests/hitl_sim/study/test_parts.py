import json
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from hitl_sim.cli import app
from hitl_sim.part_source import Source
from hitl_sim.study.grid import expand
from hitl_sim.study.kept_parts import with_kept_parts
from hitl_sim.study.parts import (
    as_specs,
    check_parts,
    foreign_parts,
    keep_parts,
)
from hitl_sim.study.runner import load_spec_of, run_study
from hitl_sim.study.spec import (
    PartSpec,
    SpecError,
    convert,
    load_spec,
    named_parts,
)
from hitl_sim.study.spec.part import with_offered
from oracles import part

ALIEN = """
import helper
from hitl_sim import part


@part.strategy()
def alien(shape):
    return lambda key, view, params: helper.scale(view.logits)
"""
HELPER = "def scale(logits):\n    return logits[:, 0]\n"


@part.strategy()
def own(shape):
    return shape


@pytest.fixture
def study(tmp_path, smoke_file):
    """Write the smoke study with a part of its own that no arm uses yet."""
    text = smoke_file.read_text() + '[part.alien]\nsource = "./alien.py:alien"\n'
    (tmp_path / "study.toml").write_text(text)
    (tmp_path / "alien.py").write_text(ALIEN)
    (tmp_path / "helper.py").write_text(HELPER)
    return tmp_path / "study.toml"


LEAKY = """
import jax
import jax.numpy as jnp

from hitl_sim import part
from hitl_sim.learn.network.adapt import from_init_apply


@part.network()
def leaky(inputs):
    shape = (inputs.num_features, inputs.num_classes)
    return from_init_apply(
        lambda key: jax.random.normal(key, shape),
        lambda weights, x: (x - x.mean(axis=0)[None]) @ weights,
    )
"""


def test_a_network_in_which_padding_leaks_is_refused_where_a_step_takes_all(
    tables, tmp_path
):
    (tmp_path / "leaky.py").write_text(LEAKY)
    tables["part"] = {"leaky": {"source": f"{tmp_path}/leaky.py:leaky"}}
    tables |= {"network": {"kind": "leaky"}, "arm": tables["arm"][:1], "axis": []}
    check_parts(expand(convert(tables)))
    tables["training"] = tables["training"] | {"batch": "all"}
    message = r"\[part.leaky\] network: `logits` must be the same whatever the padding"
    with pytest.raises(SpecError, match=message):
        check_parts(expand(convert(tables)))


@pytest.fixture
def checked(monkeypatch, tmp_path):
    """List the sources that are checked, each of which fails with what stands first."""
    found = [""]
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(
        "hitl_sim.check.child.failure_of",
        lambda source, options, checks: found.append(source) or found[0],
    )
    return found


def check_alien(study):
    raw = msgspec.to_builtins(load_spec(study))
    arm = {"kind": "labelling", "name": "alien", "strategy": "alien", "rounds": 2}
    raw |= {"arm": [raw["arm"][0], arm], "axis": []}
    check_parts(expand(convert(raw)))


def test_a_part_that_passed_is_checked_again_only_where_it_changed(study, checked):
    check_alien(study)
    check_alien(study)
    assert len(checked) == 2
    (study.parent / "helper.py").write_text(HELPER + "# more\n")
    check_alien(study)
    assert len(checked) == 3


def test_a_part_that_passed_is_checked_again_by_another_version(
    study, checked, monkeypatch
):
    check_alien(study)
    monkeypatch.setattr("hitl_sim.cache._code", lambda: "another")
    check_alien(study)
    assert len(checked) == 3


def test_a_part_that_failed_is_always_checked_again(study, checked):
    checked[0] = "it is wrong"
    for _ in range(2):
        with pytest.raises(SpecError, match=r"\[part.alien\] strategy: it is wrong"):
            check_alien(study)
    assert len(checked) == 3


def test_a_source_is_found_from_the_study_files_folder(study):
    source = load_spec(study).part["alien"].source
    assert source == f"{study.parent.resolve()}/alien.py:alien"


def test_a_study_file_cannot_say_what_a_part_is(study):
    study.write_text(study.read_text() + 'identity = { kind = "network" }\n')
    assert load_spec(study).part["alien"].identity["kind"] == "strategy"


def test_planning_writes_down_what_a_part_is(study):
    identity = load_spec(study).part["alien"].identity
    assert identity["kind"] == "strategy"
    assert len(identity["sha256"]) == 64
    assert not any(str(study.parent) in str(value) for value in identity.values())


def test_the_parts_of_a_study_are_loaded_by_its_names(study):
    (found,) = foreign_parts(load_spec(study)).values()
    assert (found.kind, found.name) == ("strategy", "alien")


def test_code_that_changed_since_planning_is_refused(study):
    spec = load_spec(study)
    (study.parent / "helper.py").write_text(HELPER + "# more\n")
    with pytest.raises(SpecError, match=r"\[part\.alien\].* its code has changed"):
        foreign_parts(spec)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("./gone.py:alien", r"\[part\.alien\] Part file must be readable"),
        ("alien", r"\[part\.alien\] `source` must be 'FILE\.py:NAME'"),
        ("./alien.py:bold", r"\('alien'\), got 'bold'"),
    ],
)
def test_a_part_that_cannot_be_loaded_ends_a_study_with_one_line(
    study, source, message
):
    text = study.read_text().replace("./alien.py:alien", source)
    study.write_text(text)
    with pytest.raises(SpecError, match=message):
        load_spec(study)
    called = CliRunner().invoke(app, ["run", str(study), "--dry-run"])
    assert called.exit_code == 2


def test_the_name_of_a_built_in_part_is_refused(study, monkeypatch):
    monkeypatch.setattr(
        "hitl_sim.study.spec.part.builtin", lambda kind: {"alien": kind}
    )
    with pytest.raises(SpecError, match=r"`part\.alien` must have a name of its own"):
        load_spec(study)


def test_only_what_names_a_part_depends_on_it(study):
    parts = load_spec(study).part
    arm = {"kind": "labelling", "name": "alien", "strategy": "margin"}
    tables = {"arm": arm, "network": {"kind": "alien"}}
    assert named_parts(parts, tables) == {}
    tables["arm"] = arm | {"strategy": "alien"}
    assert named_parts(parts, tables) == {"alien": parts["alien"].identity}


def test_a_study_says_which_code_it_executes_before_it_does(study):
    (study.parent / "alien.py").write_text("import helper\n1 / 0\n")
    folder, told = study.parent.resolve(), []
    with pytest.raises(SpecError, match="ZeroDivisionError"):
        load_spec(study, on_code=told.append)
    assert told == [
        f"This study executes code of its own: {folder}/alien.py, {folder}/helper.py."
    ]


def test_a_study_without_parts_says_nothing_of_code(smoke_file):
    load_spec(smoke_file, on_code=pytest.fail)


def test_a_part_of_an_installed_package_is_found_by_its_entry_point(study, monkeypatch):
    points = {"keen": Source("my_lab.al", "keen", False)}
    monkeypatch.setattr("hitl_sim.study.spec.part.offered", lambda: points)
    arm = {"kind": "labelling", "strategy": "keen", "aggregate": "majority"}
    raw = {"arm": [arm], "network": {"kind": "mlp"}}
    assert with_offered(raw)["part"] == {"keen": {"source": "my_lab.al:keen"}}
    own = {"keen": {"source": "./keen.py:keen"}}
    assert with_offered(raw | {"part": own})["part"] == own


def test_kept_sources_are_what_they_were(study, tmp_path):
    spec, out = load_spec(study), tmp_path / "out"
    keep_parts(spec, out)
    shutil.rmtree(study.parent / "__pycache__", ignore_errors=True)
    for name in ("alien.py", "helper.py"):
        (study.parent / name).unlink()
    kept = with_kept_parts(spec, out)
    assert Path(Source.of(kept.part["alien"].source).module).is_relative_to(
        out.resolve()
    )
    assert kept.part["alien"].identity == spec.part["alien"].identity
    assert foreign_parts(kept)["alien"].name == "alien"


def test_parts_at_hand_become_tables_that_a_study_can_hold():
    (spec,) = as_specs({"alien": own}).values()
    assert spec == PartSpec(source=str(Source(str(Path(__file__)), "own", True)))


@pytest.mark.study
def test_reading_results_never_runs_a_parts_file(study, tmp_path):
    spec = load_spec(study)
    small = {"replicates": 2, "arm": spec.arm[:1], "axis": ()}
    out = tmp_path / "out"
    run_study(
        convert(msgspec.to_builtins(msgspec.structs.replace(spec, **small))), out, 1
    )
    kept = load_spec_of(out).part["alien"]
    assert json.loads((out / "study.json").read_text())["part"]["alien"]["identity"]
    for file in (study.parent / "alien.py", Path(Source.of(kept.source).module)):
        file.write_text("raise RuntimeError('a part was run')\n")
    call = "from hitl_sim.cli import main; main()"
    for command in (["report", out], ["status", out], ["compare", out, out]):
        done = subprocess.run(
            [sys.executable, "-c", call, *map(str, command)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
