"""Rho over two parameters of a crowd on the first screen, in place of rows."""

import dataclasses
import io
import math

import pytest
from rich.console import Console

from hitl_sim.analysis.condition.finding import best
from hitl_sim.analysis.decision.sensitivity import weigh
from hitl_sim.report.crowd_map import LEAST, MOST_COLUMNS, crowd_maps, task_map
from hitl_sim.report.first_screen import MOST_ROWS, first_screen
from hitl_sim.report.page import render_page
from hitl_sim.report.terminal.answer import render_first_screen
from hitl_sim.report.words import tell

ACCURACY = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0)
SHARED = (0.0, 0.3, 0.6)


@pytest.fixture(scope="module")
def wide(synthetic, analysed):
    """A study of 22 conditions that sweeps accuracy and shared error."""
    arms = []
    for accuracy in ACCURACY:
        for shared in SHARED:
            own = {"crowd.accuracy": accuracy, "crowd.shared_error": shared}
            ratio = math.exp(3.0 * (0.8 - accuracy) + 0.2 * shared)
            arms.append(synthetic.relevance(ratio, settings=own))
    machine = synthetic.Arm("random_half", ratio=1.3, kind="random_share")
    return analysed([*arms, machine, synthetic.NULL], sd=0.05)


def test_a_map_has_both_ends_of_what_was_swept(wide):
    (found,) = crowd_maps(wide)
    assert (found.down, found.across) == ("crowd.accuracy", "crowd.shared_error")
    assert found.columns == SHARED
    assert (found.rows[0], found.rows[-1], len(found.rows)) == (0.5, 1.0, 6)
    for value, row in zip(found.rows, found.cells, strict=True):
        for shared, cell in zip(SHARED, row, strict=True):
            assert cell.settings["crowd.accuracy"] == value
            assert cell.settings["crowd.shared_error"] == shared


def test_rows_are_shown_up_to_twenty_conditions(wide, mapped):
    (task,) = wide.tasks
    few = dataclasses.replace(task, findings=task.findings[:LEAST])
    assert crowd_maps(dataclasses.replace(wide, tasks=(few,))) == ()
    assert crowd_maps(mapped) == ()
    three = dataclasses.replace(few, findings=task.findings[: LEAST // 3])
    assert task_map(dataclasses.replace(wide, tasks=(three,) * 3)) is None
    assert task_map(wide) is None


def test_what_is_drawn_is_no_row_or_column(wide):
    (task,) = wide.tasks
    drawn = [
        dataclasses.replace(
            one, settings={**one.settings, "crowd.accuracy": 0.5 + place / 100}
        )
        for place, one in enumerate(task.findings)
    ]
    some = dataclasses.replace(task, findings=tuple(drawn))
    assert crowd_maps(dataclasses.replace(wide, tasks=(some,))) == ()
    many = task_map(dataclasses.replace(wide, tasks=(some,) * 3))
    assert many.across == "crowd.shared_error"


@pytest.mark.parametrize("num", [3, 4, 5, 14])
def test_of_many_tasks_the_map_has_a_row_of_each(wide, num):
    (task,) = wide.tasks
    tasks = tuple(dataclasses.replace(task, task=f"task {n}") for n in range(num))
    # one of them without its best people
    best_only = tuple(
        one for one in task.findings if one.settings.get("crowd.accuracy") != 1.0
    )
    tasks = (*tasks[:-1], dataclasses.replace(tasks[-1], findings=best_only))
    result = dataclasses.replace(wide, tasks=tasks)
    found = task_map(result)
    assert found.across == "crowd.accuracy"
    assert found.columns == (0.5, 0.7, 0.8, 0.9, 1.0)
    for row, one in zip(found.cells, tasks, strict=True):
        leader = best(one.with_people)
        shared = leader.settings["crowd.shared_error"]
        for value, cell in zip(found.columns, row, strict=True):
            if cell is None:
                assert (value, one) == (1.0, tasks[-1])
                continue
            assert cell.settings["crowd.accuracy"] == value
            assert cell.settings["crowd.shared_error"] == shared
    screen = first_screen(result)
    assert len(screen.table.rows) <= MOST_ROWS
    assert screen.table.headings[-1] == "E* people"
    first, *_ = screen.table.rows
    assert str(first[1]).endswith(" costs")
    assert str(first[-2]).endswith(" saves")
    assert len(screen.behind) == len(screen.table.rows)
    out = io.StringIO()
    render_first_screen(result, Console(file=out, width=100), tell(result))
    lines = [line.rstrip() for line in out.getvalue().splitlines()]
    assert len(lines) <= 33
    assert max(map(len, lines)) <= 100


def test_populations_stand_in_the_order_of_their_skill(synthetic, analysed):
    ratios = {"typical": 0.9, "perfect": 1.0, "spammer": 3.0}
    arms = [
        synthetic.relevance(ratio, name, settings={"crowd.shared_error": 0.1 * place})
        for name, ratio in ratios.items()
        for place in range(3)
    ]
    result = analysed([*arms, synthetic.NULL], sd=0.05)
    (task,) = result.tasks
    result = dataclasses.replace(result, tasks=(task,) * 3)
    found = task_map(result)
    assert found.columns == ("perfect", "typical", "spammer")
    assert first_screen(result).table.headings[1:4] == (
        "perfect",
        "typical",
        "guessing",
    )


@pytest.mark.parametrize("num", [1, 2])
def test_a_map_takes_the_place_of_rows_on_one_screen(wide, num):
    (task,) = wide.tasks
    tasks = tuple(dataclasses.replace(task, task=f"task {n}") for n in range(num))
    result = dataclasses.replace(wide, tasks=tasks)
    found = first_screen(result)
    assert len(found.table.rows) <= MOST_ROWS
    assert len(found.table.headings) <= 1 + MOST_COLUMNS
    assert found.table.headings[1:] == ("0", "0.3", "0.6")
    named = {str(row[0]): list(map(str, row[1:])) for row in found.table.rows}
    assert named["relevance, accuracy 0.5"][0].endswith(" costs")
    assert named["relevance, accuracy 1"][0].endswith(" saves")
    out = io.StringIO()
    words = tell(result)
    render_first_screen(result, Console(file=out, width=100), words)
    lines = [line.rstrip() for line in out.getvalue().splitlines()]
    assert len(lines) <= 33
    assert max(map(len, lines)) <= 100
    assert "costs where the whole 95 % interval" in " ".join(lines)


def test_the_page_colours_the_cells_and_says_what_is_behind_them(wide):
    verdicts = weigh(wide)
    page = render_page(
        wide,
        {},
        rerun_command="x",
        title="x",
        verdicts=verdicts,
        words=tell(wide, verdicts),
    )
    head = page[: page.index('class="figures"')]
    assert head.count('<td class="saves" data-n=') >= 3
    assert head.count('<td class="costs" data-n=') >= 3
