"""From a project file to people, cost and date, and what is refused on the way."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hitl_sim.cli import app
from hitl_sim.participants.answers import Answers
from hitl_sim.project_file import load_project
from hitl_sim.read_table import TableError
from hitl_sim.staffing import read_days, staff
from hitl_sim.workforce.staffing import ImpossiblePlanError

EXAMPLE = Path(__file__).parents[2] / "examples" / "project.toml"
PLAIN = """
[project]
items = 300
{project}

[people]
hours_per_day = 8
days_per_week = 7
{people}

[crowd]
seconds = 60
accuracy = 0.8
pace_spread = 0
shared_error = 0
skill_spread = 0
{crowd}

[prices]
wage_usd_per_h = 20
overhead_frac = 0
{prices}

[[answers]]
{answers}
"""


def write(folder, answers='policy = "fixed"\nanswers = 1', **tables):
    tables = {
        name: tables.get(name, "") for name in ("project", "people", "crowd", "prices")
    }
    file = folder / "project.toml"
    file.write_text(PLAIN.format(answers=answers, **tables))
    return file


def lines(result):
    return [line for line in result.stderr.splitlines() if line]


def known(found):
    """Return what is known of the bill, by line."""
    told = (line for line in found.bill if line.usd.value is not None)
    return {line.name: float(line.usd.value) for line in told}


def test_people_cost_and_date_are_those_of_arithmetic(tmp_path):
    # 300 minutes of work in a shift of 480: one person is done before 17 o'clock
    found = staff(write(tmp_path), deadline_d=1.0, runs=30)
    assert found.best.plan.team == 1
    assert found.best.mean_cost_usd == pytest.approx(100.0, rel=0.03)
    assert 13 < found.best.ends_s[1] / 3_600 < 15
    assert found.best.mean_accuracy == pytest.approx(0.8, abs=0.02)
    paid = known(found)
    assert sum(paid.values()) == pytest.approx(found.best.mean_cost_usd)


CHECKS = """
[qualification]
questions = 10
least_right = 8

[gold]
share = 0.2
least_right = 0.7
is_redone = true

[adjudication]
below = 0.9

[[group]]
name = "experts"
role = "decide"
wage = "US-nurse"
crowd = {{accuracy = 0.97, seconds = {seconds}}}
"""


def checked(folder, old="", new="", seconds=60):
    """Write a project with checks and an expert, one piece of it replaced."""
    text = write(folder, crowd="").read_text().replace("skill_spread = 0", "")
    text = text.replace("answers = 1", "answers = 2")
    text += CHECKS.format(seconds=seconds)
    assert old in text
    file = folder / "checked.toml"
    file.write_text(text.replace(old, new))
    return file


def test_checks_and_experts_are_planned_and_billed(tmp_path):
    found = staff(checked(tmp_path), deadline_d=4.0, runs=30)
    plain = staff(write(tmp_path), deadline_d=4.0, runs=30)
    assert found.best.engine == "clock"
    assert found.best.mean_accuracy > plain.best.mean_accuracy + 0.1
    paid = known(found)
    for name in (
        "known questions, with overhead",
        "tests, with overhead",
        "answers of experts, with overhead",
    ):
        assert paid[name] > 0
    assert sum(paid.values()) == pytest.approx(found.best.mean_cost_usd)
    assert found.best.mean_cost_usd > plain.best.mean_cost_usd


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("share = 0.2", "share = 1.0", r"`gold.share` must be in \[0, 1\), for with 1"),
        ('role = "decide"', "", "needs expertise that nobody has"),
        ("least_right = 8", "least_right = 11", "`qualification.least_right` must be"),
        (
            "questions = 10\nleast_right = 8",
            "questions = 60\nleast_right = 60",
            r"`qualification.least_right` \(60 of 60\) must be lower: .* 0.0001 pass",
        ),
        ('wage = "US-nurse"', "", r"`group\[0\]` must give one of 'wage_usd_per_h'"),
        ('name = "experts"', 'name = "people"', "`group.name` must be another than"),
    ],
)
def test_a_plan_that_cannot_be_says_which_constraint_binds(tmp_path, old, new, words):
    with pytest.raises(TableError, match=words):
        staff(checked(tmp_path, old, new), deadline_d=4.0, runs=30)


def test_too_few_experts_are_told_as_what_binds(tmp_path):
    file = checked(tmp_path, "below = 0.9", "below = 1.0", seconds=3_600)
    text = file.read_text().replace("[people]", "[people]\nat_most = 4")
    file.write_text(text)
    words = r"`group.people` of 'experts' \(1\) must be more, .* items wait for them"
    with pytest.raises(ImpossiblePlanError, match=words):
        staff(file, deadline_d=2.0, runs=30)


def test_first_answers_tell_nothing_of_checks(tmp_path):
    answers = Answers.__new__(Answers)
    with pytest.raises(TableError, match="`qualification` must be left out with"):
        staff(checked(tmp_path), deadline_d=4.0, runs=30, first_answers=answers)


def test_first_answers_tell_the_hours_that_are_left(tmp_path):
    answers = tmp_path / "first.csv"
    rows = [
        # five people, one after another, each always as fast
        f"p{n % 5},i{n},cat,{40 + 10 * (n % 5)},{1_700_000_000 + 100 * (n // 5)}"
        for n in range(60)
    ]
    answers.write_text("annotator,item,answer,seconds,started\n" + "\n".join(rows))
    words = ["--deadline", "20d", "--runs", "30", "--from", str(answers)]
    result = CliRunner().invoke(app, ["staff", str(write(tmp_path)), *words])
    assert result.exit_code == 0, result.output
    text = " ".join((result.stdout + result.stderr).split())
    assert "1 answer for each item 240 answers are left." in text
    told = re.search(r"they take (\S+) to (\S+) hours", text)
    low, high = map(float, told.groups())
    # of five people 10 s apart: all of 240 answers by the fastest, or by the slowest
    assert 240 * 40 / 3_600 <= low < 240 * 60 / 3_600 < high <= 240 * 80 / 3_600


def test_every_line_of_the_bill_is_in_the_price(tmp_path):
    prices = "fee_frac = 0.25\nrecruitment_usd = 7"
    file = write(tmp_path, prices=prices, people="onboarding_h = 2")
    found = staff(file, deadline_d=2.0, runs=30)
    paid = known(found)
    assert paid["onboarding, with overhead"] == pytest.approx(40.0)
    assert paid["recruitment"] == 7.0
    assert paid["platform fee"] == pytest.approx(
        0.25 * (paid["onboarding, with overhead"] + paid["answers, with overhead"])
    )
    assert sum(paid.values()) == pytest.approx(found.best.mean_cost_usd)
    kinds = {"simulated", "assumed", "unavailable"}
    assert {line.usd.kind.value for line in found.bill} <= kinds


def test_more_accuracy_takes_more_answers(tmp_path):
    policy = 'policy = "fixed"\nanswers = {}'
    ladder = "\n[[answers]]\n".join(policy.format(num) for num in (1, 3, 5))
    file = write(tmp_path, answers=ladder)
    used = [
        staff(file, 5.0, accuracy=share, runs=30).best.plan.policy.answers
        for share in (0.7, 0.88, 0.93)
    ]
    assert used == [1, 3, 5]


def test_the_example_prints_people_cost_date_and_accuracy(tmp_path):
    figure = tmp_path / "plan.svg"
    words = ["--deadline", "10d", "--accuracy", ".9", "--figure", str(figure)]
    result = CliRunner().invoke(app, ["staff", str(EXAMPLE), *words])
    assert result.exit_code == 0, result.output
    text = " ".join(result.output.split())
    assert "people are done after" in text
    assert "of labels are right; whoever took people for independent would" in text
    assert "Nothing beats these in cost, date and accuracy at once" in text
    assert figure.read_text().startswith("<svg")


def test_without_policies_a_ladder_of_them_is_tried(tmp_path):
    file = tmp_path / "short.toml"
    file.write_text("[project]\nitems = 60\n[crowd]\nseconds = 60\n")
    found = staff(file, 5.0, runs=30)
    assert len(found.plans) == 8
    assert found.crowd.sources["accuracy"].startswith("calibrated: ")


@pytest.mark.parametrize(
    ("fields", "options", "message"),
    [
        ({"people": "at_most = 0"}, {}, "`people.at_most` must be int >= 1, got 0."),
        (
            {"people": "at_mots = 3"},
            {},
            "`people.at_mots` is not a field of a project.",
        ),
        ({"crowd": "x = 1"}, {}, "`crowd.x` is not a field of a project. Allowed: acc"),
        ({"project": "classes = 1"}, {}, "`project.classes` must be int >= 2, got 1."),
        (
            {"crowd": 'population = "nobody"'},
            {},
            "must be one of",
        ),
        (
            {"project": "classes = 2", "answers": 'policy = "lead"'},
            {},
            "`answers[0].lead` must be given with 'lead'.",
        ),
        (
            {"answers": 'policy = "fixed"\nanswers = 1\nlead = 2'},
            {},
            "`answers[0].lead` must be left out with policy 'fixed', got 2.",
        ),
        (
            {"people": "onboarding_h = 9"},
            {"--deadline": "20h"},
            "`--deadline` (20 h) must be after the first person is through recruitment "
            "and onboarding: 34 h.",
        ),
        (
            {"people": "at_most = 2", "answers": 'policy = "fixed"\nanswers = 5'},
            {},
            "`people.at_most` (2) must be at least 5, the different people who may be "
            "asked about one item.",
        ),
        (
            {"people": "at_most = 2", "project": "classes = 2"},
            {"--deadline": "10h"},
            "`people.at_most` (2) must be larger or `--deadline` (10 h) later: even 1 "
            "answer is in time with probability 0.00 only, and half of the runs take "
            "longer than ",
        ),
        (
            {},
            {"--accuracy": ".99"},
            "`--accuracy` (0.99) must be lower: the most accurate plan in time, 1 "
            "answer, is right in 0.",
        ),
        ({}, {"--confidence": "1"}, "`--confidence` must be in (0, 1), got 1.0."),
        ({}, {"--deadline": "soon"}, "`--deadline` must be a time above 0 such as 36h"),
        ({}, {"--figure": "plan.pdf"}, "`--figure` must end in .png or .svg"),
    ],
)
def test_what_cannot_be_is_told_in_one_line(fields, options, message, tmp_path):
    options = {"--deadline": "3d", **options}
    words = [word for pair in options.items() for word in pair]
    result = CliRunner().invoke(app, ["staff", str(write(tmp_path, **fields)), *words])
    assert result.exit_code == 2, result.output
    (line,) = lines(result)
    assert message in line


def test_a_file_that_is_no_project_is_refused(tmp_path):
    with pytest.raises(TableError, match="Project file must be readable"):
        load_project(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_text("[project")
    with pytest.raises(TableError, match="must be TOML"):
        load_project(tmp_path / "bad.toml")


def test_a_plan_that_is_impossible_is_an_error_of_its_own(tmp_path):
    with pytest.raises(ImpossiblePlanError):
        staff(write(tmp_path), 3.0, accuracy=0.99, runs=30)


@pytest.mark.parametrize(("text", "days"), [("36h", 1.5), ("10d", 10.0), ("2w", 14.0)])
def test_times_are_read_in_hours_days_and_weeks(text, days):
    assert read_days(text) == days
