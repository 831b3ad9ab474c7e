"""What a unit of work is, which arithmetic it asks for, and what it costs.

A program says how exactly products of float32 numbers must be computed; the hardware
decides what that means. From `jax.lax.Precision` (JAX 0.10): "default" is TF32 on a GPU
that has it (A100 and newer) and bfloat16 on a TPU; "high" is TF32 there, three passes
of bfloat16 here; "highest" is float32, or six passes. A CPU computes in float32
whatever is asked, and data types other than float32 have one arithmetic each.

So products are counted by what they ask for, such as "float32 default", and a device
lists a peak under that name where it differs from that of the data type.
"""

from collections.abc import Container, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

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
                    f"`matrix_flops` must hold at most the {most:g} operations of "
                    f"{dtype} that `flops` holds, got {count:g}."
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


FALLBACK = "float32"
"""Stands in for data types without a peak of their own."""

_LEVELS = ("default", "high", "highest")
_ALGORITHMS: Mapping[str, str] = MappingProxyType(
    {
        "BF16_BF16_BF16": "bfloat16",
        "BF16_BF16_F32": "bfloat16",
        "F16_F16_F16": "float16",
        "F16_F16_F32": "float16",
        "TF32_TF32_F32": "high",
    }
)
"""Named algorithms; what is not here, several passes included, counts as "highest"."""


def asked_precision(precision: Any, dtype: str = FALLBACK) -> str:
    """Return what a product asks for, from the parameter of its equation.

    Args:
        precision: `precision` of a `dot_general` or a convolution: nothing, a level for
            both operands, a level for each, or a named algorithm.
        dtype: of the operands; the parameter acts on float32 alone.

    Returns:
        "default", "high", "highest", or the data type that operands are rounded to.
    """
    if precision is None or dtype != FALLBACK:
        return _LEVELS[0]
    if isinstance(precision, tuple):
        return max((asked_precision(one) for one in precision), key=_LEVELS.index)
    name = str(getattr(precision, "name", precision))
    if name.lower() in _LEVELS:
        return name.lower()
    return _ALGORITHMS.get(name, _LEVELS[-1])


def peak_of(asked: str, peaks: Container[str]) -> str:
    """Return the name of the peak that holds for products.

    Args:
        asked: data type and precision of the products, such as "float32 default".
        peaks: names that a device lists: data types, "float8" for all its 8-bit floats,
            or a data type with a precision.
    """
    dtype, _, precision = asked.partition(" ")
    names = [asked, precision, dtype]
    if precision == "high":
        names.insert(1, f"{dtype} {_LEVELS[0]}")
    if dtype.startswith("float8"):
        names.append("float8")
    if dtype == "uint8":
        names.append("int8")
    return next((name for name in names if name in peaks), FALLBACK)
