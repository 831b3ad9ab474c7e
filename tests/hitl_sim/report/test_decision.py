import math
import re

import pytest

from hitl_sim.analysis.chance.crossing import Crossing, Payback
from hitl_sim.analysis.chance.fieller import RatioSet, Shape
from hitl_sim.analysis.chance.interval import Bounded
from hitl_sim.analysis.decision.decide import BreakEvenAlong
from hitl_sim.analysis.decision.sensitivity import weigh
from hitl_sim.report.decision import (
    crossing_text,
    per_hour_text,
    tell_decision,
)
from hitl_sim.report.number import share_text
from hitl_sim.report.task_table import (
    even_table,
    frontier_table,
    sure_table,
    worth_table,
)


@pytest.fixture(scope="module")
def told(verdict):
    return tell_decision(verdict, "workstation")


def along(course, roots=(), region=(), brackets=()):
    crossing = Crossing(0.0, 100.0, course, roots, brackets, region)
    return BreakEvenAlong("wage", "USD/h", "usd", 1.0, "relevance", crossing)


def test_how_surely_people_pay_is_told_first(told):
    assert told[0].startswith("How surely")
    assert "0 % at most in energy" in told[0]


def test_joules_per_human_hour_are_told_with_their_set(told):
    (sentence,) = [text for text in told if text.startswith("Per hour")]
    assert "95 % Fieller set" in sentence


def test_never_in_this_range_is_told_with_the_range(told):
    assert any("wage: never from 0.00 to 100 USD/h" in text for text in told)


def test_no_price_is_told_at_the_scale_that_it_defined(told):
    (sentence,) = [text for text in told if text.startswith("Break-even prices")]
    assert "with training" not in sentence
    assert "15.0" not in sentence


def test_the_quality_from_which_people_save_training_is_told(told):
    (sentence,) = [text for text in told if text.startswith("People save training")]
    assert "by accuracy of an answer: from 0.7" in sentence


def test_another_boundary_of_an_hour_that_flips_a_conclusion_is_told(
    synthetic, analysed
):
    # nobody is waited for, so that without people's own energy nothing is left to pay
    (found,) = weigh(analysed([synthetic.relevance(0.5, wait_s=0.0)], sd=0.05))
    (sentence,) = [
        text
        for text in tell_decision(found, "workstation")
        if text.startswith("An hour of a person")
    ]
    assert "with device only people would pay: relevance, typical in energy" in sentence


def test_a_boundary_that_changes_nothing_is_told_as_such(told):
    (sentence,) = [text for text in told if text.startswith("An hour of a person")]
    assert "no conclusion would differ" in sentence


def test_what_is_worth_knowing_is_told_with_its_error(told):
    assert "expected value of perfect information (EVPI) is" in told[-1]
    assert "largest for accuracy of an answer, which real participants" in told[-1]
    assert "± " in told[-1]
    assert "At the study's own scale of training EVPI is 0 USD." in told[-1]


def test_what_the_variance_is_made_of_is_told_with_intervals(told):
    (sentence,) = [text for text in told if text.startswith("Of the variance")]
    shares = re.findall(r"([\d.]+) % \[([\d.]+), ([\d.]+)\]", sentence)
    assert 2 <= len(shares) <= 3
    # each is written to a percent or better
    assert sum(float(share[0]) for share in shares) == pytest.approx(100.0, abs=1.6)
    assert "their interaction" in sentence


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (Bounded(0.1608, 0.102, 0.249), "16 % [10, 25]"),
        (Bounded(0.0321, 0.0, 0.2), "3.2 % [0.0, 20]"),
        (Bounded(1e-6, 0.0, 1e-5), "under 0.1 %"),
        (Bounded(math.nan, 0.0, 1.0), "unknown"),
    ],
)
def test_a_share_is_never_written_without_its_interval(share, text):
    assert share_text(share) == text


def test_a_parameter_that_is_not_valued_is_named_with_the_reason(synthetic, analysed):
    arms = [
        synthetic.relevance(0.5, settings={"crowd.shared_error": shared})
        for shared in (0.0, 0.5)
    ]
    (found,) = weigh(analysed(arms, sd=0.3, seed=4))
    text = tell_decision(found, "workstation")[-1]
    assert "Not valued: shared error of relevance" in text
    assert "its effect cannot be told from Monte-Carlo error" in text


def test_a_study_that_asks_nobody_has_no_decision_about_people(analysed):
    (alone,) = weigh(analysed())
    assert tell_decision(alone, "workstation") == ()


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (
            RatioSet(2.0, 1.0, 3.0, Shape.INTERVAL),
            "2.00 J (95 % Fieller set: 1.00",
        ),
        (RatioSet(2.0, -1.0, 1.0, Shape.GAP), "all but -1.00 J to 1.00 J"),
        (RatioSet(2.0, -math.inf, math.inf, Shape.LINE), "any number"),
        (RatioSet(math.nan, -math.inf, math.inf, Shape.LINE), "an unknown amount"),
    ],
)
def test_a_ratio_is_never_written_without_its_set(found, text):
    assert text in per_hour_text(found)


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (along(Payback.NEVER), "never from 0.00 to 100 USD/h"),
        (along(Payback.NEVER, region=((90.0, 100.0),)), "though chance may hide it"),
        (along(Payback.ALWAYS), "at any from 0.00 to 100 USD/h"),
        (along(Payback.UNKNOWN), "unknown"),
        (
            along(Payback.UP_TO, (15.0,), ((10.0, 20.0),), ((0.0, 100.0),)),
            "up to 15.0 USD/h [10.0 to 20.0]",
        ),
        (
            along(Payback.FROM, (15.0,), ((10.0, 100.0),), ((0.0, 100.0),)),
            "from 15.0 USD/h [10.0 to 100 and beyond]",
        ),
        (
            along(Payback.UP_TO, (math.nan,), ((10.0, 20.0),), ((10.0, 20.0),)),
            "up to somewhere from 10.0 to 20.0 USD/h",
        ),
    ],
)
def test_a_break_even_is_written_with_its_side_and_set(found, text):
    assert text in crossing_text(found)


def test_every_condition_has_its_chance_to_pay(verdict):
    rows = sure_table(verdict.decision).rows
    assert len(rows) == 3
    assert all(row[1] == "0 %" for row in rows)
    assert all("Fieller" in row[4] for row in rows)


def test_every_break_even_that_was_solved_is_listed(verdict):
    rows = even_table(verdict.decision).rows
    assert len(rows) == len(verdict.decision.break_evens)
    assert {row[1] for row in rows} == {"training", "energy", "money", "carbon"}


def test_the_frontier_is_listed_with_its_objectives(verdict):
    found = frontier_table(verdict.decision)
    headings, rows = found.headings, found.rows
    assert headings[1:6] == verdict.decision.frontier.objectives
    assert rows[0][0] == "control"
    assert rows[0][-2] == "yes"


def test_inputs_are_listed_by_what_knowing_them_is_worth(verdict):
    rows = worth_table(verdict.sensitivity).rows
    assert rows[0][0] == verdict.sensitivity.worths[0].words
    assert "±" in rows[0][1]
    assert ("accuracy of an answer", "real participants") in {
        (row[0], row[-1]) for row in rows
    }


def test_many_settings_are_counted_by_where_they_turn(synthetic, analysed):
    arms = [
        synthetic.relevance(
            ratio * factor,
            settings={"crowd.accuracy": accuracy, "crowd.seconds": seconds},
        )
        for accuracy, ratio in ((1.0, 0.5), (0.8, 0.8), (0.6, 1.4))
        for seconds, factor in (
            (1.0, 1.0),
            (2.0, 1.05),
            (4.0, 1.1),
            (8.0, 0.5),
            (9.0, 3.0),
        )
    ]
    (found,) = weigh(analysed(arms, sd=0.05))
    (sentence,) = [
        text
        for text in tell_decision(found, "workstation")
        if "by accuracy of an answer" in text
    ]
    assert "of 5 settings of everything else" in sentence
    assert "from a value on in 3 (turning at 0.7" in sentence
    assert "at every value in 1" in sentence
    assert "at no value in 1" in sentence
