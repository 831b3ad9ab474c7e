"""Results of a study in Python: tables, answer, figures, and other prices."""

import functools
import json
import math
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

import hitl_sim as hs
from hitl_sim.cli import app
from hitl_sim.cost.constant import load_toml
from hitl_sim.record import RecordError
from hitl_sim.results import open_results
from hitl_sim.unit import S_PER_H
from hitl_sim.workload import bill

pytestmark = pytest.mark.study
WORKLOADS = Path(__file__).parents[2] / "experiments" / "workloads"


@pytest.fixture(scope="module")
def results(tmp_path_factory, smoke):
    """A small study with two crowds and an axis of numbers or a word, run once."""
    smoke["replicates"] = 3
    smoke["arm"] = [
        arm for arm in smoke["arm"] if arm["name"] not in ("relevance", "random_half")
    ]
    smoke["axis"] += [{"field": "training.batch", "values": [16, "all"]}]
    smoke["prices"] |= {
        "label_cost": "sunk",
        "waiting": "held",
        "grid_region": "FR",
        "device_usd_per_h": 0.0,
    }
    study = hs.Study(**smoke)
    return study.run(tmp_path_factory.mktemp("results") / "out", workers=2)


def test_a_frame_has_a_row_per_run_with_typed_axes(results):
    frame = results.frame()
    assert frame.num_rows == 2 * 3 * (2 + 1 + 2)
    assert frame.schema.field("crowd.population").type == pa.string()
    assert frame.schema.field("training.batch").type == pa.string()
    assert frame.schema.field("training.batch_num").type == pa.float64()
    rows = frame.to_pylist()
    assert {row["training.batch_num"] for row in rows} == {16.0, None}
    crowds = {(row["arm"], row["crowd.population"]) for row in rows}
    # a control is not crossed with the crowd
    assert ("control", None) in crowds
    assert ("margin_labels", "spammer") in crowds


def test_the_results_file_has_the_same_columns_of_axes(results):
    schema = pq.read_schema(results.folder / "results.parquet")
    names = ("crowd.population", "training.batch", "training.batch_num")
    assert [str(schema.field(n).type) for n in names] == ["string", "string", "double"]


def test_bills_of_runs_add_up_to_those_of_conditions(results):
    rows = results.frame().to_pylist()
    for condition in results.summary().to_pylist():
        own = [row for row in rows if row["condition"] == condition["condition"]]
        reached = [row for row in own if row["is_reached"]]
        assert len(reached) == condition["reached"]
        if not reached:
            continue
        joules = sum(row["device_j"] for row in own) / len(reached)
        assert joules == pytest.approx(condition["device_j"])
        hours = sum(row["people_s"] for row in own) / len(reached) / S_PER_H
        assert hours == pytest.approx(condition["people_h"])
        # validation labels are the same for every arm, and in no run's bill
        assert sum(row["bill_j"] for row in own) / len(reached) <= condition["bill_j"]
        assert all(row["target_steps"] == row["billed_steps"] for row in reached)


def test_runs_without_a_target_are_billed_to_the_cap_and_reach_nothing(results):
    pilots = [row for row in results.frame().to_pylist() if row["role"] == "pilot"]
    assert len(pilots) == 2 * 3
    assert {row["is_reached"] for row in pilots} == {None}
    assert {row["target_steps"] for row in pilots} == {None}
    assert {row["billed_steps"] for row in pilots} == {120}


def test_a_summary_has_the_control_first_with_ratio_one(results):
    rows = results.summary().to_pylist()
    assert rows[0]["role"] == "control"
    assert rows[0]["ratio"] == 1.0
    assert len(rows) == 2 * (2 + 2)


def test_an_answer_is_told_and_carries_its_numbers(results, tmp_path):
    answer = results.answer()
    assert answer.tasks[0].text in str(answer)
    assert str(answer).startswith(answer.caution)
    ratios = [f["rho"] for f in answer.data["tasks"][0]["findings"]]
    assert len(ratios) == 3
    # in one look, as a terminal has it
    copy = shutil.copytree(results.folder, tmp_path / "copy")
    shown = CliRunner().invoke(app, ["report", str(copy)]).output
    lines = answer.first_screen.splitlines()
    assert lines[-1] in shown
    assert len(lines) <= 35
    assert max(map(len, lines)) <= 100


def test_a_new_wage_changes_money_alone_and_rewrites_no_record(results):
    def bytes_of():
        return {p: p.read_bytes() for p in results.folder.rglob("*") if p.is_file()}

    before = bytes_of()
    dear = results.reprice(wage=100.0)
    old, new = results.frame().to_pylist(), dear.frame().to_pylist()
    for one, other in zip(old, new, strict=True):
        assert one["bill_j"] == other["bill_j"]
        assert one["bill_kgco2e"] == other["bill_kgco2e"]
        is_paid = one["people_s"] > 0
        assert (other["bill_usd"] > one["bill_usd"]) == is_paid
    assert dear.reprice(device="h100").prices.wage_usd_per_h == 100.0
    assert bytes_of() == before


def test_a_new_carbon_intensity_takes_the_place_of_the_grids(results):
    clean = results.reprice(carbon=0.0)
    assert clean.prices.grid_region is None
    carbon = [row["bill_kgco2e"] for row in clean.frame().to_pylist()]
    assert set(carbon) == {0.0}


def test_unknown_prices_devices_and_figures_are_refused_by_name(results):
    with pytest.raises(ValueError, match=r"`prices` must be one of 'wage', .*'wages'"):
        results.reprice(wages=3.0)
    with pytest.raises(ValueError, match="`device` must be one of"):
        results.reprice(device="abacus")
    with pytest.raises(ValueError, match="`name` must be one of 'curves'"):
        results.plot("pie")
    with pytest.raises(ValueError, match="`task` must be one of 'digits"):
        results.plot("learning", task="letters")


def test_every_figure_that_is_named_is_drawn_or_has_nothing_to_show(results):
    assert {"learning", "frontier"} <= set(results.figures())
    assert results.plot("learning").axes


def test_a_report_goes_where_it_is_told_and_says_what_billed_it(results, tmp_path):
    page = results.reprice(wage=50.0).report(tmp_path / "dear")
    assert page == tmp_path / "dear" / "report.html"
    bill = pq.read_table(tmp_path / "dear" / "bill.parquet")
    assert json.loads(bill.schema.metadata[b"prices"])["wage_usd_per_h"] == 50.0
    assert bill.num_rows == results.frame().num_rows
    assert not (results.folder / "bill.parquet").exists()


def test_a_study_is_held_against_a_described_training(results):
    bert = WORKLOADS / "bert-base.toml"
    found = results.project(bert)
    onto = bill(bert).whole.footprint.joules
    assert [one.beta for one in found[:3]] == [0.0, 0.25, 0.5]
    first = found[0]
    assert first.onto == onto
    paid = next(
        finding.usage.paid_s
        for finding in results.result.tasks[0].with_people
        if finding.label == first.arm
    )
    assert first.hours_there == pytest.approx(paid / S_PER_H)
    # E* has the facility's overhead in it, as the description's joules have
    control_j = (
        results.result.tasks[0].control.joules.value
        * load_toml("prices.toml")["pue"]["value"]
    )
    assert first.multiple == pytest.approx(onto.value / control_j)


def test_a_projection_is_printed_with_what_it_assumes(results):
    onto = ("--onto", str(WORKLOADS / "bert-base.toml"))
    told = CliRunner().invoke(
        app, ["project", str(results.folder), *onto], env={"COLUMNS": "160"}
    )
    assert told.exit_code == 0
    text = " ".join(told.output.split())
    assert "Training BERT base on all its data takes 2.48 MWh" in text
    assert "All of it is hypothetical" in text
    # the study shares its guidance with no other training
    assert "trainings share" not in text


def test_a_folder_that_holds_no_study_cannot_be_opened(tmp_path):
    with pytest.raises(RecordError, match="must be a folder that `hitl-sim run` made"):
        hs.open_results(tmp_path)


def test_a_plan_counts_runs_and_leaves_nothing_behind(results, smoke_path, tmp_path):
    found = hs.load(smoke_path).plan(tmp_path / "nowhere")
    assert found.runs == found.runs_left == 32
    assert math.isfinite(found.seconds_one_core)
    assert not (tmp_path / "nowhere").exists()


def test_a_figure_for_a_paper_is_written_where_it_applies(results, tmp_path):
    path = tmp_path / "curves.pdf"
    figure = results.plot("curves", style="paper", columns=2, path=path)
    assert figure.get_size_inches()[0] == 7.16
    assert path.read_bytes().startswith(b"%PDF")
    other = tmp_path / "surface.pdf"
    assert results.plot("surface", style="paper", path=other) is None
    assert not other.exists()
    with pytest.raises(ValueError, match=r"`path` must be one of '.pdf', '.svg'"):
        results.plot("curves", path=tmp_path / "curves.jpg")


def test_the_command_lists_and_draws_figures(results, tmp_path):
    call = functools.partial(CliRunner().invoke, app)
    listed = call(["plot", str(results.folder)])
    assert listed.exit_code == 0
    assert all(name in listed.output for name in results.figures())
    out = tmp_path / "a.svg"
    drawn = call(["plot", str(results.folder), "ladder", "--out", str(out)])
    assert drawn.exit_code == 0, drawn.output
    assert out.read_text().startswith("<svg")
    for wrong in (["surface"], ["pie"], ["ladder", "--out", str(out)]):
        refused = call(["plot", str(results.folder), *wrong])
        assert refused.exit_code != 0
        assert isinstance(refused.exception, ValueError | SystemExit)


def test_an_explorer_is_written_with_every_target_that_is_asked_for(results, tmp_path):
    path = results.explore(tmp_path / "a.html", fractions=(0.5,), devices=("h100",))
    text = path.read_text()
    assert '"fractions":[' in text
    own = results.result.fraction
    assert f'"fractions":[{own},0.5]' in text
    assert "h100@" in text
    with pytest.raises(ValueError, match="`fractions` must be in"):
        results.explore(tmp_path / "b.html", fractions=(0.0,))
    assert not (tmp_path / "b.html").exists()
    call = functools.partial(CliRunner().invoke, app)
    out = tmp_path / "c.html"
    words = ["explore", str(results.folder), "--out", str(out), "--fraction", "0.5"]
    assert call(words).exit_code == 0
    assert out.exists()
    assert call(words).exit_code != 0


def test_fits_over_a_life_share_the_guidance_as_trainings_do(results, tmp_path):
    """Ten fits of one model are ten trainings: E* of both is the same to the bit."""

    def sizes(name, prices=None, **reuse):
        folder = shutil.copytree(results.folder, tmp_path / name)
        path = folder / "manifest.json"
        manifest = json.loads(path.read_text())
        manifest["study"]["reuse"] = reuse
        path.write_text(json.dumps(manifest))
        found = open_results(folder).reprice(**(prices or {}))
        asked = found.result.tasks[0].with_people[0].over_control[-1]
        return asked.trainings, asked.saved.value, asked.joules.low

    life = {"life_queries": 1e6}
    ten = sizes("ten", life, trainings=1, retrain_every=1e5)
    assert ten == sizes("plain", life, trainings=10)
    assert ten[0] == 10
    # a longer life is a price: more fits share, and nothing is run for it
    longer = sizes("longer", {"life_queries": 3e6}, trainings=1, retrain_every=1e5)
    assert longer[0] == 30
