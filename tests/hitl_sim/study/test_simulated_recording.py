"""Answers of a simulated team, written as recorded ones are."""

import numpy as np
import pytest
from typer.testing import CliRunner

from hitl_sim.cli import app
from hitl_sim.participants.answers import to_record
from hitl_sim.participants.reading.table_file import read_answers
from hitl_sim.study.recording import load_recording
from hitl_sim.study.simulated_recording import record_crowd
from hitl_sim.study.spec import SpecError, convert
from hitl_sim.task import load_task


@pytest.fixture
def spec(tables):
    del tables["axis"]
    tables["workforce"] = {"size": 5}
    return convert(tables)


def test_people_record_answers_to_every_item_as_they_would_give_them(spec, tmp_path):
    out = tmp_path / "answers.parquet"
    record_crowd(spec, 3, out)
    info, data = load_task("digits")
    record = to_record(read_answers(out), "label")
    assert record.num_people == 5
    assert np.bincount(record.item).tolist() == [3] * info.num_items
    assert record.is_ordered
    assert (record.times > 0).all()
    answers = load_recording(str(out), info).answers
    truth = data.labels[answers.key % info.num_items]
    # the population's mean accuracy is .88; teams of five differ
    assert 0.7 < (answers.answer == truth).mean() < 0.97


def test_the_same_seed_records_the_same_answers(spec, tmp_path):
    first, second = (record_crowd(spec, 2, tmp_path / f"{n}.parquet") for n in "ab")
    assert first.table.equals(second.table)


@pytest.mark.parametrize(
    ("people", "name", "words"),
    [
        (6, "a.parquet", r"`people` must be in \[1, 5\]"),
        (3, "a.csv", "`out` must end in .parquet"),
        (3, "nowhere/a.parquet", "in a folder that is there"),
    ],
)
def test_what_cannot_be_recorded_is_refused(spec, tmp_path, people, name, words):
    with pytest.raises(SpecError, match=words):
        record_crowd(spec, people, tmp_path / name)


def test_only_one_task_is_recorded(tables, tmp_path):
    tables["task"]["more"] = tables["task"]["digits"]
    with pytest.raises(SpecError, match="`task` must be one table to record"):
        record_crowd(convert(tables), 1, tmp_path / "a.parquet")


def test_a_file_of_answers_is_imported_to_the_one_form(tmp_path):
    # people are not all as quick, nor is one always
    taken = [1000 * (a + 1) + i for a in range(4) for i in range(30)]
    rows = [
        f"w{n // 30},{n % 30},{(n // 30 + n) % 3},{ms}" for n, ms in enumerate(taken)
    ]
    source, out = tmp_path / "mine.csv", tmp_path / "answers.parquet"
    source.write_text("who,item,answer,rt_ms\n" + "\n".join(rows))
    words = ["import", str(source), "--out", str(out), "--column", "annotator=who"]
    words += ["--column", "seconds=rt_ms", "--time-unit-s", "0.001"]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    record = to_record(read_answers(out), "label")
    np.testing.assert_allclose(np.sort(record.times), np.array(taken) / 1000.0)
    assert "w0" not in read_answers(out).table.column("annotator").to_pylist()
    words[3] = str(tmp_path / "answers.csv")
    assert "must end in .parquet" in CliRunner().invoke(app, words).output
