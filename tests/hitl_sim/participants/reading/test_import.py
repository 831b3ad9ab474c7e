"""What the command line takes, and what it refuses before any work is done."""

import json

import pytest
from typer.testing import CliRunner

from hitl_sim.cli import app
from hitl_sim.participants.answers import check_out
from hitl_sim.participants.cleaning.clean import Layout
from hitl_sim.participants.fitting.model_file import check_name
from hitl_sim.participants.reading.table_file import import_answers, parse_pairs


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


def choices(number: int, who: int, *controls: str) -> dict:
    """A task of Label Studio in which one person answers controls."""
    results = [
        {"type": "choices", "from_name": name, "value": {"choices": ["yn"[number % 2]]}}
        for name in controls
    ]
    annotation = {"completed_by": who, "result": results, "lead_time": 2.0}
    return {"id": number, "data": {}, "annotations": [annotation]}


def write(path, *tasks):
    path.write_text(json.dumps(tasks))
    return path


@pytest.mark.parametrize(
    "name", ["export.json", "export.jsonl", "export", "export.txt"]
)
def test_json_is_recognised_by_its_content(tmp_path, name):
    path = write(tmp_path / name, choices(1, 2, "mood"))
    assert import_answers(path, Layout()).num_rows == 1


def test_an_empty_export_is_refused(tmp_path):
    with pytest.raises(ValueError, match="list of tasks"):
        import_answers(write(tmp_path / "export.json"), Layout())


def test_a_table_has_no_question(tmp_path):
    path = tmp_path / "answers.csv"
    path.write_text("annotator,item,answer\nann,a,x\n")
    with pytest.raises(ValueError, match="`--question` must be left out for a table"):
        import_answers(path, Layout(), "mood")


def test_what_an_import_found_is_told_again_of_its_parquet(tmp_path):
    path = write(tmp_path / "export.json", *(choices(n, 2, "a", "b") for n in (1, 2)))
    answers = import_answers(path, Layout(), "a")
    answers.write(tmp_path / "answers.parquet")
    again = import_answers(tmp_path / "answers.parquet", Layout())
    assert "2 times are left out: each is of several questions together." in again.notes
    assert len(set(again.notes)) == len(again.notes)
    columns = ["item", "answer", "seconds"]
    assert again.table.select(columns).equals(answers.table.select(columns))


def run(*arguments: str):
    done = CliRunner().invoke(app, list(arguments))
    return done.exit_code, " ".join(done.output.split())


@pytest.mark.parametrize("command", ["fit", "validate", "import"])
def test_two_questions_are_refused_in_one_line_that_lists_them(tmp_path, command):
    path = write(tmp_path / "export.json", choices(1, 2, "mood", "topic"))
    out = ["--out", str(tmp_path / "a.parquet")] if command == "import" else []
    code, output = run(command, str(path), *out)
    assert code == 2
    assert "got 2: 'mood' (choices), 'topic' (choices)" in output
    assert "--question mood" in output


def test_a_question_is_imported_by_name_and_its_notes_are_printed(tmp_path):
    tasks = [choices(n, who, "mood", "topic") for n, who in ((1, 2), (2, 2), (3, 5))]
    path, out = write(tmp_path / "export.json", *tasks), tmp_path / "answers.parquet"
    code, output = run("import", str(path), "--question", "mood", "--out", str(out))
    assert code == 0
    assert "control 'mood': 3 answers (label) of 2 people to 3 items" in output
    assert (
        "note: 3 times are left out: each is of several questions together." in output
    )
    assert import_answers(out, Layout()).num_rows == 3


def test_another_format_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"must end in .csv, .tsv, .parquet or .json"):
        import_answers(tmp_path / "answers.xlsx", Layout())


def test_a_name_that_no_population_can_have_is_refused():
    with pytest.raises(ValueError, match="must be letters"):
        check_name("two words")


@pytest.mark.parametrize("file", ["a.json", "nowhere/a.toml"])
def test_a_file_that_cannot_be_written_is_refused(tmp_path, file):
    with pytest.raises(ValueError, match=r"must end in \.toml, in a folder that is"):
        check_out(tmp_path / file, ".toml")


@pytest.mark.parametrize("command", ["fit", "validate"])
def test_a_bad_row_ends_a_command_in_one_line(tmp_path, command):
    path = tmp_path / "answers.csv"
    path.write_text("annotator,item,answer,gold,seconds\nann,a,x,x,-3\n")
    done = CliRunner().invoke(app, [command, str(path)])
    assert done.exit_code == 2
    assert "row 1, column 'seconds'" in done.output.replace("\n", " ")
    assert "Traceback" not in done.output
