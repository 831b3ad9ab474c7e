"""Label Studio exports: choices, ratings, comparisons, spans, skips and drafts."""

import json

import numpy as np
import pytest

from hitl_sim.participants.answers import kinds_of, to_record
from hitl_sim.participants.cleaning.clean import Layout
from hitl_sim.participants.format.document import read_entries
from hitl_sim.participants.format.gather import gather
from hitl_sim.participants.format.label_studio import FORMAT
from hitl_sim.participants.format.registry import read_export
from hitl_sim.participants.format.task import find


def choice(name: str, control="label") -> dict:
    value = {"choices": [name]}
    return {"type": "choices", "from_name": control, "value": value}


def annotation(who, *results, **fields) -> dict:
    return {"completed_by": who, "result": list(results), "lead_time": 5.0, **fields}


def task(number, *annotations, **fields) -> dict:
    return {"id": number, "annotations": list(annotations), "data": {}, **fields}


def read(path, *tasks, layout=None, question=None):
    file = path / "export.json"
    file.write_text(json.dumps(tasks))
    found = find(FORMAT, read_entries(file), str(file))
    return gather(found, layout or Layout(), question)


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
    assert any("1 annotations grew" in n and "6406" in n for n in answers.notes)


def test_an_export_without_drafts_has_no_note_on_them(tmp_path):
    # every export of Label Studio carries the field, null where there was no draft
    plain = annotation(3, choice("a"), draft_created_at=None)
    assert read(tmp_path, task(1, plain, drafts=[])).notes == ()


def test_an_answer_marked_as_ground_truth_stays_its_authors_answer(tmp_path):
    tasks = [
        task(
            1, annotation(3, choice("a"), ground_truth=True), annotation(4, choice("b"))
        ),
        task(2, annotation(3, choice("b")), annotation(4, choice("b"))),
    ]
    answers = read(tmp_path, *tasks)
    record = to_record(answers, "label")
    assert np.bincount(record.person).tolist() == [2, 2]
    np.testing.assert_array_equal(record.truth, [0, -1])
    assert any("1 answers are marked as ground truth" in n for n in answers.notes)


def test_who_only_wrote_the_gold_of_others_is_no_member_of_the_crowd(tmp_path):
    gold = annotation(9, choice("a"), ground_truth=True)
    answers = read(tmp_path, task(1, annotation(3, choice("b")), gold))
    assert answers.table.column("answer").to_pylist() == ["b"]
    assert answers.table.column("gold").to_pylist() == ["a"]
    assert any(
        "1 person gave nothing but ground truth (1 annot" in n for n in answers.notes
    )


def test_answers_that_are_all_ground_truth_are_not_lost(tmp_path):
    tasks = [task(n, annotation(3, choice("ab"[n]), ground_truth=True)) for n in (0, 1)]
    answers = read(tmp_path, *tasks)
    assert answers.table.column("answer").to_pylist() == ["a", "b"]


def test_a_skipped_ground_truth_is_no_gold(tmp_path):
    skipped = annotation(9, choice("b"), ground_truth=True, was_cancelled=True)
    answers = read(tmp_path, task(1, annotation(3, choice("a")), skipped))
    assert answers.table.column("gold").null_count == 2
    assert answers.table.column("answer").to_pylist() == ["a", None]


def test_ratings_are_ordered_by_size(tmp_path):
    rows = [
        annotation(who, {"type": "rating", "from_name": "r", "value": {"rating": r}})
        for who, r in ((1, 10), (2, 9), (3, 2))
    ]
    record = to_record(read(tmp_path, task(1, *rows)), "rating")
    np.testing.assert_array_equal(record.answer, [2, 1, 0])


def test_sides_of_a_comparison_are_preferences_between_nobody_knows_what(tmp_path):
    def compared(number, who, side):
        result = {"type": "pairwise", "from_name": "p", "value": {"selected": side}}
        return task(number, annotation(who, result))

    tasks = [compared(1, 1, "left"), compared(2, 1, "right")]
    record = to_record(read(tmp_path, *tasks), "preference")
    np.testing.assert_array_equal(record.answer, [0, 2])
    assert record.objects is None


def test_spans_become_marked_words_and_the_text_is_not_kept(tmp_path):
    span = {"type": "labels", "from_name": "s", "value": {"start": 4, "end": 13}}
    data = {"text": "the quick brown fox"}
    answers = read(tmp_path, task(1, annotation(1, span), data=data))
    record = to_record(answers, "marks")
    np.testing.assert_array_equal(record.marks, [[0, 1, 1, 0]])
    assert "quick" not in str(answers.table.to_pylist())


def test_spans_of_several_labels_say_that_labels_are_not_told_apart(tmp_path):
    def span(label: str, start: int):
        value = {"start": start, "end": start + 1, "labels": [label]}
        return {"type": "labels", "from_name": "s", "value": value}

    data = {"text": "a b"}
    one = read(tmp_path, task(1, annotation(1, span("X", 0)), data=data))
    two = read(tmp_path, task(1, annotation(1, span("X", 0), span("Y", 2)), data=data))
    assert one.notes == ()
    assert any("2 labels (X, Y)" in note for note in two.notes)


def test_who_marks_nothing_did_not_skip(tmp_path):
    span = {"type": "labels", "from_name": "s", "value": {"start": 0, "end": 1}}
    data = {"text": "a b"}
    annotations = [
        annotation(1, span),
        annotation(2),
        annotation(3, was_cancelled=True),
    ]
    answers = read(tmp_path, task(1, *annotations, data=data))
    assert answers.table.column("answer").to_pylist() == ["0", "none", None]


def test_spans_outside_of_the_text_are_refused(tmp_path):
    span = {"type": "labels", "from_name": "s", "value": {"start": 4, "end": 99}}
    with pytest.raises(ValueError, match="outside of the text's 10 characters"):
        read(tmp_path, task(1, annotation(1, span), data={"text": "a link.txt"}))


def both(one="a", two="b", **fields):
    return annotation(1, choice(one, "one"), choice(two, "two"), **fields)


def test_two_controls_are_two_questions(tmp_path):
    with pytest.raises(ValueError, match="must hold one control, got 2") as caught:
        read(tmp_path, task(1, both()))
    assert "'one' (choices), 'two' (choices)" in str(caught.value)
    assert "--question one" in str(caught.value)


def test_a_question_that_is_named_is_imported_alone_without_its_time(tmp_path):
    gold = annotation(9, choice("b", "two"), ground_truth=True)
    answers = read(tmp_path, task(1, both(), gold), task(2, both()), question="two")
    assert answers.table.column("item").to_pylist() == ["1", "2"]
    assert answers.table.column("answer").to_pylist() == ["b", "b"]
    assert answers.table.column("gold").to_pylist() == ["b", None]
    assert answers.table.column("seconds").null_count == 2
    assert any("2 times are left out" in note for note in answers.notes)
    assert "'two'" in answers.origin


def test_a_question_that_is_not_there_lists_those_that_are(tmp_path):
    with pytest.raises(ValueError, match="`--question` must be one of 'one'") as caught:
        read(tmp_path, task(1, both()), question="three")
    assert "got 'three'" in str(caught.value)


def test_a_kind_that_one_question_has_names_the_question(tmp_path):
    rated = {"type": "rating", "from_name": "r", "value": {"rating": 4}}
    tasks = task(1, annotation(1, choice("a"), rated))
    answers = read(tmp_path, tasks, layout=Layout(kind="rating"))
    assert answers.table.column("answer").to_pylist() == ["4"]
    assert kinds_of(answers) == ("rating",)


def result(kind: str, name: str, **value):
    return {"type": kind, "from_name": name, "value": value}


@pytest.mark.parametrize(
    ("found", "kind"),
    [
        (result("taxonomy", "c", taxonomy=[["A", "B"]]), "taxonomy"),
        (result("textarea", "c", text=["unsure"]), "textarea"),
        (result("number", "c", number=3), "number"),
        (result("choices", "c", choices=["a"], start=0, end=3), "choices of a region"),
        (result("labels", "c", start=0.5, end=1.5, channel=0), "labels of audio"),
        (result("hypertextlabels", "c", start="/p[1]", end="/p[1]"), "hypertextlabels"),
        (result("rectanglelabels", "c", x=1, y=2), "rectanglelabels"),
    ],
)
def test_a_control_that_is_not_supported_is_named(tmp_path, found, kind):
    said = f"control 'c' has type {kind}, which is not supported; supported are choices"
    with pytest.raises(ValueError, match=said):
        read(tmp_path, task(1, annotation(1, found), annotation(2, found)))
    with pytest.raises(ValueError, match=f"{said}.*--question s") as caught:
        read(tmp_path, task(1, annotation(1, choice("a", "s"), found)))
    assert "\n" not in str(caught.value)


def test_what_answers_another_control_is_no_skip(tmp_path):
    comment = result("textarea", "comment", text=["unsure"])
    annotations = [annotation(1, choice("a", "s")), annotation(2, comment)]
    answers = read(tmp_path, task(1, *annotations), question="s")
    assert answers.table.column("answer").to_pylist() == ["a"]
    assert any("1 submissions hold no answer to 's'" in n for n in answers.notes)
    assert answers.numbers("seconds").tolist() == [5.0]


def test_what_was_submitted_empty_is_no_skip(tmp_path):
    answers = read(tmp_path, task(1, annotation(1, choice("a")), annotation(2)))
    assert answers.num_rows == 1
    assert any("1 submissions hold no answer" in note for note in answers.notes)


def test_several_labels_are_one_set_in_any_order_with_a_note(tmp_path):
    def chosen(who: int, *names: str):
        return annotation(who, result("choices", "c", choices=list(names)))

    people = [chosen(1, "y", "x"), chosen(2, "x", "y"), chosen(3, "x")]
    answers = read(tmp_path, task(1, *people))
    assert answers.table.column("answer").to_pylist() == ["x + y", "x + y", "x"]
    assert any("several labels at once: 2 of 3" in note for note in answers.notes)


def test_tasks_are_named_by_their_place_where_they_have_no_id(tmp_path):
    tasks = [task(None, annotation(1, choice(name))) for name in "ab"]
    answers = read(tmp_path, *tasks)
    assert answers.table.column("item").to_pylist() == ["#1", "#2"]
    assert any("2 tasks have no id" in note for note in answers.notes)
    late = annotation(1, choice("a"), lead_time=1e9)
    with pytest.raises(ValueError, match=r"task number 3 in the file \(it has no id\)"):
        read(tmp_path, *tasks, task(None, late))


def test_an_absurd_time_names_the_task_not_the_row(tmp_path):
    tasks = [
        task(n, annotation(1, choice("a")), annotation(2, choice("b"))) for n in (5, 6)
    ]
    absurd = task(7, annotation(1, choice("a"), lead_time=7e5))
    with pytest.raises(
        ValueError, match=r"task 7 \(number 3 in the file\), field 'lead"
    ):
        read(tmp_path, *tasks, absurd)


def test_two_tasks_of_one_id_are_refused(tmp_path):
    with pytest.raises(
        ValueError, match=r"field 'id': must be of one task, not of tas"
    ):
        read(tmp_path, *(task(1, annotation(1, choice(name))) for name in "ab"))


def test_a_second_annotation_of_a_person_is_a_second_look(tmp_path):
    when = "2024-01-01T00:00:0{}Z"
    twice = [
        annotation(1, choice(c), created_at=when.format(n)) for n, c in enumerate("ba")
    ]
    answers = read(tmp_path, task(1, *reversed(twice)))
    found = answers.table.select(["answer", "is_repeat"]).to_pylist()
    assert {row["answer"]: row["is_repeat"] for row in found} == {"b": False, "a": True}


def test_two_answers_of_a_person_in_no_order_name_the_task(tmp_path):
    tasks = [
        task(8, annotation(1, choice("a"))),
        task(3, *(annotation(1, choice(c)) for c in "ab")),
    ]
    with pytest.raises(ValueError, match=r"task 3 \(number 2 in the file\)"):
        read(tmp_path, *tasks)


@pytest.mark.parametrize(
    ("tasks", "said"),
    [
        (
            [{"id": 1, "label": "a"}],
            "task 1 (number 1 in the file), field 'annotations'",
        ),
        (
            [task(1, annotation(None, choice("a")))],
            "task 1 (number 1 in the file), field 'completed_by'",
        ),
        (
            [task(1, annotation(1, choice("a"), lead_time="long"))],
            "task 1 (number 1 in the file), field 'lead_time'",
        ),
        (
            [task(1, annotation({"id": [3]}, choice("a")))],
            "task 1 (number 1 in the file), field 'completed_by'",
        ),
        (
            [task([1], annotation(1, choice("a")))],
            "task number 1 in the file: must have",
        ),
        (
            [task(1, annotation(1, choice(None)))],
            "task 1 (number 1 in the file), field 'value'",
        ),
        (
            [task(1, annotation(1, {"type": "choices", "value": {}}))],
            "task 1 (number 1 in the file), field 'value'",
        ),
        (
            [task(1, annotation(1, {"type": "choices", "value": {"choices": "cat"}}))],
            "task 1 (number 1 in the file), field 'value'",
        ),
        (
            [task(1), task(2, annotation(1, 3))],
            "task 2 (number 2 in the file), field 'result'",
        ),
        (
            [task(1, annotation(1, choice("a")), data=[3])],
            "task 1 (number 1 in the file), field 'data'",
        ),
        (
            [task(1, annotation(1, choice("a")), drafts=3)],
            "task 1 (number 1 in the file), field 'drafts'",
        ),
        (
            [
                task(
                    1,
                    annotation(8, choice("a"), ground_truth=True),
                    annotation(9, choice("b"), ground_truth=True),
                )
            ],
            "task 1 (number 1 in the file), field 'ground_truth': must be 'a'",
        ),
        ([task(1)], "must hold annotations"),
        ([task(1, annotation(1, was_cancelled=True))], "got 1 submissions without any"),
        (
            [task(1, annotation(1, choice("a"), choice("b")))],
            "must be answered once by 'label', not for each region",
        ),
        (
            [
                task(1, annotation(1, choice("a"))),
                task(2, annotation(1, result("rating", "label", rating=3))),
            ],
            "task 2 (number 2 in the file), field 'type': must be 'choices'",
        ),
        ([], "an empty list"),
    ],
)
def test_what_is_not_as_exported_names_task_and_field(tmp_path, tasks, said):
    with pytest.raises(ValueError, match="export") as caught:
        read(tmp_path, *tasks)
    assert said in str(caught.value)


def test_a_negative_lead_time_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"task 1 .*field 'lead_time'"):
        read(tmp_path, task(1, annotation(1, choice("a"), lead_time=-2.0)))


def test_broken_json_names_line_and_column(tmp_path):
    (tmp_path / "export.json").write_text('[{"id": 1,\n "annotations": [}]')
    with pytest.raises(ValueError, match="line 2, column 18"):
        read_export(tmp_path / "export.json", Layout())


def test_lists_within_lists_are_refused_and_break_nothing(tmp_path):
    (tmp_path / "export.json").write_text("[" * 100_000)
    with pytest.raises(ValueError, match="too deep"):
        read_export(tmp_path / "export.json", Layout())


def test_another_encoding_names_the_byte(tmp_path):
    (tmp_path / "export.json").write_bytes('[{"id": "ä"}]'.encode("latin-1"))
    with pytest.raises(ValueError, match="UTF-8, got byte 0xe4 at place 9"):
        read_export(tmp_path / "export.json", Layout())


def test_names_stay_when_they_are_asked_for(tmp_path):
    tasks = task(1, annotation("ann", choice("a")))
    answers = read(tmp_path, tasks, layout=Layout(is_pseudonymous=False))
    assert answers.table.column("annotator").to_pylist() == ["ann"]
