"""The energy of a step, split into operations and bytes by level.

Products of matrices inside a program, counted as often as each runs, are tiled for the
hierarchy of a technology (`reuse`). All other work streams: each byte that
`count_operations` finds for it passes every level once. Every operation finds its
operands in memory; what a cache may keep from one to the next is not seen, so small
networks move less than this says. An operation other than a multiply-add of a product
is priced as an addition of its type.

The sum is what the technology's scope covers and no more: of a chip neither leakage nor
clocks nor instructions. `calibrate` puts a measured device in its place.
"""

import functools
import itertools
import math
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from hitl_sim.energy.count import Operations, is_control
from hitl_sim.energy.flatten import Equation, flatten
from hitl_sim.energy.memory.reuse import (
    Extent,
    Product,
    Tiling,
    count_bytes,
    fit_tiling,
)
from hitl_sim.energy.profile import Constant
from hitl_sim.energy.quantity import Quantity, Scope, total, unavailable
from hitl_sim.energy.shipped import named, shipped_table
from hitl_sim.unit import J_PER_PICOJOULE

Operation = Literal["add", "multiply"]
_ALIKE = {"uint32": "int32", "uint8": "int8", "bool": "int8"}
"""Types whose additions take what those of another type do."""
_SUM_DTYPE = {"int8": "int32"}
"""What products of a type are summed in, where it is another."""


class Level(Constant, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A place where data rest.

    Attributes:
        name: register, l1, l2 or dram.
        capacity_b: what it holds, B; None where it holds everything.
    """

    name: str
    capacity_b: int | None = None


class Technology(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A technology, such as logic of a 45 nm chip.

    Attributes:
        name: its name.
        description: what its numbers stand for, and what they leave out.
        scope: what all of its joules cover.
        year: of its source.
        operation: energy of one addition and one multiplication by data type, pJ.
        level: the places where data rest, nearest to the arithmetic first, with the
            energy of one byte read or written there, pJ.

    Raises:
        ValueError: the last level is bounded, another is not, or capacities fall.
    """

    name: str
    description: str
    scope: Literal["chip", "board"]
    year: int
    operation: dict[str, dict[Operation, Constant]]
    level: tuple[Level, ...]

    def __post_init__(self) -> None:
        """Refuse levels that do not stand in order."""
        *inner, last = [level.capacity_b for level in self.level]
        sizes = [size for size in inner if size is not None]
        if last is not None or sizes != inner or sizes != sorted(sizes):
            raise ValueError(
                "`capacity_b` must rise from level to level and be left out for the"
                f" last, got {[*inner, last]}"
            )

    def operation_energy(self, dtype: str, operation: Operation) -> Quantity:
        """Return the energy of one operation, J; unavailable where none is known."""
        found = self.operation.get(dtype, {}).get(operation)
        if found is None:
            reason = f"no energy of a {dtype} {operation} in {self.name}"
            return unavailable("J", Scope(self.scope), reason)
        return self._of(found, "J", f"{dtype} {operation}")

    def byte_energy(self, name: str) -> Quantity:
        """Return the energy of one byte read or written at a level, J/B.

        Raises:
            ValueError: the technology has no such level.
        """
        level = named({level.name: level for level in self.level}, name, "level")
        return self._of(level, "J/B", name)

    def _of(self, constant: Constant, unit: str, what: str) -> Quantity:
        scope, what = Scope(self.scope), f"{self.name}, {what}"
        return constant.quantity(unit, scope, what, scale=J_PER_PICOJOULE)


@functools.cache
def load_technology(name: str) -> Technology:
    """Return a shipped technology.

    Raises:
        ValueError: there is none of this name.
    """
    found = shipped_table("technologies.toml", "technology", Technology)
    return named(found, name, "technology")


@dataclass(frozen=True)
class EnergySplit:
    """Where the energy of a step goes.

    Attributes:
        operations: J by data type and operation, such as "float32 multiply".
        levels: J by level, nearest to the arithmetic first.
        num_operations: how many operations, by the same names.
        num_bytes: bytes read and written, by level.
    """

    operations: Mapping[str, Quantity]
    levels: Mapping[str, Quantity]
    num_operations: Mapping[str, float]
    num_bytes: Mapping[str, float]

    @property
    def compute(self) -> Quantity:
        """Return the energy of all operations."""
        return total(self.operations.values())

    @property
    def memory(self) -> Quantity:
        """Return the energy of all bytes."""
        return total(self.levels.values())

    @property
    def whole(self) -> Quantity:
        """Return both together."""
        return self.compute + self.memory


def split_energy(
    operations: Operations, products: Mapping[Product, int], technology: Technology
) -> EnergySplit:
    """Split the energy of what `operations_in` and `products_in` found in a program.

    Its scope is that of the technology.
    """
    counts: dict[tuple[str, Operation], float] = defaultdict(float)
    rest = defaultdict(float, operations.flops)
    num_bytes = dict.fromkeys((level.name for level in technology.level), 0.0)
    streamed = operations.bytes_moved
    for product, times in products.items():
        number = float(times * product.num_multiply_adds)
        counts[product.dtype, "multiply"] += number
        counts[_SUM_DTYPE.get(product.dtype, product.dtype), "add"] += number
        rest[product.dtype] -= 2.0 * number
        m, n, k = product.size
        once = product.operand_b * (m * k + k * n) + product.sum_b * m * n
        streamed -= times * once
        moved = count_bytes(product, fit_tilings(product, technology))
        for level, count in moved.items():
            num_bytes[level] += times * count
    for dtype, number in rest.items():
        if number > 0.0:
            counts[_ALIKE.get(dtype, dtype), "add"] += number
    for level in num_bytes:
        num_bytes[level] += max(streamed, 0.0)
    return EnergySplit(
        {
            f"{dtype} {kind}": technology.operation_energy(dtype, kind).scaled(number)
            for (dtype, kind), number in counts.items()
        },
        {
            level: technology.byte_energy(level).scaled(number, unit="J")
            for level, number in num_bytes.items()
        },
        {f"{dtype} {kind}": number for (dtype, kind), number in counts.items()},
        num_bytes,
    )


def products_in(jaxpr: Any) -> Counter[Product]:
    """Return how often each product runs in what `jax.make_jaxpr` traced.

    Scans count as often as they run, and a branch as its side with most multiply-adds.
    Convolutions of the backend's own are not products.

    Raises:
        ValueError: products lie in a `while` loop of unknown length.
    """
    found: Counter[Product] = Counter()
    for equation in flatten(jaxpr).equations:
        if is_control(equation):
            found.update(_control(equation))
        elif equation.name == "dot_general":
            product, times = _product(equation)
            found[product] += times
    return found


def _control(equation: Equation) -> Counter[Product]:
    params = equation.params
    if equation.name == "cond":
        return max(map(products_in, params["branches"]), key=num_multiply_adds)
    if equation.name == "scan":
        once = products_in(params["jaxpr"])
        return Counter({product: params["length"] * n for product, n in once.items()})
    if products_in(params["body_jaxpr"]) or products_in(params["cond_jaxpr"]):
        raise ValueError(
            "`jaxpr` must hold no products in a `while` loop of unknown length: nothing"
            " tells how often they run."
        )
    return Counter()


def num_multiply_adds(products: Mapping[Product, int]) -> int:
    """Return the multiply-adds of all products."""
    return sum(times * product.num_multiply_adds for product, times in products.items())


def _product(equation: Equation) -> tuple[Product, int]:
    """Read sizes off a `dot_general`; each batch index is a product of its own."""
    (left_sum, right_sum), (left_batch, right_batch) = equation.params[
        "dimension_numbers"
    ]
    left, right = equation.input_avals[:2]
    result = equation.output_avals[0]
    size = Extent(
        _size(left.shape, {*left_sum, *left_batch}),
        _size(right.shape, {*right_sum, *right_batch}),
        math.prod(left.shape[axis] for axis in left_sum),
    )
    product = Product(size, left.dtype.itemsize, result.dtype.itemsize, str(left.dtype))
    return product, math.prod(left.shape[axis] for axis in left_batch)


def _size(shape: tuple[int, ...], without: set[int]) -> int:
    return math.prod(length for axis, length in enumerate(shape) if axis not in without)


def fit_tilings(product: Product, technology: Technology) -> dict[str, Tiling]:
    """Tile a product for a hierarchy, level by level from memory inwards.

    Raises:
        ValueError: a level but the outermost has no capacity.
    """
    tilings: dict[str, Tiling] = {}
    size = product.size
    outwards = list(reversed(technology.level))
    for source, level in itertools.pairwise(outwards):
        if level.capacity_b is None:
            raise ValueError(f"`capacity_b` must be given for level {level.name}.")
        # what leaves the innermost level is the same for any tiles
        onwards = 0.0 if level is outwards[-1] else level.value
        tiling = fit_tiling(
            size,
            level.capacity_b,
            product.operand_b,
            product.sum_b,
            (source.value, onwards),
        )
        tilings[level.name] = tiling
        size = Extent(*map(min, tiling.tile, size))
    return dict(reversed(tilings.items()))
