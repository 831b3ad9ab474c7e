"""Labels of a data set held against few real answers, with a machine's view of all."""

import numpy as np
import pyarrow as pa
import pytest

from hitl_sim.analysis.chance.prediction_powered import MIN_REAL
from hitl_sim.participants.cleaning.clean import Layout, clean
from hitl_sim.participants.cleaning.column import Place
from hitl_sim.participants.describing.accuracy import assess
from hitl_sim.participants.reading.machine_file import MachineFile

ITEMS = 600
NAMES = [f"q{number}" for number in range(ITEMS)]
RIGHT = np.mod(np.arange(1, ITEMS + 1) * 0.618034, 1.0) < 0.8
MACHINE = MachineFile(
    "machine.csv",
    NAMES,
    ["x"] * ITEMS,
    np.where(RIGHT, 0.9, 0.3) + 0.1 * np.mod(np.arange(ITEMS) * 0.7548, 1.0),
)


def checks(num=120, people=6, **columns):
    """Answers of which x is right where it is and y elsewhere, one for an item."""
    rows = np.arange(num)
    table = {
        "annotator": (rows % people).astype(str),
        "item": NAMES[:num],
        "answer": np.where(RIGHT[:num] ^ (rows % 11 == 0), "x", "y"),
        **columns,
    }
    return clean(pa.table(table), Layout(), Place("checks.csv"))


def test_labels_are_right_as_often_as_people_answer_the_same():
    found = assess(checks(people=60), MACHINE)
    said = np.mean(RIGHT[:120] ^ (np.arange(120) % 11 == 0))
    assert not found.by_gold
    assert found.accuracy.real_alone.value == pytest.approx(said)
    assert (found.accuracy.num_people, found.accuracy.num_predicted) == (60, ITEMS)
    assert found.accuracy.correlation > 0.5
    assert found.accuracy.stood_for > 20


def test_gold_decides_where_there_is_any_and_counts_once_for_an_item():
    gold = np.where(RIGHT, "x", "y")
    item, known = NAMES[:80] * 2, np.arange(160) % 80 < 70
    answers = checks(
        160,
        item=item,
        annotator=np.repeat(["a", "b"], 80),
        answer=["y"] * 160,
        gold=pa.array(np.tile(gold[:80], 2), mask=~known),
    )
    found = assess(answers, MACHINE)
    assert found.by_gold
    assert found.accuracy.num_real == found.accuracy.num_items == 70
    assert found.accuracy.num_people == 0
    assert found.accuracy.real_alone.value == pytest.approx(RIGHT[:70].mean())


def test_skips_and_other_kinds_are_left_out():
    kind = np.where(np.arange(120) < 20, "rating", "label")
    answer = pa.array(["1"] * 20 + ["x"] * 100, mask=np.arange(120) >= 110)
    found = assess(checks(kind=kind, answer=answer), MACHINE)
    assert found.accuracy.num_real == 90


def test_one_truth_value_is_one_label_however_it_is_written():
    machine = MachineFile("m.csv", NAMES, ["true"] * ITEMS, MACHINE.right)
    answer = np.where(RIGHT[:120], "1", "0")
    found = assess(checks(answer=answer), machine)
    assert found.accuracy.real_alone.value == pytest.approx(RIGHT[:120].mean())


REFUSED = {
    "too few": (
        lambda: checks(MIN_REAL - 1),
        "`answers` must hold at least 50 answers of kind 'label', got 49",
    ),
    "too little gold": (
        lambda: checks(gold=pa.array(["x"] * 120, mask=np.arange(120) >= 49)),
        "`answers` must hold at least 50 items with gold, got 49",
    ),
    "too few people": (
        lambda: checks(people=3),
        "`answers` must be of at least 4 people, got 3",
    ),
    "an item that nobody predicted": (
        lambda: checks(item=[*NAMES[:119], "other"]),
        "checks.csv: every item must be in machine.csv, got 'other'",
    ),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED.keys())
def test_checks_that_tell_too_little_are_refused(case):
    make, message = case
    with pytest.raises(ValueError, match=message):
        assess(make(), MACHINE)
