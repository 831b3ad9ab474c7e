"""The studies of consistency, crowd size and scale: what they sweep."""

import re
from pathlib import Path

import pytest

from hitl_sim.study.grid import expand
from hitl_sim.study.runner import dry_run
from hitl_sim.study.spec import load_spec

FOLDER = Path(__file__).parents[2] / "experiments"
NAMES = ("consistency", "crowd_size", "scale")


def load(name):
    return load_spec(FOLDER / f"{name}.toml")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("is_smoke", [False, True])
def test_a_study_sweeps_nothing_that_is_inert(name, is_smoke, tmp_path):
    spec = load_spec(FOLDER / f"{name}.toml", is_smoke=is_smoke)
    plan = dry_run(spec, tmp_path)
    assert plan.inert == {}
    assert plan.seconds_one_core < 15 * 60


def test_consistency_crosses_accuracy_with_all_three_consistencies():
    asked = [
        c for c in expand(load("consistency")) if c.arm.name == "one_person_thrice"
    ]
    for parameter in ("accuracy", "repeatability", "shared_error", "systematic"):
        assert len({getattr(c.crowd, parameter) for c in asked}) > 1
    kinds = {
        (c.arm.people, c.arm.asks)
        for c in expand(load("consistency"))
        if c.arm.question is not None
    }
    assert kinds == {(3, 1), (1, 3)}


def test_crowd_size_asks_from_one_to_nine_people_of_two_teams():
    asked = [c for c in expand(load("crowd_size")) if c.arm.name == "relevance"]
    assert {c.arm.people for c in asked} == {1, 3, 5, 9}
    assert {c.spec.workforce.size for c in asked} == {9, 36}


def test_scale_varies_pool_and_network_one_at_a_time_over_a_decade():
    conditions = expand(load("scale"))
    sizes = {(c.task.pool, tuple(c.network.resolved()["hidden"])) for c in conditions}
    assert len(sizes) == 11
    pools = sorted({pool for pool, hidden in sizes if hidden == (64,)})
    widths = sorted({hidden[0] for pool, hidden in sizes if pool == 800})
    assert pools[-1] / pools[0] >= 10
    assert widths[-1] / widths[0] >= 10


def test_a_shipped_study_says_which_conclusion_bought_labels_would_change():
    text = " ".join((FOLDER / "quickstart.md").read_text(encoding="utf-8").split())
    assert "Labels of the pool are sunk. The conclusion would differ:" in text
    assert "pays in energy, money and carbon if bought same price" in text


@pytest.mark.parametrize("name", NAMES)
def test_what_a_study_found_lies_beside_it(name):
    text = (FOLDER / f"{name}.md").read_text(encoding="utf-8")
    assert text.startswith(f"# {load(name).question}\n")
    assert f"`hitl-sim run experiments/{name}.toml --out results/{name}`" in text
    assert "How surely" in text


def test_consistency_says_from_which_quality_on_people_save_training():
    text = " ".join((FOLDER / "consistency.md").read_text(encoding="utf-8").split())
    for parameter in ("accuracy", "repeatability", "shared error", "systematic error"):
        assert f"People save training, by {parameter}" in text


def test_scale_predicts_no_more_than_one_decade_and_holds_the_hidden_largest():
    text = " ".join((FOLDER / "scale.md").read_text(encoding="utf-8").split())
    found = re.search(r"(\d+) of (\d+) predictions from the others held it", text)
    held, tested = map(int, found.groups())
    assert held == tested == 4
    assert "Steps and operations of one arm are one test" in text
    sizes = [
        float(n.replace(",", ""))
        for n in re.findall(r"hypothetical, at ([\d,]+):", text)
    ]
    assert max(sizes) <= 32_000
