import dataclasses
import io

import pytest
from rich.console import Console

from hitl_sim.report.task_table import result_table
from hitl_sim.report.terminal.answer import render_terminal


def rendered(result, width=100):
    console = Console(file=io.StringIO(), width=width, color_system=None)
    render_terminal(result, console)
    return console.file.getvalue()


@pytest.mark.parametrize("width", [80, 100, 160])
def test_nothing_is_wider_than_the_terminal_or_100_columns(crowded, width):
    lines = rendered(crowded, width).splitlines()
    assert max(map(len, lines)) <= min(width, 100)


def test_no_cell_is_cut_at_100_columns(crowded):
    assert "…" not in rendered(crowded)


def test_words_come_before_the_table(crowded):
    text = rendered(crowded)
    assert text.startswith("No joule here was measured")
    assert text.index("Guidance did not pay back") < text.index("arm, and who is asked")


def test_every_condition_has_a_row(crowded):
    task = crowded.tasks[0]
    kinds = [kind for _, kind in result_table(task).marked()]
    assert len(kinds) - kinds.count("heading") == 1 + len(task.findings)


def test_the_control_and_its_copy_have_no_break_even(crowded):
    found = result_table(crowded.tasks[0])
    rows = {row[0]: row for row in found.rows}
    energy = found.headings.index("M* energy")
    assert rows["control"][energy] == ""
    assert rows["again (A/A)"][energy] == ""
    # one of its runs failed, so chance may hide a break-even
    assert rows["random_half"][energy] == "never?"


def test_an_arm_that_nobody_finished_is_infinite_not_missing(crowded):
    found = result_table(crowded.tasks[0])
    (row,) = [row for row in found.rows if row[0] == "lost"]
    assert row[found.headings.index("reach")] == "0/12"
    assert row[found.headings.index("J/success")] == "∞"


def test_columns_in_which_nothing_is_known_are_left_out(crowded):
    kept = result_table(crowded.tasks[0]).headings
    assert "M* energy" in kept
    assert "M* money" not in kept
    assert "M* carbon" not in kept


def test_people_are_sorted_by_rho_within_their_arm(crowded):
    rows = result_table(crowded.tasks[0]).marked()
    heads = [i for i, (_, kind) in enumerate(rows) if kind == "heading"]
    start = next(i for i in heads if rows[i][0][0] == "relevance")
    people = rows[start + 1 : next((i for i in heads if i > start), None)]
    ratios = [float(cells[1].split()[0]) for cells, _ in people]
    assert len(ratios) > 2
    assert ratios == sorted(ratios)


def test_three_bills_stand_beside_each_other_where_fits_are_thrown_away(crowded):
    assert "final fit only" not in rendered(crowded)
    (task,) = crowded.tasks
    wasteful = task.findings[1]
    half = wasteful.scopes.final_fit.scaled(0.5)
    wasteful = dataclasses.replace(
        wasteful, scopes=wasteful.scopes._replace(final_fit=half)
    )
    changed = dataclasses.replace(task, findings=(*task.findings[:1], wasteful))
    text = rendered(dataclasses.replace(crowded, tasks=(changed,)))
    row = next(line for line in text.splitlines()[::-1] if wasteful.label in line)
    final, every, _ = (float(cell) for cell in row.split()[-3:])
    assert final == pytest.approx(every / 2, rel=0.02)
