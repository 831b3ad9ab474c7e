"""A study's questions as a labelling project."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from hitl_sim.cli import app
from hitl_sim.project_file import crowd_numbers, policies_of, project_of
from hitl_sim.read_table import TableError
from hitl_sim.study_project import project_of_study
from hitl_sim.workforce import Fixed
from oracles import describe_population

EXPERIMENTS = Path(__file__).parents[2] / "experiments"
RELEVANCE = EXPERIMENTS / "relevance.toml"


def changed(folder, old, new):
    text = RELEVANCE.read_text()
    assert old in text
    file = folder / "study.toml"
    file.write_text(text.replace(old, new, 1))
    return file


def test_questions_people_hours_and_wage_are_the_study_s(tmp_path):
    file = changed(
        tmp_path,
        "[prices]",
        "[workforce]\nhours_per_day = 6\ndays_per_week = 4\nbreak_s = 0\n"
        "requester_h = 5\n\n[prices]\nwage_usd_per_h = 11",
    )
    given, told = project_of_study(file, "random_400")
    assert told.startswith(
        "One run of arm 'random_400' in task 'digits': 400 questions"
    )
    crowd = crowd_numbers(given.crowd)
    values = describe_population("typical").values("relevance")
    assert crowd.values["seconds"] == values["seconds"]
    assert (
        values["seconds"] != describe_population("typical").values("label")["seconds"]
    )
    project = project_of(given, crowd)
    assert project.items == 400
    # keep or drop
    assert project.people.behaviour.num_classes == 2
    assert policies_of(given, 0.8) == (Fixed(3),)
    assert project.people.hours_per_day == 6.0
    assert project.people.days_per_week == 4
    assert project.people.break_every_s is None
    assert given.prices.wage_usd_per_h == given.prices.requester_usd_per_h == 11
    assert given.prices.requester_h == 5


def test_breaks_and_a_crowd_s_own_numbers_are_taken(tmp_path):
    file = changed(
        tmp_path, "lapse = 0.0", "lapse = 0.0\naccuracy = 0.77\nseconds = 12"
    )
    given, _ = project_of_study(file, "random_1000")
    assert given.project.items == 1_000
    assert given.crowd.accuracy == 0.77
    people = project_of(given, crowd_numbers(given.crowd)).people
    assert people.seconds.mean_s == 12
    assert (people.break_every_s, people.break_s) == (3_600.0, 300.0)


@pytest.mark.parametrize(
    ("name", "arm", "words"),
    [
        ("relevance", None, "`--arm` must be one of 'random_400', .*, got none"),
        ("relevance", "machine_half", "the arms that ask people, got 'machine_half'"),
        ("stages", "rate_and_review", "`--arm` must ask at one stage, got 'rate_and_r"),
    ],
)
def test_an_arm_that_does_not_tell_the_questions_is_refused(name, arm, words):
    with pytest.raises(TableError, match=words):
        project_of_study(EXPERIMENTS / f"{name}.toml", arm)


def test_people_who_are_told_one_by_one_are_no_population(tmp_path):
    file = changed(tmp_path, "lapse = 0.0", "accuracies = [0.9, 0.8, 0.7]")
    with pytest.raises(TableError, match="`crowd` must be a population"):
        project_of_study(file, "random_400")


def test_the_command_answers_for_a_study(tmp_path):
    call = ["staff", str(RELEVANCE), "--deadline", "12h", "--runs", "30", "--arm"]
    found = CliRunner().invoke(app, [*call, "random_400"])
    assert found.exit_code == 0, found.stderr
    assert "400 questions (relevance), 3 people each" in " ".join(found.stdout.split())
    wrong = CliRunner().invoke(app, [*call, "control"])
    assert wrong.exit_code == 2
    project = EXPERIMENTS.parent / "examples" / "project.toml"
    other = CliRunner().invoke(app, ["staff", str(project), *call[2:], "x"])
    assert other.exit_code == 2
    assert "`--arm` must be left out of a project file, got 'x'" in other.stderr
