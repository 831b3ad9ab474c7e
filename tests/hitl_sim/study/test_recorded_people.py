"""Studies that replay real people, where their answers lie beside the repository."""

from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pytest
from pyarrow import csv

from hitl_sim.study.plan import build_plan
from hitl_sim.study.runner import load_study, run_study
from hitl_sim.study.spec import SpecError, convert

DATA = Path(__file__).parents[4] / "shared" / "data"
RTE = DATA / "rte_snow"

pytestmark = [
    pytest.mark.study,
    pytest.mark.skipif(
        not (RTE / "answers.csv.gz").is_file(),
        reason="no recorded answers of rte_snow here",
    ),
]


@pytest.fixture
def entailment(tables):
    """Does one text follow from another? 164 people, ten answers an item, no times."""
    tables["task"] = {
        "rte": {
            "source": str(RTE / "items.csv.gz"),
            "label_column": "gold",
            "text_column": "text",
            "item_column": "item",
            "num_features": 64,
            "pool": 500,
            "validation": 150,
            "test": 150,
        }
    }
    labelling = {"kind": "labelling", "rounds": 3, "questions": 40}
    tables["arm"] = [
        tables["arm"][0],
        {"name": "one", "people": 1, **labelling},
        {"name": "five", "people": 5, "aggregate": "dawid_skene", **labelling},
    ]
    del tables["axis"]
    tables["workforce"] = {"size": 164}
    answers = str(RTE / "answers.csv.gz")
    tables["crowd"] = {"recording": answers, "policy": "refuse", "seconds": 20.0}
    return tables


def test_real_people_label_what_a_model_asks_for(entailment, tmp_path):
    run_study(convert(entailment), tmp_path, 1)
    rows = load_study(tmp_path)[1].to_pylist()
    right = {"one": [], "five": []}
    for row in rows:
        if row["arm"] not in right:
            continue
        people = {"one": 1, "five": 5}[row["arm"]]
        assert row["replayed"] == row["untimed"] == 120 * people
        assert row["modelled"] == row["left_out"] == 0
        assert row["population"] == "answers.csv.gz"
        right[row["arm"]].append((row["answer_accuracy"], row["label_accuracy"]))
    single, five = (np.mean(found, axis=0) for found in right.values())
    # ten answers an item, so a random item's random answer is right as often as all
    table = csv.read_csv(RTE / "answers.csv.gz")
    share = pc.mean(pc.equal(table["answer"], table["gold"])).as_py()
    assert abs(single[0] - share) < 4 * np.sqrt(
        share * (1 - share) / (120 * len(right["one"]))
    )
    assert single[0] == pytest.approx(single[1], abs=1e-6)
    assert five[1] > single[1]


def test_more_people_than_answered_are_refused(entailment):
    entailment["arm"][2]["people"] = 11
    with pytest.raises(SpecError, match="must have answers of 11 people for all 800"):
        build_plan(convert(entailment))
