"""A response surface: log rho over several numeric axes, and where it crosses a level.

Cells are settings that were run, each with log rho and what the bootstrap makes of it.
Candidates are polynomials of order 0, 1 or 2 in the axes or their logarithms, with and
without products of two axes, fitted by least squares with weights 1 / se^2. Each cell
is held out in turn; of the candidates whose squared errors there, cell by cell, exceed
those of the best one by no more than one standard error on average, the simplest is
taken.

The band holds for all points at once, and allows for the choice. Resamples move all
cells together, as runs that share replicates and a control do. They are laid around the
largest candidate's fit, which is no less bent than the truth if any candidate is right,
and the whole choice is made again in each. The largest studentised distance between
those surfaces and the one that was found, over a lattice of the region that was run,
has a 95 % point, which is stretched for few replicates as Student's t is. Where cells
lie further from the surface than their errors allow, the band widens with them (Birge).
A level is crossed somewhere in the part of the region where the band holds it.

How often that part holds a planted contour is in experiments/surface_coverage.md.

References:
    Box and Draper (2007), Response Surfaces, Mixtures, and Ridge Analyses, 2nd edition.
    Breiman, Friedman, Olshen and Stone (1984), Classification and Regression Trees,
    section 3.4.3, and Hastie, Tibshirani and Friedman (2009), The Elements of
    Statistical Learning, 2nd edition, section 7.10: the one-standard-error rule.
    Efron (2014), Estimation and accuracy after model selection, Journal of the American
    Statistical Association 109, 991-1007: resampling the choice too.
    Birge (1932), The calculation of errors by the method of least squares, Physical
    Review 40, 207-227.
"""

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit
from scipy.stats import norm

from hitl_sim.analysis.chance.interval import LEVEL, MIN_REPLICATES, UPPER
from hitl_sim.array import FloatArray, IntArray, some_of

MAX_AXES = 4
_SPAN = 4.0
"""Least ratio of ends of an axis of which the logarithm is tried, too."""
_SPARE = 2
"""Cells that a candidate must leave over beyond its coefficients."""
_PER_AXIS = (21, 21, 9, 6)
"""Points of the lattice along each of 1, 2, 3 or 4 axes."""
_NUM_CHOICES = 500
"""Resamples in which the choice is made again."""
_LINE = 401


def least_cells(num_axes: int) -> int:
    """Return how many cells a surface over some axes needs: two for each coefficient.

    Counted are those of a plane.
    """
    return 2 * (num_axes + 1)


@dataclass(frozen=True)
class Form:
    """A polynomial in axes that are scaled to -1 at their least and 1 at their largest.

    Attributes:
        is_log: `D` whether the logarithm of each axis stands in its place.
        terms: `p` terms: the power of each axis.
    """

    is_log: tuple[bool, ...]
    terms: tuple[tuple[int, ...], ...]

    @property
    def order(self) -> int:
        """Return the highest power of one axis."""
        return max(max(term) for term in self.terms)

    @property
    def has_products(self) -> bool:
        """Return whether axes act together."""
        return any(sum(power > 0 for power in term) > 1 for term in self.terms)


@dataclass(frozen=True)
class Candidate:
    """A form, and how well it predicts cells that it was not fitted to.

    Attributes:
        form: the polynomial.
        error: root mean square of held-out errors, in standard errors of the cells.
        is_chosen: whether it is the surface.
    """

    form: Form
    error: float
    is_chosen: bool


@dataclass(frozen=True)
class Band:
    """Log rho at `[M]` points, with the ends of its simultaneous 95 % band."""

    value: FloatArray
    low: FloatArray
    high: FloatArray


@dataclass(frozen=True)
class Line:
    """Where a level is crossed along one axis, all else held.

    Attributes:
        roots: values of the axis at which the surface crosses the level, increasing.
        region: what the band leaves of them, as intervals; empty where the side is
            certain throughout.
        is_below: whether the surface is below the level at the axis's least value.
    """

    roots: tuple[float, ...]
    region: tuple[tuple[float, float], ...]
    is_below: bool


@dataclass(frozen=True)
class Surface:
    """The surface that was chosen, over `D` axes.

    Attributes:
        bounds: `[D, 2]` least and largest value of each axis that was run.
        form: of the surface.
        coefficients: `[p]` of its terms, in log rho.
        errors: `[p]` their standard errors, for this form alone.
        candidates: every form that the cells can tell, from the simplest.
        num_cells: that it was fitted to.
        misfit: Birge's ratio, >= 1: what the band is widened by for cells further from
            the surface than their errors allow.
        reach: half width of the band in standard deviations.
    """

    bounds: FloatArray
    form: Form
    coefficients: FloatArray
    errors: FloatArray
    candidates: tuple[Candidate, ...]
    num_cells: int
    misfit: float
    reach: float
    _choices: tuple[tuple[Form, FloatArray], ...]

    def at(self, points: npt.ArrayLike) -> Band:
        """Return log rho at some points, with the band.

        Args:
            points: `[M, D]` values of the axes, inside the bounds.

        Raises:
            ValueError: a point lies outside: nothing is extrapolated.
        """
        placed = np.asarray(points, np.float64)
        low, high = self.bounds.T
        room = 1e-9 * (high - low)
        is_inside = (placed >= low - room) & (placed <= high + room)
        if not is_inside.all():
            row, axis = np.argwhere(~is_inside)[0]
            raise ValueError(
                "`points` must be inside the settings that the surface was fitted to,"
                f" {low[axis]:g} to {high[axis]:g} along axis {axis}, got"
                f" {placed[row, axis]:g}."
            )
        value, spread = _spread(
            self.bounds, placed, self.form, self.coefficients, self._choices
        )
        half = self.reach * self.misfit * spread
        return Band(value, value - half, value + half)

    def lattice(self) -> FloatArray:
        """Return `[M, D]` points that fill the region, even on the surface's scales."""
        return _lattice(self.bounds, self.form.is_log)

    def shares(self, level: float = 1.0) -> tuple[float, float, float]:
        """Return the shares of the region below a level of rho, above, and untold.

        Of points that are even on the surface's scales.
        """
        band, log_level = self.at(self.lattice()), math.log(level)
        below = float((band.high < log_level).mean())
        above = float((band.low > log_level).mean())
        return below, above, 1.0 - below - above

    def along(self, axis: int, held: Sequence[float], level: float = 1.0) -> Line:
        """Find where a level of rho is crossed along one axis.

        Args:
            axis: which, from 0.
            held: `D` values at which the others are held; its own is not used.
            level: of rho; > 0.

        Raises:
            ValueError: the level is not > 0, or what is held lies outside.
        """
        if not level > 0.0:
            raise ValueError(f"`level` must be > 0, got {level}.")
        ends, is_log = self.bounds[axis], self.form.is_log[axis]
        place = _spaced(ends, _LINE, is_log=is_log)
        points = np.tile(np.asarray(held, np.float64), (_LINE, 1))
        points[:, axis] = place
        band, log_level = self.at(points), math.log(level)
        net = band.value - log_level
        turns = np.flatnonzero((net[:-1] > 0.0) != (net[1:] > 0.0))
        share = net[turns] / (net[turns] - net[turns + 1])
        roots = place[turns] + share * (place[turns + 1] - place[turns])
        is_open = (band.low <= log_level) & (log_level <= band.high)
        return Line(
            tuple(map(float, roots)), tuple(_runs(place, is_open)), bool(net[0] <= 0.0)
        )


def _runs(
    place: FloatArray, inside: npt.NDArray[np.bool_]
) -> Iterator[tuple[float, float]]:
    """Yield the intervals that points inside make."""
    edges = np.diff(np.concatenate([[0], inside.astype(np.int64), [0]]))
    for start, end in zip(
        np.flatnonzero(edges == 1), np.flatnonzero(edges == -1) - 1, strict=True
    ):
        yield float(place[start]), float(place[end])


def fit_surface(
    cells: npt.ArrayLike,
    log_ratio: npt.ArrayLike,
    draws: npt.ArrayLike,
    num_replicates: int,
) -> Surface:
    """Choose and fit the surface.

    Args:
        cells: `[N, D]` settings that were run; 2 to `MAX_AXES` axes.
        log_ratio: `[N]` log rho of each; finite.
        draws: `[B, N]` the same in each resample, all cells together.
        num_replicates: that were resampled; >= `MIN_REPLICATES`.

    Raises:
        ValueError: there are too few cells, axes or replicates, an axis has one value
            alone, or a number is not finite.
    """
    x, y = np.asarray(cells, np.float64), np.asarray(log_ratio, np.float64)
    drawn = np.asarray(draws, np.float64)
    _check(x, y, drawn, num_replicates)
    # as in `interval`: a Bayesian bootstrap's deviation is too small
    stretch = math.sqrt((num_replicates + 1) / (num_replicates - 1))
    noise = (drawn - drawn.mean(axis=0)) * stretch
    error = noise.std(axis=0)
    if not (error > 0.0).all():
        raise ValueError(
            "`draws` must vary in every cell, got a cell that is the same in each"
            f" resample: {x[error == 0.0][0].tolist()}."
        )
    bounds = np.stack([x.min(axis=0), x.max(axis=0)], axis=1)
    fits = [fit for form in _forms(x) if (fit := _fit(form, x, bounds, error))]
    (chosen,), scores = _choose(fits, y[:, None])
    fit, largest = fits[chosen], max(len(one.form.terms) for one in fits)
    wide = min(
        (i for i, one in enumerate(fits) if len(one.form.terms) == largest),
        key=lambda i: float(scores[i, 0]),
    )
    around = (fits[wide].design @ (fits[wide].solve @ y))[:, None]
    again = around + noise[:_NUM_CHOICES].T
    picks, _ = _choose(fits, again)
    choices = tuple(
        (fits[i].form, fits[i].solve @ again[:, picks == i]) for i in np.unique(picks)
    )
    coefficients = fit.solve @ y
    away = (fit.design @ coefficients - y) / error
    spare = len(y) - len(coefficients)
    points = _lattice(bounds, fit.form.is_log)
    return Surface(
        bounds=bounds,
        form=fit.form,
        coefficients=coefficients,
        errors=(fit.solve @ noise.T).std(axis=1),
        candidates=tuple(
            Candidate(one.form, float(math.sqrt(score)), i == chosen)
            for i, (one, score) in enumerate(zip(fits, scores[:, 0], strict=True))
        ),
        num_cells=len(y),
        misfit=math.sqrt(max(1.0, float((away**2).sum()) / spare)),
        reach=_reach(bounds, points, fit.form, coefficients, choices)
        * float(stdtrit(num_replicates - 1, UPPER) / norm.ppf(UPPER)),
        _choices=choices,
    )


def _check(x: FloatArray, y: FloatArray, draws: FloatArray, replicates: int) -> None:
    """Refuse what no surface can be made of."""
    num, axes = x.shape if x.ndim == 2 else (0, 0)
    if not 2 <= axes <= MAX_AXES:
        raise ValueError(f"`cells` must have 2 to {MAX_AXES} axes, got {axes}.")
    if num < least_cells(axes):
        raise ValueError(
            f"`cells` must be {least_cells(axes)} or more for {axes} axes, got {num}."
        )
    if (x == x[0]).all(axis=0).any():
        alone = np.flatnonzero((x == x[0]).all(axis=0)).tolist()
        raise ValueError(
            f"`cells` must hold two or more values of every axis, got one of {alone}."
        )
    if y.shape != (num,) or draws.ndim != 2 or draws.shape[1] != num:
        raise ValueError(
            f"`log_ratio` and `draws` must be of {num} cells, got {y.shape} and"
            f" {draws.shape}."
        )
    for name, values in (("cells", x), ("log_ratio", y), ("draws", draws)):
        if not np.isfinite(values).all():
            raise ValueError(
                f"`{name}` must be finite, got {some_of(values[~np.isfinite(values)])}."
            )
    if replicates < MIN_REPLICATES:
        raise ValueError(
            f"`num_replicates` must be >= {MIN_REPLICATES}, got {replicates}."
        )


def _forms(x: FloatArray) -> Iterator[Form]:
    """Yield the candidates, from the simplest of each scale, none twice."""
    columns = [np.unique(column) for column in x.T]
    axes = range(len(columns))
    # of two values the logarithm is the same line
    scales = [
        (False, True)
        if len(found) > 2 and found[0] > 0.0 and found[-1] >= _SPAN * found[0]
        else (False,)
        for found in columns
    ]
    units = [tuple(int(i == j) for j in axes) for i in axes]
    level = [(0,) * len(columns)]
    bends = [
        tuple(2 * power for power in unit)
        for unit, found in zip(units, columns, strict=True)
        if len(found) > 2
    ]
    products = [
        tuple(int(k in pair) for k in axes) for pair in itertools.combinations(axes, 2)
    ]
    yield Form((False,) * len(columns), tuple(level))
    for is_log in itertools.product(*scales):
        for more in ([], products, bends, [*products, *bends])[: 4 if bends else 2]:
            yield Form(is_log, (*level, *units, *more))


@dataclass(frozen=True)
class _Fit:
    """A form on the cells.

    Attributes:
        design: `[N, p]` terms of each cell.
        solve: `[p, N]` gives coefficients of log rho.
        held_out: `[N, N]` gives held-out errors of log rho, in standard errors.
    """

    form: Form
    design: FloatArray
    solve: FloatArray
    held_out: FloatArray


def _fit(
    form: Form, x: FloatArray, bounds: FloatArray, error: FloatArray
) -> _Fit | None:
    """Fit a form; None where the cells, or the rest of them, cannot tell its terms."""
    design = _terms(form, x, bounds)
    num, terms = design.shape
    weighted = design / error[:, None]
    if num - terms < _SPARE or np.linalg.matrix_rank(weighted) < terms:
        return None
    inverse = np.linalg.pinv(weighted)
    hat = weighted @ inverse
    left = 1.0 - np.diag(hat)
    if left.min() < 1e-6:
        return None
    held_out = (np.eye(num) - hat) / left[:, None] / error
    return _Fit(form, design, inverse / error, held_out)


def _choose(fits: Sequence[_Fit], y: FloatArray) -> tuple[IntArray, FloatArray]:
    """Choose a form for each of `[N, K]` columns of log rho.

    Returns:
        `[K]` which, and `[C, K]` mean squares of held-out errors.
    """
    num = len(y)
    squares = np.stack([(fit.held_out @ y) ** 2 for fit in fits])
    scores = squares.mean(axis=1)
    best = scores.argmin(axis=0)
    beyond = squares - squares[best, :, np.arange(y.shape[1])].T
    allowed = beyond.std(axis=1, ddof=1) / math.sqrt(num)
    is_good = beyond.mean(axis=1) <= allowed
    is_good[best, np.arange(y.shape[1])] = True
    terms = np.array([len(fit.form.terms) for fit in fits])[:, None]
    # of equally simple ones the better, which is less than a term apart
    rank = np.where(is_good, terms + scores / (1.0 + scores.max()) / 2.0, math.inf)
    return rank.argmin(axis=0), scores


def _terms(form: Form, points: FloatArray, bounds: FloatArray) -> FloatArray:
    """Return `[M, p]` terms at some points, on axes scaled to -1 and 1."""
    scaled = np.empty_like(points)
    for d, is_log in enumerate(form.is_log):
        column, ends = points[:, d], bounds[d]
        if is_log:
            column, ends = np.log(column), np.log(ends)
        scaled[:, d] = 2.0 * (column - ends[0]) / (ends[1] - ends[0]) - 1.0
    return np.stack([np.prod(scaled ** np.array(t), axis=1) for t in form.terms], 1)


def _lattice(bounds: FloatArray, is_log: Sequence[bool]) -> FloatArray:
    num = _PER_AXIS[len(bounds) - 1]
    lines = [
        _spaced(ends, num, is_log=log) for ends, log in zip(bounds, is_log, strict=True)
    ]
    return np.stack([one.ravel() for one in np.meshgrid(*lines, indexing="ij")], 1)


def _spaced(ends: FloatArray, num: int, *, is_log: bool) -> FloatArray:
    """Return values from one end to the other, even on the axis's scale."""
    low, high = float(ends[0]), float(ends[1])
    found = np.geomspace(low, high, num) if is_log else np.linspace(low, high, num)
    return np.asarray(np.clip(found, low, high), np.float64)


def _spread(
    bounds: FloatArray,
    points: FloatArray,
    form: Form,
    coefficients: FloatArray,
    choices: Sequence[tuple[Form, FloatArray]],
) -> tuple[FloatArray, FloatArray]:
    """Return `[M]` log rho, and how far resampled surfaces lie from it."""
    value, away = _distances(bounds, points, form, coefficients, choices)
    return value, np.sqrt((away**2).mean(axis=1))


def _distances(
    bounds: FloatArray,
    points: FloatArray,
    form: Form,
    coefficients: FloatArray,
    choices: Sequence[tuple[Form, FloatArray]],
) -> tuple[FloatArray, FloatArray]:
    """Return `[M]` log rho, and `[M, B]` of resampled surfaces less it."""
    value = _terms(form, points, bounds) @ coefficients
    drawn = [_terms(other, points, bounds) @ found for other, found in choices]
    return value, np.concatenate(drawn, axis=1) - value[:, None]


def _reach(
    bounds: FloatArray,
    points: FloatArray,
    form: Form,
    coefficients: FloatArray,
    choices: Sequence[tuple[Form, FloatArray]],
) -> float:
    """Return how many deviations away 95 % of resampled surfaces are at most."""
    _, away = _distances(bounds, points, form, coefficients, choices)
    sizes = np.abs(away) / np.sqrt((away**2).mean(axis=1, keepdims=True))
    return float(np.quantile(sizes.max(axis=0), LEVEL))
