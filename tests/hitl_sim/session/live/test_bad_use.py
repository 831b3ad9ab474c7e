"""Studies that no desk can answer are refused in one line, before anything is done."""

from dataclasses import replace

import pytest
from typer.testing import CliRunner

import hitl_sim as hs
from hitl_sim.cli import app
from hitl_sim.session.error import SessionError
from hitl_sim.session.live.check import check_conditions
from hitl_sim.session.live.choice import DeskChoice
from hitl_sim.study.plan import plan_study

from .conftest import HERE

PAGE = {"desk": "page"}


def refused(words):
    return pytest.raises(SessionError, match=rf"(?s)^(?!.*\n).*{words}")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            {"desk": "telephone"},
            "`desk` must be one of 'simulated', 'page', 'label_studio', got",
        ),
        ({"at": "x"}, "`at` must be left out with the desk 'simulated'"),
        ({"deadline_s": 9.0}, "`deadline_s` must be left out with the desk"),
        ({"real_people": 1}, "`real_people` must be left out with the desk"),
        (PAGE | {"real_people": -1}, "`real_people` must be >= 1"),
        (PAGE | {"speed": 2.0}, "`speed` must be left out where real people answer"),
        (PAGE | {"deadline_s": -1.0}, "`deadline_s` must be finite and > 0"),
        ({"desk": "label_studio"}, "`at` must say where the desk 'label_studio' is"),
        ({"desk": "label_studio", "at": "http://localhost"}, "`at` must be the server"),
        ({"speed": 0.0}, "`speed` must be finite and > 0"),
    ],
)
def test_arguments_of_live(tiny, tmp_path, given, words):
    with refused(words):
        hs.live(hs.Study(**tiny), tmp_path / "out", **given)
    assert not (tmp_path / "out").exists()


def label_by_crowd(tables):
    tables["task"]["digits"] |= {"validation_by": "typical"}


def tuned(tables):
    space = [{"field": "training.learning_rate", "values": [1e-2, 1e-3]}]
    own = {"people": "none", "bill": "sunk", "trials": 2, "rungs": 1}
    tables["tune"] = own | {"space": space}


def ruled(tables):
    tables["replicates"] = {"at_least": 8, "at_most": 32, "until_half_width": 0.1}


def swept(tables):
    tables["axis"] = [{"field": "crowd.accuracy", "values": [0.7, 0.9]}]


def preferred(tables):
    tables["arm"][1] = {"name": "pairs", "kind": "preference", "questions": 10}


def alone(tables):
    tables["arm"][1] = {"name": "half", "kind": "random_share"}


@pytest.mark.parametrize(
    ("change", "given", "words"),
    [
        (tuned, {}, "`tune` must be left out"),
        (ruled, {}, "`replicates` must be a number"),
        (alone, {}, "got a study that asks nobody"),
        (label_by_crowd, PAGE, "`task.digits.validation_by` must be 'gold'"),
        (swept, PAGE, r"`axis.field` must not be of \[crowd\]"),
        (preferred, PAGE, "`arm.kind` must ask for one of label.*got 'preference'"),
    ],
)
def test_studies_that_cannot_be_driven(tiny, tmp_path, change, given, words):
    change(tiny)
    with refused(words):
        hs.live(hs.Study(**tiny), tmp_path / "out", **given)
    assert not (tmp_path / "out").exists()


def test_items_that_no_page_shows(tiny):
    plan = plan_study(hs.Study(**tiny).spec)
    infos = {name: replace(one, kind="text") for name, one in plan.infos.items()}
    with refused("`task.digits.source` must be of pictures or a table.*got 'text'"):
        check_conditions(plan.conditions, infos, DeskChoice("page"))
    check_conditions(plan.conditions, infos, DeskChoice())


def test_a_folder_of_something_else(tiny, tmp_path):
    for name, words in {
        "session.json": "a session",
        "live.json": "real people",
    }.items():
        (tmp_path / name).write_text("{}")
        with refused(f"`out` must be a folder of its own.*{words}"):
            hs.live(hs.Study(**tiny), tmp_path)
        (tmp_path / name).unlink()
    (tmp_path / "manifest.json").write_text("{}")
    with refused("`out` must be a folder of its own.*simulated people"):
        hs.live(hs.Study(**tiny), tmp_path, "page")


def test_no_sweep_runs_into_answers_of_real_people(tiny, tmp_path):
    (tmp_path / "live.json").write_text("{}")
    with pytest.raises(ValueError, match="got one of real people at a desk"):
        hs.Study(**tiny).run(tmp_path)


def test_the_command_names_the_option(tmp_path):
    words = [
        str(HERE / "tiny.toml"),
        "--desk",
        "telephone",
        "--out",
        str(tmp_path / "x"),
    ]
    ran = CliRunner().invoke(app, ["live", *words])
    assert ran.exit_code == 2
    assert "`--desk` must be one of" in ran.output
    assert not (tmp_path / "x").exists()
