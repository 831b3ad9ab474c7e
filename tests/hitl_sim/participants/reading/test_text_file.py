"""Text tables: what separates columns, what is a header, and which line is wrong."""

import numpy as np
import pytest

from hitl_sim.participants.answers import options_of
from hitl_sim.participants.cleaning.clean import Layout
from hitl_sim.participants.reading.table_file import read_answers

HEADER = "annotator,item,answer,gold,seconds"
ROWS = ["ann,a,0,0,2.5", "bob,a,1,0,4.25", "ann,b,1,1,1.125"]


def write(folder, lines, name="answers.csv"):
    path = folder / name
    path.write_text("\n".join(lines) + "\n")
    return path


def refusal(path, **layout) -> str:
    with pytest.raises(ValueError, match="answers") as caught:
        read_answers(path, Layout(**layout))
    return str(caught.value)


@pytest.mark.parametrize("sign", [";", "\t", "|", ","])
def test_the_sign_between_columns_is_seen(tmp_path, sign):
    lines = [line.replace(",", sign) for line in (HEADER, *ROWS)]
    answers = read_answers(write(tmp_path, lines))
    np.testing.assert_array_equal(answers.numbers("seconds"), [2.5, 4.25, 1.125])
    assert any("separated by" in note for note in answers.notes) == (sign != ",")


def test_answers_of_several_labels_do_not_look_like_columns(tmp_path):
    lines = ["annotator,item,answer", "ann,a,x|y", "bob,a,x|y", "ann,b,x;y;z"]
    answers = read_answers(write(tmp_path, lines))
    assert answers.table.column("answer").to_pylist() == ["x|y", "x|y", "x;y;z"]


@pytest.mark.parametrize("sign", [";", "\t"])
def test_decimal_commas_are_numbers_where_no_comma_separates(tmp_path, sign):
    lines = [HEADER.replace(",", sign)]
    for row in ROWS:
        cells = row.split(",")
        cells[2:4] = [f"{cells[2]},0", cells[3]]
        lines.append(sign.join(cells).replace(".", ","))
    answers = read_answers(write(tmp_path, lines))
    np.testing.assert_array_equal(answers.numbers("seconds"), [2.5, 4.25, 1.125])
    assert options_of(answers, "label") == ("0", "1")
    (note,) = (note for note in answers.notes if "decimal commas" in note)
    assert "'answer', 'seconds'" in note


def test_a_comma_that_may_be_of_thousands_is_refused_and_named(tmp_path):
    path = write(tmp_path, [HEADER, 'ann,a,0,0,"4,017"', 'bob,a,"1,0","0,0",5'])
    assert "with a decimal point, got '4,017'" in refusal(path)
    path = write(tmp_path, [HEADER, 'ann,a,"1,0",1,4', 'bob,a,"0,0",1,5'])
    assert options_of(read_answers(path), "label") == ("0", "1")


def test_two_labels_between_commas_stay_two(tmp_path):
    lines = ["annotator,item,answer", 'ann,a,"1,2"', "bob,a,1", 'ann,b,"2,0"']
    answers = read_answers(write(tmp_path, lines))
    assert options_of(answers, "label") == ("1", "1,2", "2,0")


def test_a_header_that_comes_again_is_refused_with_its_line(tmp_path):
    path = write(tmp_path, [HEADER, *ROWS[:2], HEADER, ROWS[2]])
    assert "row 3 (line 4): must hold an answer, got the header" in refusal(path)
    path = write(tmp_path, [HEADER, *ROWS, "\ufeff" + HEADER, *ROWS])
    assert "row 4 (line 5): must hold an answer, got the header" in refusal(path)
    moved = "item,annotator,answer,gold,seconds"
    path = write(tmp_path, [HEADER, *ROWS, moved])
    assert "row 4 (line 5): must hold an answer, got the header" in refusal(path)


@pytest.mark.parametrize("rows", [ROWS, ["1,1,0", "1,2,1"], ["p1,q1,q1", "p1,q2,a"]])
def test_a_header_that_is_a_row_of_answers_is_refused(tmp_path, rows):
    message = refusal(write(tmp_path, rows))
    assert f"line 1: must name the columns, got {rows[0]!r}" in message
    assert "annotator,item,answer" in message


def test_names_of_their_own_are_no_row_of_answers(tmp_path):
    path = write(tmp_path, ["who,1,2", "p,x,y", "q,x,x"])
    assert "'annotator' must be there, got columns 'who', '1', '2'" in refusal(path)


def test_many_columns_are_not_all_listed(tmp_path):
    names = [f"c{n}" for n in range(120)]
    message = refusal(
        write(tmp_path, [",".join(names), ",".join(map(str, range(120)))])
    )
    assert "'c11' and 108 more" in message
    assert "'c12'" not in message
    assert "--wide" in message


def test_row_and_line_are_told_apart_where_cells_hold_line_breaks(tmp_path):
    lines = [HEADER, 'ann,"a\nsecond line",0,0,2', "", "bob,a,1,0,-4"]
    message = refusal(write(tmp_path, lines))
    assert "row 2, column 'seconds'" in message
    assert "row 2 is line 5 of the file" in message


def test_a_ragged_row_names_row_line_and_sign(tmp_path):
    message = refusal(write(tmp_path, [HEADER, *ROWS, "bob,b,1"]))
    assert "row 4 (line 5): must have 5 columns" in message
    assert "separated by ','" in message


def test_blanks_in_the_header_do_not_hide_a_column(tmp_path):
    lines = ["annotator, item, answer", "ann,a,x", "bob,a,y"]
    assert read_answers(write(tmp_path, lines)).num_rows == 2


def test_a_name_that_comes_twice_is_refused(tmp_path):
    lines = ["annotator,item,answer,item", "ann,a,x,b", "bob,a,y,b"]
    assert "column 'item' must be there once" in refusal(write(tmp_path, lines))


def test_files_of_spreadsheets_are_read(tmp_path):
    lines = [line.replace(",", "\t") for line in (HEADER, *ROWS)]
    path = tmp_path / "answers.tsv"
    path.write_text("\n".join(lines), encoding="utf-16")
    assert read_answers(path).num_rows == 3
    path = write(tmp_path, ["sep=;", *(x.replace(",", ";") for x in (HEADER, *ROWS))])
    assert read_answers(path).num_rows == 3
    path.write_text(path.read_text().replace("4.25", "-4"))
    assert "row 2 is line 4 of the file" in refusal(path)


def test_a_table_of_r_with_row_names_and_decimal_commas_is_read(tmp_path):
    lines = ['"";"annotator";"item";"answer";"seconds"', '"1";"p";"q0";NA;2,5']
    lines += ['"2";"p";"q1";1,5;NA', '"3";"p";"q2";2;10']
    answers = read_answers(write(tmp_path, lines))
    assert options_of(answers, "label") == ("1.5", "2")
    np.testing.assert_array_equal(answers.numbers("seconds"), [2.5, np.nan, 10.0])


def test_columns_without_a_name_are_passed_over(tmp_path):
    lines = ["annotator,item,answer,,", "ann,a,x,,", "bob,a,y,,"]
    assert read_answers(write(tmp_path, lines)).num_rows == 2


def test_signs_that_separate_columns_are_named_where_none_is_found(tmp_path):
    message = refusal(write(tmp_path, ["annotator~item~answer", "ann~a~x"]))
    assert "must have columns that ',', ';', '|' or tabs separate" in message


def test_empty_rows_are_passed_over_and_rows_keep_their_numbers(tmp_path):
    path = write(tmp_path, [HEADER, ROWS[0], ",,,,", *ROWS[1:], ", ,,,"])
    answers = read_answers(path)
    assert answers.num_rows == 3
    assert any("2 rows of empty cells" in note for note in answers.notes)
    path.write_text(path.read_text().replace("4.25", "-4"))
    assert "row 3, column 'seconds'" in refusal(path)
    assert "row 3 is line 4 of the file" in refusal(path)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark_is_refused_as_such(tmp_path, encoding):
    path = tmp_path / "answers.csv"
    path.write_text("\n".join([HEADER, *ROWS]), encoding=encoding)
    assert "must be text in UTF-8, got byte 0x00 at position" in refusal(path)


def test_the_usual_sign_is_kept_where_another_cuts_into_more_columns(tmp_path):
    lines = ["annotator,item|a|b,answer", "ann,a|1|2,x", "bob,a|1|2,y"]
    path = write(tmp_path, lines)
    answers = read_answers(path, Layout(columns={"item": "item|a|b"}))
    assert answers.table.column("item").to_pylist() == ["a|1|2", "a|1|2"]
    path = write(tmp_path, ["annotator,item|a|b|c,answer", "ann,a|1|2|3,x"])
    answers = read_answers(path, Layout(columns={"item": "item|a|b|c"}))
    assert answers.table.column("item").to_pylist() == ["a|1|2|3"]
