"""Replicates are added until intervals are narrow enough: a function of the records."""

import hashlib
import json
import math
import shutil

import numpy as np
import pyarrow.parquet as pq
import pytest

from hitl_sim.analysis.chance.interval import (
    MIN_REPLICATES,
    percentile_interval,
    resample,
)
from hitl_sim.results import open_results
from hitl_sim.study import runner, stopping
from hitl_sim.study.plan import build_plan
from hitl_sim.study.runner import dry_run, run_study
from hitl_sim.study.spec import SpecError, convert
from hitl_sim.study.spec.replicates import ReplicateRule
from hitl_sim.study.stopping import (
    PRIOR_SD,
    Stopping,
    Width,
    find_widths,
    half_width,
    replicates_for,
)

RULE = {"at_least": 6, "until_half_width": 0.5, "at_most": 40}


def with_rule(tables, **changes):
    """Control and relevance by the perfect and the worst, as many as it takes."""
    arms = [tables["arm"][0], tables["arm"][3]]
    return convert(tables | {"arm": arms, "replicates": RULE | changes})


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (RULE | {"at_least": 5}, r"`replicates.at_least` must be int >= 6, got 5"),
        (RULE | {"at_most": 6}, r"`replicates.at_most` must be > .* \(6\), got 6"),
        (
            RULE | {"until_half_width": 0.0},
            r"`replicates.until_half_width` must be float > 0",
        ),
        (
            RULE | {"until_half_width": 1},
            r"`replicates.until_half_width` must be float < 1",
        ),
        (RULE | {"until": 0.1}, r"`replicates.until` is not a field"),
        ({"at_least": 6, "at_most": 8}, r"`replicates.until_half_width` must be given"),
        (1, r"`replicates` must be int >= 2, got 1"),
        ("many", r"`replicates` must be .*got 'many'"),
    ],
)
def test_a_rule_that_cannot_be_met_is_refused(tables, given, message):
    with pytest.raises(SpecError, match=message):
        convert(tables | {"replicates": given})


def test_fewer_than_the_rule_allows_would_bound_nothing():
    (meta,) = [
        m for m in ReplicateRule.__annotations__["at_least"].__metadata__ if m.ge
    ]
    assert meta.ge == MIN_REPLICATES


def test_looks_are_a_batch_apart_and_end_with_the_most():
    rule = ReplicateRule(at_least=16, until_half_width=0.05, at_most=45)
    assert rule.looks == (16, 24, 32, 40, 45)


@pytest.fixture
def plan(tables):
    return build_plan(with_rule(tables, at_most=30))


def numbers(plan, monkeypatch, widths):
    """Return what is computed, look by look, where widths are as told."""
    monkeypatch.setattr(
        stopping,
        "find_widths",
        lambda part, _: tuple(
            Width(name, n, width[n])
            for name, width in widths.items()
            for n in [max(run.replicate for run in part.runs) + 1]
        ),
    )
    found, finished = [], set()
    while not found or found[-1] > (found[-2] if len(found) > 1 else 0):
        found.append(Stopping(plan, None).next_number(finished))
        finished |= {run.key for run in plan.first(found[-1]).runs}
    return found[:-1]


def test_one_batch_more_follows_the_first_look_that_is_narrow(plan, monkeypatch):
    narrow = {"a": {6: 0.9, 14: 0.5, 22: 0.6, 30: 0.4}}
    assert numbers(plan, monkeypatch, narrow) == [6, 14, 22]


def test_the_widest_of_all_primary_comparisons_decides(plan, monkeypatch):
    widths = {"a": {6: 0.1, 14: 0.1, 22: 0.1, 30: 0.1}, "b": {6: 1, 14: 0.6, 22: 0.4}}
    assert numbers(plan, monkeypatch, widths) == [6, 14, 22, 30]


@pytest.mark.parametrize("width", [math.inf, 0.51])
def test_a_study_that_is_never_narrow_ends_with_the_most(plan, monkeypatch, width):
    never = {"a": dict.fromkeys((6, 14, 22, 30), width)}
    assert numbers(plan, monkeypatch, never) == [6, 14, 22, 30]


def test_a_missing_record_is_computed_before_anything_is_decided(plan, monkeypatch):
    monkeypatch.setattr(stopping, "find_widths", lambda *_: (Width("a", 6, 0.1),))
    keys = [run.key for run in plan.first(14).runs]
    assert Stopping(plan, None).next_number(keys) == 14
    assert Stopping(plan, None).next_number(keys[:-1]) == 14
    assert Stopping(plan, None).next_number(keys[1:]) == 6


def test_half_widths_are_those_of_the_bootstrap_on_average():
    rng = np.random.default_rng(20261130)
    weights, sd = resample(32, 0), 0.2
    widths = [
        np.subtract(
            *percentile_interval(weights @ rng.normal(0, sd, 32) / 32, 32)[::-1]
        )
        for _ in range(200)
    ]
    # its spread over samples is an eighth, of the mean of 200 less than a hundredth
    assert np.mean(widths) / 2 == pytest.approx(half_width(32, sd), rel=0.03)


@pytest.mark.parametrize("sd", [0.05, PRIOR_SD, 0.5])
def test_the_number_for_five_percent_is_the_least_that_is_enough(sd):
    found = replicates_for(sd)
    assert half_width(found, sd) <= 0.05
    assert half_width(found - 1, sd) > 0.05


@pytest.fixture(scope="module")
def whole(tmp_path_factory, smoke):
    """A study that is narrow at its third look, and ends a batch later."""
    out = tmp_path_factory.mktemp("rule") / "out"
    run_study(with_rule(smoke), out, 1)
    return out


def digests(out):
    names = ("results.parquet", "runs.parquet", "manifest.json", "study.json")
    files = [*(out / "records").glob("*.parquet"), *(out / n for n in names)]
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


@pytest.mark.study
def test_a_study_stops_a_batch_after_its_intervals_are_narrow(whole, tables):
    told = json.loads((whole / "manifest.json").read_text())["stopping"]
    assert (told["replicates"], told["is_reached"], told["batch"]) == (30, True, 8)
    assert pq.read_metadata(whole / "results.parquet").num_rows == 4 * 30
    plan = build_plan(with_rule(tables))
    looks = [find_widths(plan.first(n), whole)[0].half_width for n in (14, 22, 30)]
    assert looks[0] > 0.5 >= looks[1]
    assert told["half_width"] == looks[2]


@pytest.mark.study
def test_what_stops_a_study_is_the_interval_that_its_report_shows(whole):
    results = open_results(whole)
    (finding,) = [
        f
        for f in results.result.tasks[0].with_people
        if f.settings["crowd.population"] == "perfect"
    ]
    width = math.log(finding.ratio.high / finding.ratio.low) / 2
    assert results.result.stopping["half_width"] == pytest.approx(width)
    (note,) = [n for n in results.words.notes if n.startswith("Replicates were added")]
    assert f"one batch more: 30, which leave at most ± {width:.2g}" in note


@pytest.mark.study
@pytest.mark.parametrize("seed", [1, 2])
def test_a_study_that_lost_records_ends_with_the_same_bytes(
    whole, smoke, tmp_path, seed
):
    out = tmp_path / "out"
    shutil.copytree(whole, out)
    rng = np.random.default_rng(seed)
    for name in ("results.parquet", "runs.parquet", "manifest.json"):
        (out / name).unlink()
    for path in sorted((out / "records").iterdir()):
        if rng.random() < 0.4 * seed:
            path.unlink()
    run_study(with_rule(smoke), out, seed)
    assert digests(out) == digests(whole)


@pytest.mark.study
def test_more_records_than_the_rule_asks_for_move_no_stop(
    whole, smoke, tmp_path, monkeypatch
):
    out = tmp_path / "out"
    shutil.copytree(whole, out)
    monkeypatch.setattr(runner, "open_executor", None)
    done = run_study(with_rule(smoke, until_half_width=0.75), out, 1)
    assert (done.num_runs, done.num_others) == (4 * 22, 4 * 8)
    replicates = pq.read_table(out / "results.parquet")["replicate"].to_pylist()
    assert max(replicates) == 21


@pytest.mark.study
def test_a_dry_run_tells_what_replicates_can_reach(whole, smoke, tmp_path):
    fixed = convert(smoke | {"arm": [smoke["arm"][0], smoke["arm"][3]]})
    (guess,) = dry_run(fixed, tmp_path).widths
    assert (guess.seen, guess.half_width) == (0, math.inf)
    (guess,) = dry_run(with_rule(smoke), tmp_path).widths
    assert guess.half_width == half_width(40, PRIOR_SD)
    assert guess.label == "each of 1 primary comparison"
    foreseen = dry_run(with_rule(smoke), whole)
    assert (foreseen.replicates, foreseen.runs_left) == (30, 0)
    (width,) = foreseen.widths
    told = json.loads((whole / "manifest.json").read_text())["stopping"]
    assert width.seen == 30
    sd = told["half_width"] / half_width(30, 1.0)
    assert width.half_width == pytest.approx(half_width(40, sd))
    assert width.for_five_percent == replicates_for(sd)
