import itertools

import pytest

from hitl_sim.energy.memory import (
    Extent,
    Product,
    Tiling,
    count_moved,
    fit_tiling,
    load_technology,
)
from hitl_sim.energy.memory.reuse import count_bytes
from hitl_sim.energy.memory.split import fit_tilings


def walk_levels(size, tilings, begun, b, counts):
    """Run the loops of every level in plain Python, one real tile at a time."""
    *inner, (name, tiling) = tilings
    moved = count_moved(Extent(*size), tiling, is_begun=begun)
    counts[name] = counts.get(name, 0) + b * sum(moved)
    if not inner:
        return
    steps = [range(0, whole, t) for whole, t in zip(size, tiling.tile, strict=True)]
    for start in itertools.product(*steps):
        tile = [
            min(t, whole - at)
            for t, whole, at in zip(tiling.tile, size, start, strict=True)
        ]
        walk_levels(tile, inner, begun or start[2] > 0, b, counts)


@pytest.mark.parametrize("size", [(8, 8, 8), (7, 11, 13), (1, 10, 6)], ids=str)
def test_bytes_by_level_equal_those_of_walking_all_loops(size):
    tilings = {
        "register": Tiling(Extent(2, 2, 1), ("m", "n", "k")),
        "l1": Tiling(Extent(4, 3, 5), ("k", "m", "n")),
        "l2": Tiling(Extent(5, 8, 6), ("n", "m", "k")),
    }
    counted = count_bytes(Product(Extent(*size)), tilings)
    # what is fetched into a level is moved at the next one out
    expected = {}
    sources = ["l1", "l2", "dram"]
    walk_levels(
        size, list(zip(sources, tilings.values(), strict=True)), False, 4, expected
    )
    assert {level: counted[level] for level in sources} == expected


def test_every_multiply_add_reads_two_operands_and_reads_and_writes_a_sum():
    product = Product(Extent(3, 4, 5), operand_b=1, sum_b=4, dtype="int8")
    counted = count_bytes(product, {"register": Tiling(Extent(3, 4, 5))})
    assert counted == {"register": 60 * (2 * 1 + 2 * 4), "dram": 15 + 20 + 4 * 12}


def test_a_product_that_fits_everywhere_moves_its_matrices_once():
    product = Product(Extent(16, 16, 16))
    tilings = fit_tilings(product, load_technology("cmos-45nm"))
    counted = count_bytes(product, tilings)
    assert counted["dram"] == counted["l2"] == 4 * 3 * 256
    assert counted["l1"] > counted["l2"]


def test_tiles_never_hold_more_than_their_level():
    technology = load_technology("cmos-45nm")
    for size in ((32, 64, 64), (300, 1000, 700), (1, 5000, 10)):
        for level, tiling in fit_tilings(Product(Extent(*size)), technology).items():
            m, n, k = tiling.tile
            (capacity,) = [
                each.capacity_b for each in technology.level if each.name == level
            ]
            assert 4 * (m * k + k * n + m * n) <= capacity


def test_chosen_tiles_move_near_the_least_that_any_order_can():
    # Hong and Kung (1981): about 2 M N K / sqrt(S) elements, S what the level holds
    size, capacity_b = Extent(512, 512, 512), 32 * 1024
    moved = sum(count_moved(size, fit_tiling(size, capacity_b, 4, 4)))
    bound = 2 * 512**3 / (capacity_b / 4) ** 0.5
    assert bound < moved < 1.6 * bound


def test_a_larger_batch_moves_fewer_bytes_from_memory_per_item():
    technology = load_technology("cmos-45nm")

    def per_item(batch):
        product = Product(Extent(batch, 256, 256))
        return count_bytes(product, fit_tilings(product, technology))["dram"] / batch

    counts = [per_item(batch) for batch in (1, 4, 16, 64, 256)]
    assert counts == sorted(counts, reverse=True)
    # alone, an item fetches all weights; in a crowd hardly more than its own numbers
    assert counts[0] == 4 * (256 * 256 + 2 * 256)
    assert counts[-1] < 4 * (256 * 256 / 256 + 2 * 256) * 1.01


def test_a_larger_level_never_moves_more():
    size = Extent(200, 300, 400)
    moved = [
        sum(count_moved(size, fit_tiling(size, 2**power, 4, 4)))
        for power in range(6, 20, 2)
    ]
    assert moved == sorted(moved, reverse=True)


def test_a_level_too_small_for_one_element_of_each_is_refused():
    with pytest.raises(ValueError, match="`capacity_b` must be >= 12 B, got 8"):
        fit_tiling(Extent(2, 2, 2), 8, 4, 4)
