"""Label Studio exports: choices, ratings, comparisons, spans, skips and drafts."""

import json

import numpy as np
import pytest

from hitl_sim.participants.coded import kinds_of, to_record
from hitl_sim.participants.label_studio import read_label_studio
from hitl_sim.participants.table_file import Layout


def choice(name: str, control="label") -> dict:
    value = {"choices": [name]}
    return {"type": "choices", "from_name": control, "value": value}


def annotation(who, *results, **fields) -> dict:
    return {"completed_by": who, "result": list(results), "lead_time": 5.0, **fields}


def task(number, *annotations, **fields) -> dict:
    return {"id": number, "annotations": list(annotations), "data": {}, **fields}


def read(path, *tasks, **options):
    file = path / "export.json"
    file.write_text(json.dumps(tasks))
    return read_label_studio(file, **options)


def test_choices_come_with_time_gold_and_person(tmp_path):
    answers = read(
        tmp_path,
        task(
            1,
            annotation(3, choice("cat"), created_at="2024-01-01T00:00:00Z"),
            annotation({"id": 4, "email": "bob@home"}, choice("dog")),
            annotation(9, choice("cat"), ground_truth=True),
        ),
    )
    record = to_record(answers, "label")
    np.testing.assert_array_equal(record.answer, [0, 1])
    np.testing.assert_array_equal(record.truth, [0])
    np.testing.assert_array_equal(record.seconds, [5.0, 5.0])
    assert "bob" not in str(answers.table.to_pylist())


def test_a_skipped_task_is_a_row_without_an_answer(tmp_path):
    skipped = annotation(4, was_cancelled=True)
    answers = read(tmp_path, task(1, annotation(3, choice("a")), skipped))
    assert answers.table.column("answer").to_pylist() == ["a", None]
    assert answers.numbers("seconds")[1] == 5.0


def test_drafts_are_left_out_and_counted(tmp_path):
    redrafted = annotation(3, choice("a"), draft_created_at="2024-01-01T00:00:00Z")
    drafts = [annotation(4, choice("b"))]
    answers = read(tmp_path, task(1, redrafted, drafts=drafts))
    assert answers.num_rows == 1
    assert any("1 drafts" in note for note in answers.notes)
    assert any("6406" in note for note in answers.notes)


def test_ratings_are_ordered_by_size(tmp_path):
    rows = [
        annotation(who, {"type": "rating", "from_name": "r", "value": {"rating": r}})
        for who, r in ((1, 10), (2, 9), (3, 2))
    ]
    record = to_record(read(tmp_path, task(1, *rows)), "rating")
    np.testing.assert_array_equal(record.answer, [2, 1, 0])


def test_comparisons_know_their_objects_when_these_are_named(tmp_path):
    def compared(number, who, side, left, right):
        result = {"type": "pairwise", "from_name": "p", "value": {"selected": side}}
        data = {"one": left, "two": right}
        return task(number, annotation(who, result), data=data)

    tasks = [compared(1, 1, "left", "x", "y"), compared(2, 1, "right", "y", "z")]
    answers = read(tmp_path, *tasks, objects=("one", "two"))
    record = to_record(answers, "preference")
    np.testing.assert_array_equal(record.answer, [0, 2])
    np.testing.assert_array_equal(record.objects, [[0, 1], [1, 2]])
    assert to_record(read(tmp_path, *tasks), "preference").objects is None


def test_spans_become_marked_words_and_the_text_is_not_kept(tmp_path):
    span = {"type": "labels", "from_name": "s", "value": {"start": 4, "end": 13}}
    data = {"text": "the quick brown fox"}
    answers = read(tmp_path, task(1, annotation(1, span), data=data))
    record = to_record(answers, "marks")
    np.testing.assert_array_equal(record.marks, [[0, 1, 1, 0]])
    assert "quick" not in str(answers.table.to_pylist())


def test_two_controls_are_two_items_and_share_no_time(tmp_path):
    both = annotation(1, choice("a", "one"), choice("b", "two"))
    answers = read(tmp_path, task(1, both))
    assert answers.table.column("item").to_pylist() == ["1:one", "1:two"]
    assert answers.table.column("seconds").null_count == 2
    assert kinds_of(answers) == ("label",)


@pytest.mark.parametrize(
    ("tasks", "said"),
    [
        ([{"id": 1, "label": "a"}], "row 1, column 'annotations'"),
        ([task(None, annotation(1, choice("a")))], "row 1, column 'id'"),
        ([task(1, annotation(None, choice("a")))], "row 1, column 'completed_by'"),
        (
            [task(1, annotation(1, choice("a"), lead_time="long"))],
            "row 1, column 'lead_time'",
        ),
        (
            [task(1, annotation(1, {"type": "choices", "value": {}}))],
            "row 1, column 'value'",
        ),
        (
            [task(1, annotation(1, {"type": "choices", "value": {"choices": "cat"}}))],
            "row 1, column 'value'",
        ),
        ([task(1), task(2, annotation(1, 3))], "row 2, column 'result'"),
        ([task(1, annotation(1, choice("a")), data=[3])], "row 1, column 'data'"),
        ([task(1, annotation(1, choice("a")), drafts=3)], "row 1, column 'drafts'"),
        (
            [
                task(
                    1,
                    annotation(8, choice("a"), ground_truth=True),
                    annotation(9, choice("b"), ground_truth=True),
                )
            ],
            "row 1, column 'ground_truth': must be 'a'",
        ),
        ([task(1)], "must hold annotations"),
        ([], "an empty list"),
    ],
)
def test_what_is_not_as_exported_names_task_and_field(tmp_path, tasks, said):
    with pytest.raises(ValueError, match="export") as caught:
        read(tmp_path, *tasks)
    assert said in str(caught.value)


def test_a_negative_lead_time_is_refused(tmp_path):
    with pytest.raises(ValueError, match="column 'seconds'"):
        read(tmp_path, task(1, annotation(1, choice("a"), lead_time=-2.0)))


def test_broken_json_names_line_and_column(tmp_path):
    (tmp_path / "export.json").write_text('[{"id": 1,\n "annotations": [}]')
    with pytest.raises(ValueError, match="line 2, column 18"):
        read_label_studio(tmp_path / "export.json")


def test_lists_within_lists_are_refused_and_break_nothing(tmp_path):
    (tmp_path / "export.json").write_text("[" * 100_000)
    with pytest.raises(ValueError, match="too deep"):
        read_label_studio(tmp_path / "export.json")


def test_another_encoding_names_the_byte(tmp_path):
    (tmp_path / "export.json").write_bytes('[{"id": "ä"}]'.encode("latin-1"))
    with pytest.raises(ValueError, match="UTF-8, got byte 0xe4 at place 9"):
        read_label_studio(tmp_path / "export.json")


def test_names_stay_when_they_are_asked_for(tmp_path):
    tasks = task(1, annotation("ann", choice("a")))
    answers = read(tmp_path, tasks, layout=Layout(is_pseudonymous=False))
    assert answers.table.column("annotator").to_pylist() == ["ann"]
