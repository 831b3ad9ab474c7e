"""The energy of a step, split into operations and bytes by level.

Products of matrices are tiled for the hierarchy (`reuse`). All other work streams: each
byte that `count_operations` finds for it passes every level once. Every operation finds
its operands in memory; what a cache may keep from one to the next is not seen, so small
networks move less than this says. An operation other than a multiply-add of a product
is priced as an addition of its type.

The sum is what the technology's scope covers and no more: of a chip neither leakage nor
clocks nor instructions. `calibrate` puts a measured device in its place.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from hitl_sim.energy.count import Operations
from hitl_sim.energy.memory.reuse import Product, count_bytes, fit_tilings
from hitl_sim.energy.memory.technology import Operation, Technology
from hitl_sim.energy.quantity import Quantity, total

_ALIKE = {"uint32": "int32", "uint8": "int8", "bool": "int8"}
"""Types whose additions take what those of another type do."""
_SUM_DTYPE = {"int8": "int32"}
"""What products of a type are summed in, where it is another."""


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
