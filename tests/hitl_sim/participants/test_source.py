"""What the command line takes, and what it refuses before any work is done."""

import pytest
from typer.testing import CliRunner

from hitl_sim.cli import app
from hitl_sim.participants.model_file import check_out
from hitl_sim.participants.source import import_answers, parse_pairs
from hitl_sim.participants.table_file import Layout


def test_pairs_are_read_by_name():
    assert parse_pairs("--column", ["seconds=rt", "item=a=b"]) == {
        "seconds": "rt",
        "item": "a=b",
    }


@pytest.mark.parametrize("text", ["seconds", "=rt", "seconds="])
def test_a_pair_without_both_sides_is_refused(text):
    with pytest.raises(ValueError, match="`--column` must be NAME=VALUE"):
        parse_pairs("--column", [text])


def test_a_name_given_twice_is_refused():
    with pytest.raises(ValueError, match="once, got it twice"):
        parse_pairs("--answer", ["a=x", "a=y"])


def test_json_is_taken_for_label_studio(tmp_path):
    path = tmp_path / "export.json"
    path.write_text("[]")
    with pytest.raises(ValueError, match="list of tasks"):
        import_answers(path, Layout())


def test_another_format_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"must end in .csv, .tsv, .parquet or .json"):
        import_answers(tmp_path / "answers.xlsx", Layout())


@pytest.mark.parametrize(
    ("name", "file", "said"),
    [("two words", "a.toml", "letters"), ("fine", "a.json", "end in .toml")],
)
def test_a_file_that_cannot_be_written_is_refused(tmp_path, name, file, said):
    with pytest.raises(ValueError, match=said):
        check_out(tmp_path / file, name)


@pytest.mark.parametrize("command", ["fit", "validate"])
def test_a_bad_row_ends_a_command_in_one_line(tmp_path, command):
    path = tmp_path / "answers.csv"
    path.write_text("annotator,item,answer,gold,seconds\nann,a,x,x,-3\n")
    done = CliRunner().invoke(app, [command, str(path)])
    assert done.exit_code == 2
    assert "row 1, column 'seconds'" in done.output.replace("\n", " ")
    assert "Traceback" not in done.output
