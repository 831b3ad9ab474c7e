"""A session leaves what a study leaves: records that every reader can use."""

import json
import math

import numpy as np
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

import hitl_sim as hs
from hitl_sim.cli import app
from hitl_sim.record import RecordError

from .conftest import ITEMS, STEPS, run, train


def records(folder):
    return {p.name: p.read_bytes() for p in (folder / "records").glob("*.parquet")}


def test_a_run_is_a_record_of_counts(open_session):
    with open_session() as session:
        run(session, replicates=1)
    rows = {
        row["arm"]: row
        for row in session.results()._analysis.folder.records.to_pylist()
    }
    guided = rows["guided"]
    assert guided["step"] == guided["fit_step"] == list(range(1, STEPS + 1))
    assert guided["work_unit"] == ["evaluate", "train"]
    assert guided["work_count"][1] == [ITEMS * step for step in range(1, STEPS + 1)]
    assert guided["asked"] == [6] * STEPS
    assert guided["worked_s"][0] > 0.0
    assert guided["paid_s"][0] >= guided["worked_s"][0]
    # three people work side by side
    assert 0.0 < guided["wait_s"][0] < guided["worked_s"][0]
    assert rows["control"]["asked"] == [0] * STEPS
    assert (guided["kind"], guided["population"]) == ("relevance", "typical")
    assert (rows["control"]["kind"], rows["control"]["population"]) == (
        "own_loop",
        None,
    )


def test_every_reader_of_results_works_on_it(open_session, tmp_path):
    with open_session() as session:
        run(session)
    results = hs.open_results(session.out)
    assert results.frame().num_rows == 6  # the control's runs fix the target, too
    (control, guided) = results.summary().to_pylist()
    assert (control["arm"], guided["arm"]) == ("control", "guided")
    assert guided["ratio"] == pytest.approx(4 / 6, abs=0.03)
    assert "guided" in str(results.answer())
    assert results.report(tmp_path / "page").exists()
    dear = results.reprice(wage=100.0).summary().to_pylist()[1]
    assert dear["people_h"] == guided["people_h"]
    compared = results.compare(hs.open_results(session.out))
    assert compared is not None
    assert results.status().done == results.status().total == 4


def test_a_folder_moved_alone_can_be_read(open_session, tmp_path):
    with open_session() as session:
        run(session)
    moved = session.out.rename(tmp_path / "moved")
    assert hs.open_results(moved).summary().num_rows == 2


def test_commands_that_need_a_study_say_that_there_is_none(open_session):
    with open_session() as session:
        run(session)
    runner = CliRunner()
    shown = runner.invoke(app, ["report", str(session.out)])
    assert shown.exit_code == 0
    assert "hitl-sim confirm" not in shown.output
    refused = runner.invoke(app, ["verify", str(session.out)])
    assert refused.exit_code == 2
    assert "only the loop that made it can run it again" in " ".join(
        refused.output.split()
    )


def test_a_device_that_did_none_of_the_work_bills_nothing(open_session):
    with open_session() as session:
        run(session)
    with pytest.raises(RecordError, match="nobody counted its operations"):
        hs.open_results(session.out).reprice(device="h100").summary()


def test_without_a_counter_joules_are_modelled_and_never_zero(open_session):
    with open_session() as session:
        run(session)
    results = session.results()
    (task,) = results.result.tasks
    joules = task.control.joules.quantity
    assert joules.value > 0.0
    assert joules.kind.value == "modelled_analytic"
    sidecar = json.loads(next((session.out / "sidecar").glob("*.json")).read_text())
    assert sidecar["gross"] == []
    assert all(unit["cpu_s"] >= 0.0 for unit in sidecar["units"])


def test_a_pilot_fixes_the_target_and_else_the_control_does(open_session):
    with open_session() as session:
        run(session)
    assert "fixed by the control's own runs" in session.results().result.note
    with open_session("piloted") as session:
        for arm in session.runs({"pilot": "pilot"}, 2):
            with arm:
                train(arm, gain=0.05)
        run(session)
    found = session.results()
    assert "fixed by the control's own runs" not in found.result.note
    assert found.result.tasks[0].target == pytest.approx(0.95 * 0.05 * STEPS)
    assert found.frame().num_rows == 6


def test_the_same_session_gives_the_same_bytes(open_session):
    folders = []
    for name in ("one", "two"):
        with open_session(name) as session:
            run(session)
        folders.append(session.out)
    assert records(folders[0]) == records(folders[1])
    answers = [sorted((f / "answers").iterdir()) for f in folders]
    assert [p.read_bytes() for p in answers[0]] == [p.read_bytes() for p in answers[1]]


def test_another_seed_is_another_crowd(open_session):
    found = []
    for seed in (0, 1):
        with open_session(f"seed{seed}", seed=seed) as session:
            run(session, replicates=1)
        table = pq.read_table(next((session.out / "answers").iterdir()))
        found.append(table["seconds"].to_pylist())
    assert found[0] != found[1]


def test_finished_runs_are_kept_and_passed_over(open_session):
    with open_session() as session:
        run(session, replicates=1)
    before = records(session.out)
    done = []
    with open_session() as session:
        for arm in session.runs({"control": "control", "guided": "arm"}, 2):
            done.append((arm.name, arm.replicate))
            with arm:
                if arm.role == "arm":
                    arm.ask("relevance", [3, 5, 7], truth=[1, 0, 1], people=2)
                train(arm)
    assert done == [("control", 1), ("guided", 1)]
    assert records(session.out).items() > before.items()
    assert session.is_done("guided", 1)
    assert session.is_done("control", 0)
    assert not session.is_done("guided", 2)


def test_resume_opens_the_session_as_it_was(open_session, tmp_path):
    crowd = hs.crowd("careful", size=5, accuracy=0.9, workforce={"hours_per_day": 4.0})
    target = hs.target("f1", fraction=0.9, smoothing=2)
    first = open_session(
        crowd=crowd, target=target, seed=7, prices={"waiting": "released"}
    )
    again = hs.Session.resume(tmp_path / "out", meters=[])
    assert again.crowd == crowd
    assert (again.target, again.seed) == (target, 7)
    assert again.key_of("a", "arm", 0) == first.key_of("a", "arm", 0)
    assert again._study() == first._study()


def test_a_run_that_fails_is_told_and_run_again(open_session):
    session = open_session()
    with (
        pytest.raises(ZeroDivisionError),
        session.arm("control", role="control") as arm,
    ):
        train(arm, steps=2, phase=lambda: 1 / 0)
    (error,) = (session.out / "errors").glob("*.json")
    assert "ZeroDivisionError" in json.loads(error.read_text())["error"]
    assert not records(session.out)
    run(session)
    assert not list((session.out / "errors").glob("*.json"))
    assert len(records(session.out)) == 4


def test_a_number_that_is_none_makes_a_failed_run(open_session):
    with open_session() as session:
        run(session)
        with session.arm("broken") as arm:
            train(arm, steps=STEPS - 1)
            with arm.work("train"):
                pass
            arm.report(step=STEPS, accuracy=math.nan)
    (failed,) = session.results().result.failed
    assert (failed.arm, failed.outcome) == ("broken", "not_finite")


def test_arms_of_a_replicate_share_a_seed(open_session):
    session = open_session()
    seeds = [session.arm(name, replicate=r).seed for name in "ab" for r in (0, 1)]
    assert seeds[:2] == seeds[2:]
    assert len(set(seeds)) == 2
    assert all(0 <= seed < 2**31 for seed in seeds)


def test_what_changes_after_runs_is_told(open_session):
    with open_session() as session:
        run(session)
    open_session(target=hs.target(fraction=0.8, smoothing=1))
    with open_session(target=hs.target(fraction=0.8, smoothing=1)) as session:
        run(session, replicates=3)
    changes = session.results().result.plan_changes
    assert [change.field for change in changes] == ["target.fraction"]


def test_adding_runs_changes_no_plan(open_session):
    with open_session() as session:
        run(session, replicates=1)
    with open_session() as session:
        run(session, replicates=3)
    assert session.results().result.plan_changes == ()


def test_labels_that_were_used_are_billed_where_they_must_be_bought(open_session):
    with open_session(prices={"label_cost": "bought_same_price"}) as session:
        for arm in session.runs(
            {"control": "control", "guided": "arm"}, 2, pool_labels=100
        ):
            with arm:
                if arm.role == "arm":
                    arm.ask("label", [1, 2], truth=[0, 1], options=3, people=2)
                train(arm)
    found = session.results()
    assert np.isfinite(found.result.label_s.value)
    assert found.result.tasks[0].control.usage.pool_labels == 100
    assert "learned from" not in found.result.note
