"""What is said of a validation, and how it is drawn, without fitting anybody."""

from dataclasses import replace

import numpy as np
import pytest

from hitl_sim.participants.describing.statistic import PLAIN, RATE, Statistic
from hitl_sim.participants.fitting.model_file import NORMAL, PEOPLE
from hitl_sim.participants.validating.compare import TwoSampleTest, compare
from hitl_sim.participants.validating.validate import CrowdCheck, Validation
from hitl_sim.report.validation import draw_validation, to_markdown, verdict

REAL = {
    "accuracy": Statistic(RATE, 0.8),
    "Cohen kappa": Statistic(PLAIN, 0.4),
    "Krippendorff alpha": Statistic(PLAIN, 0.3),
    "majority of 9": Statistic(RATE, 0.9),
}
HALVES = {"accuracy": 0.05, "Cohen kappa": 0.02, "Krippendorff alpha": 0.5}


def check(gap):
    """Compare crowds whose kappa is off by some gap."""
    crowds = [
        REAL | {"Cohen kappa": Statistic(PLAIN, 0.4 + gap + luck)}
        for luck in (-0.01, 0.0, 0.01)
    ]
    none = TwoSampleTest(float("nan"), float("nan"), float("nan"), 5)
    return CrowdCheck(compare(REAL, crowds, HALVES, REAL), none, None, [])


@pytest.fixture(scope="module")
def found():
    crowds = {NORMAL: check(0.3), PEOPLE: check(0.0)}
    return Validation("a|b", None, 40, 100, 900, [], crowds)


def test_verdicts_are_counted_with_and_without_power(found):
    counts = {"equivalent": 1, "different": 1, "cannot tell": 1}
    assert found.crowds[NORMAL].count() == counts
    powered = {"equivalent": 2, "different": 0, "cannot tell": 0}
    assert found.crowds[PEOPLE].count(is_powered=True) == powered
    weak = {"equivalent": 0, "different": 0, "cannot tell": 1}
    assert found.crowds[PEOPLE].count(is_powered=False) == weak


def test_the_file_of_studies_is_told_first_and_both_are_told(found):
    said = verdict(found)
    assert said[0].startswith("People of the population file: 1 of 3 statistics")
    assert "lie within margins fixed beforehand, 1 outside; for 1 it" in said[0]
    assert "So many people can settle 2: 1 within, 1 outside." in said[0]
    assert any(one.startswith("People drawn around groups of those") for one in said)
    assert all(said)


def test_a_statistic_is_told_with_what_is_allowed_and_the_verdicts_of_both(found):
    page = "\n".join(to_markdown(found))
    (row,) = (line for line in page.splitlines() if line.startswith("| Cohen kappa"))
    cells = [cell.strip() for cell in row.split("|")[1:-1]]
    assert cells[:3] == ["Cohen kappa", "0.4", "0.3 to 0.5"]
    assert cells[3].startswith("0.7 (")
    assert (cells[4], cells[6]) == ("different", "equivalent")
    assert "too few people have it" in page
    assert "cannot tell (low power)" in page


def test_every_statistic_with_a_verdict_is_drawn(found):
    axes = draw_validation(found).axes[2]
    assert axes.get_ylabel() == "1 equivalent, 1 different, 1 cannot tell"
    drawn = [line for line in axes.lines if np.ptp(line.get_ydata()) == 0]
    assert len(drawn) == 3


def test_a_quick_look_says_what_it_leaves_out(found):
    quick = replace(found, is_quick=True)
    page, whole = ("\n".join(to_markdown(one)) for one in (quick, found))
    assert "A quick look: cells and policies are left out" in page
    assert "quick" not in whole
    assert "Policies: items have too few answers" in whole
    assert "Policies" not in page
    told = [text.get_text() for text in draw_validation(quick).axes[3].texts]
    assert told == ["left out of a quick look"]
