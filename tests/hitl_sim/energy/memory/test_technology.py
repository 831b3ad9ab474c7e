import pytest

from hitl_sim.energy import Kind, Scope
from hitl_sim.energy.memory import load_technology
from hitl_sim.energy.memory.split import Level, Technology
from hitl_sim.energy.shipped import read_shipped

NAMES = tuple(
    one["name"] for one in read_shipped("technologies.toml", dict)["technology"]
)


@pytest.mark.parametrize("name", NAMES)
def test_every_constant_has_a_source_an_interval_and_the_scope_of_its_table(name):
    technology = load_technology(name)
    quantities = [technology.byte_energy(level.name) for level in technology.level]
    quantities += [
        technology.operation_energy(dtype, kind)
        for dtype, kinds in technology.operation.items()
        for kind in kinds
    ]
    for quantity in quantities:
        assert quantity.interval[0] < quantity.value < quantity.interval[1]
        assert quantity.scope is Scope(technology.scope)
        assert len(quantity.source) > 40
        assert quantity.value < 1e-9


def test_an_int8_multiplication_takes_an_eighteenth_of_a_float32_one():
    chip = load_technology("cmos-45nm")
    ratio = chip.operation_energy("float32", "multiply").over(
        chip.operation_energy("int8", "multiply"), unit="1"
    )
    assert ratio.value == pytest.approx(18.5)


def test_a_byte_costs_more_the_further_out_it_lies():
    for name in NAMES:
        values = [level.value for level in load_technology(name).level]
        assert values == sorted(values)


def test_chip_and_board_joules_of_a_byte_do_not_add():
    chip, board = map(load_technology, ("cmos-45nm", "board-path"))
    with pytest.raises(ValueError, match="`scope` must be disjoint"):
        chip.byte_energy("dram") + board.byte_energy("dram")


def test_what_nobody_published_is_unavailable_and_never_zero():
    energy = load_technology("board-path").operation_energy("float32", "multiply")
    assert energy.kind is Kind.UNAVAILABLE
    assert "float32 multiply in board-path" in energy.reason


def test_an_unknown_level_or_technology_is_refused():
    with pytest.raises(ValueError, match="`level` must be one of 'register', 'l1'"):
        load_technology("cmos-45nm").byte_energy("l3")
    with pytest.raises(ValueError, match="`technology` must be one of 'cmos-45nm'"):
        load_technology("cmos-7nm")


@pytest.mark.parametrize("capacities", [(4, 2, None), (4, None, None), (2, 4, 8)])
def test_levels_out_of_order_are_refused(capacities):
    levels = tuple(
        Level(
            value=1.0,
            low=1.0,
            high=1.0,
            kind="assumed",
            source="test",
            name=str(place),
            capacity_b=capacity,
        )
        for place, capacity in enumerate(capacities)
    )
    with pytest.raises(ValueError, match="`capacity_b` must rise"):
        Technology("t", "test", "chip", 2026, {}, levels)
