"""What a terminal says of E* beside a described training."""

import io
import math

import pytest
from rich.console import Console

from hitl_sim.analysis.chance.crossing import Payback
from hitl_sim.analysis.chance.estimate import Estimate, infinite, unknown
from hitl_sim.analysis.condition.projection import Projection
from hitl_sim.analysis.condition.training_size import TrainingSize
from hitl_sim.energy import Kind, Scope, exact, unavailable
from hitl_sim.report.terminal.workload import print_projection
from hitl_sim.unit import J_PER_KWH


def joules(amount):
    return exact(amount, "J", Kind.MODELLED_ANALYTIC, Scope.SEVERAL, "E*")


def printed(found, payback, control_j=J_PER_KWH, trainings=1):
    none = joules(1.0)
    size = TrainingSize(
        "the control", trainings, none, none, found, control_j, payback, False
    )
    onto = joules(1e3 * J_PER_KWH)
    file = io.StringIO()
    print_projection(
        Console(file=file, width=200),
        [Projection("digits", "relevance", size, onto, 0.0, 2.0)],
        "BERT",
    )
    return " ".join(file.getvalue().split())


OPEN = unavailable("J", Scope.SEVERAL, "the saving cannot be told from none")


@pytest.mark.parametrize(
    ("found", "payback", "expected"),
    [
        (
            Estimate(joules(2 * J_PER_KWH), J_PER_KWH, 3 * J_PER_KWH),
            Payback.FROM,
            "2.00 h 2.00 kWh [1.00 kWh to 3.00 kWh] yes",
        ),
        (
            Estimate(joules(2 * J_PER_KWH), J_PER_KWH, 3 * J_PER_KWH),
            Payback.UP_TO,
            "2.00 h up to 2.00 kWh [1.00 kWh to 3.00 kWh] no",
        ),
        (
            infinite("J", Scope.SEVERAL, "none", math.inf),
            Payback.NEVER,
            "2.00 h never no",
        ),
        (
            Estimate(OPEN, J_PER_KWH, math.inf),
            Payback.FROM,
            "2.00 h perhaps never, else above 1.00 kWh cannot be told",
        ),
        (
            Estimate(OPEN, 0.0, math.inf),
            Payback.FROM,
            "2.00 h perhaps never cannot be told",
        ),
        (Estimate(joules(-1.0), 0.0, 0.0), Payback.ALWAYS, "2.00 h any size yes"),
        (
            Estimate(joules(-1.0), 0.0, J_PER_KWH),
            Payback.ALWAYS,
            "2.00 h any size, perhaps from 1.00 kWh on yes",
        ),
    ],
)
def test_e_star_is_told_with_its_side_and_its_ends(found, payback, expected):
    text = printed(found, payback)
    assert f"relevance the control 0 {expected}" in text
    assert "that is 1,000 times this study's control, 3.0 powers of ten away" in text
    assert "trainings share" not in text


def test_a_control_without_success_leaves_the_distance_unknown():
    text = printed(unknown(OPEN), Payback.UNKNOWN, control_j=math.nan)
    assert "how far that is from this study's control is unknown" in text
    assert "relevance the control 0 2.00 h unknown unknown" in text


def test_trainings_that_share_are_among_what_is_assumed():
    found = infinite("J", Scope.SEVERAL, "none", math.inf)
    text = printed(found, Payback.NEVER, trainings=12)
    assert "- 12 trainings share what people said" in text


def test_a_study_that_asked_nobody_says_so():
    file = io.StringIO()
    print_projection(Console(file=file, width=200), [], "BERT")
    assert file.getvalue().startswith("Nobody was asked in this study")
