"""Tables of answers: what is read, what is refused, and where."""

import gzip

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from hitl_sim.participants.answers import Answers, options_of, to_record
from hitl_sim.participants.cleaning.clean import Layout
from hitl_sim.participants.reading.table_file import read_answers

PLAIN = "annotator,item,answer,gold,seconds\nann,a,x,x,2.5\nbob,a,y,x,4\nann,b,y,y,1\n"


def write(path, text: str, name="answers.csv"):
    file = path / name
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return file


def read(path, text, name="answers.csv", **layout) -> Answers:
    return read_answers(write(path, text, name), Layout(**layout))


def refusal(path, text, **layout) -> str:
    with pytest.raises(ValueError, match="answers") as caught:
        read(path, text, **layout)
    return str(caught.value)


def test_a_table_is_read_with_its_numbers(tmp_path):
    answers = read(tmp_path, PLAIN)
    assert answers.table.column("answer").to_pylist() == ["x", "y", "y"]
    assert answers.table.column("kind").to_pylist() == ["label"] * 3
    np.testing.assert_array_equal(answers.numbers("seconds"), [2.5, 4.0, 1.0])


@pytest.mark.parametrize("name", ["answers.tsv", "answers.csv.gz"])
def test_tabs_and_packed_files_are_the_same_answers(tmp_path, name):
    text = PLAIN.replace(",", "\t") if "tsv" in name else PLAIN
    data = gzip.compress(text.encode()) if name.endswith("gz") else text.encode()
    (tmp_path / name).write_bytes(data)
    found = read_answers(tmp_path / name, Layout(is_pseudonymous=False)).table
    assert found.equals(read(tmp_path, PLAIN, is_pseudonymous=False).table)


def test_parquet_keeps_what_was_written(tmp_path):
    path = tmp_path / "answers.parquet"
    table = pa.table({"who": [7, 8, 7], "item": ["a", "a", "b"], "answer": [1, 2, 2]})
    parquet.write_table(table, path)
    layout = Layout(columns={"annotator": "who"}, is_pseudonymous=False)
    answers = read_answers(path, layout)
    assert answers.table.column("annotator").to_pylist() == ["7", "8", "7"]
    answers.write(tmp_path / "again.parquet")
    again = read_answers(tmp_path / "again.parquet", Layout(is_pseudonymous=False))
    assert again.table.equals(answers.table)


def test_people_get_pseudonyms_and_other_columns_are_dropped(tmp_path):
    text = "annotator,item,answer,comment\nann@home,a,x,I am Ann\n"
    answers = read(tmp_path, text, salt=b"salt")
    kept = str(answers.table.to_pylist())
    assert "ann@home" not in kept
    assert "I am Ann" not in kept
    assert any("comment" in note for note in answers.notes)


def test_the_salt_decides_the_pseudonym_and_not_the_number(tmp_path):
    one, same, other = (read(tmp_path, PLAIN, salt=s) for s in (b"1", b"1", b"2"))
    assert one.table.equals(same.table)
    assert not one.table.column("annotator").equals(other.table.column("annotator"))
    np.testing.assert_array_equal(
        to_record(one, "label").person, to_record(other, "label").person
    )


def test_names_stay_when_they_are_asked_for(tmp_path):
    answers = read(tmp_path, "annotator,item,answer\nann,a,x\n", is_pseudonymous=False)
    assert answers.table.column("annotator").to_pylist() == ["ann"]


def test_a_missing_column_is_named_with_those_that_are_there(tmp_path):
    message = refusal(tmp_path, "who,item,answer\nann,a,x\n")
    assert "'annotator'" in message
    assert "'who'" in message


def test_a_mapped_column_must_be_there(tmp_path):
    assert "'secs'" in refusal(tmp_path, PLAIN, columns={"seconds": "secs"})


@pytest.mark.parametrize(
    ("value", "said"),
    [("-1", "got -1"), ("1e9", "got 1000000000"), ("inf", "inf"), ("fast", "'fast'")],
)
def test_a_time_that_cannot_be_names_row_and_column(tmp_path, value, said):
    message = refusal(tmp_path, PLAIN.replace("4\n", f"{value}\n"))
    assert "row 2, column 'seconds'" in message
    assert said in message


def test_milliseconds_are_turned_into_seconds(tmp_path):
    answers = read(tmp_path, PLAIN, seconds_per_unit=1e-3)
    np.testing.assert_allclose(answers.numbers("seconds"), [2.5e-3, 4e-3, 1e-3])


def test_two_golds_of_an_item_name_both_rows(tmp_path):
    message = refusal(tmp_path, PLAIN.replace("bob,a,y,x", "bob,a,y,y"))
    assert "row 2, column 'gold'" in message
    assert "row 1" in message


def test_a_row_that_is_there_twice_is_dropped_and_noted(tmp_path):
    answers = read(tmp_path, PLAIN + "bob,a,y,x,4\n")
    assert answers.num_rows == 3
    assert any("1 rows repeat" in note and "row 4" in note for note in answers.notes)


def test_two_answers_without_an_order_are_refused(tmp_path):
    message = refusal(tmp_path, PLAIN + "bob,a,x,x,9\n")
    assert "row 4, column 'item'" in message
    assert "row 2 (line 3) has the same annotator" in message


def test_two_answers_with_an_order_are_two_looks(tmp_path):
    text = "annotator,item,answer,order\nann,a,x,9\nann,b,x,4\nann,a,y,1\n"
    answers = read(tmp_path, text)
    assert answers.table.column("is_repeat").to_pylist() == [True, False, False]
    record = to_record(answers, "label")
    np.testing.assert_array_equal(record.occasion, [0, 0, 1])
    np.testing.assert_array_equal(record.answer, [1, 0, 0])


def test_numbers_among_words_are_options_and_noted(tmp_path):
    answers = read(tmp_path, PLAIN + "bob,b,3,y,2\n")
    assert any("mixes" in note and "row 4" in note for note in answers.notes)
    assert options_of(answers, "label") == ("3", "x", "y")


@pytest.mark.parametrize("odd", ["<b>ann</b>", "=HYPERLINK(1)", "@SUM(A1)"])
def test_markup_and_formulas_are_noted_with_their_row(tmp_path, odd):
    answers = read(tmp_path, PLAIN.replace("bob", odd))
    assert any("'annotator'" in note and "row 2" in note for note in answers.notes)


def test_a_negative_number_is_no_formula(tmp_path):
    answers = read(tmp_path, "annotator,item,answer\nann,-3,-1.5\nbob,-3,+2\n")
    assert answers.notes == ()


@pytest.mark.parametrize("text", ["", "  \n", "annotator,item,answer\n"])
def test_an_empty_file_is_refused(tmp_path, text):
    assert "must hold answers" in refusal(tmp_path, text)


def test_another_encoding_names_row_and_byte(tmp_path):
    message = refusal(tmp_path, PLAIN.replace("bob", "bäb").encode("latin-1"))
    assert "line 3, byte 2 of it" in message
    assert "0xe4" in message


def test_a_row_of_another_width_is_named(tmp_path):
    assert "row 3" in refusal(tmp_path, PLAIN.replace("ann,b,y,y,1", "ann,b,y"))


def test_an_empty_person_is_refused_and_an_empty_answer_is_a_skip(tmp_path):
    assert "row 2, column 'annotator'" in refusal(tmp_path, PLAIN.replace("bob", ""))
    answers = read(tmp_path, PLAIN.replace("bob,a,y", "bob,a,"))
    assert to_record(answers, "label").answer.min() == -1


def test_a_confidence_out_of_its_scale_is_refused(tmp_path):
    text = "annotator,item,answer,confidence\nann,a,x,80\n"
    assert "row 1, column 'confidence'" in refusal(tmp_path, text)
    assert read(tmp_path, text, confidence_max=100).numbers("confidence")[0] == 0.8


def test_moments_are_read_with_and_without_a_zone(tmp_path):
    text = (
        "annotator,item,answer,started\n"
        "ann,a,x,1970-01-01T00:01:00Z\nann,b,x,1970-01-01T01:00:10+01:00\n"
    )
    np.testing.assert_array_equal(read(tmp_path, text).numbers("started"), [60.0, 10.0])
    broken = text.replace("1970-01-01T00:01:00Z", "noon")
    assert "row 1, column 'started'" in refusal(tmp_path, broken)


def test_an_unknown_preference_is_refused_until_it_is_renamed(tmp_path):
    text = "annotator,item,answer\nann,a|b,a1\nbob,a|b,equal\n"
    assert "row 1, column 'answer'" in refusal(tmp_path, text, kind="preference")
    names = {"a1": "first", "equal": "tie"}
    record = to_record(
        read(tmp_path, text, kind="preference", rename=names), "preference"
    )
    np.testing.assert_array_equal(record.answer, [0, 1])


def test_marks_beyond_the_parts_of_an_item_are_refused(tmp_path):
    text = "annotator,item,answer,parts\nann,a,0 2,3\nbob,a,none,3\n"
    record = to_record(read(tmp_path, text, kind="marks"), "marks")
    np.testing.assert_array_equal(record.marks, [[1, 0, 1], [0, 0, 0]])
    assert "row 1" in refusal(tmp_path, text.replace("0 2", "0 3"), kind="marks")


def test_times_whose_column_says_milliseconds_are_noted(tmp_path):
    text = PLAIN.replace("seconds", "rt_ms")
    said = {"columns": {"seconds": "rt_ms"}}
    assert any("--time-unit-s" in note for note in read(tmp_path, text, **said).notes)
    found = read(tmp_path, text, seconds_per_unit=1e-3, **said)
    assert found.notes == ()
