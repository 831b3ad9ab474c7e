from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hitl_sim.energy import Kind, Scope, count_operations, exact
from hitl_sim.energy.memory import load_technology, products_in, split_energy
from hitl_sim.energy.multiplier import (
    approximate_energy,
    multiplier_saving,
    with_multiplier,
)
from hitl_sim.energy.shipped import read_shipped
from hitl_sim.learn.arithmetic import (
    MULTIPLIERS,
    approximate_product,
    find_multiplier,
    int8_product,
)

SHAPES = (
    jax.ShapeDtypeStruct((32, 64), jnp.float32),
    jax.ShapeDtypeStruct((64, 48), jnp.float32),
)


def split(apply):
    return split_energy(
        count_operations(apply, *SHAPES),
        products_in(jax.make_jaxpr(apply)(*SHAPES)),
        load_technology("cmos-45nm"),
    )


@pytest.fixture
def joules():
    return exact(2.0, "J", Kind.MODELLED_ANALYTIC, Scope.CHIP, "test")


@pytest.mark.parametrize("name", MULTIPLIERS)
def test_every_design_has_a_sourced_hypothetical_saving(name):
    saving = multiplier_saving(name)
    assert saving.kind is Kind.HYPOTHETICAL
    assert 0.0 <= saving.interval[0] <= saving.value <= saving.interval[1] < 1.0


def frontier_saving(mae_frac):
    """Read the power of the best design off a straight line over log error."""
    frontier = read_shipped("multipliers.toml", dict)["frontier"]
    if mae_frac < frontier["mae_frac"][0]:
        return 0.0
    errors = np.log(frontier["mae_frac"])
    power = np.interp(np.log(mae_frac), errors, frontier["power_mw"])
    return 1.0 - power / frontier["exact_mw"]


@pytest.mark.parametrize("name", MULTIPLIERS)
def test_no_design_saves_more_than_the_best_known_one_of_the_same_error(name):
    value = np.arange(256)
    products = find_multiplier(name)(value[:, None], value[None])
    error = np.abs(products - value[:, None] * value[None]).mean() / (2**16 - 1)
    best = frontier_saving(error)
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


def test_an_unknown_design_is_refused():
    with pytest.raises(ValueError, match="`multiplier` must be one of 'exact'"):
        multiplier_saving("booth")


def test_an_int8_product_is_counted_in_int8_through_its_gradient_rule():
    energy = split(int8_product)
    number = 32 * 64 * 48
    assert energy.num_operations["int8 multiply"] == number
    assert energy.num_operations["int32 add"] >= number
    assert energy.compute.value < 0.25 * split(jnp.matmul).compute.value


def test_only_the_multiplications_of_a_step_get_cheaper_and_become_hypothetical():
    before = split(int8_product)
    after = with_multiplier(before, "drum4")
    saved = before.whole.value - after.whole.value
    assert saved == pytest.approx(0.54 * before.operations["int8 multiply"].value)
    assert after.memory.value == before.memory.value
    assert after.whole.kind is Kind.HYPOTHETICAL
    assert before.whole.kind is not Kind.HYPOTHETICAL


def test_here_an_approximate_product_takes_more_than_an_exact_one():
    # there is no such multiplier in this machine: each product is fetched from a table
    table = count_operations(partial(approximate_product, multiplier="drum4"), *SHAPES)
    exactly = count_operations(int8_product, *SHAPES)
    assert table.bytes_moved > 10 * exactly.bytes_moved


def test_a_program_without_int8_products_has_nothing_to_replace():
    with pytest.raises(ValueError, match="`split` must hold 'int8 multiply'"):
        with_multiplier(split(jnp.matmul), "drum4")
