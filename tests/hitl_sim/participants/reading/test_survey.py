"""Exports that are known by their header, and tables with columns for every item."""

import json
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from hitl_sim.participants.answers import options_of, to_record
from hitl_sim.participants.cleaning.clean import Layout
from hitl_sim.participants.reading.table_file import read_answers

RAW = {"is_pseudonymous": False}


def write(folder, header, rows, name="answers.csv"):
    cells = [[json.dumps(str(c)).replace('\\"', '""') for c in r] for r in rows]
    head = ",".join(json.dumps(name) for name in header)
    path = folder / name
    path.write_text("\n".join([head, *map(",".join, cells)]) + "\n")
    return path


def columns(answers, *names):
    return list(zip(*(answers.table.column(n).to_pylist() for n in names), strict=True))


TURK = ["HITId", "AssignmentId", "WorkerId", "AssignmentStatus", "AcceptTime"]
TURK += ["WorkTimeInSeconds", "Reward"]
TIMES = ["Fri May 01 09:00:00 PDT 2026", "Mon Jan 05 09:00:10 PST 2026"]


def turk(folder, header, answers, status="Approved"):
    rows = [
        ["H1", f"A{n}", f"W{n}", status, TIMES[n % 2], 4 + n, "$0.03", *answer]
        for n, answer in enumerate(answers)
    ]
    return write(folder, TURK + header, rows)


def test_a_batch_of_mechanical_turk_is_known_by_its_header(tmp_path):
    path = turk(tmp_path, ["Answer.sort.label"], [["cat"], ["dog"]])
    answers = read_answers(path, Layout(**RAW))
    found = columns(answers, "annotator", "item", "answer", "seconds", "started")
    # the Pacific coast is seven hours behind Greenwich, in winter eight
    summer = datetime(2026, 5, 1, 16, tzinfo=UTC).timestamp()
    winter = datetime(2026, 1, 5, 17, 0, 10, tzinfo=UTC).timestamp()
    assert found == [
        ("W0", "H1", "cat", 4.0, summer),
        ("W1", "H1", "dog", 5.0, winter),
    ]
    assert not any("rejected" in note for note in answers.notes)


def test_what_the_user_says_of_a_batch_counts_first(tmp_path):
    header = ["Input.id", "Input.url", "Answer.one", "Answer.two"]
    path = turk(tmp_path, header, [[7, "u", "cat", "x"], [8, "v", "dog", "y"]])
    with pytest.raises(ValueError, match=r"'Answer.one', 'Answer.two'. Say which"):
        read_answers(path)
    said = {"answer": "Answer.two"}
    answers = read_answers(path, Layout(columns=said, **RAW))
    assert columns(answers, "item", "answer") == [("7", "x"), ("8", "y")]
    said["item"] = "Input.url"
    answers = read_answers(path, Layout(columns=said, **RAW))
    assert columns(answers, "item") == [("u",), ("v",)]


def test_rejected_answers_are_kept_and_counted(tmp_path):
    path = turk(tmp_path, ["Answer.a"], [["x"], ["y"]], status="Rejected")
    answers = read_answers(path)
    assert answers.num_rows == 2
    assert any("2 answers were rejected" in n and "kept" in n for n in answers.notes)


def test_boxes_of_one_question_are_one_answer(tmp_path):
    boxes = ["Answer.animal.cat", "Answer.animal.dog"]
    rows = [["true", "false"], ["false", "true"], ["true", "true"], ["false", "false"]]
    answers = read_answers(turk(tmp_path, boxes, rows))
    assert columns(answers, "answer") == [("cat",), ("dog",), ("cat|dog",), (None,)]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ([{"sort": {"label": "cat"}}], [{"sort": {"label": "dog"}}]),
        (
            [{"cat": {"on": True}, "dog": {"on": False}}],
            [{"cat": {"on": False}, "dog": {"on": True}}],
        ),
    ],
)
def test_answers_of_crowd_elements_are_unpacked(tmp_path, first, second):
    tasks = [[json.dumps(first)], [json.dumps(second)]]
    answers = read_answers(turk(tmp_path, ["Answer.taskAnswers"], tasks))
    assert options_of(answers, "label") == ("cat", "dog")


OTREE = ["participant.code", "participant.label", "session.code"]


def otree(folder, fields, rows, app="pets"):
    rounds = range(1, 1 + (len(rows[0]) - 1) // len(fields))
    header = [f"{app}.{r}.player.{f}" for r in rounds for f in fields]
    return write(
        folder, OTREE + header, [[row[0], "l@x", "s", *row[1:]] for row in rows]
    )


def test_a_wide_export_of_otree_is_known_by_its_header(tmp_path):
    rows = [["p", "b", 1, 1500, "a", 0, 2000], ["q", "a", 0, 900, "", "", ""]]
    path = otree(tmp_path, ["item", "answer", "rt_ms"], rows)
    answers = read_answers(path, Layout(**RAW))
    assert columns(answers, "annotator", "item", "answer", "order", "seconds") == [
        ("p", "b", "1", 1, 1.5),
        ("p", "a", "0", 2, 2.0),
        ("q", "a", "0", 1, 0.9),
    ]
    assert any("1 of 4 times" in note for note in answers.notes)


def test_what_otree_fills_for_everybody_tells_no_skip(tmp_path):
    fields = ["item", "gold", "answer", "rt", "payoff"]
    rows = [["p", "a", "x", "x", 2, 0, "b", "y", "", 4, 0]]
    rows.append(["q", "a", "x", "y", 1, 0, "b", "y", "", "", 0])
    answers = read_answers(otree(tmp_path, fields, rows), Layout(**RAW))
    # p let the second item pass; q had left by then
    assert columns(answers, "annotator", "item", "answer") == [
        ("p", "a", "x"),
        ("p", "b", None),
        ("q", "a", "y"),
    ]


def test_fields_of_otree_are_named_as_columns(tmp_path):
    path = otree(tmp_path, ["choice", "secs"], [["p", "x", 2, "y", 3]])
    with pytest.raises(ValueError, match=r"--column answer=NAME.*--wide") as caught:
        read_answers(path)
    assert "pets: choice, secs" in str(caught.value)
    said = {"answer": "choice", "seconds": "secs", "item": "round"}
    answers = read_answers(path, Layout(columns=said))
    assert columns(answers, "item", "answer", "seconds") == [
        ("1", "x", 2.0),
        ("2", "y", 3.0),
    ]


def test_an_export_of_one_app_of_otree_is_known_by_its_header(tmp_path):
    header = [*OTREE, "player.item", "player.answer", "player.rt_ms"]
    header.append("subsession.round_number")
    rows = [["p", "l", "s", "b", "x", 1500, 1], ["p", "l", "s", "a", "y", 900, 2]]
    answers = read_answers(write(tmp_path, header, rows), Layout(**RAW))
    assert columns(answers, "annotator", "item", "answer", "order", "seconds") == [
        ("p", "b", "x", 1, 1.5),
        ("p", "a", "y", 2, 0.9),
    ]


def test_what_is_wrong_in_a_wide_table_names_its_own_row_and_column(tmp_path):
    rows = [["p", "a", 1, 10], ["q", "b", 1, -3]]
    path = otree(tmp_path, ["item", "answer", "seconds"], rows)
    with pytest.raises(ValueError, match=r"row 2, column 'pets\.1\.player\.seconds'"):
        read_answers(path)


QUALTRICS = ["StartDate", "Status", "ResponseId"]


def qualtrics(folder, header, rows):
    names = QUALTRICS + header
    ids = [json.dumps({"ImportId": name}) for name in names]
    full = [["2026-05-01 09:00:00", *row] for row in rows]
    return write(folder, names, [[f"Is it\n{n}?" for n in names], ids, *full])


LOOPS = ["1_Q1", "1_Q2_First Click", "1_Q2_Page Submit", "2_Q1", "2_Q2_Page Submit"]


def test_loops_of_qualtrics_are_items(tmp_path):
    rows = [
        ["IP Address", "R_1", "x", 0.5, 2.5, "", ""],
        ["Survey Preview", "R_2", "x", 0.5, 2.5, "y", 3],
        ["IP Address", "R_3", "y", 0.5, 1.5, "x", 4],
    ]
    answers = read_answers(qualtrics(tmp_path, LOOPS, rows), Layout(**RAW))
    assert columns(answers, "annotator", "item", "answer", "seconds") == [
        ("R_1", "1", "x", 2.5),
        ("R_3", "1", "y", 1.5),
        ("R_3", "2", "x", 4.0),
    ]
    assert any("1 previews" in note for note in answers.notes)


def test_a_bad_cell_of_qualtrics_names_the_line_of_the_file(tmp_path):
    rows = [["Survey Preview", "R_0", "x", 0, 1, "y", 1]]
    rows.append(["IP Address", "R_1", "x", 0.5, -2.5, "", ""])
    path = qualtrics(tmp_path, LOOPS, rows)
    with pytest.raises(ValueError, match="column '1_Q2_Page Submit'") as caught:
        read_answers(path)
    number = (
        path.read_text()
        .split("\n")
        .index('"2026-05-01 09:00:00","IP Address","R_1","x","0.5","-2.5","",""')
    )
    assert f"is line {number + 1} of the file" in str(caught.value)


def test_questions_of_qualtrics_without_loops_need_a_pattern(tmp_path):
    header = ["PROLIFIC_PID", "Q1", "Q2", "Q1_Page Submit", "Q2_Page Submit"]
    path = qualtrics(tmp_path, header, [["IP Address", "R_1", "pro", "x", "y", 1, 2]])
    with pytest.raises(ValueError, match=r"--wide 'answer=Q\{item\}'"):
        read_answers(path)
    wide = ("answer=Q{item}", "seconds=Q{item}_Page Submit")
    answers = read_answers(path, Layout(wide=wide, **RAW))
    assert columns(answers, "annotator", "item", "answer", "seconds") == [
        ("pro", "1", "x", 1.0),
        ("pro", "2", "y", 2.0),
    ]


def test_a_wide_table_of_any_make_is_read_by_patterns(tmp_path):
    header = ["who", "cat1.answer", "cat1.seconds", "dog.answer", "dog.seconds", "age"]
    rows = [["p", "x", 1, "y", 2, 33], ["q", "", 3, "", "", 44]]
    layout = Layout(
        columns={"annotator": "who"}, wide=("{item}.answer", "{item}.seconds"), **RAW
    )
    path = write(tmp_path, header, rows)
    answers = read_answers(path, layout)
    # q saw cat1, whose time is there, and was never asked about the dog
    assert columns(answers, "annotator", "item", "answer", "seconds") == [
        ("p", "cat1", "x", 1.0),
        ("p", "dog", "y", 2.0),
        ("q", "cat1", None, 3.0),
    ]
    table = {name: [row[n] for row in rows] for n, name in enumerate(header)}
    for name in ("cat1.seconds", "dog.seconds"):
        table[name] = [cell or None for cell in table[name]]
    parquet.write_table(pa.table(table), tmp_path / "answers.parquet")
    again = read_answers(tmp_path / "answers.parquet", layout)
    assert again.table.equals(answers.table)
    assert to_record(again, "label").num_items == 2
    np.testing.assert_array_equal(again.numbers("seconds"), [1.0, 2.0, 3.0])


def test_a_time_of_a_row_with_several_answers_is_theirs_together(tmp_path):
    header = ["who", "img1", "img2", "img3", "took"]
    path = write(tmp_path, header, [["p", "x", "y", "x", 30], ["q", "y", "y", "", 20]])
    said = {"annotator": "who", "seconds": "took"}
    answers = read_answers(
        path, Layout(columns=said, wide=("answer=img{item}",), **RAW)
    )
    record = to_record(answers, "label")
    np.testing.assert_array_equal(record.times, [10.0, 10.0, 10.0, 10.0, 10.0])
    assert record.unit_size.tolist() == [3, 3, 3, 2, 2]
    # without a time there is nothing to share
    alone = read_answers(
        path, Layout(columns={"annotator": "who"}, wide=("answer=img{item}",), **RAW)
    )
    assert to_record(alone, "label").unit is None


def test_a_column_that_has_a_meaning_is_no_item(tmp_path):
    path = write(tmp_path, ["who", "img1", "img2"], [["p", "x", "y"], ["q", "y", "y"]])
    layout = Layout(columns={"annotator": "who"}, wide=("answer={item}",), **RAW)
    assert columns(read_answers(path, layout), "annotator", "item", "answer") == [
        ("p", "img1", "x"),
        ("p", "img2", "y"),
        ("q", "img1", "y"),
        ("q", "img2", "y"),
    ]


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("answer", "FIELD=PATTERN"),
        ("{item}_reply", "FIELD=PATTERN"),
        ("reply={item}", "FIELD=PATTERN"),
        ("answer={item}.nothing", "fits none"),
    ],
)
def test_a_pattern_that_says_nothing_is_refused(tmp_path, pattern, said):
    path = write(tmp_path, ["annotator", "a.answer"], [["p", "x"]])
    with pytest.raises(ValueError, match=f"`wide` must .*{said}"):
        read_answers(path, Layout(wide=(pattern,)))
