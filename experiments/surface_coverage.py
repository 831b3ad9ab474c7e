"""How often does the band of a response surface hold a planted break-even contour?

    python experiments/surface_coverage.py [STUDIES]

Draws synthetic studies, each a control and an arm that was run at every setting of two
or three numeric axes, and gives each to the functions that a study uses: resamples,
what is spent per success (`hitl_sim.analysis.chance.interval`), the choice of the
surface and its band (`surface`). Every run spends a lognormal amount, of which
replicates share half the variance; all cells stand beside the same control. Log rho is
planted, so the contour is known. It is held if the band holds the level at every one of
some hundred points of it. Prints a page, and in its whole form, of 400 studies a row,
writes it to `surface_coverage.md` beside this file.

Most planted surfaces are polynomials, as the candidates are, and so may be right; one
is a logistic step, which no candidate is.
"""

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from asked import asked
from scipy.stats import binomtest

from hitl_sim.analysis.chance.interval import CostSample, draw_pair, ratio_of, resample
from hitl_sim.analysis.chance.surface import Surface, fit_surface

FloatArray = npt.NDArray[np.float64]
Planted = Callable[..., FloatArray]
HERE = Path(__file__).parent
STUDIES = 400
SEED = 20_261_130
ACCURACY = (0.55, 0.65, 0.75, 0.85, 0.95)
CORRUPTED = (0.05, 0.1, 0.2, 0.35, 0.5)
REPEATABILITY = (0.5, 0.7, 0.9)
_LINES = 61
_FINE = 801


def plane(a: FloatArray, c: FloatArray, *_: FloatArray) -> FloatArray:
    """Return log rho that is a plane in accuracy and the corrupted share."""
    return 1.8 * (0.72 - a) - 0.6 * (c - 0.25)


def product(a: FloatArray, c: FloatArray, *_: FloatArray) -> FloatArray:
    """Return log rho of a saving by good people that grows with what is corrupted."""
    return 1.2 * (0.75 - a) - 4.0 * (c - 0.25) * (a - 0.65)


def bend(a: FloatArray, c: FloatArray, *_: FloatArray) -> FloatArray:
    """Return log rho that bends along accuracy."""
    return 1.0 * (0.75 - a) + 3.0 * (a - 0.75) ** 2 - 0.6 * (c - 0.25)


def slight(a: FloatArray, c: FloatArray, *_: FloatArray) -> FloatArray:
    """Return log rho whose bend and product chance can hide."""
    return (0.75 - a) + (a - 0.75) ** 2 - 0.4 * (c - 0.25) + 0.6 * (a - 0.75) * c


def decade(a: FloatArray, c: FloatArray, *_: FloatArray) -> FloatArray:
    """Return log rho that is a plane in the logarithm of the corrupted share."""
    return -0.3 * np.log(c / 0.15) - 0.4 * (a - 0.75)


def step(a: FloatArray, c: FloatArray, *_: FloatArray) -> FloatArray:
    """Return log rho that is a logistic step: no candidate is right."""
    return 0.5 - 1.0 / (1.0 + np.exp((0.75 - a) * 14.0 - (c - 0.25) * 8.0))


def three(a: FloatArray, c: FloatArray, r: FloatArray) -> FloatArray:
    """Return log rho over three axes, two of which act together."""
    return 1.6 * (0.75 - a) - 0.6 * (c - 0.25) - 0.4 * (r - 0.7) - 2.0 * (a - 0.75) * c


@dataclass(frozen=True)
class Row:
    """Studies of one kind.

    Attributes:
        name: what is planted.
        planted: log rho at values of the axes.
        axes: `D` values of each axis; every combination is a cell.
        replicates: runs of each condition.
        sd: of log joules of a run, half its variance shared by its replicate.
        level: of rho, whose contour it is.
    """

    name: str
    planted: Planted
    axes: tuple[tuple[float, ...], ...] = (ACCURACY, CORRUPTED)
    replicates: int = 16
    sd: float = 0.2
    level: float = 1.0

    @property
    def cells(self) -> FloatArray:
        """Return `[N, D]` every combination of settings."""
        return np.array(list(itertools.product(*self.axes)))


def rows() -> Iterator[Row]:
    """Yield every row of the page."""
    planted = (plane, product, bend, slight, decade, step)
    named = {found.__name__: found for found in planted}
    for name, found in named.items():
        for replicates, sd in ((16, 0.1), (16, 0.4), (32, 0.2)):
            yield Row(name, found, replicates=replicates, sd=sd)
    for name in ("plane", "bend"):
        yield Row(f"{name}, 9 cells", named[name], (ACCURACY[::2], CORRUPTED[::2]))
        yield Row(f"{name}, 8 replicates", named[name], replicates=8)
        yield Row(f"{name}, level .9", named[name], level=0.9)
    yield Row("three axes", three, (ACCURACY[::2], CORRUPTED[::2], REPEATABILITY))


def contour(row: Row) -> FloatArray:
    """Return `[M, D]` points of the planted contour, inside the settings.

    They are solved along lines that cross the region in every axis's direction.
    """
    bounds = [(values[0], values[-1]) for values in row.axes]
    num = _LINES if len(bounds) == 2 else 9
    found: list[FloatArray] = []
    for axis, ends in enumerate(bounds):
        rest = [np.linspace(*b, num) for d, b in enumerate(bounds) if d != axis]
        line = np.linspace(*ends, _FINE)
        for held in itertools.product(*rest):
            points = np.tile(np.insert(np.array(held), axis, 0.0), (_FINE, 1))
            points[:, axis] = line
            net = row.planted(*points.T) - math.log(row.level)
            for k in np.flatnonzero((net[:-1] > 0.0) != (net[1:] > 0.0)):
                share = net[k] / (net[k] - net[k + 1])
                found.append(points[k] + share * (points[k + 1] - points[k]))
    return np.array(found)


def fit(row: Row, rng: np.random.Generator) -> Surface:
    """Draw one study and fit its surface."""
    cells, num = row.cells, row.replicates
    part = row.sd / math.sqrt(2.0)
    shared = part * rng.standard_normal(num)
    spent = np.exp(shared + part * rng.standard_normal((len(cells) + 1, num)))
    spent[1:] *= np.exp(row.planted(*cells.T))[:, None]
    reached = np.ones(num, bool)
    control, *arms = (CostSample(one, reached) for one in spent)
    weights = resample(num, SEED)
    draws = [ratio_of(*draw_pair(arm, control, weights)) for arm in arms]
    found = [arm.per_success / control.per_success for arm in arms]
    return fit_surface(cells, np.log(found), np.log(np.stack(draws, axis=1)), num)


def judge(row: Row, studies: int) -> tuple[int, float, float, float]:
    """Judge some studies of a row.

    Returns:
        In how many the whole contour was held; means over studies of the share of the
        contour's points that were, of the share of the region in which the band holds
        the level, and of the number of the surface's terms.
    """
    points = contour(row)
    level = math.log(row.level)
    held, sums = 0, np.zeros(3)
    for study in range(studies):
        surface = fit(row, np.random.default_rng([SEED, study]))
        band = surface.at(points)
        inside = (band.low <= level) & (level <= band.high)
        held += bool(inside.all())
        untold = surface.shares(row.level)[2]
        sums += (inside.mean(), untold, len(surface.form.terms))
    part, untold, terms = sums / studies
    return held, float(part), float(untold), float(terms)


def write_page(studies: int, some: Sequence[Row] | None = None) -> str:
    """Judge every row and write what was found as a page."""
    lines = [
        "# How often does the band of a response surface hold a planted contour?",
        "",
        f"Written by `python experiments/surface_coverage.py` (seed {SEED}, {studies:,}"
        " studies a row, 25 cells unless it says otherwise). A contour is held if the"
        " band holds the level at every point of it; shares of studies have exact 95 %"
        " intervals, and 95 % should hold. `step` is no candidate's form. Untold: the"
        " share of the region that was run in which the band holds the level, so that"
        " saving and loss cannot be told apart. Terms: of the surface that was chosen,"
        " on average.",
        "",
        "| planted | replicates | sd | contour held | its points | untold | terms |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in some or list(rows()):
        held, part, untold, terms = judge(row, studies)
        ends = binomtest(held, studies).proportion_ci(0.95, "exact")
        share = f"{held / studies:.3f} [{ends.low:.3f}, {ends.high:.3f}]"
        lines.append(
            f"| {row.name} | {row.replicates} | {row.sd:g} | {share} | {part:.3f} |"
            f" {untold:.2f} | {terms:.1f} |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    """Print the page, and keep it where it is whole."""
    studies = asked(__doc__, "studies", STUDIES).studies
    page = write_page(studies)
    print(page)
    if studies >= STUDIES:
        (HERE / "surface_coverage.md").write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
