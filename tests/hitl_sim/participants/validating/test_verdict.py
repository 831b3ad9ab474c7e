"""What is said of a validation, and how it is drawn, without fitting anybody."""

import numpy as np
import pytest

from hitl_sim.participants.describing.statistic import PLAIN, RATE, Statistic
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
    return Validation("a|b", None, 40, 100, 900, [], check(0.3), check(0.0))


def test_verdicts_are_counted_with_and_without_power(found):
    assert found.file.count() == {"equivalent": 1, "different": 1, "cannot tell": 1}
    powered = {"equivalent": 2, "different": 0, "cannot tell": 0}
    assert found.like_fitted.count(is_powered=True) == powered
    weak = {"equivalent": 0, "different": 0, "cannot tell": 1}
    assert found.like_fitted.count(is_powered=False) == weak


def test_the_file_of_studies_is_told_first_and_both_are_told(found):
    said = verdict(found)
    assert said[0].startswith("People of the population file: 1 of 3 statistics")
    assert "lie within margins fixed beforehand, 1 outside; for 1 it" in said[0]
    assert "So many people can settle 2: 1 within, 1 outside." in said[0]
    assert any(one.startswith("People each like one who was fitted") for one in said)
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
