"""Where an hour is worth most: the study's quick form, its page and its picture."""

from pathlib import Path

import msgspec
import pytest
import stages

from hitl_sim.analysis.condition.between import beside
from hitl_sim.results import open_results
from hitl_sim.study.plan import load_data
from hitl_sim.study.runner import run_study
from hitl_sim.study.spec import load_spec

DATA = Path(__file__).parents[3] / "shared" / "data"
ARMS = ("control", "control_again", "machine_review", "rate_and_review")


@pytest.fixture(scope="module")
def spec():
    return load_spec(stages.HERE / "stages.toml")


def test_every_arm_has_words(spec):
    arms = {arm.name for arm in spec.arm if arm.role == "arm"}
    assert arms == set(stages.STAGES)


def test_hours_are_the_same_wherever_they_go(spec):
    """Of typical people a rating, a check and a label take 5.3 to 5.7 s each."""
    for arm in spec.arm:
        asked = [one for one in arm.asking if one.question != "importance"]
        if asked:
            total = sum(one.num_questions for one in asked)
            # a ranking of all groups takes as long as some 44 of them
            total += 44 * (len(arm.asking) - len(asked))
            # and a comparison, 53 s with all that takes long, as 9.7
            total *= 9.7 if arm.kind == "preference" else 1
            assert 200 <= total <= 230, arm.name
            assert {one.people for one in arm.asking} == {3}


def test_the_larger_tasks_take_the_place_of_the_studys_own(spec, tmp_path):
    other = stages.larger(spec, tmp_path)
    assert set(other.task) == set(stages.LARGER)
    assert other.arm == spec.arm
    assert other.task["news"].source == str(
        tmp_path / "text_tasks" / "ag_news_7600.csv.gz"
    )


@pytest.mark.skipif(not DATA.exists(), reason="the larger tasks are not here")
def test_the_larger_tasks_can_be_read(spec):
    study = stages.larger(spec, DATA)
    infos = [load_data(study, name)[0] for name in study.task]
    assert [info.num_items for info in infos] == [10_000, 7_600]


@pytest.mark.study
def test_the_page_tells_the_stages_of_a_quick_form(tmp_path):
    spec = load_spec(stages.HERE / "stages.toml", is_smoke=True)
    arms = tuple(arm for arm in spec.arm if arm.name in ARMS)
    spec = msgspec.structs.replace(spec, arm=arms, tune=None, replicates=8)
    assert run_study(spec, tmp_path / "out", 2).num_failed == 0
    found = [open_results(tmp_path / "out")]
    result = found[0].result
    (task,) = [t for t in result.tasks if stages.corrupted(t, result) > 0.0]
    perfect = stages.finding_of(task, "rate_and_review", "perfect")
    guessing = stages.finding_of(task, "rate_and_review", "spammer")
    assert beside(perfect, guessing, spec.seed).high < 1.0
    page = stages.page(found)
    assert "## digits, pool 40% corrupted" in page
    assert "| a review by the network | while, nobody asked |" in page
    row = next(
        line for line in page.splitlines() if line.startswith("| rate, review |")
    )
    assert len(row.split("|")) == 4 + 2 + 1
    assert "- **digits, pool 40% corrupted**: with perfect people " in page
    assert stages.draw(found).startswith(b"\x89PNG")
