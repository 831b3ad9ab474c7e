"""The same question in loops of several libraries: the same work, told alike."""

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest

FOLDER = Path(__file__).parents[2] / "examples" / "any_loop"
COUNTED = ("step", "work_unit", "work_phase", "work_purpose", "work_count")
COUNTED += ("asked", "answered", "worked_s", "paid_s", "wait_s", "answer_accuracy")
LIBRARIES = {"in_numpy": "numpy", "in_flax": "flax", "in_torch": "torch"}


@pytest.fixture(scope="module", autouse=True)
def folder():
    sys.path.insert(0, str(FOLDER))
    yield
    sys.path.remove(str(FOLDER))


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """Records of one replicate by library and arm, each to a short cap."""
    problem = importlib.import_module("problem")
    protocol = importlib.import_module("protocol")
    found = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(problem, "REPORTS", 12)
        for module, library in LIBRARIES.items():
            if importlib.util.find_spec(library) is None:
                continue
            learner = importlib.import_module(module).Learner
            out = tmp_path_factory.mktemp(library) / "out"
            results = protocol.run(out, learner, replicates=1, meters=[])
            rows = results._analysis.folder.records.to_pylist()
            found[library] = {r["arm"]: r for r in rows if r["role"] != "pilot"}
    return found


def test_counts_of_work_are_equal_between_libraries(ran):
    assert {"numpy", "flax"} <= ran.keys()
    first = ran["numpy"]
    assert first.keys() == {"control", "relevance", "copy"}
    for other in ran.values():
        for arm, row in first.items():
            for name in COUNTED:
                assert row[name] == other[arm][name], (arm, name)


def test_people_are_asked_by_the_arm_alone(ran):
    for rows in ran.values():
        assert rows["control"]["asked"][-1] == rows["copy"]["asked"][-1] == 0
        assert rows["relevance"]["asked"][0] == 200
        assert 0.6 < rows["relevance"]["answer_accuracy"] < 1.0
        assert "choose" in rows["relevance"]["work_phase"]
        assert "choose" not in rows["control"]["work_phase"]


def test_every_library_learns(ran):
    # four classes: by chance a quarter of 200 items, with a deviation of 3 %
    for rows in ran.values():
        for row in rows.values():
            assert max(row["validation_accuracy"]) > 0.4


def test_the_better_half_holds_what_is_relevant():
    problem = importlib.import_module("problem")
    split = problem.make_split(3)
    assert split.is_relevant.sum() == 280
    dice = np.random.default_rng(0)
    asked = dice.permutation(400)[:200]
    kept = problem.best_half(split, asked, split.is_relevant[asked] * 1.0, dice)
    assert len(set(kept.tolist())) == 200
    # a draw would hold 70 %, with a deviation of 2.3 % for 200 of 400
    assert split.is_relevant[kept].mean() > 0.8
    none = problem.best_half(split, asked, np.full(200, np.nan), dice)
    assert len(set(none.tolist())) == 200
