"""Arithmetic operations of one equation.

Rules: a product of matrices is two operations per multiply-add; a convolution likewise,
counting only taps that meet data (no padding, no holes of a dilated input); elementwise
operations, transcendental ones included, are one per result; a Cholesky factor of side
n is n^3 / 3, a triangular solve n^2 per right side (Golub, Van Loan 2013, "Matrix
computations", 4th edition, sections 4.2.5 and 3.1.2); a reduction is one per element
that it folds in; moving data is none; a sort is n log2 n comparisons; random
bits are the integer operations of Threefry-2x32 (Salmon et al. 2011, "Parallel random
numbers: as easy as 1, 2, 3", SC'11: 20 rounds of 5 and the key schedule, two words).
"""

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from hitl_sim.energy.flatten import Equation, size_of
from hitl_sim.energy.work import asked_precision

_THREEFRY_OPS_PER_WORD = 60

MOVES = frozenset(
    """
    bitcast_convert_type broadcast_in_dim concatenate convert_element_type copy copy_p
    device_put dynamic_slice dynamic_update_slice gather imag iota pad real
    reduce_precision rev scatter slice split transpose
    """.split()  # noqa: SIM905 - long lists read better as words
)
REDUCTIONS = frozenset(
    """
    argmax argmin reduce reduce_and reduce_max reduce_min reduce_or reduce_prod
    reduce_sum reduce_xor
    """.split()  # noqa: SIM905 - long lists read better as words
)
SCANS = frozenset({"cumlogsumexp", "cummax", "cummin", "cumprod", "cumsum"})
SCATTERS = frozenset(
    {"scatter", "scatter-add", "scatter-max", "scatter-min", "scatter-mul"}
    | {"scatter_add", "scatter_max", "scatter_min", "scatter_mul"}
)
RANDOM = frozenset(
    {"random_bits", "random_fold_in", "random_seed", "random_split", "threefry2x32"}
)
_PRODUCTS = frozenset({"conv_general_dilated", "dot_general"})
WINDOWS = frozenset(
    {
        "reduce_window",
        "reduce_window_max",
        "reduce_window_min",
        "reduce_window_sum",
        "select_and_gather_add",
        "select_and_scatter_add",
    }
)
_ELEMENTWISE = frozenset(
    """
    abs acos acosh add add_any and asin asinh atan atan2 atanh bessel_i0e bessel_i1e
    cbrt ceil clamp clz complex conj cos cosh digamma div eq erf erf_inv erfc exp exp2
    expm1 floor ge gt igamma igammac integer_pow is_finite le lgamma log log1p logistic
    lt max min mul ne neg nextafter not or polygamma population_count pow rem
    regularized_incomplete_beta round rsqrt select_n shift_left shift_right_arithmetic
    shift_right_logical sign sin sinh sqrt square sub tan tanh xor zeta
    """.split()  # noqa: SIM905 - a list of sixty names reads better as words
)


def count_flops(equation: Equation) -> tuple[str, float]:
    """Return the data type and the number of operations of one equation."""
    rule = _RULES.get(equation.name, _results)
    return _dtype(equation), float(rule(equation))


def asked_arithmetic(equation: Equation) -> str | None:
    """Return data type and precision that a product or convolution asks for.

    Returns:
        Such as "float32 default"; None where the equation is neither.
    """
    if equation.name not in _PRODUCTS:
        return None
    dtype = _dtype(equation)
    return f"{dtype} {asked_precision(equation.params.get('precision'), dtype)}"


def is_known(name: str) -> bool:
    """Return whether there is a rule for a primitive."""
    return name in _RULES


def _dtype(equation: Equation) -> str:
    """Return the type that is computed in: the operand's, or a select's choices'."""
    if equation.name in RANDOM:
        return "uint32"
    avals = equation.input_avals or equation.output_avals
    if equation.name == "select_n":
        avals = equation.output_avals
    return str(getattr(avals[0], "dtype", "float32"))


def _factor(equation: Equation) -> float:
    """Return the operations of a factor, or of a solve by one."""
    side = equation.input_avals[0].shape[-1]
    share = 1.0 / 3.0 if equation.name == "cholesky" else 1.0
    return float(size_of(equation.output_avals[0]) * side * share)


def _in_size(equation: Equation) -> int:
    return size_of(equation.input_avals[0])


def _results(equation: Equation) -> int:
    return sum(size_of(aval) for aval in equation.output_avals)


def _sort(equation: Equation) -> int:
    length = equation.input_avals[0].shape[equation.params["dimension"]]
    return _in_size(equation) * math.ceil(math.log2(max(length, 1)))


def _window(equation: Equation) -> int:
    taps: int = math.prod(equation.params["window_dimensions"])
    return taps * min(size_of(equation.output_avals[0]), _in_size(equation))


def _random(equation: Equation) -> float:
    return _THREEFRY_OPS_PER_WORD * sum(out.num_bytes / 4 for out in equation.outputs)


def _dot(equation: Equation) -> float:
    (contracted, _), _ = equation.params["dimension_numbers"]
    shape = equation.input_avals[0].shape
    depth: int = math.prod(shape[axis] for axis in contracted)
    return 2.0 * size_of(equation.output_avals[0]) * depth


def _convolution(equation: Equation) -> float:
    """Return two operations for each pair of a weight and an element that it meets."""
    params = equation.params
    numbers = params["dimension_numbers"]
    image, kernel = (aval.shape for aval in equation.input_avals)
    result = equation.output_avals[0].shape
    taps = 1
    for axis, padding in enumerate(params["padding"]):
        taps *= _taps(
            num_in=image[numbers.lhs_spec[2 + axis]],
            num_kernel=kernel[numbers.rhs_spec[2 + axis]],
            num_out=result[numbers.out_spec[2 + axis]],
            stride=params["window_strides"][axis],
            pad_low=padding[0],
            image_dilation=params["lhs_dilation"][axis],
            kernel_dilation=params["rhs_dilation"][axis],
        )
    batch, features = (result[axis] for axis in numbers.out_spec[:2])
    weights: int = batch * features * kernel[numbers.rhs_spec[1]]
    return 2.0 * weights * taps


def _taps(
    *,
    num_in: int,
    num_kernel: int,
    num_out: int,
    stride: int,
    pad_low: int,
    image_dilation: int,
    kernel_dilation: int,
) -> int:
    """Count pairs of a result and a weight that meet data, along one axis."""
    at: Any = (
        np.arange(num_out)[:, None] * stride
        + np.arange(num_kernel)[None, :] * kernel_dilation
        - pad_low
    )
    is_inside = (at >= 0) & (at <= (num_in - 1) * image_dilation)
    return int(np.sum(is_inside & (at % image_dilation == 0)))


_RULES: Mapping[str, Callable[[Equation], float]] = MappingProxyType(
    {
        "dot_general": _dot,
        "conv_general_dilated": _convolution,
        "cholesky": _factor,
        "triangular_solve": _factor,
        "sort": _sort,
        "top_k": _in_size,
        **dict.fromkeys(_ELEMENTWISE, _results),
        **dict.fromkeys(REDUCTIONS, lambda e: _in_size(e) - size_of(e.output_avals[0])),
        **dict.fromkeys(SCANS, _in_size),
        **dict.fromkeys(SCATTERS, lambda e: size_of(e.input_avals[2])),
        **dict.fromkeys(WINDOWS, _window),
        **dict.fromkeys(RANDOM, _random),
        **dict.fromkeys(MOVES, lambda _: 0.0),
    }
)
