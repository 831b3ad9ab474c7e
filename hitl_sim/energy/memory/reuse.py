"""Bytes that a product of matrices moves at each level of a memory hierarchy.

Each level is tiled within the tiles of the one above it, and begins afresh with each of
them: what a tile left behind is not found again. So bytes of a level are those that its
nearest neighbour towards the arithmetic fetches from it, summed over all tiles outside.
At the register every multiply-add reads two operands, and reads and writes a sum.

Within a level C[M, N] = A[M, K] B[K, N] is cut into tiles of m, n and k. Three loops,
in some order, run over the tiles; the level holds one tile of each matrix and nothing
else. A tile is fetched whenever it is not the one that is there. A tile of C that is
left before its sums are whole is written out and read again when its turn comes back.

For each operand the count is exact: with p the innermost loop that has more than one
tile and moves the operand, every loop outside p that does not move it fetches all of
the operand again. With k innermost and more than one tile along each axis that gives
the known M N K / n for A, M N K / m for B and M N for C.

References:
    Goto and van de Geijn (2008), Anatomy of high-performance matrix multiplication,
    ACM Transactions on Mathematical Software 34(3), article 12.
    Hong and Kung (1981), I/O complexity: the red-blue pebble game, STOC, 326-333 (no
    order moves fewer than about M N K / sqrt(S) elements through S).
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import msgspec

Axis = Literal["m", "n", "k"]
Order = tuple[Axis, Axis, Axis]
"""Loops over tiles, outermost first."""

ORDERS: tuple[Order, ...] = (
    ("m", "n", "k"),
    ("n", "m", "k"),
    ("m", "k", "n"),
    ("k", "m", "n"),
    ("n", "k", "m"),
    ("k", "n", "m"),
)


class Extent(NamedTuple):
    """Sizes along the three axes of a product, of whole matrices or of a tile."""

    m: int
    n: int
    k: int


@dataclass(frozen=True)
class Tiling:
    """Tiles of one level, and the loops that run over them."""

    tile: Extent
    order: Order = ("m", "n", "k")


class Moved(NamedTuple):
    """Elements that cross into a level, or out of it.

    Attributes:
        a: of A, read.
        b: of B, read.
        c_read: sums of C, read back.
        c_written: sums of C, written.
    """

    a: int
    b: int
    c_read: int
    c_written: int


def count_moved(whole: Extent, tiling: Tiling, *, is_begun: bool = False) -> Moved:
    """Count the elements that a tiled product moves.

    Args:
        whole: sizes M, N, K; >= 1.
        tiling: tiles, cut off at the edges, and the order of the loops.
        is_begun: whether C holds sums already, which have to be read first.

    Raises:
        ValueError: a size is not positive, or the order is not one of the three axes.
    """
    if min(*whole, *tiling.tile) < 1:
        raise ValueError(
            f"`whole` and `tile` must be >= 1 along each axis, got {tuple(whole)} and"
            f" {tuple(tiling.tile)}."
        )
    if sorted(tiling.order) != ["k", "m", "n"]:
        raise ValueError(
            f"`order` must hold 'm', 'n' and 'k' once each, got {tiling.order}."
        )
    c_written = _fetched(whole, tiling, ("m", "n"))
    c_first = 0 if is_begun else whole.m * whole.n
    return Moved(
        _fetched(whole, tiling, ("m", "k")),
        _fetched(whole, tiling, ("k", "n")),
        c_written - c_first,
        c_written,
    )


def _fetched(whole: Extent, tiling: Tiling, axes: tuple[Axis, Axis]) -> int:
    """Count the elements of one operand that are fetched."""
    trips = {a: -(-getattr(whole, a) // getattr(tiling.tile, a)) for a in tiling.order}
    loops = list(tiling.order)
    while loops and (loops[-1] not in axes or trips[loops[-1]] == 1):
        loops.pop()
    repeats = math.prod(trips[axis] for axis in loops if axis not in axes)
    return int(getattr(whole, axes[0]) * getattr(whole, axes[1]) * repeats)


@dataclass(frozen=True)
class Product:
    """A product of matrices, C[M, N] = A[M, K] B[K, N].

    Attributes:
        size: M, N and K.
        operand_b: bytes of an element of A or B.
        sum_b: bytes of an element of C.
        dtype: data type of the operands.
    """

    size: Extent
    operand_b: int = 4
    sum_b: int = 4
    dtype: str = "float32"

    @property
    def num_multiply_adds(self) -> int:
        """Return M N K."""
        return self.size.m * self.size.n * self.size.k

    def to_json(self) -> dict[str, Any]:
        """Return plain numbers, as a manifest keeps them."""
        plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(self))
        return plain

    @classmethod
    def from_json(cls, tables: Mapping[str, Any]) -> Product:
        """Read what `to_json` wrote; other fields are left alone."""
        return msgspec.convert(tables, cls)


def count_bytes(product: Product, tilings: Mapping[str, Tiling]) -> dict[str, int]:
    """Count the bytes of every level under given tilings.

    Args:
        product: what is computed.
        tilings: by name of the level that holds the tiles, nearest to the arithmetic
            first; the level above the last, which holds everything, is `dram`.

    Returns:
        Bytes read from and written to each level, by name, `dram` included.
    """
    names = [*tilings, "dram"]
    counts = dict.fromkeys(names, 0)
    steps = list(tilings.values())
    _descend(product, product.size, False, steps, names[1:], counts)
    per_step = 2 * product.operand_b + 2 * product.sum_b
    counts[names[0]] += product.num_multiply_adds * per_step
    return counts


def _descend(
    product: Product,
    size: Extent,
    is_begun: bool,
    tilings: list[Tiling],
    sources: list[str],
    counts: dict[str, int],
    times: int = 1,
) -> None:
    """Add the bytes of a product of some size, and of the tiles inside it."""
    *inner, outermost = tilings
    moved = count_moved(size, outermost, is_begun=is_begun)
    counts[sources[-1]] += times * _bytes(product, moved)
    if not inner:
        return
    for tile, is_tile_begun, number in _tiles(size, outermost.tile, is_begun):
        _descend(
            product, tile, is_tile_begun, inner, sources[:-1], counts, times * number
        )


def _bytes(product: Product, moved: Moved) -> int:
    return product.operand_b * (moved.a + moved.b) + product.sum_b * (
        moved.c_read + moved.c_written
    )


def _tiles(
    size: Extent, tile: Extent, is_begun: bool
) -> Iterator[tuple[Extent, bool, int]]:
    """Yield the kinds of tile, whether their sums are begun, and how many there are."""

    def cut(axis: Axis) -> list[tuple[int, int]]:
        whole, rest = divmod(getattr(size, axis), getattr(tile, axis))
        parts = [(getattr(tile, axis), whole), (rest, 1)]
        return [(length, number) for length, number in parts if length and number]

    deep = cut("k")
    first, others = deep[0], [(deep[0][0], deep[0][1] - 1), *deep[1:]]
    stages = [(first[0], 1, is_begun)]
    stages += [(length, number, True) for length, number in others if number]
    for (m, num_m), (n, num_n), (k, num_k, begun) in itertools.product(
        cut("m"), cut("n"), stages
    ):
        yield Extent(m, n, k), begun, num_m * num_n * num_k


@functools.lru_cache(maxsize=4096)
def fit_tiling(
    size: Extent,
    capacity_b: int,
    operand_b: int,
    sum_b: int,
    byte_costs: tuple[float, float] = (1.0, 0.0),
) -> Tiling:
    """Return the tiles of a level, of some capacity, that cost least on its two sides.

    The cost is that of the bytes moved into the level, and of the fewest that the next
    level can move out of it: each tile's part of A and B read, of C read and written.
    Without the second, tiles could be so thin that nothing is reused further in. Sizes
    tried are powers of two and the whole of each axis, in every order of loops.
    `byte_costs` are of a byte moved into the level, and of one moved out of it.

    Raises:
        ValueError: not even tiles of one element fit.
    """
    if 2 * operand_b + sum_b > capacity_b:
        raise ValueError(
            f"`capacity_b` must be >= {2 * operand_b + sum_b} B, got {capacity_b}."
        )
    product = Product(size, operand_b, sum_b)
    best, least = Tiling(Extent(1, 1, 1)), math.inf
    for m, n, k in itertools.product(*(_lengths(length) for length in size)):
        if operand_b * (m * k + k * n) + sum_b * m * n > capacity_b:
            continue
        out = product.num_multiply_adds * (operand_b * (1 / m + 1 / n) + 2 * sum_b / k)
        for order in ORDERS:
            tiling = Tiling(Extent(m, n, k), order)
            into = _bytes(product, count_moved(size, tiling))
            cost = byte_costs[0] * into + byte_costs[1] * out
            if cost < least:
                best, least = tiling, cost
    return best


def _lengths(whole: int) -> list[int]:
    powers = (2**power for power in range(whole.bit_length()))
    return [*(length for length in powers if length < whole), whole]
