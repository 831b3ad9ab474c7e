"""One number or truth value is one option, in answers and golds alike."""

import subprocess
import sys
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from hitl_sim.participants.answers import options_of, to_record
from hitl_sim.participants.cleaning.clean import Layout
from hitl_sim.participants.reading.table_file import read_answers


def read(folder, rows, **layout):
    path = folder / "answers.csv"
    path.write_text("annotator,item,answer,gold\n" + "\n".join(rows) + "\n")
    return read_answers(path, Layout(**layout))


def read_columns(folder, **columns):
    path = folder / "answers.parquet"
    parquet.write_table(pa.table(columns), path)
    return read_answers(path)


@pytest.mark.parametrize("given", [("0.0", "1.0"), ("0", "1e0"), ("0.00", "+1")])
def test_answers_and_golds_that_are_one_number_are_one_option(tmp_path, given):
    rows = [f"p{a},q{i},{given[i % 2]},{i % 2}" for a in range(2) for i in range(4)]
    answers = read(tmp_path, rows)
    assert options_of(answers, "label") == ("0", "1")
    record = to_record(answers, "label")
    np.testing.assert_array_equal(record.answer, record.truth[record.item])
    assert any("several ways" in note for note in answers.notes)


@pytest.mark.parametrize(
    ("yes", "no", "gold"),
    [
        ("True", "False", ("0", "1")),
        ("TRUE", "false", ("False", "True")),
        ("1.0", "0.0", ("FALSE", "TRUE")),
    ],
)
def test_truth_values_are_one_option_however_written(tmp_path, yes, no, gold):
    rows = [f"p1,q{i},{(no, yes)[i % 2]},{gold[i % 2]}" for i in range(4)]
    answers = read(tmp_path, rows)
    assert options_of(answers, "label") == ("false", "true")
    record = to_record(answers, "label")
    np.testing.assert_array_equal(record.answer, record.truth[record.item])


def test_truth_values_in_one_spelling_keep_it(tmp_path):
    rows = [f"p1,q{i},{('True', 'False')[i % 2]}," for i in range(4)]
    assert options_of(read(tmp_path, rows), "label") == ("False", "True")


@pytest.mark.parametrize(
    "answer",
    [
        pa.array([0.0, 1.0], pa.float64()),
        pa.array([0, 1], pa.float32()),
        pa.array([Decimal("0.00"), Decimal("1.00")]),
        pa.array(["0.0", "1"]).dictionary_encode(),
        pa.array([0, 1], pa.uint8()),
        pa.array(["0", "1"], pa.large_string()),
    ],
    ids=lambda array: str(array.type),
)
def test_numbers_of_every_type_are_the_same_options(tmp_path, answer):
    found = read_columns(
        tmp_path, annotator=["a", "a"], item=["x", "y"], answer=answer, gold=["0", "1"]
    )
    assert options_of(found, "label") == ("0", "1")


def test_truth_values_of_parquet_meet_those_of_text(tmp_path):
    found = read_columns(
        tmp_path,
        annotator=["a", "a"],
        item=["x", "y"],
        answer=[True, False],
        gold=["True", "0"],
    )
    record = to_record(found, "label")
    np.testing.assert_array_equal(record.answer, record.truth[record.item])


def test_a_number_is_renamed_in_any_spelling(tmp_path):
    rows = ["p1,q0,0.0,0", "p1,q1,1.0,1"]
    for said in ({"0": "no", "1.0": "yes"}, {"0.0": "no", "1": "yes"}):
        assert options_of(read(tmp_path, rows, rename=said), "label") == ("no", "yes")


def test_items_that_a_join_made_fractions_keep_their_names(tmp_path):
    rows = ["p1,1.0,a,b", "p1,2.0,b,b", "p2,1,a,b"]
    table = read(tmp_path, rows).table
    assert table.column("item").to_pylist() == ["1", "2", "1"]
    rows = ["p1,1.0,a,b", "p1,1.1,b,b", "p2,version,a,b"]
    table = read(tmp_path, rows).table
    assert table.column("item").to_pylist() == ["1.0", "1.1", "version"]


ORDER = """
from pathlib import Path
from hitl_sim.participants.answers import options_of
from hitl_sim.participants.reading.table_file import read_answers
from hitl_sim.participants.cleaning.clean import Layout
found = read_answers(Path("answers.csv"), Layout(keep_na=True))
print(options_of(found, "label"))
print([n for n in found.notes])
"""


def test_the_order_of_options_does_not_depend_on_the_hash_seed(tmp_path):
    words = ["nan", "0", "1", "inf", "NaN", "b", "B", "1.5", "true"]
    read(tmp_path, [f"p{a},q{i},{w}," for a in "xy" for i, w in enumerate(words)])
    said = {
        subprocess.run(
            [sys.executable, "-c", ORDER],
            cwd=tmp_path,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(said) == 1
    assert b"('0', '1', '1.5', 'B'" in said.pop()


def test_alike_options_are_noted_with_their_rows_and_not_merged(tmp_path):
    answers = read(tmp_path, ["p1,q0,Dog,", "p2,q0,dog,", "p1,q1,cat,", "P1,q1,cat,"])
    assert options_of(answers, "label") == ("Dog", "cat", "dog")
    notes = [note for note in answers.notes if "differ only in case" in note]
    assert "'answer'" in notes[1]
    assert "'Dog', 'dog'" in notes[1]
    assert "row 2 (line 3)" in notes[1]
    # people are told by their rows, never by name
    assert "'annotator'" in notes[0]
    assert "p1" not in notes[0].lower()


def test_blanks_around_texts_are_cut_and_told(tmp_path):
    answers = read(tmp_path, ["p1,q0, dog,", "p2,q0,dog,", "p1,q1,cat,"])
    assert options_of(answers, "label") == ("cat", "dog")
    assert any("blanks around 1 texts" in note for note in answers.notes)
