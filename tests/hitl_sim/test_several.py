"""What arms do over the tasks of several studies, from their results folders."""

import dataclasses
import math

import pytest

import hitl_sim as hs
from hitl_sim.record import RecordError

pytestmark = pytest.mark.study


@pytest.fixture(scope="module")
def results(tmp_path_factory, smoke):
    """A small study with one arm on its own task, run once."""
    smoke["replicates"] = 6
    smoke["arm"] = [arm for arm in smoke["arm"] if arm["name"] != "margin_labels"]
    smoke["axis"] = []
    study = hs.Study(**smoke)
    return study.run(tmp_path_factory.mktemp("several") / "one", workers=2)


@pytest.fixture(scope="module")
def several(results):
    """Its records as results of five studies, each of a task and one arm of its own."""
    (first,) = results.result.tasks
    arm = next(found for found in first.findings if found.arm == "relevance")

    def other(number):
        task = dataclasses.replace(first, task=f"task {number}", findings=(arm,))
        return with_task(results, task)

    return [other(number) for number in range(5)]


def with_task(results, task):
    """Return the same results, found on another task."""
    copy = dataclasses.replace(results)
    copy.__dict__["result"] = dataclasses.replace(results.result, tasks=(task,))
    return copy


def test_five_studies_of_one_arm_have_a_mean_and_a_prediction(several):
    found = hs.across(several)
    (row,) = found.summary().to_pylist()
    own = several[0].result.tasks[0].findings[0].ratio
    assert (row["tasks"], row["averaged"]) == (5, 5)
    # five times the same study: nothing is between its tasks
    assert row["ratio"] == pytest.approx(own.value)
    assert row["tau2"] == row["i2_frac"] == 0.0
    assert row["predicted_low"] < row["ratio_low"] < row["ratio"] < row["ratio_high"]
    assert "on average over 5 tasks" in str(found)


def test_each_task_has_its_row_and_unknown_is_null(several):
    first = several[0].result.tasks[0]
    ratio = dataclasses.replace(
        first.findings[0].ratio, is_infinite=True, high=math.inf
    )
    lost = dataclasses.replace(first.findings[0], ratio=ratio)
    gone = with_task(several[0], dataclasses.replace(first, findings=(lost,)))
    found = hs.across([gone, *several[1:4]])
    rows = found.tasks().to_pylist()
    assert [row["task"] for row in rows] == [f"task {n}" for n in range(4)]
    assert rows[0]["ratio"] == math.inf
    assert rows[0]["log_error"] is None
    (summary,) = found.summary().to_pylist()
    assert summary["ratio_high"] == math.inf
    assert summary["predicted_high"] is None


def test_folders_are_opened_and_a_single_task_has_nothing_to_average(results):
    found = hs.across([results.folder])
    assert found.conditions == ()
    assert found.summary().num_rows == 0
    assert "no arm ran on two tasks or more" in str(found)


def test_what_studies_define_rho_by_differently_is_told(several):
    other = dataclasses.replace(several[1])
    changed = dataclasses.replace(several[1].result, fraction=0.5)
    other.__dict__["result"] = changed
    found = hs.across([several[0], other])
    assert list(found.differences) == ["target.fraction"]
    assert "The studies differ in target.fraction (" in str(found)


def test_no_results_and_no_study_are_refused(tmp_path):
    with pytest.raises(ValueError, match="`results` must hold one study or more"):
        hs.across([])
    with pytest.raises(RecordError):
        hs.across([tmp_path])
