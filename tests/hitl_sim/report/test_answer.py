import dataclasses
import io

import pytest
from rich.console import Console

from hitl_sim.report.row import HEADINGS, columns, table_rows
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
    assert text.index("People did not pay") < text.index("arm, and who is asked")


def test_every_condition_has_a_row(crowded):
    task = crowded.tasks[0]
    assert len(table_rows(task)) == 1 + len(task.findings)


def test_the_control_and_its_copy_have_no_break_even(crowded):
    rows = {row.cells[0]: row for row in table_rows(crowded.tasks[0])}
    energy = HEADINGS.index("M* energy")
    assert rows["control"].cells[energy] == ""
    assert rows["again (A/A)"].cells[energy] == ""
    # one of its runs failed, so chance may hide a break-even
    assert rows["random_half"].cells[energy] == "never?"


def test_an_arm_that_nobody_finished_is_infinite_not_missing(crowded):
    (row,) = [r for r in table_rows(crowded.tasks[0]) if r.cells[0] == "lost"]
    assert row.cells[HEADINGS.index("reach")] == "0/12"
    assert row.cells[HEADINGS.index("J/success")] == "∞"


def test_columns_in_which_nothing_is_known_are_left_out(crowded):
    kept = [HEADINGS[c] for c in columns(table_rows(crowded.tasks[0]))]
    assert "M* energy" in kept
    assert "M* money" not in kept
    assert "M* carbon" not in kept


def test_people_are_sorted_by_rho_within_their_arm(crowded):
    rows = [r for r in table_rows(crowded.tasks[0]) if r.cells[0] == "relevance"]
    ratios = [float(r.cells[2].split()[0]) for r in rows]
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
