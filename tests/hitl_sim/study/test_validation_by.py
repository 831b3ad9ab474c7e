"""Studies whose validation labels are people's: control and arms alike."""

import tomllib
from pathlib import Path

import msgspec
import pytest

from hitl_sim.analysis.condition.finding import StudyResult
from hitl_sim.report.words import tell
from hitl_sim.study.conclude import analyse_folder
from hitl_sim.study.plan import build_plan, judges_of, plan_study
from hitl_sim.study.runner import load_study, run_study
from hitl_sim.study.spec import SpecError, convert

SMOKE = Path(__file__).parents[2] / "experiments" / "smoke.toml"


@pytest.fixture
def judged(tables):
    tables["task"]["digits"] |= {"validation_by": "careless", "validation_people": 1}
    return tables


def test_true_labels_are_what_a_study_has_that_says_nothing(tables):
    keys = [run.key for run in build_plan(convert(tables)).runs]
    tables["task"]["digits"]["validation_by"] = "gold"
    plan = build_plan(convert(tables))
    assert [run.key for run in plan.runs] == keys
    info = plan.infos["digits"]
    assert judges_of(plan.conditions[0], info) == (None, None)


def test_who_labels_and_how_many_make_other_runs_of_control_and_arms(tables, judged):
    def keys(by, people):
        tables["task"]["digits"] |= {"validation_by": by, "validation_people": people}
        return {run.key for run in build_plan(convert(tables)).runs}

    found = [keys("careless", 1), keys("careless", 3), keys("typical", 3)]
    found.append({run.key for run in build_plan(convert(judged)).runs})
    assert not found[0] & found[1]
    assert not found[1] & found[2]
    # 3 people where none are named
    assert keys("careless", None) == found[1]


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("validation_by", "nobody", r"`task.digits.validation_by` must be 'gold' or"),
        ("validation_people", 0, r"task.digits.validation_people"),
    ],
)
def test_impossible_judges_are_refused(judged, field, value, message):
    judged["task"]["digits"][field] = value
    with pytest.raises(SpecError, match=message):
        build_plan(convert(judged))


def test_people_are_not_counted_where_nobody_labels(tables):
    tables["task"]["digits"]["validation_people"] = 3
    with pytest.raises(SpecError, match=r"validation_people` must be left out where"):
        plan_study(convert(tables))


@pytest.fixture(scope="module")
def both(tmp_path_factory) -> tuple[StudyResult, list[str]]:
    tables = tomllib.loads(SMOKE.read_text())
    tables["axis"] = [
        {"field": "task.validation_by", "values": ["gold", "careless", "perfect"]}
    ]
    tables["task"]["digits"]["validation_people"] = 1
    tables["arm"] = [tables["arm"][0], tables["arm"][2]]
    out = tmp_path_factory.mktemp("judged")
    assert run_study(convert(tables), out, 2).num_failed == 0
    _, table, _ = load_study(out)
    seen: dict[str, list[list[float]]] = {}
    for row in table.to_pylist():
        by = msgspec.json.decode(row["settings"])["task.validation_by"]
        pair = row["validation_accuracy"], row["test_accuracy"]
        seen.setdefault(by, []).append([pair, row["role"], row["arm"]])
    return analyse_folder(out), seen


@pytest.mark.study
def test_perfect_judges_change_nothing_and_careless_ones_what_is_judged(both):
    seen = both[1]
    assert seen["perfect"] == seen["gold"]
    for gold, careless in zip(seen["gold"], seen["careless"], strict=True):
        # the same training, judged by other labels and shown by the same
        assert gold[0][1] == careless[0][1]
        assert gold[0][0] != careless[0][0]


@pytest.mark.study
def test_each_verdict_is_told_with_who_judges(both):
    words = [task.pool for task in tell(both[0]).tasks]
    assert len(words) == 3
    assert sum("labels that one person of population careless gave" in w for w in words)
    assert sum("labels that" in text for text in words) == 2
