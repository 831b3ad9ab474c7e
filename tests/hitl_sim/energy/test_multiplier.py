import pytest

from hitl_sim.energy import Kind, Scope, exact
from hitl_sim.energy.multiplier import (
    approximate_energy,
    frontier_saving,
    multiplier_saving,
)
from hitl_sim.learn.arithmetic import error_figures, multiplier_names


@pytest.fixture
def joules():
    return exact(2.0, "J", Kind.MODELLED_ANALYTIC, Scope.CHIP, "test")


@pytest.mark.parametrize("name", multiplier_names())
def test_every_design_has_a_sourced_hypothetical_saving(name):
    saving = multiplier_saving(name)
    assert saving.kind is Kind.HYPOTHETICAL
    assert 0.0 <= saving.interval[0] <= saving.value <= saving.interval[1] < 1.0


@pytest.mark.parametrize("name", multiplier_names())
def test_no_design_saves_more_than_the_best_known_one_of_the_same_error(name):
    best = frontier_saving(error_figures(name).mae_frac)
    assert multiplier_saving(name).value <= best + 0.01
    assert multiplier_saving(name).interval[1] <= best + 0.02


@pytest.mark.parametrize("columns", [4, 5, 6, 7, 8])
def test_truncation_saves_the_cells_that_it_leaves_out(columns):
    cells = sum(1 for i in range(8) for j in range(8) if i + j < columns)
    assert multiplier_saving(f"truncated{columns}").value == cells / 64


def test_energy_with_an_approximate_multiplier_is_less_and_hypothetical(joules):
    saved = approximate_energy(joules, "drum4")
    assert saved.value == pytest.approx(2.0 * (1 - 0.54))
    assert saved.interval == pytest.approx((2.0 * 0.2, 2.0 * 0.8))
    assert saved.kind is Kind.HYPOTHETICAL
    with pytest.raises(ValueError, match="must be modelled"):
        saved.require("modelled")


def test_an_exact_multiplier_saves_nothing(joules):
    assert approximate_energy(joules, "exact").value == 2.0


def test_board_joules_are_refused():
    board = exact(2.0, "J", Kind.MEASURED_COUNTER, Scope.BOARD, "test")
    with pytest.raises(ValueError, match=r"must be at scope chip.*got board"):
        approximate_energy(board, "drum4")


def test_the_frontier_falls_between_its_designs():
    assert frontier_saving(0.0) == 0.0
    assert frontier_saving(0.001812) == pytest.approx(1 - 0.206 / 0.391)
    assert 1 - 0.311 / 0.391 < frontier_saving(0.0008) < 1 - 0.206 / 0.391


def test_an_unknown_design_is_refused():
    with pytest.raises(ValueError, match="`multiplier` must be one of 'exact'"):
        multiplier_saving("booth")
