"""Marks of missing values are missing, unless the user says that they are a class."""

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from hitl_sim.participants.answers import options_of, to_record
from hitl_sim.participants.cleaning.clean import Layout
from hitl_sim.participants.describing.inventory import take_stock
from hitl_sim.participants.reading.table_file import read_answers

HEADER = "annotator,item,answer,gold,seconds\n"


def read(folder, rows, **layout):
    path = folder / "answers.csv"
    path.write_text(HEADER + "\n".join(rows) + "\n")
    return read_answers(path, Layout(**layout))


MARKS = ["NA", "N/A", "n/a", "#N/A", "NaN", "nan", "null", "NULL", "None", "<NA>"]


@pytest.mark.parametrize("mark", [*MARKS, "", " NA "])
def test_a_mark_is_a_skip_and_no_gold(tmp_path, mark):
    rows = [f"p1,q0,{mark},x,1", "p2,q0,x,x,2", f"p1,q1,y,{mark},3", "p2,q1,y,,4"]
    answers = read(tmp_path, rows)
    assert options_of(answers, "label") == ("x", "y")
    found = take_stock(answers)
    assert (found.num_skips, found.num_gold) == (1, 1)
    record = to_record(answers, "label")
    right = record.truth[record.item]
    known = (record.answer >= 0) & (right >= 0)
    np.testing.assert_array_equal(record.answer[known], right[known])


def test_a_note_says_how_many_and_where(tmp_path):
    answers = read(tmp_path, ["p1,q0,x,NA,1", "p1,q1,NA,,1", "p1,q2,nan,x,1"])
    skips, golds = (n for n in answers.notes if "--keep-na" in n)
    assert "'NA' or 'nan' in 2 rows, the first row 2 (line 3)" in skips
    assert "skips" in skips
    assert "'gold' says 'NA' in 1 rows" in golds


def test_marks_are_classes_when_the_user_says_so(tmp_path):
    rows = ["p1,q0,NA,NA,1", "p1,q1,US,US,1"]
    answers = read(tmp_path, rows, keep_na=True)
    assert options_of(answers, "label") == ("NA", "US")
    assert take_stock(answers).num_skips == 0
    assert answers.notes == ()


def test_a_class_that_is_called_na_survives_being_written(tmp_path):
    rows = ["p1,q0,NA,NA,1", "p1,q1,US,US,1"]
    read(tmp_path, rows, keep_na=True).write(tmp_path / "kept.parquet")
    again = read_answers(tmp_path / "kept.parquet")
    assert options_of(again, "label") == ("NA", "US")


def test_words_that_could_be_classes_stay(tmp_path):
    answers = read(tmp_path, ["p1,q0,none,,1", "p1,q1,na,,1", "p1,q2,-,,1"])
    assert options_of(answers, "label") == ("-", "na", "none")


def test_a_missing_time_is_unknown_whatever_is_kept(tmp_path):
    rows = ["p1,q0,x,,NA", "p1,q1,y,,2", "p1,q2,y,,nan"]
    for keep_na in (False, True):
        seconds = read(tmp_path, rows, keep_na=keep_na).numbers("seconds")
        np.testing.assert_array_equal(np.isnan(seconds), [True, False, True])


@pytest.mark.parametrize("column", [0, 1])
def test_a_missing_person_or_item_is_refused_unless_it_is_a_name(tmp_path, column):
    cells = ["p1", "q1", "x", "", "1"]
    cells[column] = "NA"
    rows = ["p1,q0,y,,1", ",".join(cells)]
    with pytest.raises(ValueError, match=r"row 2, .*--keep-na.*got 'NA'"):
        read(tmp_path, rows)
    assert read(tmp_path, rows, keep_na=True).num_rows == 2


def test_nan_in_parquet_is_missing(tmp_path):
    nan = float("nan")
    table = {"annotator": ["p"] * 3, "item": ["a", "b", "c"]}
    table |= {"answer": [0.0, nan, 1.0], "gold": [nan, 1.0, nan]}
    table |= {"seconds": [1.0, 2.0, nan]}
    parquet.write_table(pa.table(table), tmp_path / "answers.parquet")
    answers = read_answers(tmp_path / "answers.parquet")
    assert options_of(answers, "label") == ("0", "1")
    found = take_stock(answers)
    assert (found.num_skips, found.num_gold) == (1, 1)
    assert np.isnan(answers.numbers("seconds")[2])
