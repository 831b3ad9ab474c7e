"""Turn a jaxpr into a flat list of the equations that matter.

Calls (jit, custom derivatives, checkpoints) are written out in place, as a compiler
inlines them; reshapes become other names of the same value; equations whose results
nobody uses are dropped. Loops and branches stay, with their bodies inside.

Nothing here imports jax: a jaxpr is walked by its public attributes.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_CALLS = frozenset(
    """
    jit pjit closed_call core_call custom_jvp_call custom_vjp_call custom_vjp_call_jaxpr
    remat remat2 checkpoint
    """.split()  # noqa: SIM905 - long lists read better as words
)
_RENAMES = frozenset(
    """
    reshape squeeze expand_dims stop_gradient random_wrap random_unwrap
    sharding_constraint optimization_barrier pvary name
    """.split()  # noqa: SIM905 - long lists read better as words
)
_KEY_BYTES = 8


class Value:
    """A result, an input or a constant; told apart by identity.

    Attributes:
        size: number of elements.
        num_bytes: size in memory, B; 0 for a number written in the program itself.
    """

    __slots__ = ("num_bytes", "size")

    def __init__(self, aval: Any, *, is_literal: bool = False) -> None:
        """Take the size of an abstract value."""
        self.size = size_of(aval)
        item_bytes = getattr(getattr(aval, "dtype", None), "itemsize", _KEY_BYTES)
        self.num_bytes = 0 if is_literal else self.size * item_bytes


@dataclass(frozen=True, eq=False)
class Equation:
    """One operation with its operands.

    Attributes:
        name: name of the primitive.
        params: its parameters.
        inputs: operands; literals are values of their own.
        outputs: results.
        input_avals: abstract operands, in the shapes that this operation sees.
        output_avals: abstract results.
    """

    name: str
    params: Mapping[str, Any]
    inputs: tuple[Value, ...]
    outputs: tuple[Value, ...]
    input_avals: tuple[Any, ...]
    output_avals: tuple[Any, ...]


@dataclass(frozen=True, eq=False)
class Program:
    """Live equations in order, and the values that leave."""

    equations: tuple[Equation, ...]
    outputs: frozenset[Value]


def size_of(aval: Any) -> int:
    """Return the number of elements of an abstract value."""
    return math.prod(getattr(aval, "shape", ()))


def flatten(jaxpr: Any) -> Program:
    """Flatten an open or closed jaxpr, without its dead equations."""
    jaxpr = open_jaxpr(jaxpr)
    inputs = [Value(var.aval) for var in jaxpr.invars]
    equations: list[Equation] = []
    outputs = frozenset(_inline(jaxpr, inputs, equations))
    return Program(_live(equations, outputs), outputs)


def open_jaxpr(jaxpr: Any) -> Any:
    """Return the jaxpr inside a closed one; constants are inputs like others."""
    return getattr(jaxpr, "jaxpr", jaxpr)


def _inline(
    jaxpr: Any, inputs: Sequence[Value], equations: list[Equation]
) -> list[Value]:
    """Append a jaxpr's equations to the list and return its results."""
    values: dict[Any, Value] = dict(zip(jaxpr.invars, inputs, strict=True))
    values.update((var, Value(var.aval)) for var in jaxpr.constvars)

    def read(atom: Any) -> Value:
        if hasattr(atom, "val"):
            return Value(atom.aval, is_literal=True)
        return values[atom]

    for equation in jaxpr.eqns:
        name = equation.primitive.name
        operands = tuple(read(atom) for atom in equation.invars)
        if name in _CALLS:
            inner = open_jaxpr(_called(equation.params))
            results = _inline(inner, operands, equations)
        elif name in _RENAMES:
            results = list(operands[: len(equation.outvars)])
        else:
            results = [Value(var.aval) for var in equation.outvars]
            equations.append(
                Equation(
                    name,
                    equation.params,
                    operands,
                    tuple(results),
                    tuple(atom.aval for atom in equation.invars),
                    tuple(var.aval for var in equation.outvars),
                )
            )
        values.update(zip(equation.outvars, results, strict=True))
    return [read(atom) for atom in jaxpr.outvars]


def _called(params: Mapping[str, Any]) -> Any:
    """Return the jaxpr that a call runs."""
    for key in ("jaxpr", "call_jaxpr", "fun_jaxpr"):
        if key in params:
            return params[key]
    raise ValueError(
        f"`params` must hold the jaxpr that is called, got {list(params)}."
    )


def _live(
    equations: Sequence[Equation], outputs: frozenset[Value]
) -> tuple[Equation, ...]:
    """Drop equations whose results never reach an output."""
    needed = set(outputs)
    kept = []
    for equation in reversed(equations):
        if needed.intersection(equation.outputs):
            needed.update(equation.inputs)
            kept.append(equation)
    return tuple(reversed(kept))
