"""Prodigy's db-out: choices, binary decisions, marked spans; skips and rejections."""

import json

import numpy as np
import pytest

from hitl_sim.participants.answers import kinds_of, to_record
from hitl_sim.participants.cleaning.clean import Layout
from hitl_sim.participants.reading.table_file import import_answers

SHOWN = Layout(is_pseudonymous=False)


def choice(number: int, who: str, *chosen, answer="accept", options="ab", **fields):
    return {
        "text": f"text {number}",
        "options": [{"id": each, "text": f"{each}!"} for each in options],
        "accept": list(chosen),
        **_common(number, who, "choice", answer),
        **fields,
    }


def binary(number: int, who: str, answer="accept", label="SPORT", **fields):
    common = _common(number, who, "classification", answer)
    return {"text": f"text {number}", "label": label, **common, **fields}


def _common(number: int, who: str, view: str, answer: str):
    return {
        "_input_hash": 10 * number,
        "_task_hash": number,
        "_view_id": view,
        "answer": answer,
        "_timestamp": 1_700_000_000 + number,
        "_annotator_id": who,
        "_session_id": who,
    }


def read(path, *lines, question=None, layout=SHOWN):
    file = path / "export.jsonl"
    file.write_text("\n".join(map(json.dumps, lines)))
    return import_answers(file, layout, question)


def column(answers, name="answer"):
    return answers.table.column(name).to_pylist()


def test_choices_come_with_person_task_and_moment(tmp_path):
    answers = read(tmp_path, choice(1, "ann", "a"), choice(1, "bob", "b"))
    assert column(answers, "annotator") == ["ann", "bob"]
    assert column(answers, "item") == ["1", "1"]
    assert column(answers) == ["a", "b"]
    assert column(answers, "started") == [1_700_000_001.0] * 2
    assert answers.table.column("seconds").null_count == 2
    assert answers.notes == ()


def test_people_are_pseudonyms(tmp_path):
    answers = read(tmp_path, choice(1, "bob@home", "a"), layout=Layout())
    assert "bob" not in str(answers.table.to_pylist())


def test_only_ignored_tasks_are_skips(tmp_path):
    lines = [
        choice(1, "ann", "a"),
        choice(2, "ann", answer="ignore"),
        choice(3, "ann", "b", answer="reject"),
        choice(4, "ann"),
    ]
    answers = read(tmp_path, *lines)
    assert column(answers, "item") == ["1", "2"]
    assert column(answers) == ["a", None]
    assert any("1 lines reject 'choice'" in note for note in answers.notes)
    assert any("1 submissions hold no answer" in note for note in answers.notes)


def test_to_reject_a_label_on_show_is_an_answer(tmp_path):
    lines = [binary(1, "ann"), binary(2, "ann", "reject"), binary(3, "ann", "ignore")]
    assert column(read(tmp_path, *lines)) == ["accept", "reject", None]


def test_labels_on_show_are_questions_of_their_own(tmp_path):
    lines = [binary(1, "ann"), binary(2, "ann", "reject", label="NEWS")]
    with pytest.raises(ValueError, match="must hold one question, got 2: 'SPORT'"):
        read(tmp_path, *lines)
    answers = read(tmp_path, *lines, question="NEWS")
    assert column(answers) == ["reject"]
    assert answers.notes == ()


def test_two_sets_of_options_are_two_questions(tmp_path):
    lines = [choice(1, "ann", "a"), choice(2, "ann", "x", options="xy")]
    with pytest.raises(
        ValueError, match=r"'choice of a, b' .*'choice of x, y'"
    ) as caught:
        read(tmp_path, *lines)
    assert '--question "choice of a, b"' in str(caught.value)
    assert column(read(tmp_path, *lines, question="choice of x, y")) == ["x"]


def test_options_that_meet_in_a_task_are_of_one_question(tmp_path):
    lines = [
        choice(n, "ann", o[0], options=o) for n, o in enumerate(["ab", "cd", "bc"])
    ]
    assert column(read(tmp_path, *lines)) == ["a", "c", "b"]


def test_several_labels_are_one_set_in_any_order_with_a_note(tmp_path):
    config = {"choice_style": "multiple"}
    lines = [
        choice(1, "ann", "b", "a", config=config),
        choice(1, "bob", "a", "b", config=config),
        choice(2, "ann", config=config),
    ]
    answers = read(tmp_path, *lines)
    assert column(answers) == ["a + b", "a + b", "(none)"]
    assert any("several labels at once: 2 of 3" in note for note in answers.notes)


def test_options_named_by_numbers_are_texts(tmp_path):
    lines = [choice(n, "ann", n, options=(-1, 0, 1)) for n in (-1, 0, 1)]
    assert column(read(tmp_path, *lines)) == ["-1", "0", "1"]


def test_choices_without_their_options_are_of_one_question(tmp_path):
    lines = [choice(n, "ann", "ab"[n], options=()) for n in (0, 1)]
    assert column(read(tmp_path, *lines)) == ["a", "b"]


def test_spans_are_marked_words_and_none_is_an_answer(tmp_path):
    def marked(number: int, *spans, answer="accept"):
        found = [{"start": a, "end": b, "label": "X"} for a, b in spans]
        common = _common(number, "ann", "ner_manual", answer)
        return {"text": "one two three", "tokens": [], "spans": found, **common}

    lines = [marked(1, (4, 7)), marked(2), marked(3, answer="ignore")]
    answers = read(tmp_path, *lines, marked(4, answer="reject"))
    assert column(answers) == ["1", "none", None]
    assert kinds_of(answers) == ("marks",)
    np.testing.assert_array_equal(to_record(answers, "marks").marks[0], [0, 1, 0])
    with pytest.raises(
        ValueError, match="field 'spans': must be a list of spans of th"
    ):
        read(tmp_path, marked(1, (4, 99)))


def test_blocks_ask_each_of_their_questions(tmp_path):
    block = choice(1, "ann", "a", _view_id="blocks", user_input="because")
    with pytest.raises(
        ValueError, match="'user_input' has type text_input, which is n"
    ):
        read(tmp_path, block)
    assert column(read(tmp_path, block, question="choice")) == ["a"]


def test_two_views_are_two_questions(tmp_path):
    spans = {"text": "one", "spans": [], **_common(2, "ann", "ner_manual", "accept")}
    lines = [choice(1, "ann", "a"), spans]
    with pytest.raises(ValueError, match=r"got 2: 'choice' .*'spans' \(ner_manual\)"):
        read(tmp_path, *lines)
    assert column(read(tmp_path, *lines, layout=Layout(kind="marks"))) == ["none"]


def test_a_view_that_is_not_supported_is_named(tmp_path):
    line = {
        "image": "a.png",
        "spans": [],
        **_common(1, "ann", "image_manual", "accept"),
    }
    said = "question 'image_manual' has type image_manual, which is not supported; supp"
    with pytest.raises(ValueError, match=said):
        read(tmp_path, line)


def test_lines_of_old_versions_name_session_but_no_view(tmp_path):
    def old(line):
        gone = ("_view_id", "_annotator_id", "_timestamp")
        return {name: value for name, value in line.items() if name not in gone}

    assert column(read(tmp_path, old(choice(1, "ann", "a"))), "annotator") == ["ann"]
    assert column(read(tmp_path, old(binary(1, "ann", "reject")))) == ["reject"]


def test_a_file_without_people_is_one_persons_and_says_so(tmp_path):
    line = choice(1, "ann", "a", _annotator_id=None, _session_id=None)
    answers = read(tmp_path, line, choice(2, "bob", "b"))
    assert column(answers, "annotator") == ["export", "bob"]
    assert any("1 answers name no person" in note for note in answers.notes)


def test_sessions_that_nobody_named_are_noted(tmp_path):
    answers = read(tmp_path, choice(1, "2024-03-11_15-15-44", "a"))
    assert any("1 sessions are named by when they began" in n for n in answers.notes)


def test_one_person_at_a_task_again_is_a_second_look(tmp_path):
    again = choice(1, "ann", "b", _timestamp=1_800_000_000)
    answers = read(tmp_path, again, choice(1, "ann", "a"))
    assert dict(zip(column(answers), column(answers, "is_repeat"), strict=True)) == {
        "a": False,
        "b": True,
    }


def test_what_prodigy_does_not_write_names_task_and_field(tmp_path):
    good = choice(1, "ann", "a")
    for bad, said in (
        ({"answer": "maybe"}, "field 'answer': must be one of accept, reject, ignore"),
        ({"accept": "a"}, "field 'accept': must be a list of options"),
        ({"accept": [None]}, "field 'accept': must be a list of options"),
        ({"_annotator_id": ["ann"]}, "field '_annotator_id': must be a person"),
        ({"_timestamp": "noon"}, "field '_timestamp': must be a time"),
    ):
        with pytest.raises(
            ValueError, match=r"task 2 \(number 2 in the file\)"
        ) as caught:
            read(tmp_path, good, choice(2, "ann", "b") | bad)
        assert said in str(caught.value)
