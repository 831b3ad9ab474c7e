"""A study's plan as a page."""

import re

import msgspec
import pytest
from typer.testing import CliRunner

import hitl_sim as hs
from hitl_sim.cli import app
from hitl_sim.report.registration import registration_page
from hitl_sim.study.analysis_plan import lock_plan, read_plans

HEADINGS = [
    "Aims",
    "Data-generating mechanisms",
    "Estimands",
    "Methods",
    "Performance measures",
]


def page_of(tables):
    return registration_page(hs.Study(**tables).register())


@pytest.fixture
def page(tables):
    tables["exclude"] = [{"crowd.population": "perfect", "arm": "relevance"}]
    return page_of(tables)


def test_the_page_has_the_headings_of_ademp(page):
    assert re.findall(r"^## (.*)$", page, re.MULTILINE) == HEADINGS


def test_the_page_says_what_is_fixed(page):
    for said in (
        "Does everything hang together?",
        "Task `digits` comes from `digits`: a pool of 200 items, 100 for validation",
        "a wrong label",
        "- `crowd.population`: perfect / spammer.",
        "Left out are conditions with `crowd.population` perfect, `arm` relevance.",
        "Target: 95 % of the best validation accuracy (mean of 5 checkpoints)",
        "by less than 5 % does not matter.",
        "`control` (whole_pool, the control). 1 condition.",
        "`control_again` (whole_pool, the A/A copy of the control)",
        "`relevance` (relevance): `people` 3",
        "`relevance` on `digits` (`crowd.population` spammer); `margin_labels` on",
        "Each condition has 4 replicates, fixed beforehand",
        "stands for `workstation`; a device that waits for people is `held`; the",
        "control's labels are `bought_same_price`",
        "1 training shares the guidance",
        "Nothing is tuned.",
    ):
        assert said in page


def test_the_page_says_how_arms_are_tuned(tables):
    space = {"field": "training.learning_rate", "low": 1e-3, "high": 1e-2}
    tables["tune"] = {"people": "none", "bill": "sunk", "space": [space]}
    page = page_of(tables)
    assert "Control and arms are tuned: 8 settings each of `training.learn" in page
    assert "(`low` 0.001, `high` 0.01" in page
    assert "4 replicates in the first of 2 rungs" in page
    assert "In trials people are `none`; the search is `sunk`." in page


def test_the_hash_on_the_page_is_that_of_the_results_folder(tables, tmp_path):
    study = hs.Study(**tables)
    lock_plan(tmp_path, msgspec.to_builtins(study.spec), 0)
    (plan,) = read_plans(tmp_path)
    assert f"Hash of the plan: `{plan.hash}`" in registration_page(study.register())
    tables["target"] = {"fraction": 0.9}
    assert plan.hash not in page_of(tables)


def test_the_command_writes_the_page_once(smoke_file, tmp_path):
    out = tmp_path / "plan.md"
    run = CliRunner()
    words = ["register", str(smoke_file)]
    shown = run.invoke(app, words)
    assert shown.exit_code == 0
    assert run.invoke(app, [*words, "--out", str(out)]).exit_code == 0
    assert out.read_text() == shown.output
    again = run.invoke(app, [*words, "--out", str(out)])
    assert (again.exit_code, "`--out` must be a new file" in again.output) == (2, True)
    assert run.invoke(app, [*words, "--out", str(out), "--force"]).exit_code == 0


def test_the_page_says_when_a_study_stops_that_adds_replicates(tables):
    tables["replicates"] = {
        "at_least": 16,
        "until_half_width": 0.05,
        "at_most": 128,
    }
    page = page_of(tables)
    assert "Replicates are added in batches of 8, from 16 on, until" in page
    assert "at most ± 0.05; then one batch more, and at most 128 in all." in page
