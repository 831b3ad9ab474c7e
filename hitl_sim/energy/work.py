"""What a unit of work is and what it costs, apart from any device."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hitl_sim.energy.count import Operations
from hitl_sim.energy.quantity import Quantity


@dataclass(frozen=True)
class WorkUnit:
    """One training step, one scored item or the like, in counted operations.

    Attributes:
        name: name of the unit, as records count it.
        phase: train, choose, score, embed or evaluate.
        flops: arithmetic operations by data type, such as `float32`.
        bytes_moved: traffic between memory and arithmetic, B.
        num_kernels: kernels launched.

    Raises:
        ValueError: a count is negative.
    """

    name: str
    phase: str
    flops: Mapping[str, float]
    bytes_moved: float
    num_kernels: float

    def __post_init__(self) -> None:
        """Refuse negative counts."""
        counts = {
            "bytes_moved": self.bytes_moved,
            "num_kernels": self.num_kernels,
            **{f"flops.{dtype}": count for dtype, count in self.flops.items()},
        }
        for name, count in counts.items():
            if not count >= 0:
                raise ValueError(f"`{name}` must be >= 0, got {count}.")

    @classmethod
    def from_operations(cls, name: str, phase: str, operations: Operations) -> WorkUnit:
        """Build a unit from what `count_operations` found.

        Raises:
            ValueError: the count holds a loop of unknown length.
        """
        if not operations.is_bounded:
            raise ValueError(
                "`operations` must be bounded, got a count with"
                f" {'; '.join(operations.notes)}. Give `trip_count` when counting."
            )
        return cls(
            name,
            phase,
            dict(operations.flops),
            operations.bytes_moved,
            operations.num_kernels,
        )


@dataclass(frozen=True)
class UnitCost:
    """What one unit of work costs on one device, run by itself.

    Attributes:
        seconds: device time, s.
        joules: energy of the device while it runs, idle power included, J.
    """

    seconds: Quantity
    joules: Quantity
