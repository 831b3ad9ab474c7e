"""The ladder of sizes: its rungs, its quick form, and its page from what it came to."""

import csv
from pathlib import Path

import ladder
import ladder_page
import numpy as np
import pytest

from hitl_sim.study.spec import load_spec

DATA = Path(__file__).parents[3] / "shared" / "data"
RUNGS = ladder.read_rungs()


@pytest.fixture(scope="module")
def spec():
    return load_spec(ladder.HERE / "ladder.toml")


@pytest.mark.parametrize(
    "rung", [r for r in RUNGS if r.tuned_by is None], ids=lambda rung: rung.name
)
def test_every_rung_is_a_study(rung, spec):
    """Its arms fit its network, and its pool is spoilt as it says."""
    study = ladder.study_of(
        rung, spec, "digits" if rung.needs_data else rung.task["source"]
    )
    arms = {arm.name for arm in study.arm}
    assert {"control", "control_again", "machine_share", "verify", "label"} <= arms
    assert ("rank" in arms) == (rung.network["kind"] == "mlp")
    assert ("rate" in arms) == (rung.task.get("representation") != "tokens")
    shares = {
        value
        for axis in study.axis
        if axis.field == "task.irrelevant"
        for value in axis.values
    } or {study.task["rung"].irrelevant}
    assert shares == ({0.0, 0.2} if rung.is_clean else {0.2})
    # half of what is spoilt has no class, half a wrong label
    assert study.task["rung"].wrong_label == study.task["rung"].irrelevant
    assert study.seed != spec.seed


def test_rungs_draw_apart(spec):
    plain = [r for r in RUNGS if r.tuned_by is None and not r.needs_data]
    seeds = {ladder.study_of(rung, spec, rung.task["source"]).seed for rung in plain}
    assert len(seeds) == len(plain)


def test_a_top_rung_stands_on_one_of_its_own_ladder():
    ladders = {rung.name: rung.ladder for rung in RUNGS}
    top = [rung for rung in RUNGS if rung.tuned_by is not None]
    assert top
    for rung in top:
        assert ladders[rung.tuned_by] == rung.ladder


def test_a_top_rung_without_the_one_below_is_refused(spec, tmp_path):
    (rung,) = (r for r in RUNGS if r.name == "digits-4")
    with pytest.raises(RuntimeError, match="`digits-3`, which must be run first"):
        ladder.run_rung(rung, spec, None, tmp_path)


def test_an_unknown_rung_is_refused():
    with pytest.raises(ValueError, match=r"`--rung` must be one of .* got 'digits-9'"):
        ladder.chosen(RUNGS, ["digits-9"])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--rung", "digits-9"], "`--rung` must be one of"),
        (["--rung", "digits-4"], "`digits-3`, which must be run first"),
        (["--data", "nowhere"], "`--data` must be a folder, got 'nowhere'"),
    ],
)
def test_what_cannot_be_run_is_told_in_a_line(
    words, message, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr("sys.argv", ["ladder.py", str(tmp_path), *words])
    with pytest.raises(SystemExit) as refused:
        ladder.main()
    assert refused.value.code == 2
    assert message in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_rows_of_a_rung_take_the_place_of_its_own_alone(tmp_path):
    path = tmp_path / "rows.csv"
    ladder.write_rows([{"rung": "digits-1", "ratio": 0.5}], path)
    ladder.write_rows([{"rung": "planted-1", "ratio": np.nan}], path)
    ladder.write_rows([{"rung": "digits-1", "ratio": 0.25}], path)
    rows = [{"rung": "planted-1", "ratio": ""}, {"rung": "digits-1", "ratio": "0.25"}]
    assert ladder.read_rows(path) == rows


@pytest.mark.skipif(not DATA.exists(), reason="the larger sets are not here")
def test_pictures_are_unpacked(tmp_path):
    (rung,) = (r for r in RUNGS if r.name == "cifar-1")
    with np.load(ladder.source_of(rung, DATA, tmp_path)) as found:
        assert found["images"].shape == (10_000, 32, 32, 3)
        assert np.bincount(found["labels"]).tolist() == [1000] * 10


def test_the_page_is_made_of_what_is_shipped():
    """Nothing is run for it: the rows that ship give the page that ships."""
    rows = ladder.read_rows()
    missing = [r.name for r in RUNGS if r.name not in {row["rung"] for row in rows}]
    shipped = (ladder.HERE / "ladder.md").read_text(encoding="utf-8")
    assert ladder_page.page(rows, missing) == shipped
    assert all(f"{name}" in shipped for name in missing)


@pytest.mark.study
def test_the_quick_form_runs_and_gives_rows(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["ladder.py", str(tmp_path), "--smoke"])
    ladder.main()
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == "control  1"
    assert {line.split()[0] for line in printed} >= {"rate", "verify"}
    rung, spec = RUNGS[0], load_spec(ladder.HERE / "ladder.toml", is_smoke=True)
    # taken up again, nothing is run, and the rows are the same
    rows = ladder.run_rung(rung, spec, None, tmp_path)
    assert len(rows) == len(printed)
    asked = [row for row in rows if row["arm"] == "rate"]
    assert [row["questions"] for row in asked] == [24, 72]
    assert asked[0]["kept_clean"] < asked[1]["kept_clean"]
    with (ladder.HERE / "ladder.csv").open(newline="") as file:
        assert list(rows[0]) == csv.DictReader(file).fieldnames
