import itertools

import pytest

from hitl_sim.energy.memory import Extent, Tiling, count_moved
from hitl_sim.energy.memory.reuse import ORDERS, Moved

SIZES = [(4, 6, 8), (5, 7, 9), (1, 10, 3), (8, 8, 8), (13, 1, 6)]
TILES = [(1, 1, 1), (2, 3, 4), (4, 4, 4), (3, 10, 2), (100, 2, 100), (2, 100, 3)]


def walk(whole, tile, order, *, is_begun=False):
    """Run the loops and keep one tile of each matrix; count what is fetched."""
    axes = dict(zip("mnk", range(3), strict=True))
    ranges = [range(0, whole[axes[axis]], tile[axes[axis]]) for axis in order]
    here = {"a": None, "b": None, "c": None}
    seen = set()
    counts = dict.fromkeys(("a", "b", "c_read", "c_written"), 0)

    def write_out():
        if here["c"] is not None:
            (_, c_size) = here["c"]
            counts["c_written"] += c_size

    for starts in itertools.product(*ranges):
        start = dict(zip(order, starts, strict=True))
        length = {
            axis: min(tile[axes[axis]], whole[axes[axis]] - start[axis])
            for axis in "mnk"
        }
        for name, pair in (("a", "mk"), ("b", "kn"), ("c", "mn")):
            key = start[pair[0]], start[pair[1]]
            size = length[pair[0]] * length[pair[1]]
            if here[name] is not None and here[name][0] == key:
                continue
            if name == "c":
                write_out()
                if is_begun or key in seen:
                    counts["c_read"] += size
                seen.add(key)
            else:
                counts[name] += size
            here[name] = key, size
    write_out()
    return Moved(**counts)


@pytest.mark.parametrize("order", ORDERS, ids="".join)
@pytest.mark.parametrize("whole", SIZES, ids=str)
def test_counts_equal_those_of_walking_the_loops(whole, order):
    for tile in TILES:
        for is_begun in (False, True):
            tiling = Tiling(Extent(*tile), order)
            counted = count_moved(Extent(*whole), tiling, is_begun=is_begun)
            assert counted == walk(whole, tile, order, is_begun=is_begun)


def test_the_textbook_counts_of_a_tiled_product():
    m, n, k = 24, 36, 48
    moved = count_moved(Extent(m, n, k), Tiling(Extent(4, 6, 8)))
    assert moved == Moved(m * n * k // 6, m * n * k // 4, 0, m * n)


def test_a_tile_that_holds_everything_moves_each_element_once():
    moved = count_moved(Extent(5, 7, 9), Tiling(Extent(5, 7, 9)))
    assert moved == Moved(45, 63, 0, 35)


def test_sums_are_read_back_where_they_are_left_unfinished():
    moved = count_moved(Extent(4, 4, 8), Tiling(Extent(2, 2, 2), ("k", "m", "n")))
    assert moved.c_written == 4 * 16
    assert moved.c_read == 3 * 16


@pytest.mark.parametrize("tile", [(0, 1, 1), (1, -2, 1)])
def test_tiles_of_no_size_are_refused(tile):
    with pytest.raises(ValueError, match="must be >= 1 along each axis"):
        count_moved(Extent(2, 2, 2), Tiling(Extent(*tile)))


def test_an_order_that_misses_an_axis_is_refused():
    with pytest.raises(ValueError, match="`order` must hold 'm', 'n' and 'k' once"):
        count_moved(Extent(2, 2, 2), Tiling(Extent(1, 1, 1), ("m", "m", "k")))
