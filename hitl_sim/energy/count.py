"""Count what a program computes, moves and launches, from its jaxpr.

XLA's own count sees a loop's body once, however often it runs; here scan lengths are
multiplied. The rules are in `flop` (arithmetic) and `fusion` (traffic and kernels).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from hitl_sim.energy.flatten import Equation, flatten
from hitl_sim.energy.flop import RANDOM, asked_arithmetic, count_flops, is_known
from hitl_sim.energy.fusion import count_traffic, is_control


@dataclass(frozen=True)
class Operations:
    """What one call of a program does.

    Attributes:
        flops: arithmetic operations by data type; integer and comparison operations
            stand under their own types.
        bytes_moved: traffic between memory and kernels, B.
        num_kernels: kernels launched.
        is_bounded: whether every loop's length was known.
        notes: what was counted approximately, and which loops counted once.
        matrix_flops: those of `flops` that are products of matrices or convolutions, by
            data type and precision asked for, such as "float32 default".
        random_flops: those of `flops` that draw random bits: what dropout and the
            drawing of batches take beside the arithmetic of learning.
    """

    flops: Mapping[str, float]
    bytes_moved: float
    num_kernels: int
    is_bounded: bool = True
    notes: tuple[str, ...] = ()
    matrix_flops: Mapping[str, float] = field(default_factory=dict)
    random_flops: float = 0.0

    @property
    def total_flops(self) -> float:
        """Return the operations of all data types together."""
        return sum(self.flops.values())


def count_operations(
    fn: Callable[..., Any], *args: Any, trip_count: int | None = None
) -> Operations:
    """Count the operations of one call, without running or compiling it.

    Scans count as often as they run, a branch as its dearest side, and work whose
    result is not returned not at all.

    Args:
        fn: a traceable function.
        args: its arguments, arrays or `jax.ShapeDtypeStruct`s; only shapes matter.
        trip_count: how often each `while` loop of unknown length runs. Without it such
            a loop counts once and the result says that it is not bounded.

    Raises:
        ValueError: the trip count is negative.
    """
    import jax  # noqa: PLC0415 - only a count needs jax

    return operations_in(jax.make_jaxpr(fn)(*args), trip_count)


def operations_in(jaxpr: Any, trip_count: int | None = None) -> Operations:
    """Count a traced program as `count_operations` does.

    Args:
        jaxpr: what `jax.make_jaxpr` returns.
        trip_count: as there.

    Raises:
        ValueError: the trip count is negative.
    """
    if trip_count is not None and trip_count < 0:
        raise ValueError(f"`trip_count` must be >= 0, got {trip_count}.")
    return _count(jaxpr, trip_count)


def _count(jaxpr: Any, trip_count: int | None) -> Operations:
    """Count a jaxpr: its own equations, then the bodies of its loops and branches."""
    program = flatten(jaxpr)
    bytes_moved, num_kernels = count_traffic(program)
    flops: dict[str, float] = {}
    matrix_flops: dict[str, float] = {}
    random_flops = 0.0
    notes: list[str] = []
    inner: list[Operations] = []
    for equation in program.equations:
        if is_control(equation):
            inner.append(_control(equation, trip_count))
            continue
        dtype, number = count_flops(equation)
        if number:
            flops[dtype] = flops.get(dtype, 0.0) + number
        random_flops += number * (equation.name in RANDOM)
        asked = asked_arithmetic(equation)
        if number and asked is not None:
            matrix_flops[asked] = matrix_flops.get(asked, 0.0) + number
        if not is_known(equation.name):
            notes.append(f"`{equation.name}` counted as one operation per result")
    own = Operations(
        flops,
        bytes_moved,
        num_kernels,
        notes=tuple(notes),
        matrix_flops=matrix_flops,
        random_flops=random_flops,
    )
    return _sum([own, *inner])


def _control(equation: Equation, trip_count: int | None) -> Operations:
    """Count a loop or a branch."""
    params = equation.params
    if equation.name == "scan":
        return _repeat(_count(params["jaxpr"], trip_count), params["length"])
    if equation.name == "cond":
        sides = [_count(side, trip_count) for side in params["branches"]]
        return max(sides, key=lambda side: (side.total_flops, side.bytes_moved))
    once = _sum(
        [_count(params[name], trip_count) for name in ("cond_jaxpr", "body_jaxpr")]
    )
    if trip_count is not None:
        return _repeat(once, trip_count)
    note = "a `while` loop of unknown length counted once"
    return replace(once, is_bounded=False, notes=(*once.notes, note))


def _repeat(once: Operations, times: int) -> Operations:
    return Operations(
        {dtype: number * times for dtype, number in once.flops.items()},
        once.bytes_moved * times,
        once.num_kernels * times,
        once.is_bounded,
        once.notes,
        {asked: number * times for asked, number in once.matrix_flops.items()},
        once.random_flops * times,
    )


def _sum(terms: list[Operations]) -> Operations:
    notes = dict.fromkeys(note for term in terms for note in term.notes)
    return Operations(
        _added(term.flops for term in terms),
        sum(term.bytes_moved for term in terms),
        sum(term.num_kernels for term in terms),
        all(term.is_bounded for term in terms),
        tuple(notes),
        _added(term.matrix_flops for term in terms),
        sum(term.random_flops for term in terms),
    )


def _added(counts: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """Add counts name by name."""
    total: dict[str, float] = {}
    for count in counts:
        for name, number in count.items():
            total[name] = total.get(name, 0.0) + number
    return total
