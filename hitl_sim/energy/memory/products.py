"""The products of matrices inside a program, with how often each runs."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from typing import Any

from hitl_sim.energy.flatten import Equation, flatten
from hitl_sim.energy.fusion import is_control
from hitl_sim.energy.memory.reuse import Extent, Product


def products_in(jaxpr: Any) -> Counter[Product]:
    """Return how often each product runs in what `jax.make_jaxpr` traced.

    Scans count as often as they run, and a branch as its side with most multiply-adds.
    Convolutions of the backend's own are not products.

    Raises:
        ValueError: products lie in a `while` loop of unknown length.
    """
    found: Counter[Product] = Counter()
    for equation in flatten(jaxpr).equations:
        if is_control(equation):
            found.update(_control(equation))
        elif equation.name == "dot_general":
            product, times = _product(equation)
            found[product] += times
    return found


def _control(equation: Equation) -> Counter[Product]:
    params = equation.params
    if equation.name == "cond":
        return max(map(products_in, params["branches"]), key=num_multiply_adds)
    if equation.name == "scan":
        once = products_in(params["jaxpr"])
        return Counter({product: params["length"] * n for product, n in once.items()})
    if products_in(params["body_jaxpr"]) or products_in(params["cond_jaxpr"]):
        raise ValueError(
            "`jaxpr` must hold no products in a `while` loop of unknown length: nothing"
            " tells how often they run."
        )
    return Counter()


def num_multiply_adds(products: Mapping[Product, int]) -> int:
    """Return the multiply-adds of all products."""
    return sum(times * product.num_multiply_adds for product, times in products.items())


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
