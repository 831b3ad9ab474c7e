"""What was fixed before the runs is kept, and a report says what was changed after."""

import json
import shutil

import msgspec
import pytest

import hitl_sim as hs
from hitl_sim.record import RecordError
from hitl_sim.study import runner
from hitl_sim.study.analysis_plan import (
    FIELDS,
    PLANS,
    PlanVersion,
    changed_after_runs,
    hash_plan,
    lock_plan,
    planned_fields,
    read_plans,
    write_study,
)
from hitl_sim.study.spec import convert


@pytest.fixture
def study(tables):
    """The smoke study as a results folder keeps it."""
    return msgspec.to_builtins(convert(tables))


def told(*versions):
    """Say what changed, as a report does: versions are pairs of a study and records."""
    plans = [PlanVersion(planned_fields(study), num) for study, num in versions]
    return {c.field: (c.values, c.num_records) for c in changed_after_runs(plans)}


def test_every_field_of_the_plan_is_one_of_the_study(study):
    missing = [f for f, value in planned_fields(study).items() if value is None]
    assert missing == ["draw", "tune"]
    assert set(planned_fields(study)) == set(FIELDS)


def test_a_change_after_runs_is_told_with_its_values_and_records(study):
    other = study | {"target": study["target"] | {"fraction": 0.9}}
    found = told((study, 0), (other, 32))
    assert found == {"target.fraction": (("0.95", "0.9"), 32)}


def test_a_change_that_was_taken_back_is_told_too(study):
    other = study | {"smallest_effect": 0.1}
    found = told((study, 0), (other, 8), (study, 16))
    assert found == {"smallest_effect": (("0.05", "0.1", "0.05"), 8)}


def test_changes_before_the_first_record_are_none(study):
    other = study | {"replicates": 9}
    assert told((study, 0), (other, 0)) == {}
    assert told((study, 0), (other, 0), (study, 4)) == {"replicates": (("9", "4"), 4)}


def test_arms_are_told_by_name_and_axes_by_field(study):
    arms = [dict(arm) for arm in study["arm"]]
    arms[3]["share"] = 0.25
    axis = [{**study["axis"][0], "values": ["perfect"]}]
    # one more, one gone, one changed; their order says nothing
    other = study | {"arm": [arms[3], {**arms[2], "name": "more"}, *arms[:2]]}
    found = told((study, 0), (other | {"axis": axis}, 32))
    assert found == {
        "arm.relevance.share": (("0.5", "0.25"), 32),
        "arm.more": (("none", "random_share"), 32),
        "arm.random_half": (("random_share", "none"), 32),
        "arm.margin_labels": (("labelling", "none"), 32),
        "axis.crowd.population.values": (("[perfect; spammer]", "[perfect]"), 32),
    }


def test_a_field_that_only_a_later_version_of_the_package_has_is_no_change(study):
    arms = [{**arm, "new_field": 3} for arm in study["arm"]]
    assert told((study, 0), (study | {"arm": arms}, 32)) == {}


def test_the_hash_is_that_of_the_plan_alone(study):
    plain = hash_plan(planned_fields(study))
    assert plain == hash_plan(planned_fields(study | {"question": "Why?"}))
    assert plain != hash_plan(planned_fields(study | {"seed": 8}))
    prices = study["prices"] | {"label_cost": "sunk"}
    assert plain != hash_plan(planned_fields(study | {"prices": prices}))


def test_plans_are_added_and_an_equal_one_is_not(study, tmp_path):
    lock_plan(tmp_path, study, 0)
    lock_plan(tmp_path, study, 8)
    lock_plan(tmp_path, study | {"seed": 8}, 8)
    found = read_plans(tmp_path)
    assert [(plan.fields["seed"], plan.records) for plan in found] == [(7, 0), (8, 8)]
    raw = json.loads((tmp_path / PLANS).read_text())
    assert [table["hash"] for table in raw] == [plan.hash for plan in found]


def test_a_folder_of_before_there_were_plans_begins_with_its_study(study, tmp_path):
    write_study(tmp_path, study)
    lock_plan(tmp_path, study | {"seed": 8}, 32)
    first, second = read_plans(tmp_path)
    assert (first.fields["seed"], first.records, first.date) == (7, None, None)
    (change,) = changed_after_runs((first, second))
    assert (change.field, change.num_records) == ("seed", 32)


def test_damaged_plans_are_named(tmp_path):
    (tmp_path / PLANS).write_text("[{")
    with pytest.raises(RecordError, match=r"analysis_plan\.json' cannot be read"):
        read_plans(tmp_path)


def test_an_earlier_study_is_kept_beside_the_new_one(study, tmp_path):
    assert write_study(tmp_path, study) is None
    assert write_study(tmp_path, study) is None
    other, third = study | {"seed": 8}, study | {"seed": 9}
    assert write_study(tmp_path, other) == tmp_path / "study-1.json"
    assert write_study(tmp_path, third) == tmp_path / "study-2.json"
    # what is kept already is not kept twice
    write_study(tmp_path, study)
    assert write_study(tmp_path, third) == tmp_path / "study-1.json"
    seeds = {p.name: json.loads(p.read_text())["seed"] for p in tmp_path.iterdir()}
    assert seeds == {
        "study.json": 9,
        "study-1.json": 7,
        "study-2.json": 8,
        "study-3.json": 9,
    }


@pytest.fixture(scope="module")
def reported(tmp_path_factory, smoke):
    """Control, copy and a random half, run and reported."""
    out = tmp_path_factory.mktemp("plan") / "out"
    tables = smoke | {"arm": smoke["arm"][:3], "axis": []}
    hs.Study(**tables).run(out, workers=1).report()
    return tables, out


def records_of(out):
    return {p.name: p.read_bytes() for p in (out / "records").iterdir()}


@pytest.mark.study
def test_a_target_changed_after_a_run_keeps_both_analyses_and_says_so(
    reported, tmp_path, monkeypatch
):
    tables, before = reported
    out = tmp_path / "moved"
    shutil.copytree(before, out)
    first = json.loads((out / "report.json").read_text())
    assert first["words"]["changed"] == ""
    # nothing may be computed
    monkeypatch.setattr(runner, "open_executor", None)
    study = hs.Study(**tables, target={"fraction": 0.9})
    results = study.run(out, workers=1)
    page = results.report().read_text()
    said = "Changed after runs: target.fraction 0.95 -&gt; 0.9."
    assert said in page
    assert page.index(said) < page.index("<h1>")
    assert "came when 16 runs were finished" in results.words.changed
    assert results.words.changed in str(results.answer())
    assert results.words.changed in " ".join((out / "findings.md").read_text().split())
    second = json.loads((out / "report.json").read_text())
    kept = out / "plans" / first["plan_hash"]
    assert json.loads((kept / "report.json").read_text()) == first
    assert (kept / "report.html").exists()
    assert (first["fraction"], second["fraction"]) == (0.95, 0.9)
    assert second["plan_hash"] == read_plans(out)[-1].hash != first["plan_hash"]
    assert records_of(out) == records_of(before)
    assert study.last_run.earlier_study == out / "study-1.json"
    # from the folder alone, wherever it lies
    again = tmp_path / "elsewhere"
    shutil.copytree(out, again)
    assert hs.open_results(again).words.changed == results.words.changed


@pytest.mark.study
def test_a_boundary_changed_for_a_report_alone_is_told(reported, tmp_path):
    results = hs.open_results(reported[1]).reprice(label_cost="sunk")
    assert results.words.changed.startswith(
        "Changed after runs: prices.label_cost bought_same_price -> sunk."
    )
    assert hs.open_results(reported[1]).reprice(wage=99.0).words.changed == ""


@pytest.mark.study
def test_a_study_run_again_as_it_was_changes_nothing(reported, monkeypatch):
    tables, out = reported
    before = (out / PLANS).read_bytes()
    monkeypatch.setattr(runner, "open_executor", None)
    results = hs.Study(**tables).run(out, workers=1)
    assert results.words.changed == ""
    assert (out / PLANS).read_bytes() == before
    assert not list(out.glob("study-*.json"))
