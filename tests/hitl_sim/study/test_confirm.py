import io
import tomllib
from pathlib import Path

import pytest
from rich.console import Console

from hitl_sim.analysis.condition.finding import best
from hitl_sim.report.terminal.studies import print_confirmations
from hitl_sim.report.words import tell
from hitl_sim.study.conclude import analyse_folder
from hitl_sim.study.confirm import confirm, narrow_spec
from hitl_sim.study.runner import load_study, run_study
from hitl_sim.study.spec import SpecError, convert, load_spec

SMOKE = Path(__file__).parents[2] / "experiments" / "smoke.toml"
pytestmark = pytest.mark.study


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("study")
    run_study(load_spec(SMOKE), out, 2)
    return out


def test_the_narrow_study_is_the_winner_beside_its_control(folder):
    spec, _, _ = load_study(folder)
    (task,) = analyse_folder(folder).tasks
    winner = best(task.with_people)
    narrow = narrow_spec(spec, task, winner, 99, 6)
    assert [arm.name for arm in narrow.arm] == ["control", winner.arm]
    assert narrow.crowd.population == winner.population
    assert (narrow.seed, narrow.replicates, narrow.axis) == (99, 6, ())


def test_a_winner_is_found_again_on_fresh_seeds_only(folder):
    (found,) = confirm(folder, 2)
    spec, _, _ = load_study(folder)
    (task,) = analyse_folder(folder).tasks
    assert found.label == best(task.with_people).label
    assert found.first.value == best(task.with_people).ratio.value
    assert found.seed == spec.seed + 1
    _, old, _ = load_study(folder)
    _, new, _ = load_study(folder / "confirm" / "1-digits")
    keys = [set(table.column("key").to_pylist()) for table in (old, new)]
    assert not keys[0] & keys[1]
    text = io.StringIO()
    print_confirmations(Console(file=text, width=100), [found])
    assert "fresh seeds" in text.getvalue()
    assert f"{found.seed} ({found.replicates} replicates)" in text.getvalue()
    # from then on every report of the study tells it
    (told,) = tell(analyse_folder(folder)).tasks
    again = f"on {found.replicates} fresh seeds, which did not pick it"
    assert again in told.rho


def test_a_tuned_winner_keeps_the_settings_that_were_found(tmp_path):
    tables = tomllib.loads(SMOKE.read_text())
    tables["axis"] = []
    tables["arm"] = [tables["arm"][0], tables["arm"][3]]
    tables["tune"] = {
        "people": "fresh",
        "bill": "sunk",
        "trials": 3,
        "replicates": 2,
        "rungs": 1,
        "space": [{"field": "training.learning_rate", "low": 0.01, "high": 0.05}],
    }
    run_study(convert(tables), tmp_path, 1)
    confirm(tmp_path, 1)
    rates = []
    for folder in (tmp_path, tmp_path / "confirm" / "1-digits"):
        _, table, manifest = load_study(folder)
        tuning = {row["arm"]: row["values"] for row in manifest["tuning"]}
        rates.append(tuning)
        roles = set(table.column("role").to_pylist())
        assert ("trial" in roles) == (folder == tmp_path)
    assert rates[0] == rates[1]
    assert rates[1]["relevance"]


def test_the_studys_own_seed_confirms_nothing(folder):
    with pytest.raises(SpecError, match=r"must differ from the study's own \(7\)"):
        confirm(folder, 1, seed=7)
