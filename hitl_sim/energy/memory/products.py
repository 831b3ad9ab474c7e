"""The products of matrices inside a program, with how often each runs."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from hitl_sim.energy.flatten import Equation, flatten
from hitl_sim.energy.fusion import is_control
from hitl_sim.energy.memory.reuse import Product
from hitl_sim.energy.memory.tile import Extent


def count_products(
    fn: Callable[..., Any], *args: Any, trip_count: int | None = None
) -> dict[Product, int]:
    """List the products of one call, without running or compiling it.

    Scans count as often as they run, and a branch as its dearest side, as in
    `count_operations`. Convolutions of the backend's own are not products.

    Args:
        fn: a traceable function.
        args: its arguments, arrays or `jax.ShapeDtypeStruct`s; only shapes matter.
        trip_count: how often each `while` loop of unknown length runs.

    Returns:
        How often each product runs.

    Raises:
        ValueError: there is a loop of unknown length and no trip count.
    """
    import jax  # noqa: PLC0415 - only a count needs jax

    return products_in(jax.make_jaxpr(fn)(*args), trip_count)


def products_in(jaxpr: Any, trip_count: int | None = None) -> dict[Product, int]:
    """List the products of a traced program as `count_products` does.

    Args:
        jaxpr: what `jax.make_jaxpr` returns.
        trip_count: as there.

    Raises:
        ValueError: there is a loop of unknown length and no trip count.
    """
    return dict(_count(jaxpr, trip_count))


def _count(jaxpr: Any, trip_count: int | None) -> Counter[Product]:
    found: Counter[Product] = Counter()
    for equation in flatten(jaxpr).equations:
        if is_control(equation):
            found.update(_control(equation, trip_count))
        elif equation.name == "dot_general":
            product, times = _product(equation)
            found[product] += times
    return found


def _control(equation: Equation, trip_count: int | None) -> Counter[Product]:
    params = equation.params
    if equation.name == "cond":
        sides = [_count(side, trip_count) for side in params["branches"]]
        return max(sides, key=num_multiply_adds)
    if equation.name == "scan":
        return _times(_count(params["jaxpr"], trip_count), params["length"])
    once = _count(params["body_jaxpr"], trip_count)
    once.update(_count(params["cond_jaxpr"], trip_count))
    if trip_count is None and once:
        raise ValueError(
            "`trip_count` must be given where products lie in a `while` loop of"
            " unknown length, got None."
        )
    return _times(once, trip_count or 0)


def num_multiply_adds(products: Mapping[Product, int]) -> int:
    """Return the multiply-adds of all products."""
    return sum(times * product.num_multiply_adds for product, times in products.items())


def _times(products: Counter[Product], times: int) -> Counter[Product]:
    return Counter({product: times * count for product, count in products.items()})


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
