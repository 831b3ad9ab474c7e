"""Runs with real and with simulated people of one study: paired, or refused."""

import copy
import json

import numpy as np
import pytest

from hitl_sim.analysis.chance.prediction_powered import powered_mean
from hitl_sim.analysis.condition.rectify import MIN_RUNS, OUTCOMES, Side, rectify
from hitl_sim.record import RecordError

REAL, SIMULATED = 10, 40
RNG = np.random.default_rng(5)
SHARED = RNG.normal(size=SIMULATED)
JOULES = {
    "real": 5 + SHARED[:REAL] + 0.3 * RNG.normal(size=REAL),
    "simulated": 9 + 2 * SHARED + 0.6 * RNG.normal(size=SIMULATED),
}


def run(kind, replicate, **changes):
    is_real = kind == "real"
    parameters = {"people": 3} | ({"recording": "a.parquet"} if is_real else {})
    return {
        "task": "digits",
        "arm": "labels",
        "population": "a.parquet" if is_real else "typical",
        "base": "b0",
        "settings": "{}",
        "parameters": json.dumps(parameters),
        "replicate": replicate,
        **dict.fromkeys(OUTCOMES, 1.0),
        "bill_usd": None,
        "device_j": float(JOULES[kind][replicate]),
        **changes,
    }


def side(kind, num):
    recording = "/home/me/a.parquet" if kind == "real" else None
    study = {
        "question": kind,
        "seed": 5,
        "replicates": num,
        "task": {"digits": {"pool": 400}},
        "training": {"learning_rate": 0.002},
        "crowd": {"recording": recording, "population": "typical"},
        "arm": [{"name": "labels", "questions": 30}],
        "axis": [],
    }
    # runs that ask nobody, of the control and its pilot, are in both
    control = {"arm": "control", "population": None, "parameters": "{}"}
    runs = [run(kind, n) for n in range(num)]
    runs += [run(kind, n, **control) for n in range(num)] * 2
    return Side(f"results/{kind}", study, {"digits": {"content_hash": "f" * 40}}, runs)


@pytest.fixture
def pair():
    return [copy.deepcopy(side("real", REAL)), copy.deepcopy(side("simulated", 40))]


def row(pair, outcome="device_j"):
    (found,) = (one for one in rectify(*pair) if one["outcome"] == outcome)
    return found


def test_many_simulated_runs_sharpen_few_real_ones(pair):
    found = row(pair)
    told = powered_mean(
        JOULES["real"], JOULES["simulated"][:REAL], JOULES["simulated"], least=MIN_RUNS
    )
    assert found["rectified"] == told.mean.value
    assert found["rectified_low"] == told.mean.low
    assert found["real"] == pytest.approx(JOULES["real"].mean())
    assert found["simulated"] == pytest.approx(JOULES["simulated"].mean())
    assert found["weight"] == pytest.approx(0.5, abs=0.15)
    assert (
        found["rectified_high"] - found["rectified_low"]
        < found["real_high"] - found["real_low"]
    )
    assert (found["real_runs"], found["simulated_runs"]) == (REAL, SIMULATED)
    assert found["effective_runs"] > 1.3 * REAL


def test_the_order_of_runs_does_not_matter(pair):
    other = [one._replace(runs=one.runs[::-1]) for one in pair]
    assert row(pair)["rectified"] == pytest.approx(row(other)["rectified"])


def test_runs_that_all_are_the_same_bound_nothing(pair):
    found = row(pair, "device_s")
    assert found["rectified"] == pytest.approx(1.0)
    assert found["rectified_low"] is found["real_high"] is found["correlation"] is None


def test_an_outcome_that_is_unknown_in_a_run_is_left_out(pair):
    told = {one["outcome"] for one in rectify(*pair)}
    assert told == set(OUTCOMES) - {"bill_usd"}


def test_what_is_swept_keeps_conditions_apart(pair):
    for one in pair:
        more = [
            dict(each, settings=json.dumps({"arm.people": 1, "crowd.recording": "a"}))
            for each in one.runs
        ]
        one.runs.extend(more)
    found = [one for one in rectify(*pair) if one["outcome"] == "device_j"]
    assert [one["settings"] for one in found] == ["{}", '{"arm.people": 1}']


def test_simulated_arms_beside_recorded_ones_are_not_real(pair):
    pair[0].runs.extend(
        run("real", n, arm="others", parameters="{}") for n in range(REAL)
    )
    assert {one["arm"] for one in rectify(*pair)} == {"labels"}


@pytest.mark.parametrize(
    ("field", "value"),
    [("replicates", 3), ("question", "?"), ("note", "n"), ("vmap_size", 4)],
)
def test_what_does_not_change_runs_may_differ(pair, field, value):
    pair[1].study[field] = value
    assert rectify(*pair)


def test_who_answers_may_differ(pair):
    pair[1].study["crowd"]["accuracy"] = 0.7
    pair[1].study["axis"] = [{"field": "crowd.population", "values": ["typical"]}]
    assert rectify(*pair)


def change(pair, path, value):
    *above, last = path.split(".")
    table = pair[1].study
    for name in above:
        table = table[int(name)] if name.isdigit() else table[name]
    table[last] = value


REFUSED = {
    "another seed": (
        lambda p: change(p, "seed", 6),
        "`seed` must be 5 in results/simulated as in results/real, got 6",
    ),
    "other training": (
        lambda p: change(p, "training.learning_rate", 0.1),
        "`training.learning_rate` must be 0.002 in results/simulated .* got 0.1",
    ),
    "other questions": (
        lambda p: change(p, "arm.0.questions", 60),
        "`arm.labels.questions` must be 30 .* got 60",
    ),
    "another axis": (
        lambda p: change(p, "axis", [{"field": "arm.people", "values": [1]}]),
        "`axis.arm.people.values` must be None .* got ",
    ),
    "other data": (
        lambda p: p[1].tasks["digits"].update(content_hash="e" * 40),
        r"`task.digits` must hold the same data .* \(hash f{12}\), got e{12}",
    ),
    "nobody real": (
        lambda p: p.reverse(),
        "`crowd.recording` must be given in results/simulated, the study of real",
    ),
    "real people twice": (
        lambda p: change(p, "crowd.recording", "b.parquet"),
        "`crowd.recording` must be left out in results/simulated, .* got 'b.parquet'",
    ),
    "two simulated crowds": (
        lambda p: p[1].runs.append(run("simulated", 0, population="lab")),
        "`crowd` must be one in results/simulated, got several .* arm 'labels'",
    ),
    "a run without a pair": (
        lambda p: p[1].runs.remove(run("simulated", 7)),
        "`replicates` must be at least 10 in results/simulated.* number 7 of arm",
    ),
    "another base": (
        lambda p: [one.update(base="b1") for one in p[1].runs],
        "`arm` must have 'labels' in results/simulated with the task, .* got none",
    ),
    "few real runs": (
        lambda p: [p[0].runs.remove(run("real", n)) for n in range(7, REAL)],
        f"`replicates` must be at least {MIN_RUNS} in results/real, got 7 of arm",
    ),
    "no real runs": (
        lambda p: p[0].runs.clear(),
        "results/real must hold runs that asked real people, got none",
    ),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED.keys())
def test_studies_that_cannot_be_paired_are_refused_by_the_field(pair, case):
    harm, message = case
    harm(pair)
    with pytest.raises(RecordError, match=message):
        rectify(*pair)
