"""What rules save at equal accuracy, and the page of more people, in a quick form."""

import math
from dataclasses import replace

import numpy as np
import pytest
import workforce
from scipy.stats import binom

from hitl_sim.workforce import Lead, Posterior

ITEMS = 2_000


@pytest.mark.parametrize("number", range(3))
def test_people_who_err_alone_save_what_the_closed_form_says(number):
    found = workforce.what_is_saved(number, 0.0, ITEMS)
    exact = workforce.exact_saving(found.rule)
    assert exact > 0.4
    # a t of 19 degrees of freedom is beyond twice this half-width once in 2,000
    assert found.saving == pytest.approx(exact, abs=2 * found.half)
    assert found.half < 0.1


def test_the_closed_form_is_held_against_the_binomial_by_hand():
    # a lead of 2 at .8 is right with odds 16 to 1, after 2/.6 * .6/.68 answers
    assert workforce.closed_form(2) == pytest.approx((50 / 17, 16 / 17))
    three, five = (binom.sf(k // 2, k, 0.8) for k in (3, 5))
    fixed = 3 + 2 * (16 / 17 - three) / (five - three)
    assert workforce.exact_saving(Lead(2)) == pytest.approx(1 - 50 / 17 / fixed)
    assert workforce.lead_of(Posterior(0.99, 0.8)) == 4


@pytest.mark.parametrize("shared_error", [0.5, 0.75])
def test_people_who_err_together_have_a_ceiling_and_claim_too_much(shared_error):
    lots = workforce.label(shared_error, ITEMS)
    rights = lots.fixed.mean(axis=1)
    # ten answers more add less than chance does
    error = math.sqrt(0.25 / ITEMS / workforce.LOTS)
    assert rights[-1] - rights[-6] < 4 * error
    assert rights[-1] < 0.9
    sure = workforce.what_is_saved(2, shared_error, ITEMS)
    assert sure.claimed > 0.99 > sure.right + 0.08
    alone = workforce.label(0.0, ITEMS).fixed.mean(axis=1)
    assert alone[-1] > 0.999


def test_a_saving_has_a_sign_and_may_be_of_nothing():
    fixed = np.array([0.8, 0.85, 0.84, *([0.86] * (len(workforce.FIXED) - 3))])
    assert workforce.saving_of(2.0, 0.85, fixed) == pytest.approx(1 / 3)
    assert workforce.saving_of(6.0, 0.85, fixed) == pytest.approx(-1.0)
    assert math.isnan(workforce.saving_of(6.0, 0.87, fixed))
    nothing = workforce.Saved(Lead(2), 0.0, 3.0, 0.9, 0.9, math.nan, math.nan)
    assert workforce.told_saving(nothing) == "no fixed number is as right"
    worse = workforce.Saved(Lead(2), 0.0, 3.0, 0.9, 0.9, -0.25, 0.01)
    assert workforce.told_saving(worse) == "-25.0% ± 1.0%"


def test_the_page_and_its_picture_in_a_quick_form(monkeypatch):
    size = workforce.Size(runs=2, items=200, teams=(10, 3_000))
    short = replace(workforce.base(), items=4_000)
    monkeypatch.setattr(workforce, "base", lambda: short)
    found = workforce.simulate(size)
    few, many = found.turnover[30.0]
    assert many.ends_s[1] < few.ends_s[1]
    assert workforce.onboarding_share(many) > 0.9 > workforce.onboarding_share(few)
    assert many.mean_cost_usd > 3 * few.mean_cost_usd
    desk, held = workforce.megajoules(few)
    assert desk == pytest.approx(workforce.hours(few) * 0.36)
    assert held == pytest.approx(float(np.mean(few.end_s)) * 70e-6)
    text = workforce.page(found)
    for words in ("**Date.**", "**Waiting.**", "no number of answers lifts accuracy"):
        assert words in text
    rows = [line for line in text.splitlines() if line.startswith("| half")]
    assert len(rows) == 4
    assert workforce.draw(found).startswith(b"\x89PNG")


def test_more_people_help_until_twice_as_many_save_little():
    def plans(ends):
        found = workforce.run_plan(3_000, None, workforce.rules_of_file()[0], 1)
        return [
            replace(
                found,
                plan=workforce.Plan(team, found.plan.policy),
                end_s=np.array([float(end)]),
            )
            for team, end in zip((10, 20, 80), ends, strict=True)
        ]

    assert workforce.stops_helping(plans((100, 50, 49))) == 20
    assert workforce.stops_helping(plans((100, 96, 10))) == 10
    assert workforce.stops_helping(plans((100, 50, 25))) == 80
