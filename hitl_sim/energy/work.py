"""What a unit of work is and what it costs, apart from any device."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hitl_sim.energy.quantity import Quantity

_ROUNDING = 1e-9


@dataclass(frozen=True)
class WorkUnit:
    """One training step, one scored item or the like, in counted operations.

    Attributes:
        name: name of the unit, as records count it.
        phase: train, choose, score, embed or evaluate.
        flops: arithmetic operations by data type, such as `float32`.
        bytes_moved: traffic between memory and arithmetic, B.
        num_kernels: kernels launched.
        matrix_flops: those of `flops` that are products of matrices or convolutions, by
            data type and precision asked for, such as "float32 default"; None where
            nobody counted them, and then all operations pass for products of default
            precision.

    Raises:
        ValueError: a count is negative, or more operations of a data type are products
            than there are.
    """

    name: str
    phase: str
    flops: Mapping[str, float]
    bytes_moved: float
    num_kernels: float
    matrix_flops: Mapping[str, float] | None = None

    def __post_init__(self) -> None:
        """Refuse negative counts."""
        counts = {
            "bytes_moved": self.bytes_moved,
            "num_kernels": self.num_kernels,
            **{f"flops.{dtype}": count for dtype, count in self.flops.items()},
            **{f"matrix_flops.{a}": n for a, n in (self.matrix_flops or {}).items()},
        }
        for name, count in counts.items():
            if not count >= 0:
                raise ValueError(f"`{name}` must be >= 0, got {count}.")
        products: dict[str, float] = {}
        for asked, count in (self.matrix_flops or {}).items():
            dtype = asked.partition(" ")[0]
            products[dtype] = products.get(dtype, 0.0) + count
        for dtype, count in products.items():
            most = self.flops.get(dtype, 0.0)
            if count > most * (1.0 + _ROUNDING):
                raise ValueError(
                    f"`matrix_flops` must hold at most the {most:g} operations of"
                    f" {dtype} that `flops` holds, got {count:g}."
                )

    @property
    def asked(self) -> Mapping[str, float]:
        """Return operations of products by data type and precision asked for."""
        if self.matrix_flops is not None:
            return self.matrix_flops
        return {f"{dtype} default": count for dtype, count in self.flops.items()}


@dataclass(frozen=True)
class UnitCost:
    """What one unit of work costs on one device, run by itself.

    Attributes:
        seconds: device time, s.
        joules: energy of the device while it runs, idle power included, J.
    """

    seconds: Quantity
    joules: Quantity
