"""How many elements a tiled product of matrices moves between two levels.

C[M, N] = A[M, K] B[K, N] is cut into tiles of m, n and k. Three loops, in some order,
run over the tiles; the level holds one tile of each matrix and nothing else. A tile is
fetched whenever it is not the one that is there. A tile of C that is left before its
sums are whole is written out and read again when its turn comes back.

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

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple

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

    def along(self, axis: Axis) -> int:
        """Return the size along one axis."""
        return {"m": self.m, "n": self.n, "k": self.k}[axis]


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
    _check(whole, tiling)
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
    trips = [_trips(whole, tiling.tile, axis) for axis in tiling.order]
    moving = [
        place
        for place, (axis, trip) in enumerate(zip(tiling.order, trips, strict=True))
        if axis in axes and trip > 1
    ]
    last = max(moving, default=-1)
    repeats = math.prod(
        trip
        for axis, trip in zip(tiling.order[: last + 1], trips, strict=False)
        if axis not in axes
    )
    return whole.along(axes[0]) * whole.along(axes[1]) * repeats


def _trips(whole: Extent, tile: Extent, axis: Axis) -> int:
    return -(-whole.along(axis) // tile.along(axis))


def _check(whole: Extent, tiling: Tiling) -> None:
    if min(*whole, *tiling.tile) < 1:
        raise ValueError(
            f"`whole` and `tile` must be >= 1 along each axis, got {tuple(whole)} and"
            f" {tuple(tiling.tile)}."
        )
    if sorted(tiling.order) != ["k", "m", "n"]:
        raise ValueError(
            f"`order` must hold 'm', 'n' and 'k' once each, got {tiling.order}."
        )
