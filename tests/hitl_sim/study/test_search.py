"""A search over runs that were made up, and one that runs."""

import math
import shutil
import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hitl_sim.analysis.run.record import RunGroup, WorkLine
from hitl_sim.analysis.run.usage import price_units
from hitl_sim.energy import load_profile
from hitl_sim.record import RecordError
from hitl_sim.results import open_results
from hitl_sim.study.grid import TARGET
from hitl_sim.study.runner import run_study
from hitl_sim.study.search import Seen, check_whole, search
from hitl_sim.study.spec import convert

RATE = "training.learning_rate"
C = 12
UNITS = {
    "train": {
        "phase": "train",
        "flops": {"float32": 2.0},
        "bytes_moved": 1.0,
        "num_kernels": 1.0,
    }
}
JOULES = price_units(UNITS, load_profile("laptop-cpu"))["train"].joules.value
"""Of one unit, where the fixture's study has its device."""


@pytest.fixture
def tuned(tables):
    tables["target"] = {"smoothing": 1}
    tables["axis"] = []
    tables["arm"] = [tables["arm"][0], tables["arm"][2]]
    tables["tune"] = {
        "people": "none",
        "bill": "sunk",
        "trials": 4,
        "replicates": 2,
        "space": [{"field": RATE, "values": [0.02, 0.03, 0.04]}],
        "method": "random",
    }
    return tables


def group(condition, plateau, steps, is_ok=True):
    """Runs that are at their plateau after some steps of ten operations each."""
    num = len(condition.runs)
    curve = np.where(np.arange(C) >= steps, plateau, 0.1)
    ones = np.ones((num, C))
    count = np.broadcast_to(np.arange(1, C + 1), (num, C))
    zero = np.zeros((num, C))
    return RunGroup(
        condition=str(id(condition)),
        base="base",
        task=condition.task_name,
        arm=condition.arm.name,
        role="trial",
        kind=condition.arm.kind,
        population=None,
        settings={},
        parameters={},
        replicate=np.array(condition.runs),
        is_ok=np.full(num, is_ok),
        outcome=("ok",) * num,
        step=count,
        fit_step=count,
        validation_accuracy=ones * curve,
        test_accuracy=ones * curve,
        work=(WorkLine("train", "train", "protocol", count),),
        asked=zero,
        answered=zero,
        worked_s=zero,
        paid_s=zero,
        wait_s=zero,
        elapsed_s=zero,
        requester_s=np.zeros(num),
        pool_labels=np.zeros(num),
        validation_labels=np.zeros(num),
        shares={},
        replay={},
    )


def look(plateau_of, steps_of):
    """Return a `compute` by learning rate, and what it was asked for."""
    asked = []

    def compute(conditions):
        asked.append(
            [(c.arm.name, c.role, dict(c.settings), c.runs) for c in conditions]
        )
        found = []
        for one in conditions:
            rate = one.training.learning_rate
            found.append(group(one, plateau_of(rate), steps_of(one.arm.name, rate)))
        return Seen(found, UNITS)

    return compute, asked


def test_the_plateau_sets_the_target_and_joules_the_arms(tuned):
    # .04 is fastest but stops short of the target; .03 gets highest, slowly
    plateau = {0.01: 0.85, 0.02: 0.88, 0.03: 0.9, 0.04: 0.5}
    steps = {0.01: 8, 0.02: 3, 0.03: 6, 0.04: 1}
    compute, asked = look(plateau.get, lambda arm, rate: steps[rate])
    tuned["tune"] |= {"trials": 64, "rungs": 1}
    found = {one.arm: one for one in search(convert(tuned), compute)}
    assert found[TARGET].values == {RATE: 0.03}
    assert found[TARGET].score == pytest.approx(-0.9)
    for arm in ("control", "random_half"):
        assert found[arm].values == {RATE: 0.02}
        # at the fourth checkpoint, one unit a step
        assert found[arm].score == pytest.approx(4.0 * JOULES)
        # .85 is not .95 of .9
        assert found[arm].untuned == math.inf
    # control's trials, its pilots, then all arms side by side
    assert [{row[:2] for row in some} for some in asked] == [
        {("control", "control")},
        {("control", "pilot")},
        {("control", "control"), ("random_half", "arm")},
    ]


def test_what_a_device_bills_least_wins_though_it_computes_more(tuned):
    units = {
        "many_kernels": UNITS["train"] | {"num_kernels": 1000.0},
        "many_operations": UNITS["train"] | {"flops": {"float32": 2000.0}},
    }

    def compute(conditions):
        found = []
        for one in conditions:
            rate = one.training.learning_rate
            unit = "many_operations" if rate == 0.03 else "many_kernels"
            runs = group(one, 0.9, 2)
            (line,) = runs.work
            found.append(replace(runs, work=(replace(line, unit=unit),)))
        return Seen(found, units)

    found = {one.arm: one for one in search(convert(tuned), compute)}
    assert found["control"].values == {RATE: 0.03}
    assert found["control"].score < found["control"].untuned / 100.0


def test_only_the_better_half_is_tried_again(tuned):
    compute, asked = look(lambda rate: 10 * rate, lambda arm, rate: 2)
    tuned["tune"] |= {"trials": 4, "rungs": 2, "method": "latin"}
    search(convert(tuned), compute)
    first, second, *_ = asked
    assert [len(some) for some in (first, second)] == [4, 2]
    tried = sorted((row[2].get(RATE, 0.01) for row in first), reverse=True)
    assert sorted((row[2].get(RATE, 0.01) for row in second), reverse=True) == tried[:2]
    assert [len(row[3]) for row in second] == [4, 4]


def test_where_nobody_reaches_the_studys_own_setting_stands(tuned):
    def steps(arm, rate):
        return C if arm == "random_half" else 2

    compute, _ = look(lambda rate: 0.9, steps)
    found = {one.arm: one for one in search(convert(tuned), compute)}
    assert found["random_half"].values == {}
    assert found["random_half"].score == math.inf


def test_trials_that_failed_are_told(tuned):
    spec = convert(tuned)
    compute, _ = look(lambda rate: 0.9, lambda arm, rate: 2)
    caught = []

    def lossy(conditions):
        seen = compute(conditions)
        caught.append(conditions)
        return seen

    search(spec, lossy)
    conditions = caught[0]
    check_whole(conditions, compute(conditions).groups)
    with pytest.raises(RecordError, match=r"arm 'control' must all .* 2 of 2 runs"):
        check_whole(conditions, [None, *compute(conditions).groups[1:]])


@pytest.fixture(scope="module")
def ran(tmp_path_factory):

    smoke = Path(__file__).parents[2] / "experiments" / "smoke.toml"
    tables = tomllib.loads(smoke.read_text())
    tables["axis"] = []
    # too slow to be best: the untuned control trains beside the tuned one
    tables["training"]["learning_rate"] = 1e-4
    tables["arm"] = [tables["arm"][0], tables["arm"][3]]
    tables["tune"] = {
        "people": "replayed",
        "bill": "billed",
        "trials": 2,
        "replicates": 4,
        "rungs": 1,
        "space": [{"field": RATE, "low": 0.02, "high": 0.05}],
    }
    out = tmp_path_factory.mktemp("tuned") / "out"
    assert run_study(convert(tables), out, 1).num_failed == 0
    return tables, out


def test_a_search_that_lost_its_records_ends_with_the_same_bytes(ran, tmp_path):
    tables, out = ran
    again = tmp_path / "again"
    shutil.copytree(out, again)
    files = sorted((again / "records").glob("*.parquet"))
    for lost in (*files[::2], again / "results.parquet", again / "manifest.json"):
        lost.unlink()
    assert run_study(convert(tables), again, 2).num_failed == 0
    for name in ("results.parquet", "manifest.json"):
        assert (again / name).read_bytes() == (out / name).read_bytes()


def test_tuning_is_a_line_of_the_bill_of_control_and_arm(ran):
    results = open_results(ran[1])
    (task,) = results.result.tasks
    asked = task.with_people[0]
    for finding in (task.control, asked):
        assert finding.ledger["device_tune"].joules.value > 0.0
    # people answered once in each of four replicates of its trials
    alone = open_results(ran[1])
    roles = alone.frame()["role"].to_pylist()
    assert roles.count("trial") == 2 * 2 * 4
    assert roles.count("trial_pilot") == 4
    before = next(f for f in task.findings if f.arm == "control_untuned")
    assert before.ratio.is_infinite  # it has runs, and none reaches the target
    told = " ".join(alone.answer().tasks[0].detail)
    assert "Control and arms were tuned alike: 2 settings of learning_rate" in told
