"""The answer in one look: what stands on it, and that it stays one screen."""

import dataclasses
import functools
import io
import math
import re

import pytest
import rich.console
from rich.console import Console

from hitl_sim.analysis.chance.estimate import Estimate
from hitl_sim.analysis.condition.finding import best
from hitl_sim.energy.quantity import unavailable
from hitl_sim.report.first_screen import (
    MOST_ROWS,
    crowds_of,
    effect_of,
    first_screen,
    name_of,
)
from hitl_sim.report.terminal.answer import first_screen_text, render_first_screen
from hitl_sim.report.words import tell


def shown(result, verdicts=()):
    out = io.StringIO()
    console = Console(file=out, width=100)
    render_first_screen(result, console, tell(result, verdicts), verdicts)
    return [line.rstrip() for line in out.getvalue().splitlines()]


@pytest.fixture(scope="module")
def many(synthetic, analysed):
    """Return a function that makes a study of one task per rho of its arm."""

    @functools.cache
    def one(ratio):
        arms = [
            synthetic.relevance(ratio * (1.0 + 0.3 * place), crowd)
            for place, crowd in enumerate(("perfect", "typical", "spammer"))
        ]
        arms += [
            synthetic.NULL,
            synthetic.Arm("random_half", ratio=1.3, kind="random_share"),
        ]
        return analysed(arms, sd=0.05)

    def study(*ratios):
        whole = tuple(
            dataclasses.replace(one(ratio).tasks[0], task=f"task {number}")
            for number, ratio in enumerate(ratios)
        )
        return dataclasses.replace(one(ratios[0]), tasks=whole)

    return study


def test_a_crowd_of_ones_own_is_told_between_the_named_ones(synthetic, analysed):
    arms = [
        synthetic.relevance(ratio, crowd)
        for crowd, ratio in (("perfect", 0.7), ("ours.toml", 0.8), ("spammer", 2.0))
    ]
    (task,) = analysed([*arms, synthetic.NULL], sd=0.05).tasks
    names = [crowd.name for crowd in crowds_of(task)]
    assert names == ["perfect", "ours.toml", "guessing"]
    assert crowds_of(task)[1].who == "the people of ours.toml"


def test_in_a_notebook_the_text_is_returned_and_not_shown(
    crowded, weighed, monkeypatch
):
    plain = shown(crowded, weighed)
    monkeypatch.setattr(rich.console, "_is_jupyter", lambda: True)
    text = first_screen_text(crowded, tell(crowded, weighed), weighed)
    assert text.splitlines() == plain


def test_a_task_has_a_verdict_with_three_crowds(crowded, weighed):
    found = first_screen(crowded, weighed)
    (told,) = found.verdicts
    assert re.search(
        r"relevance saves 38 % \[\d+, \d+\] of the control's training energy with perf",
        told,
    )
    assert " with typical people, takes " in told
    assert "more with guessing people" in told
    assert "(best of 9 with people; failures too rare to be seen may undo it)." in told
    assert "typical people pay back their own energy from " in told
    assert re.search(r"\(nearest published: .+, [\d.]+ k?Wh\)\.$", told)
    assert found.table.headings[1:] == ("perfect", "typical", "guessing", "E* people")
    names = [row[0] for row in found.table.rows]
    assert names[0].startswith("digits")
    assert [name.partition(":")[0] for name in names[1:]] == [
        "with people",
        "nobody asked",
        "A/A",
    ]


def test_ends_and_middle_of_what_is_swept_are_its_crowds(swept):
    (task,) = swept.tasks
    assert [(one.name, one.who) for one in crowds_of(task)] == [
        ("accuracy 1", "people at accuracy 1 (best)"),
        ("accuracy 0.8", "people at accuracy 0.8 (middle)"),
        ("accuracy 0.6", "people at accuracy 0.6 (worst)"),
    ]
    assert [effect_of(one.finding) for one in crowds_of(task)][::2] == [
        "saves",
        "costs",
    ]


def test_other_settings_of_the_crowd_stay_those_of_the_best(crowded):
    (task,) = crowded.tasks
    leader = best(task.with_people)
    for findings in (task.findings, task.findings[::-1]):
        crowds = crowds_of(dataclasses.replace(task, findings=findings))
        shared = {one.finding.settings["crowd.shared_error"] for one in crowds}
        assert shared == {leader.settings["crowd.shared_error"]}


@pytest.mark.parametrize("num", [1, 2, 3, 4, 5, 12, 30])
def test_it_is_one_screen_however_many_tasks_there_are(many, num):
    lines = shown(many(*([0.6, 1.0, 1.5] * 10)[:num]))
    # two more say where the rest is
    assert len(lines) <= 33
    assert max(map(len, lines)) <= 100


def test_many_tasks_are_counted_and_the_rest_is_told(many):
    found = first_screen(many(*[0.5] * 9, *[2.0] * 5))
    (told,) = found.verdicts
    assert told.startswith("In 9 of 14 tasks people saved training energy at best, ")
    assert "; in 5 they took more" in told
    # the same task nine times: one saving, and that of the crowd in the middle
    (saving,) = re.findall(r"at best, (\d+) %", told)
    (task,) = many(0.5).tasks
    leader = best(task.with_people)
    assert saving == f"{100 * (1 - leader.ratio.value):.0f}"
    middle = crowds_of(task)[1].finding
    own = f"{100 * (1 - middle.ratio.value):.0f}"
    assert f"Typical people saved in 9: {own} %. At the soonest, in task " in told
    assert re.search(r"typical people pay back their own energy from .*Wh on", told)
    assert len(found.table.rows) == MOST_ROWS
    assert found.table.rows[-1][0] == "and 3 more tasks"


def test_what_turns_the_answer_round_is_told(crowded, many):
    table = {"irrelevant": 0.2, "pool": 100, "source": "digits"}
    result = many(0.5, 2.0)
    one, other = result.tasks
    corrupted = dataclasses.replace(
        other,
        task=one.task,
        control=dataclasses.replace(other.control, settings={"task.irrelevant": 0.0}),
    )
    study = result.study | {"task": {one.task: table}}
    result = dataclasses.replace(result, tasks=(one, corrupted), study=study)
    assert name_of(one, result) == f"{one.task}, 20 % corrupted"
    assert name_of(one, result, is_short=True) == f"{one.task} 20%"
    told = first_screen(result).turns
    assert told.startswith("What would change it: ")
    assert "how much of the pool is corrupted (" in told
    assert "saves at 20 %, costs at 0 %" in told
    assert "neither control nor arms were tuned" in first_screen(crowded).turns


def test_arms_with_training_of_their_own_beside_an_untuned_control_are_warned_of(many):
    result = many(0.5)
    arms = [{"name": "relevance", "training": {"learning_rate": 0.1}}]
    flagged = dataclasses.replace(result, study=result.study | {"arm": arms})
    assert first_screen(result).warning == ""
    assert "The control was not tuned" in first_screen(flagged).warning
    assert any("The control was not tuned" in line for line in shown(flagged)[:4])


def test_where_nobody_is_asked_that_is_the_verdict(analysed, synthetic):
    arms = [synthetic.Arm("random_half", ratio=1.3, kind="random_share")]
    found = first_screen(analysed(arms))
    assert found.verdicts[0].endswith("nobody was asked.")
    assert "nobody was asked" in found.caution


def test_a_control_that_never_gets_there_leaves_it_open_what_people_saved(crowded):
    task = crowded.tasks[0]
    own = task.with_people[0].ratio.quantity
    none = unavailable(own.unit, own.scope, "the control never got there")
    unknown = Estimate(none, 0.0, math.inf)
    never = dataclasses.replace(
        task.control,
        joules=Estimate(task.control.joules.quantity, 0.0, math.inf, is_infinite=True),
    )
    findings = tuple(dataclasses.replace(f, ratio=unknown) for f in task.findings)
    tasks = (dataclasses.replace(task, findings=findings, control=never),)
    found = first_screen(dataclasses.replace(crowded, tasks=tasks))
    assert "no run of the control reached the target" in found.verdicts[0]
    assert "nobody" not in found.verdicts[0]
    assert "control ∞ J" in str(found.table)


def test_what_is_modelled_is_told(crowded):
    caution = first_screen(crowded).caution
    assert caution.startswith("Joules are modelled from counted work (profile laptop-c")
    assert caution.endswith("people are simulated.")
