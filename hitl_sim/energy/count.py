"""Count what a program computes, moves and launches, from its jaxpr.

XLA's own count sees a loop's body once, however often it runs; here scan lengths are
multiplied. The rules are in `flop` (arithmetic) and `fusion` (traffic and kernels).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from hitl_sim.energy.flatten import Equation, flatten
from hitl_sim.energy.flop import RANDOM, asked_arithmetic, count_flops, is_known
from hitl_sim.energy.fusion import count_traffic, is_control

Counts = defaultdict[str, float]


@dataclass(frozen=True)
class Operations:
    """What one call of a program does.

    Attributes:
        flops: arithmetic operations by data type; integer and comparison operations
            stand under their own types.
        bytes_moved: traffic between memory and kernels, B.
        num_kernels: kernels launched.
        notes: what was counted approximately, and which loops counted once.
        matrix_flops: those of `flops` that are products of matrices or convolutions, by
            data type and precision asked for, such as "float32 default".
        random_flops: those of `flops` that draw random bits: what dropout and the
            drawing of batches take beside the arithmetic of learning.
    """

    flops: Mapping[str, float]
    bytes_moved: float
    num_kernels: int
    notes: tuple[str, ...] = ()
    matrix_flops: Mapping[str, float] = field(default_factory=dict)
    random_flops: float = 0.0

    @property
    def total_flops(self) -> float:
        """Return the operations of all data types together."""
        return sum(self.flops.values())


def count_operations(fn: Callable[..., Any], *args: Any) -> Operations:
    """Count the operations of one call, without running or compiling it.

    Only the shapes of its arguments matter; `jax.ShapeDtypeStruct`s do.
    """
    import jax  # noqa: PLC0415 - only a count needs jax

    return operations_in(jax.make_jaxpr(fn)(*args))


def operations_in(jaxpr: Any) -> Operations:
    """Count what `jax.make_jaxpr` traced.

    Scans count as often as they run, a branch as its dearest side, a `while` loop of
    unknown length once, with a note, and work whose result is not returned not at all.
    """
    program = flatten(jaxpr)
    bytes_moved, num_kernels = count_traffic(program)
    flops: Counts = defaultdict(float)
    matrix_flops: Counts = defaultdict(float)
    random_flops = 0.0
    notes: list[str] = []
    inner: list[tuple[Operations, int]] = []
    for equation in program.equations:
        if is_control(equation):
            inner.append(_control(equation))
            continue
        dtype, number = count_flops(equation)
        if number:
            flops[dtype] += number
        random_flops += number * (equation.name in RANDOM)
        asked = asked_arithmetic(equation)
        if number and asked is not None:
            matrix_flops[asked] += number
        if not is_known(equation.name):
            notes.append(f"`{equation.name}` counted as one operation per result")
    own = Operations(
        flops, bytes_moved, num_kernels, tuple(notes), matrix_flops, random_flops
    )
    return _sum([(own, 1), *inner])


def _control(equation: Equation) -> tuple[Operations, int]:
    """Count the body of a loop or a branch, and how often it runs."""
    params = equation.params
    if equation.name == "scan":
        return operations_in(params["jaxpr"]), params["length"]
    if equation.name == "cond":
        sides = map(operations_in, params["branches"])
        return max(sides, key=lambda side: (side.total_flops, side.bytes_moved)), 1
    once = _sum(
        [(operations_in(params[name]), 1) for name in ("cond_jaxpr", "body_jaxpr")]
    )
    note = "a `while` loop of unknown length counted once"
    return replace(once, notes=(*once.notes, note)), 1


def _sum(terms: Sequence[tuple[Operations, int]]) -> Operations:
    """Add counts, each as often as it runs."""
    flops: Counts = defaultdict(float)
    matrix_flops: Counts = defaultdict(float)
    for term, times in terms:
        for total, counts in ((flops, term.flops), (matrix_flops, term.matrix_flops)):
            for name, number in counts.items():
                total[name] += number * times
    return Operations(
        dict(flops),
        sum(term.bytes_moved * times for term, times in terms),
        sum(term.num_kernels * times for term, times in terms),
        tuple(dict.fromkeys(note for term, _ in terms for note in term.notes)),
        dict(matrix_flops),
        sum(term.random_flops * times for term, times in terms),
    )
