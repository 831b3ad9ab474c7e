"""From axes to cells: grids, values that go together, and points drawn from ranges.

References:
    McKay, Beckman, Conover (1979), A comparison of three methods for selecting values
    of input variables in the analysis of output from a computer code, Technometrics
    21(2), 239-245: the Latin hypercube.
    Sobol (1967), On the distribution of points in a cube and the approximate evaluation
    of integrals; scrambled as by Owen (1998), Scrambling Sobol and Niederreiter-Xing
    points, Journal of Complexity 14(4), 466-489.
"""

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from hitl_sim.schema import Scalar
from hitl_sim.study.spec.axis import AxisSpec, DrawSpec
from hitl_sim.study.spec.base import SpecError

Cell = Mapping[str, Scalar]


@runtime_checkable
class Swept(Protocol):
    """What of a study says what is swept: its axes, draw and seed."""

    @property
    def axis(self) -> tuple[AxisSpec, ...]:
        """What is swept."""

    @property
    def draw(self) -> DrawSpec | None:
        """How points of drawn axes are chosen; None where there are none."""

    @property
    def seed(self) -> int:
        """Fixes every draw."""


def check_axes(spec: Swept) -> None:
    """Refuse axes that are neither values nor a range, and links that do not fit.

    Raises:
        SpecError: the message names the field and the value.
    """
    for axis in spec.axis:
        _check_kind(axis)
    drawn = [axis.field for axis in spec.axis if axis.is_drawn]
    if bool(drawn) != (spec.draw is not None):
        raise SpecError(
            "`draw` must be given exactly where axes have a range or are `drawn`, got "
            f"{spec.draw!r} with {drawn}."
        )
    _check_links(spec)


def _check_kind(axis: AxisSpec) -> None:
    where = f"of axis {axis.field!r}"
    low, high = axis.low, axis.high
    if (axis.values is None) != (low is not None and high is not None) or (
        (low is None) != (high is None)
    ):
        raise SpecError(
            "`axis.values`, or `axis.low` and `axis.high`, must be given, and not "
            f"both, got {axis.values!r}, {low!r} and {high!r} {where}."
        )
    if low is not None and high is not None:
        if not low < high:
            raise SpecError(
                f"`axis.low` must be < `axis.high` ({high!r}), got {low!r} {where}."
            )
        if axis.scale == "log" and low <= 0:
            raise SpecError(
                f"`axis.low` must be > 0 on a log scale, got {low!r} {where}."
            )
        if axis.field == "task" or axis.drawn:
            raise SpecError(
                f"`axis.low` must be left out where values are drawn or are names, got "
                f"{low!r} {where}."
            )
    if axis.link is not None and axis.is_drawn:
        raise SpecError(
            f"`axis.link` must be left out where points are drawn, got {axis.link!r} "
            f"{where}."
        )


def _check_links(spec: Swept) -> None:
    sizes: dict[str, AxisSpec] = {}
    for axis in spec.axis:
        if axis.link is None:
            continue
        first = sizes.setdefault(axis.link, axis)
        if len(axis.values or ()) != len(first.values or ()):
            raise SpecError(
                f"`axis.values` must be as many as those of {first.field!r} "
                f"({len(first.values or ())}), to which `axis.link` {axis.link!r} ties "
                f"it, got {len(axis.values or ())} of axis {axis.field!r}."
            )
        if axis.arms != first.arms:
            raise SpecError(
                f"`axis.arms` must be those of {first.field!r} ({first.arms}), to "
                f"which `axis.link` {axis.link!r} ties it, got {axis.arms} of axis "
                f"{axis.field!r}."
            )


def cells(spec: Swept, axes: Sequence[AxisSpec]) -> Iterator[dict[str, Scalar]]:
    """List the settings of some of a study's axes, in a fixed order.

    Grid and linked axes are crossed with each other and with the drawn points. A point
    has the same values whichever of the axes are asked for.

    Args:
        spec: a study whose axes pass `check_axes`.
        axes: those that act on one arm.
    """
    grid = [
        [
            {axis.field: (axis.values or ())[i] for axis in strand}
            for i in range(len(strand[0].values or ()))
        ]
        for strand in _strands(axes)
    ]
    fields = [axis.field for axis in axes if axis.is_drawn]
    if fields:
        points = drawn_points(spec)
        grid.append([{field: point[field] for field in fields} for point in points])
    for parts in itertools.product(*grid):
        yield {field: v for part in parts for field, v in part.items()}


def num_cells(spec: Swept, axes: Sequence[AxisSpec]) -> int:
    """Count what `cells` lists, without listing it."""
    crossed = math.prod(len(strand[0].values or ()) for strand in _strands(axes))
    is_drawn = any(axis.is_drawn for axis in axes)
    return crossed * (len(drawn_points(spec)) if is_drawn else 1)


def _strands(axes: Sequence[AxisSpec]) -> list[list[AxisSpec]]:
    """Gather the axes that are not drawn by what ties them together."""
    strands: dict[str, list[AxisSpec]] = {}
    for axis in axes:
        if not axis.is_drawn:
            strands.setdefault(axis.link or f"\0{axis.field}", []).append(axis)
    return list(strands.values())


def drawn_points(spec: Swept) -> list[dict[str, Scalar]]:
    """Draw the points of a study's drawn axes, by its seed; equal ones are dropped."""
    axes = [axis for axis in spec.axis if axis.is_drawn]
    if spec.draw is None:
        return []
    unit = _unit_points(spec.draw.method, spec.draw.points, len(axes), spec.seed)
    points = [
        {
            axis.field: _value_at(axis, float(u))
            for axis, u in zip(axes, row, strict=True)
        }
        for row in unit
    ]
    return list({tuple(point.values()): point for point in points}.values())


def _unit_points(
    method: str, points: int, dimensions: int, seed: int
) -> npt.NDArray[np.float64]:
    """`[points, dimensions]` in the unit cube."""
    rng = np.random.default_rng(seed)
    if method == "random":
        return rng.random((points, dimensions))
    from scipy.stats import qmc  # noqa: PLC0415 - half a second of every worker's start

    if method == "latin":
        return np.asarray(qmc.LatinHypercube(dimensions, rng=rng).random(points))
    engine = qmc.Sobol(dimensions, scramble=True, rng=rng)
    # whole powers of two keep the balance of the sequence; the rest is not used
    return np.asarray(engine.random_base2(math.ceil(math.log2(points)))[:points])


def _value_at(axis: AxisSpec, u: float) -> Scalar:
    """Turn a number in [0, 1) into a value of an axis."""
    if axis.values is not None:
        return axis.values[min(int(u * len(axis.values)), len(axis.values) - 1)]
    low, high = axis.low, axis.high
    if low is None or high is None:
        raise TypeError("an axis without values must have a range.")
    is_whole = isinstance(low, int) and isinstance(high, int)
    # integers share the range evenly, both ends included
    begin, end = (low - 0.5, high + 0.5) if is_whole else (low, high)
    if axis.scale == "log":
        value = math.exp(math.log(begin) + u * (math.log(end) - math.log(begin)))
    else:
        value = begin + u * (end - begin)
    if is_whole:
        return int(min(max(round(value), low), high))
    return float(value)
