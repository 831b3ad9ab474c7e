"""Kernels and memory traffic of a flat program, with fusion approximated.

A compiler turns chains of elementwise operations into one kernel, and gives products,
convolutions, gathers, scatters, sorts and the like a kernel each. The rules here:

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

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from hitl_sim.energy.flatten import Equation, Program, Value
from hitl_sim.energy.flop import RANDOM, REDUCTIONS, SCANS, SCATTERS, WINDOWS, is_known

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
