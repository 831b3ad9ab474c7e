"""Count what a program computes, moves and launches, from its jaxpr.

XLA's own count sees a loop's body once, however often it runs; here scan lengths are
multiplied. The rules of arithmetic are in `flop`. For kernels and memory traffic fusion
is approximated: a compiler turns chains of elementwise operations into one kernel, and
gives products, convolutions, gathers, scatters, sorts and the like a kernel each.

- Elementwise operations and data moves that feed one another form one kernel, as long
  as no product or reduction lies between them.
- A reduction ends the kernel that feeds it.
- Broadcasts and counters are free where only elementwise kernels read them.
- Operations on single numbers ride along: no kernel, no traffic.
- A kernel reads each value from outside once and writes each value used outside once.
- A gather or slice reads what it picks, a scatter or update reads and writes what it
  changes, whatever the size of the table.

So the count stands for launches and for traffic beyond registers; caches are not seen.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from hitl_sim.energy.flatten import Equation, Program, Value, flatten
from hitl_sim.energy.flop import (
    RANDOM,
    REDUCTIONS,
    SCANS,
    SCATTERS,
    WINDOWS,
    asked_arithmetic,
    count_flops,
    is_known,
)

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


_PICKS = frozenset({"gather", "dynamic_slice"})
_FREE = frozenset({"broadcast_in_dim", "iota"})
_OWN_KERNEL = (
    frozenset({"conv_general_dilated", "dot_general", "dynamic_update_slice"})
    | {"sort", "top_k"}
    | RANDOM
    | SCANS
    | SCATTERS
    | WINDOWS
    | _PICKS
)


def count_traffic(program: Program) -> tuple[float, int]:
    """Return bytes moved and kernels launched, loops and branches left out."""
    groups = _fuse(program.equations)
    members: dict[int, list[Equation]] = defaultdict(list)
    for equation, group in zip(program.equations, groups, strict=True):
        if group is not None:
            members[group].append(equation)
    producer = {
        value: equation for equation in program.equations for value in equation.outputs
    }
    escaping = _escaping(program, groups)
    num_bytes, num_kernels = 0.0, 0
    for equations in members.values():
        traffic = _traffic(equations, producer, escaping)
        if traffic is not None:
            num_bytes += traffic
            num_kernels += 1
    return num_bytes, num_kernels


def is_control(equation: Equation) -> bool:
    """Return whether an equation runs bodies of its own."""
    return equation.name in {"scan", "while", "cond"}


def _has_own_kernel(equation: Equation) -> bool:
    return equation.name in _OWN_KERNEL or not is_known(equation.name)


def _fuse(equations: Sequence[Equation]) -> list[int | None]:
    """Give each equation the number of its kernel; `None` has no kernel.

    Depth counts the products, reductions and loops before a value; only equations of
    one depth fuse, so that no kernel needs its own result.
    """
    depth: dict[Value, int] = {}
    group_of: dict[Value, int] = {}
    merged: list[int] = []
    groups: list[int | None] = []

    def root(group: int) -> int:
        while merged[group] != group:
            group = merged[group]
        return group

    for equation in equations:
        level = max((depth.get(value, 0) for value in equation.inputs), default=0)
        is_alone = is_control(equation) or _has_own_kernel(equation)
        ends_kernel = is_alone or equation.name in REDUCTIONS
        for value in equation.outputs:
            depth[value] = level + 1 if ends_kernel else level
        is_scalar = all(v.size <= 1 for v in equation.inputs + equation.outputs)
        if is_control(equation) or (is_scalar and not is_alone):
            groups.append(None)
            continue
        group = len(merged)
        merged.append(group)
        groups.append(group)
        if is_alone:
            continue
        for value in equation.inputs:
            if value in group_of and depth.get(value, 0) == level:
                merged[root(group_of[value])] = group
        if not ends_kernel and equation.name not in _FREE:
            group_of.update((value, group) for value in equation.outputs)
    return [None if group is None else root(group) for group in groups]


def _escaping(program: Program, groups: Sequence[int | None]) -> frozenset[Value]:
    """Return the values that are read outside the kernel that makes them."""
    home = {
        value: group
        for equation, group in zip(program.equations, groups, strict=True)
        for value in equation.outputs
    }
    is_free = {
        value
        for equation in program.equations
        if equation.name in _FREE
        for value in equation.outputs
    }
    escaping = set(program.outputs)
    for equation, group in zip(program.equations, groups, strict=True):
        reads_whole = is_control(equation) or _has_own_kernel(equation)
        for value in equation.inputs:
            if value in is_free and not reads_whole:
                continue
            if value in home and home[value] != group:
                escaping.add(value)
    return frozenset(escaping)


def _traffic(
    equations: Sequence[Equation],
    producer: dict[Value, Equation],
    escaping: frozenset[Value],
) -> float | None:
    """Return the bytes of one kernel; `None` for a broadcast that nobody stores."""
    first = equations[0]
    if first.name in _PICKS:
        return 2.0 * _bytes(first.outputs) + _bytes(first.inputs[1:])
    if first.name in SCATTERS:
        return 3.0 * _bytes(first.inputs[2:]) + _bytes(first.inputs[1:2])
    if first.name == "dynamic_update_slice":
        return 2.0 * _bytes(first.inputs[1:2])
    made = {value for equation in equations for value in equation.outputs}
    written = made & escaping
    if all(equation.name in _FREE for equation in equations) and not written:
        return None
    read: set[Value] = set()
    for equation in equations:
        for value in equation.inputs:
            source = producer.get(value)
            if value in made:
                continue
            if source is not None and source.name in _FREE and value not in escaping:
                read.update(source.inputs)
            else:
                read.add(value)
    return float(_bytes(tuple(read)) + _bytes(tuple(written)))


def _bytes(values: Sequence[Value]) -> int:
    return sum(value.num_bytes for value in values)
