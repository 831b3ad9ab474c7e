import dataclasses
import functools
import io
import json

import pytest
from rich.console import Console

from hitl_sim.analysis.condition.across import across_tasks
from hitl_sim.analysis.decision.sensitivity import weigh
from hitl_sim.report.across import across_table, tell_across, tell_summary
from hitl_sim.report.number import RHO
from hitl_sim.report.page import write_report
from hitl_sim.report.terminal.answer import render_terminal
from hitl_sim.report.words import methods, tell

LOST = [9e9] * 12


@pytest.fixture(scope="module")
def tasks(synthetic, analysed):
    """Return a function that makes a study with one task per rho of its arm."""

    @functools.cache
    def study(*ratios, crowds=("typical",)):
        parts = []
        for number, ratio in enumerate(ratios):
            steps = LOST if ratio is None else None
            arms = [
                synthetic.relevance(ratio or 1.0, crowd, steps=steps)
                for crowd in crowds
            ]
            changes = {"seed": number, "task": f"task {number}", "sd": 0.05}
            parts.append(analysed(arms, **changes))
        whole = tuple(part.tasks[0] for part in parts)
        return dataclasses.replace(parts[0], tasks=whole)

    return study


def test_the_mean_the_prediction_and_i2_are_told_of_five_tasks(tasks):
    (said,) = tell_across(across_tasks([tasks(0.4, 0.5, 0.6, 0.7, 0.8)]))
    assert said.startswith(f"Across tasks, relevance, typical: {RHO} = 0.")
    assert "on average over 5 tasks, a saving." in said
    assert "(95 % prediction interval); 9" in said
    assert "is between tasks, the rest is chance (I²)." in said


def test_four_tasks_do_not_tell_where_a_new_one_would_lie(tasks):
    (said,) = tell_across(across_tasks([tasks(1.3, 1.4, 1.5, 1.6)]))
    assert "on average over 4 tasks, a loss. So few tasks do not tell" in said
    assert "prediction interval" not in said


def test_a_task_that_was_never_reached_is_named_beside_the_open_interval(tasks):
    (said,) = tell_across(across_tasks([tasks(0.5, 0.6, 0.7, None)]))
    assert ", ∞] on average over 3 tasks" in said
    assert f"On task 3 {RHO} has no upper bound" in said


def test_conditions_that_are_not_told_are_counted(tasks):
    study = tasks(0.5, 0.6, 0.7, crowds=("typical", "perfect", "spammer"))
    *_, last = tell_across(across_tasks([study]))
    assert last == "Across tasks, in the table alone: 2 more conditions have a mean."
    (alone,) = tell_across(across_tasks([tasks(0.5, 0.6)]))
    assert alone.endswith("1 condition has none, with fewer than 3 tasks to average.")


def test_a_condition_without_a_summary_cannot_be_told(tasks):
    (found,) = across_tasks([tasks(0.5, 0.6)])
    with pytest.raises(ValueError, match="`found` must have a summary"):
        tell_summary(found)


def test_the_table_lists_tasks_then_the_mean_and_a_new_task(tasks):
    table = across_table(across_tasks([tasks(0.4, 0.5, 0.6, 0.7, None, 0.8)]))
    names = [row[0] for row in table.rows]
    assert names == [
        "relevance, typical",
        *(f"task {number}" for number in range(6)),
        *("mean", "a new task"),
    ]
    assert table.rows[5][1].startswith("∞ [")
    assert table.rows[5][3].startswith("infinite, or not bounded")
    assert table.rows[-2][3].startswith("5 tasks, I² = ")
    assert table.rows[-1][1].endswith(", ∞]")


def test_too_few_tasks_say_how_many_are_needed(tasks):
    rows = across_table(across_tasks([tasks(0.5, 0.6)])).rows
    assert rows[-1] == ("mean", "", "", "too few tasks: 3 are needed")
    rows = across_table(across_tasks([tasks(0.5, 0.6, 0.7)])).rows
    assert rows[-1] == ("a new task", "", "", "too few tasks: 5 are needed")


def test_terminal_page_and_numbers_show_it(tasks, tmp_path):
    study = tasks(0.4, 0.5, 0.6, 0.7, 0.8)
    console = Console(file=io.StringIO(), width=100, color_system=None)
    render_terminal(study, console)
    text = console.file.getvalue()
    assert "95 % prediction interval" in text
    assert "a new task" in text
    page = write_report(
        study, tmp_path, rerun_command="again", title="study", verdicts=weigh(study)
    )
    assert "<h3>across tasks</h3>" in page.read_text()
    assert "Hartung and Knapp" in page.read_text()
    data = json.loads((tmp_path / "report.json").read_text())
    (found,) = data["across"]
    assert found["label"] == "relevance, typical"
    assert found["log_rho"]["method"] == "REML"
    assert found["predicted_rho"]["low"] < found["rho"]["low"]
    assert [one["membership"] for one in found["tasks"]] == ["in the mean"] * 5


def test_a_study_of_one_task_says_nothing_of_others(crowded):
    assert not any("Across tasks" in note for note in tell(crowded).notes)
    assert not any("Across tasks" in said for said in methods(crowded))
