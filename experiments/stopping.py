"""Does an interval hold the truth where replicates were added until it was narrow?

    python experiments/stopping.py [STUDIES]

Draws synthetic studies by the thousand and stops each by the rule of a study with
`replicates = { at_least = 16, until_half_width = .05, at_most = 128 }`: batches of 8
are added until the 95 % interval of log rho of every arm is narrow enough, then one
more. Intervals are those of a study (`hitl_sim.analysis.chance.interval`), looks those
of its rule (`hitl_sim.study.spec.replicates`). Prints a page, and in its whole form, of
4,000 studies a cell, writes it to `stopping.md` beside this file.

A run spends a lognormal amount, of which replicates share a part, so that the
logarithms of arm and control differ by `sd` in one replicate; or it fails with a known
chance and spends the cap. Every study is stopped in three ways: at the first narrow
look (Chow and Robbins 1965), a batch later (Simons 1968; what studies do), and at the
fixed number of replicates whose intervals are narrow enough on average.

The rule is right if in every cell without failures at least 94 % of its intervals hold
rho, and they are on average at most 1.3 times as wide as those of the fixed number.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from asked import asked
from scipy.stats import binomtest

from hitl_sim.analysis.chance.interval import percentile_bounds, resample
from hitl_sim.analysis.chance.success import ARM, CONTROL, per_success
from hitl_sim.study.spec.replicates import ReplicateRule

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
HERE = Path(__file__).parent
RULE = ReplicateRule(at_least=16, until_half_width=0.05, at_most=128)
CAP = 3.3
"""What a run spends that fails, beside a run of the control that reaches."""
RATIO = 0.85
"""What a run of an arm spends, beside one of the control: some of what was seen."""
STUDIES = 4_000
SEED = 20_261_130
_AT_ONCE = 500


@dataclass(frozen=True)
class Cell:
    """Studies of one kind.

    Attributes:
        sd: standard deviation of the log ratio in one replicate.
        arms: arms that must all be narrow.
        fails: chance of a run to fail, of arms and control alike.
    """

    sd: float
    arms: int = 1
    fails: float = 0.0

    @property
    def rho(self) -> float:
        """Return the true ratio of what is spent per success."""
        lost = CAP * self.fails / (1.0 - self.fails)
        return (RATIO + lost) / (1.0 + lost)


@dataclass(frozen=True)
class Way:
    """What one way of stopping led to: means over studies, of all arms.

    Attributes:
        held: intervals that held rho.
        intervals: how many there were.
        width: mean half-width of log rho.
        replicates: mean number.
    """

    held: int
    intervals: int
    width: float
    replicates: float


@dataclass(frozen=True)
class Found:
    """What the studies of a cell led to.

    Attributes:
        cell: what they were.
        fixed: at the fixed number whose intervals are narrow enough on average, or at
            the most replicates.
        first: at the first narrow look.
        ruled: a batch later, as studies stop.
        stopped: share of studies that were narrow before the most replicates.
    """

    cell: Cell
    fixed: Way
    first: Way
    ruled: Way
    stopped: float

    @property
    def is_right(self) -> bool:
        """Whether 94 % of intervals hold rho and widths are what they should be."""
        coverage = self.ruled.held / self.ruled.intervals
        return coverage >= 0.94 and self.ruled.width <= 1.3 * self.fixed.width


def look(cell: Cell, studies: int = STUDIES, seed: int = SEED) -> Found:
    """Draw the studies of a cell and stop each in three ways."""
    rng = np.random.default_rng([seed, round(1000 * cell.sd), cell.arms])
    sizes = [_AT_ONCE] * (studies // _AT_ONCE) + [studies % _AT_ONCE]
    ends = [_ends(cell, rng, num) for num in sizes if num]
    low, high = (np.concatenate(parts, axis=2) for parts in zip(*ends, strict=True))
    return _stop(cell, low, high)


def _ends(
    cell: Cell, rng: np.random.Generator, num: int
) -> tuple[FloatArray, FloatArray]:
    """Return `[looks, arms, studies]` ends of the interval of rho at every look.

    Looks that no study comes to are left out: their intervals are those of nothing.
    """
    shape = (RULE.at_most, num)
    shared = rng.normal(0.0, cell.sd, shape)
    control = _runs(cell, rng, shared, 1.0)
    arms = [_runs(cell, rng, shared, RATIO) for _ in range(cell.arms)]
    found = np.empty((2, len(RULE.looks), cell.arms, num))
    found[0], found[1] = 0.0, np.inf
    ended = np.full(num, len(RULE.looks))
    for place, replicates in enumerate(RULE.looks):
        weights = resample(replicates, 0)
        spent, reached = (part[:replicates] for part in control)
        may_fail = ~reached.all(axis=0)
        beside = _per(weights, spent, reached, CONTROL, np.zeros_like(may_fail))
        for number, runs in enumerate(arms):
            spent, reached = (part[:replicates] for part in runs)
            own = _per(weights, spent, reached, ARM, may_fail)
            found[:, place, number] = percentile_bounds(own / beside, replicates)
        is_narrow = (_widths(*found[:, place]) <= RULE.until_half_width).all(axis=0)
        ended = np.minimum(ended, np.where(is_narrow, place + 1, ended))
        if (place >= ended).all():
            break
    return found[0], found[1]


def _runs(
    cell: Cell, rng: np.random.Generator, shared: FloatArray, mean: float
) -> tuple[FloatArray, BoolArray]:
    """Return `[R, S]` what runs spent, and whether they reached."""
    own_sd = cell.sd / np.sqrt(2.0)
    both = np.exp(shared + rng.normal(0.0, own_sd, shared.shape))
    spent = mean * both / np.exp(0.75 * cell.sd**2)
    reached = rng.random(shared.shape) >= cell.fails
    return np.where(reached, spent, CAP), reached


def _per(
    weights: FloatArray,
    spent: FloatArray,
    reached: BoolArray,
    stream: int,
    may_fail: BoolArray,
) -> FloatArray:
    """Return `[B, S]` what is spent per success in each resample."""
    at_cap = np.full_like(spent, CAP)
    return per_success(
        weights, spent, reached, at_cap, stream=stream, may_fail=may_fail
    )


def _widths(low: FloatArray, high: FloatArray) -> FloatArray:
    """Return half the widths of intervals of rho, on the scale of logarithms."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.nan_to_num(np.log(high / low) / 2.0, nan=np.inf, posinf=np.inf)


def _stop(cell: Cell, low: FloatArray, high: FloatArray) -> Found:
    width = _widths(low, high)
    held = (low <= cell.rho) & (cell.rho <= high)
    is_narrow = (width <= RULE.until_half_width).all(axis=1)
    last, studies = len(RULE.looks) - 1, np.arange(width.shape[2])
    first = np.where(is_narrow.any(axis=0), is_narrow.argmax(axis=0), last)
    enough = np.flatnonzero(width.mean(axis=(1, 2)) <= RULE.until_half_width)
    fixed = np.full_like(first, enough[0] if len(enough) else last)

    def way(place: npt.NDArray[np.int64]) -> Way:
        own, seen = held[place, :, studies], width[place, :, studies]
        numbers = np.array(RULE.looks)[place]
        return Way(int(own.sum()), own.size, float(seen.mean()), float(numbers.mean()))

    return Found(
        cell,
        way(fixed),
        way(first),
        way(np.minimum(first + 1, last)),
        float((first < last).mean()),
    )


def cells() -> Iterator[Cell]:
    """Return the cells of the page: one arm, ten arms, and arms that fail."""
    yield from (Cell(sd) for sd in (0.05, 0.08, 0.12, 0.15, 0.17, 0.2, 0.25))
    yield from (Cell(sd, 10) for sd in (0.08, 0.12, 0.17))
    yield from (Cell(sd, fails=fails) for sd in (0.08, 0.12) for fails in (0.01, 0.05))


def _share_of(cell: Cell) -> int:
    """Return what the number of studies is divided by: arms count as intervals."""
    return 4 if cell.arms > 1 else 1


def _share(way: Way) -> str:
    found = binomtest(way.held, way.intervals).proportion_ci(0.95, "exact")
    return f"{way.held / way.intervals:.3f} [{found.low:.3f}, {found.high:.3f}]"


LAST = (
    "Where runs fail now and then, intervals miss rho more often than they say, for a"
    " study that has seen no failure cannot know of any: at a fixed number too"
    " ([rho_coverage](rho_coverage.md)), and under the rule also where a fixed 128"
    " would do, because studies that have seen no failure are those that stop early."
    " There a fixed number, or a larger `at_least`, is the better choice. What such"
    " intervals would claim is withheld unless it survives the failures that may come."
)
HEAD = (
    "sd",
    "arms",
    "runs fail",
    "fixed: replicates",
    "intervals hold rho",
    "half-width",
    "first narrow look: replicates",
    "hold rho",
    "rule: replicates",
    "hold rho",
    "half-width",
    "÷ fixed",
    "narrow before 128",
    "saved of 128",
    "right",
)


def rows(found: Sequence[Found]) -> Iterator[str]:
    """Write a table, a row per cell."""
    yield f"| {' | '.join(HEAD)} |"
    yield f"|{' --- |' * len(HEAD)}"
    for one in found:
        cell, most = one.cell, RULE.at_most
        verdict = "yes" if one.is_right else "NO"
        row = (
            f"{cell.sd:g}",
            str(cell.arms),
            f"{cell.fails:g}",
            f"{one.fixed.replicates:.0f}",
            _share(one.fixed),
            f"{one.fixed.width:.4f}",
            f"{one.first.replicates:.1f}",
            _share(one.first),
            f"{one.ruled.replicates:.1f}",
            _share(one.ruled),
            f"{one.ruled.width:.4f}",
            f"{one.ruled.width / one.fixed.width:.2f}",
            f"{one.stopped:.2f}",
            f"{1.0 - one.ruled.replicates / most:.0%}",
            verdict if cell.fails == 0.0 else f"({verdict})",
        )
        yield f"| {' | '.join(row)} |"


def write_page(studies: int) -> str:
    """Stop the studies of every cell and write what was found as a page."""
    lines = [
        "# Does an interval hold the truth where replicates were added until it was"
        " narrow?",
        "",
        f"Written by `python experiments/stopping.py` (seed {SEED}, {studies:,} studies"
        f" a cell, a quarter of it with ten arms; rho {RATIO} where no run fails)."
        " The rule is `at_least ="
        f" {RULE.at_least}, until_half_width = {RULE.until_half_width}, at_most ="
        f" {RULE.at_most}`; its half-width is that of log rho. Shares have exact 95 %"
        " intervals, as if arms of one study were independent. The fixed number is the"
        " least of the looks whose intervals are narrow enough on average; nobody knows"
        " it beforehand. A cell is right if at least 94 % of the rule's intervals hold"
        " rho and they are at most 1.3 times as wide as those of the fixed number.",
        "",
        *rows([look(cell, studies // _share_of(cell)) for cell in cells()]),
        "",
        LAST,
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Print the page, and keep it where it is whole."""
    studies = asked(__doc__, "studies", STUDIES).studies
    page = write_page(studies)
    print(page)
    if studies >= STUDIES:
        (HERE / "stopping.md").write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
