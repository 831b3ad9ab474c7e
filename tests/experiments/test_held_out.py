"""The pages about people left out: what they say, and what they survive."""

import sys

import held_out
import numpy as np
import pytest
import sim_to_real
import ten_people
from held_out_page import Part, of_grades, write_page
from pilot import Pilot
from recorded import RecordedSet

from hitl_sim.participants.describing.redundancy import CurvePoint
from hitl_sim.participants.validating.policy import Judgement, Transfer, judge
from hitl_sim.participants.validating.predict import Gain, Grades

PLAYS = np.array([[0.6, 0.7, 0.8], [0.62, 0.7, 0.78]])


def make_record() -> RecordedSet:
    """Twenty people have answered sixty items."""
    person, item = np.divmod(np.arange(1200), 60)
    zeros = np.zeros(60, int)
    return RecordedSet(
        name="made up",
        num_options=2,
        person=person,
        item=item,
        occasion=0 * person,
        answer=0 * person,
        half=0 * person,
        truth=zeros,
        level=zeros,
        size=zeros + 1.0,
        split="none",
    )


def moved(real, simulated) -> Transfer:
    """Return what three policies are worth."""
    found = judge(real.mean(axis=0), simulated.mean(axis=0))._replace(rank=1.0, gap=0.0)
    none = Judgement(0.0, 0.0, 0.0)
    return Transfer(("a", "b", "c"), real, simulated, found, none, none, 0.5)


def run(monkeypatch, tmp_path, find, *more):
    """Run the experiment with a made-up way to find things; return its page."""
    page = tmp_path / "page.md"
    monkeypatch.setattr(held_out, "find", find)
    told = ["held_out.py", "--data", str(tmp_path), "--out", str(page), *more]
    monkeypatch.setattr(sys, "argv", told)
    held_out.main()
    return page.read_text()


def test_a_set_that_fails_is_named_and_the_others_go_on(monkeypatch, tmp_path):
    def find(data, name, seed, figures):
        if name == "rte_snow":
            raise FloatingPointError("no number")
        return Part(name=name, said=["It went well."])

    with pytest.raises(SystemExit, match="1 of 2 sets failed: rte_snow: "):
        run(monkeypatch, tmp_path, find, "--sets", "rte_snow", "bluebirds")
    assert "It went well." in (tmp_path / "page.md").read_text()


def test_what_was_found_before_an_interruption_is_not_computed_again(
    monkeypatch, tmp_path
):
    asked = []

    def find(data, name, seed, figures):
        asked.append(name)
        return Part(name=name, said=[f"{name} is told."], labels=[[name, "cells"]])

    kept = ("--parts", str(tmp_path / "parts"), "--sets")
    run(monkeypatch, tmp_path, find, *kept, "rte_snow")
    page = run(monkeypatch, tmp_path, find, *kept, "rte_snow", "bluebirds")
    assert asked == ["rte_snow", "bluebirds"]
    assert "rte_snow is told." in page
    assert "bluebirds is told." in page
    run(monkeypatch, tmp_path, find, "--seed", "1", *kept, "rte_snow")
    assert asked[-1] == "rte_snow"


def test_an_absent_set_is_skipped_with_the_reason(tmp_path):
    part = held_out.find(tmp_path, "rte_snow", 0, None)
    assert part.refused == "skipped, answers.csv.gz absent."


def test_a_loss_is_shown_as_a_loss(tmp_path):
    gains = [
        Gain("cells", "pooled answers", -1.0, -1.2, 0.1, 0.3),
        Gain("cells", "Bradley-Terry", -1.0, -0.9, -0.15, -0.05),
    ]
    found = Grades("x", "preference", 5, 5, 50, gains)
    write_page(tmp_path / "page.md", [of_grades("mine", found)], 0, ["mine"])
    page = (tmp_path / "page.md").read_text()
    assert "| mine | cells | +0.200 (+0.100 to +0.300) gain | -0.100 " in page
    assert "Of 2 comparisons of ratings, marks and preferences: 1 gain" in page
    assert "1 loss" in page


def test_regret_is_the_mean_over_cuts_with_an_interval():
    good, bad = moved(PLAYS, PLAYS), moved(PLAYS, PLAYS[:, ::-1])
    row = sim_to_real.summarise("mine", [good, bad])
    # one cut chooses well, the other loses .18: cuts are resampled
    assert row.startswith("| mine | 3 | 0.090 (0.000 to 0.")
    cells = row.split(" | ")
    assert cells[3] == "0.090"  # the mean policy lies .09 below the best
    assert float(cells[2].split(" to ")[1].rstrip(")")) > 0.15


def test_every_cut_is_told_with_what_it_chose():
    lines = sim_to_real.list_cuts("mine", [moved(PLAYS, PLAYS[:, ::-1])] * 2)
    assert "| 1 | a | c | 0.180 |" in lines
    assert "| a | 0.610 | 0.790 |" in lines


def test_policies_are_those_that_every_cut_allows(monkeypatch):
    tried = []

    def play(record, halves, features, seed, depth):
        tried.append(depth)
        return moved(PLAYS, PLAYS)

    monkeypatch.setattr(sim_to_real, "_play_cut", play)
    depths = iter([5, 3, 4])
    monkeypatch.setattr(sim_to_real, "find_depth", lambda held: next(depths))
    sim_to_real.play_cuts(make_record(), np.zeros((60, 2)), 3)
    assert tried == [3, 3, 3]


def test_pilots_whose_items_have_unlike_answers_are_told_together(tmp_path):
    def point(method, size, real):
        return CurvePoint(method, size, real, 0.8, 0.75, 0.85)

    one = Pilot(10, 100, 30, [point("majority", 1, 0.8), point("dawid_skene", 1, 0.8)])
    two = Pilot(10, 100, 30, [point("majority", 1, 0.9), point("majority", 3, 0.9)])
    rows = ten_people.tell_pilots("mine", [one, two])
    assert [row.split(" | ")[2:4] for row in rows] == [
        ["majority", "1"],
        ["majority", "3"],
        ["dawid-skene", "1"],
    ]
    assert rows[0].endswith("| 0.050 | 1 of 2 |")
    ten_people.write_page(tmp_path / "page.md", 2, rows, [*one.curve, *two.curve])
    page = (tmp_path / "page.md").read_text()
    assert "Of 4 points of curves 2 (50%)" in page
    assert "the interval is too narrow" in page
