"""Seconds that several answers share: found, asked about, and shared equally."""

import numpy as np
import pytest

from hitl_sim.participants.answers import to_record
from hitl_sim.participants.cleaning.clean import Layout
from hitl_sim.participants.reading.table_file import read_answers

PEOPLE, FORMS, EACH = 4, 5, 3


def rows(with_unit=False):
    """Return a file in which each of a form's answers states the form's seconds."""
    rng = np.random.default_rng(0)
    lines = ["annotator,item,answer,gold,work_s" + ",form" * with_unit]
    for person in range(PEOPLE):
        for form in range(FORMS):
            taken = 60.0 + rng.integers(0, 600) / 10.0
            for place in range(EACH):
                item = (form * EACH + place + person) % 20
                cells = [
                    f"p{person}",
                    f"i{item}",
                    "xy"[rng.integers(2)],
                    "xy"[item % 2],
                ]
                cells += [f"{taken:g}"] + [f"f{form}"] * with_unit
                lines.append(",".join(cells))
    return lines


def read(path, lines, **layout):
    file = path / "answers.csv"
    file.write_text("\n".join(lines) + "\n")
    columns = {"seconds": "work_s"} | layout.pop("columns", {})
    return read_answers(file, Layout(columns=columns, **layout))


def test_shared_seconds_are_found_and_asked_about(tmp_path):
    with pytest.raises(ValueError, match="'work_s': must say whose time it is") as said:
        read(tmp_path, rows())
    for words in ("in row 1 (line 2) and row 2 (line 3)", "--column unit=NAME"):
        assert words in str(said.value)
    assert "--seconds-per form" in str(said.value)
    assert "--seconds-per answer" in str(said.value)


def total(answers):
    return float(np.nansum(to_record(answers, "label").times))


def test_a_form_takes_its_seconds_once(tmp_path):
    true = sum(float(line.split(",")[4]) for line in rows()[1::EACH])
    named = read(tmp_path, rows(with_unit=True), columns={"unit": "form"})
    runs = read(tmp_path, rows(), seconds_per="form")
    each = read(tmp_path, rows(), seconds_per="answer")
    assert total(named) == pytest.approx(true)
    assert total(runs) == pytest.approx(true)
    assert total(each) == pytest.approx(EACH * true)
    record = to_record(runs, "label")
    assert (record.unit_size == EACH).all()
    assert np.unique(record.unit).size == PEOPLE * FORMS
    assert to_record(each, "label").unit is None
    assert any("20 forms of 3 answers" in note for note in runs.notes)


def test_an_import_is_not_asked_again(tmp_path):
    for number, layout in enumerate(
        ({"seconds_per": "form"}, {"seconds_per": "answer"})
    ):
        answers = read(tmp_path, rows(), **layout)
        path = tmp_path / f"{number}.parquet"
        answers.write(path)
        again = read_answers(path)
        assert total(again) == pytest.approx(total(answers))


def test_seconds_in_one_row_of_a_form_are_shared(tmp_path):
    lines = rows(with_unit=True)
    blank = [
        line if (number - 1) % EACH == 0 else line.replace(line.split(",")[4], "")
        for number, line in enumerate(lines)
    ]
    blank[0] = lines[0]
    columns = {"unit": "form"}
    once = read(tmp_path, blank, columns=columns)
    assert total(once) == pytest.approx(total(read(tmp_path, lines, columns=columns)))


def test_a_form_with_two_times_is_refused(tmp_path):
    lines = rows(with_unit=True)
    cells = lines[2].split(",")
    lines[2] = ",".join([*cells[:4], "999", cells[5]])
    with pytest.raises(ValueError, match=r"row 2, column 'work_s'.*of unit 'f0'.*999"):
        read(tmp_path, lines, columns={"unit": "form"})


def test_what_cannot_be_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"`--seconds-per` must be left out .*'form'"):
        read(
            tmp_path,
            rows(with_unit=True),
            columns={"unit": "form"},
            seconds_per="answer",
        )
    with pytest.raises(ValueError, match="`--seconds-per` must be one of 'answer'"):
        read(tmp_path, rows(), seconds_per="page")
    plain = ["annotator,item,answer,work_s", "a,i,x,1", "a,j,y,2", "b,i,x,3"]
    with pytest.raises(ValueError, match="`--seconds-per` must be 'answer' where no"):
        read(tmp_path, plain, seconds_per="form")


@pytest.mark.parametrize("taken", ["one", "whole"])
def test_seconds_that_are_alike_by_chance_are_not_asked_about(tmp_path, taken):
    rng = np.random.default_rng(1)
    lines = ["annotator,item,answer,gold,work_s"]
    for person in range(30):
        for item in range(40):
            # all alike, or whole seconds around the person's own pace
            own = 2 if taken == "one" else rng.poisson(2 + 2 * (person % 3)) + 1
            lines.append(f"p{person},i{item},{'xy'[rng.integers(2)]},x,{own}")
    assert to_record(read(tmp_path, lines), "label").unit is None


def test_a_column_called_unit_may_be_something_else(tmp_path):
    lines = [line.replace("item", "unit", 1) for line in rows()]
    answers = read(tmp_path, lines, columns={"item": "unit"}, seconds_per="form")
    assert to_record(answers, "label").num_items == 20 - 2


def test_units_of_one_answer_are_answers(tmp_path):
    lines = [
        line + (",form" if number == 0 else f",f{number}")
        for number, line in enumerate(rows())
    ]
    answers = read(tmp_path, lines, columns={"unit": "form"})
    assert to_record(answers, "label").unit is None
    assert not any("forms" in note for note in answers.notes)
