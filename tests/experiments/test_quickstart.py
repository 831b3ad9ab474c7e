"""The quickstart's claims, on its digits task, with its own seed and replicates."""

import tomllib
from pathlib import Path

import pytest

from hitl_sim.analysis.condition.result import analyse
from hitl_sim.analysis.run.record import read_groups
from hitl_sim.energy import load_profile
from hitl_sim.study.grid import expand
from hitl_sim.study.runner import dry_run, load_study, run_study
from hitl_sim.study.spec import convert, load_spec

QUICKSTART = Path(__file__).parents[2] / "experiments" / "quickstart.toml"
ARMS = ("control", "control_again", "random_half", "relevance")


@pytest.fixture(scope="module")
def findings(tmp_path_factory):
    tables = tomllib.loads(QUICKSTART.read_text())
    del tables["task"]["docstrings"], tables["exclude"]
    tables["arm"] = [arm for arm in tables["arm"] if arm["name"] in ARMS]
    values = ["perfect", "spammer"]
    tables["axis"] = [{"field": "crowd.population", "values": values}]
    tables["crowd"]["shared_error"] = 0.0
    out = tmp_path_factory.mktemp("quickstart")
    assert run_study(convert(tables), out, 2).num_failed == 0
    spec, records, manifest = load_study(out)
    result = analyse(
        read_groups(records),
        manifest,
        load_profile(spec.device),
        spec.prices,
        fraction=spec.target.fraction,
        smoothing=spec.target.smoothing,
        smallest_effect=spec.smallest_effect,
        seed=spec.seed,
    )
    (task,) = result.tasks
    return {(f.arm, f.population): f for f in task.findings}


@pytest.mark.study
def test_the_control_beside_its_copy_shows_no_effect(findings):
    ratio = findings["control_again", None].ratio
    assert ratio.low <= 1.0 <= ratio.high


@pytest.mark.study
def test_perfect_people_beat_a_random_share_of_the_same_size(findings):
    people, chance = findings["relevance", "perfect"], findings["random_half", None]
    assert people.ratio.high < chance.ratio.low


@pytest.mark.study
def test_spammers_do_not_beat_a_random_share(findings):
    people, chance = findings["relevance", "spammer"], findings["random_half", None]
    assert people.ratio.high >= chance.ratio.low
    assert people.ratio.low > 1.0


@pytest.mark.study
def test_people_take_time_and_the_control_takes_none(findings):
    assert findings["relevance", "perfect"].usage.worked_s > 0
    assert findings["random_half", None].usage.worked_s == 0


def test_the_quickstart_sweeps_nothing_that_is_inert(tmp_path):
    assert dry_run(load_spec(QUICKSTART), tmp_path).inert == {}


def test_the_quickstart_compares_every_kind_of_arm_on_images_and_text():
    conditions = expand(load_spec(QUICKSTART))
    kinds = {str(c.arm.__struct_config__.tag) for c in conditions}
    assert kinds == {
        "whole_pool",
        "random_share",
        "machine_share",
        "relevance",
        "importance",
        "labelling",
    }
    assert {c.task_name for c in conditions} == {"digits", "docstrings"}
    asked = {
        (c.arm.people, c.arm.asks, c.crowd.population)
        for c in conditions
        if hasattr(c.arm, "asks")
    }
    crowds = ("perfect", "careful", "typical", "careless", "spammer")
    assert {(3, 1, crowd) for crowd in crowds} <= asked
    assert (1, 3, "typical") in asked
