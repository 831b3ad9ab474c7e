"""Argilla's records: every shape that its versions write, skips, drafts, questions."""

import json

import numpy as np
import pytest

from hitl_sim.participants.answers import kinds_of, to_record
from hitl_sim.participants.cleaning.clean import Layout
from hitl_sim.participants.reading.table_file import import_answers

SHOWN = Layout(is_pseudonymous=False)


def said(value, who="ann", status="submitted"):
    return {"value": value, "user_id": who, "status": status}


def record(number: int, **responses):
    return {
        "id": f"r{number}",
        "fields": {"text": "one two"},
        "metadata": {},
        "suggestions": {},
        "responses": responses,
        "vectors": {},
        "_server_id": None,
    }


def read(path, content, question=None, layout=SHOWN):
    (path / "export.json").write_text(json.dumps(content))
    return import_answers(path / "export.json", layout, question)


def column(answers, name="answer"):
    return answers.table.column(name).to_pylist()


def people(**values):
    """Records of two people by the server: one response of each to all questions."""
    return {
        "id": "r1",
        "external_id": None,
        "fields": {"text": "one two"},
        "responses": [
            {
                "user_id": who,
                "values": None if value is None else {"q": {"value": value}},
                "status": "discarded" if value is None else "submitted",
                "inserted_at": "2024-05-01T10:00:00",
            }
            for who, value in values.items()
        ],
    }


FLAT = {
    "id": "r1",
    "text": "one two",
    "q.responses": ["a", None],
    "q.responses.users": ["ann", "bob"],
    "q.responses.status": ["submitted", "discarded"],
    "q.suggestion": None,
}
NESTED = record(1, q=[said("a"), said(None, "bob", "discarded")])
SHAPES = {
    "list of records (to_list, to_json)": [NESTED],
    "records by id (to_dict)": {"r1": NESTED},
    "records by field (to_dict)": {name: [value] for name, value in NESTED.items()},
    "flattened": [FLAT],
    "flattened by field": {name: [value] for name, value in FLAT.items()},
    "of the server": {"items": [people(ann="a", bob=None)], "total": 1},
    "of the first SDK": [people(ann="a", bob=None)],
    "of the Hub": [
        {"external_id": "r1", "text": "one", "q": NESTED["responses"]["q"]},
    ],
    "of the Hub, by part": [
        {
            "external_id": "r1",
            "text": "one",
            "q": {
                "user_id": ["ann", "bob"],
                "value": ["a", None],
                "status": ["submitted", "discarded"],
            },
        }
    ],
}


@pytest.mark.parametrize("content", SHAPES.values(), ids=SHAPES)
def test_every_shape_gives_person_record_answer_and_skip(tmp_path, content):
    answers = read(tmp_path, content)
    assert column(answers, "annotator") == ["ann", "bob"]
    assert column(answers, "item") == ["r1", "r1"]
    assert column(answers) == ["a", None]
    assert answers.notes == ()


def test_the_server_says_when(tmp_path):
    assert column(read(tmp_path, [people(ann="a")]), "started") == [1714557600.0]


def test_a_discarded_response_is_a_skip_whatever_it_says(tmp_path):
    content = [record(1, q=[said("a"), said("b", "bob", "discarded")])]
    assert column(read(tmp_path, content)) == ["a", None]


def test_drafts_are_left_out_and_counted(tmp_path):
    content = [record(1, q=[said("a"), said("b", "bob", "draft")])]
    answers = read(tmp_path, content)
    assert column(answers) == ["a"]
    assert any("1 drafts were left out" in note for note in answers.notes)


def test_responses_without_status_are_noted(tmp_path):
    answers = read(tmp_path, [record(1, q=[{"value": "a", "user_id": "ann"}])])
    assert any("1 responses have no status" in note for note in answers.notes)


def test_two_questions_are_told_apart(tmp_path):
    content = [record(1, mood=[said("a")], topic=[said("x"), said("y", "bob")])]
    with pytest.raises(ValueError, match="must hold one question, got 2: 'mood' "):
        read(tmp_path, content)
    answers = read(tmp_path, content, "mood")
    assert column(answers) == ["a"]
    assert any("1 submissions hold no answer to 'mood'" in n for n in answers.notes)


@pytest.mark.parametrize(
    ("values", "kind", "answers"),
    [
        (["a", "b"], "label", ["a", "b"]),
        ([1, 5], "rating", ["1", "5"]),
        ([["b", "a"], ["a", "b"]], "label", ["a + b", "a + b"]),
        ([[{"start": 4, "end": 7, "label": "X"}], []], "marks", ["1", "none"]),
    ],
)
def test_types_of_questions_are_read_from_their_values(tmp_path, values, kind, answers):
    content = [record(n, q=[said(value)]) for n, value in enumerate(values)]
    found = read(tmp_path, content)
    assert kinds_of(found) == (kind,)
    assert column(found) == answers
    assert bool(found.notes) == (answers == ["a + b", "a + b"])


def test_spans_are_marked_in_the_records_text(tmp_path):
    span = {"start": 0, "end": 3, "label": "X"}
    found = to_record(read(tmp_path, [record(1, q=[said([span])])]), "marks")
    np.testing.assert_array_equal(found.marks, [[1, 0]])


def test_a_ranking_is_named_as_not_supported(tmp_path):
    ranked = [{"value": "a", "rank": 1}, {"value": "b", "rank": 2}]
    with pytest.raises(ValueError, match="question 'q' has type ranking, which is not"):
        read(tmp_path, [record(1, q=[said(ranked)])])


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        ([said("a", None)], "user_id"),
        ([said("a", "None")], "user_id"),
        ([said("a", status="lost")], "status"),
        ([said(3)], "q"),
        ([said("a"), said("b")], "q"),
        (["a"], "q"),
        ([said([{"start": 0, "end": 99}])], "q"),
    ],
)
def test_what_argilla_does_not_write_names_record_and_field(tmp_path, bad, field):
    content = [record(1, q=[said("a")]), record(2, q=bad)]
    with pytest.raises(ValueError, match=r"task r2 \(number 2 in the file\)") as caught:
        read(tmp_path, content)
    assert f"field {field!r}" in str(caught.value)
