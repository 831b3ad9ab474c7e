"""Rows of one's own as JSON: what a table would hold, an object for each answer."""

import json

import pytest

from hitl_sim.participants.cleaning.clean import Layout
from hitl_sim.participants.reading.table_file import import_answers


def row(who: str, item: int, answer, **fields):
    return {"annotator": who, "item": item, "answer": answer, **fields}


def read(path, *rows, **layout):
    (path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return import_answers(path / "rows.jsonl", Layout(**layout))


def test_rows_are_read_as_a_table_is(tmp_path):
    rows = [row("ann", 1, "a", seconds=2.5), row("bob", 1, None), row("bob", 2, "b")]
    table = read(tmp_path, *rows, is_pseudonymous=False).table
    assert table.column("annotator").to_pylist() == ["ann", "bob", "bob"]
    assert table.column("item").to_pylist() == ["1", "1", "2"]
    assert table.column("answer").to_pylist() == ["a", None, "b"]
    assert table.column("seconds").to_pylist() == [2.5, None, None]


def test_columns_are_named_on_request(tmp_path):
    # what Label Studio's JSON-MIN holds, taken as a table
    rows = [{"annotator": 1, "id": 7, "choice": c, "lead_time": 3.0} for c in "a"]
    columns = {"item": "id", "answer": "choice", "seconds": "lead_time"}
    table = read(tmp_path, *rows, columns=columns).table
    assert table.select(["item", "answer", "seconds"]).to_pylist() == [
        {"item": "7", "answer": "a", "seconds": 3.0}
    ]


def test_columns_that_mix_numbers_and_texts_are_of_texts(tmp_path):
    table = read(
        tmp_path, row("ann", 1, "a"), row("ann", "x", 2), row("ann", 3, True)
    ).table
    assert table.column("item").to_pylist() == ["1", "x", "3"]
    assert table.column("answer").to_pylist() == ["a", "2", "true"]


def test_what_is_wrong_names_the_item(tmp_path):
    rows = [row("ann", 1, "a", seconds=1), row("ann", 8, "a", seconds=-3)]
    with pytest.raises(
        ValueError, match=r"task 8 \(number 2 in the file\), field 'seco"
    ):
        read(tmp_path, *rows)
    with pytest.raises(ValueError, match="field 'answer': must be a text or a number"):
        read(tmp_path, row("ann", 1, "a"), row("ann", 2, ["a", "b"]))


def test_a_table_has_no_question(tmp_path):
    (tmp_path / "rows.json").write_text(json.dumps([row("ann", 1, "a")]))
    with pytest.raises(ValueError, match="`--question` must be left out for a table"):
        import_answers(tmp_path / "rows.json", Layout(), "mood")


def test_marks_of_missing_values_are_missing_as_in_a_table(tmp_path):
    rows = [row("ann", 1, "NA"), row("bob", 1, "b"), row("bob", 2, "a")]
    found = read(tmp_path, *rows)
    assert found.table.column("answer").to_pylist() == [None, "b", "a"]
    assert any("1" in note and "NA" in note for note in found.notes)
    kept = read(tmp_path, *rows, keep_na=True)
    assert kept.table.column("answer").to_pylist() == ["NA", "b", "a"]
