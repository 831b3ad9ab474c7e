"""Doccano's JSON Lines: one file for each annotator, or labels that name their user."""

import json
import zipfile

import numpy as np
import pytest

from hitl_sim.participants.answers import to_record
from hitl_sim.participants.cleaning.clean import Layout
from hitl_sim.participants.reading.table_file import import_answers

SHOWN = Layout(is_pseudonymous=False)


def line(number: int, *labels, **fields):
    return {
        "id": number,
        "text": "one two",
        "label": list(labels),
        "Comments": [],
    } | fields


def written(*lines):
    return "\n".join(map(json.dumps, lines))


def read(path, *lines, question=None, name="export.jsonl"):
    (path / name).write_text(written(*lines))
    return import_answers(path / name, SHOWN, question)


def column(answers, name="answer"):
    return answers.table.column(name).to_pylist()


def test_an_archive_has_one_file_for_each_annotator(tmp_path):
    with zipfile.ZipFile(tmp_path / "export.zip", "w") as archive:
        archive.writestr("ann.jsonl", written(line(1, "a"), line(2, "b")))
        archive.writestr("bob.jsonl", written(line(1, "b"), line(2)))
        archive.writestr("eve.jsonl", "")
    answers = import_answers(tmp_path / "export.zip", SHOWN)
    assert column(answers, "annotator") == ["ann", "ann", "bob"]
    assert column(answers, "item") == ["1", "2", "1"]
    assert any(
        "3 answers name no person; they count as those of 2 people" in n
        for n in answers.notes
    )


def test_a_user_that_is_named_is_the_person(tmp_path):
    answers = read(tmp_path, line(1, "a", user="ann"), line(1, "b", user="bob"))
    assert column(answers, "annotator") == ["ann", "bob"]
    assert answers.notes == ()


def test_an_empty_list_is_no_skip(tmp_path):
    answers = read(tmp_path, line(1, "a", user="ann"), line(2, user="ann"))
    assert column(answers) == ["a"]
    assert any("1 empty lists of labels are left out" in note for note in answers.notes)


def test_several_labels_are_one_set_in_any_order_with_a_note(tmp_path):
    lines = [line(1, "b", "a", user="ann"), line(1, "a", "b", user="bob")]
    answers = read(tmp_path, *lines, line(2, "a", user="bob"))
    assert column(answers) == ["a + b", "a + b", "a"]
    assert any("several labels at once: 2 of 3" in note for note in answers.notes)


def test_a_project_with_shared_annotation_is_refused(tmp_path):
    with pytest.raises(ValueError, match="got a file 'all' of a project with shared"):
        read(tmp_path, line(1, "a"), line(2, "b"), name="all.jsonl")
    assert column(read(tmp_path, line(1, "a", user="ann"), name="all.jsonl")) == ["a"]


def test_labels_of_the_first_version_name_their_users(tmp_path):
    def old(number: int, *given):
        found = [{"label": label, "user": user} for user, label in given]
        return {"id": number, "text": "one", "annotations": found, "meta": {}}

    answers = read(tmp_path, old(1), old(2, (1, 7), (2, 8)), old(3, (1, 7), (1, 8)))
    assert column(answers, "annotator") == ["1", "2", "1"]
    assert column(answers) == ["7", "8", "7 + 8"]


@pytest.mark.parametrize(
    "spans",
    [
        {"label": [[4, 7, "X"]]},
        {"labels": [[4, 7, "X"]]},
        {"entities": [{"id": 5, "start_offset": 4, "end_offset": 7, "label": "X"}]},
    ],
)
def test_spans_are_marked_words(tmp_path, spans):
    answers = read(tmp_path, {"id": 1, "text": "one two", "user": "ann", **spans})
    np.testing.assert_array_equal(to_record(answers, "marks").marks, [[0, 1]])


def test_categories_and_entities_are_two_questions(tmp_path):
    value = {"id": 1, "text": "one two", "user": "ann"}
    value |= {"cats": ["a"], "entities": [[0, 3, "X"]]}
    with pytest.raises(
        ValueError, match=r"must hold one field, got 2: 'cats' .labels."
    ):
        read(tmp_path, value)
    assert column(read(tmp_path, value, question="cats")) == ["a"]


@pytest.mark.parametrize("name", ["bbox", "segmentation", "relations"])
def test_what_is_not_supported_is_named(tmp_path, name):
    value = {"id": 1, "filename": "a.png", name: [{"id": 3, "label": "X"}], "user": "a"}
    with pytest.raises(
        ValueError, match=f"field '{name}' has type {name}, which is no"
    ):
        read(tmp_path, value)


def test_free_text_is_noted(tmp_path):
    lines = [line(n, f"answer {n}", user="ann") for n in range(20)]
    assert any("looks like free text" in note for note in read(tmp_path, *lines).notes)
    labels = [line(n, "ab"[n % 2], user="ann") for n in range(20)]
    assert read(tmp_path, *labels).notes == ()


def test_two_answers_of_a_person_in_no_order_name_the_task(tmp_path):
    lines = [
        line(5, "a", user="ann"),
        line(7, "a", user="ann"),
        line(7, "b", user="ann"),
    ]
    with pytest.raises(
        ValueError, match=r"task 7 \(number 3 in the file\), field 'id'"
    ):
        read(tmp_path, *lines)


def test_a_text_is_no_list_of_its_letters(tmp_path):
    with pytest.raises(ValueError, match=r"task 1 .*field 'user': must be a person"):
        read(tmp_path, line(1, "a", user=["ann"]))
    with pytest.raises(
        ValueError, match=r"task 2 .*field 'label': must be a list of la"
    ):
        read(tmp_path, line(1, "a", user="ann"), line(2, user="ann") | {"label": "b"})
