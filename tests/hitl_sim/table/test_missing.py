import pyarrow as pa
import pytest

from hitl_sim.table.missing import ANY_CASE, EXACT, SPELLINGS, is_missing
from hitl_sim.table.text_column import is_empty, is_mark

MARKS = ["NA", "N/A", "NaN", "null", "None", "<NA>", "#N/A", "NaT", "\\N", "-1.#IND"]


@pytest.mark.parametrize("text", ["", " ", " NA ", *MARKS])
def test_usual_marks_are_no_value(text):
    assert is_missing(text)


@pytest.mark.parametrize("text", ["0", "no", "none of these", "Nan Goldin", "-", "na"])
def test_what_is_written_is_a_value(text):
    assert not is_missing(text)


def test_columns_are_judged_as_texts_are():
    texts = [*SPELLINGS, *EXACT, *ANY_CASE, "none", "na", "0", " NA ", "nAn"]
    column = pa.chunked_array([texts])
    assert is_empty(column).to_pylist() == [is_missing(text) for text in texts]
    bare = [text.strip() for text in texts if text.strip()]
    marks = is_mark(pa.chunked_array([bare]))
    assert marks.to_pylist() == [is_missing(text) for text in bare]


def test_every_spelling_for_a_parser_is_missing():
    assert all(map(is_missing, SPELLINGS))
    assert {"NA", "NaN", "nan", "NULL", "N/A", "n/a", "#N/A"} <= set(SPELLINGS)
