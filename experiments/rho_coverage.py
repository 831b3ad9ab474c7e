"""How often does the interval of rho hold the truth where runs fail, and what is said?

    python experiments/rho_coverage.py [STUDIES]

Draws synthetic studies by the thousand, each a control and some arms whose runs fail
with a known chance, and judges one arm of each by the functions that a study uses:
resamples, what is spent per success, percentiles, the claim, the failures it survives
and those that may come (`hitl_sim.analysis.chance`: `success`, `interval`, `claim`,
`failure`). Prints a page, and in its whole form, of 4,000 studies a cell, writes it to
`rho_coverage.md` beside this file.

A run that reaches its target spends a lognormal amount, of which replicates share half
the variance; one that does not spends the cap. Rho is what is spent in all per success,
the arm's beside the control's, so its truth is known.

A cell is right if its intervals hold the truth in 93 to 97 % of studies, or if of the
studies whose interval alone would claim what is false (a saving, a loss or no
difference of more than the smallest effect) at least 95 % are withheld as having seen
too few failures. Both are judged with their Monte-Carlo error: a cell fails if all of
its exact 95 % interval is outside.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from asked import asked
from scipy.stats import binomtest

from hitl_sim.analysis.chance.claim import (
    FEW,
    Effect,
    Spent,
    judge,
    survived_shares,
)
from hitl_sim.analysis.chance.failure import bound_failures, least_spent
from hitl_sim.analysis.chance.interval import percentile_bounds, resample, tail
from hitl_sim.analysis.chance.success import ARM, CONTROL, mean_reached, per_success

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
HERE = Path(__file__).parent
SD = 0.25
"""Of log joules, of what replicates share and of each run's own."""
SMALLEST_EFFECT = 0.05
STUDIES = 4_000
_AT_ONCE = 250
FAILING = (0.0, 0.02, 0.05, 0.1, 0.2)
REPLICATES = (16, 32, 64)
SEED = 20_261_129


@dataclass(frozen=True)
class Cell:
    """Studies of one kind.

    Attributes:
        replicates: runs of each condition.
        mean: what a run of an arm spends that reaches, beside the control's.
        arm: chance of a run of any arm to fail.
        control: chance of a run of the control to fail.
        arms: arms in the study.
        cap: what a run spends that fails, beside a run of the control that reaches.
        is_alone: whether the other arms never fail; else all fail alike.
    """

    replicates: int
    mean: float
    arm: float
    control: float
    arms: int = 10
    cap: float = 3.3
    is_alone: bool = False

    @property
    def rho(self) -> float:
        """Return the true ratio of what is spent per success."""
        return self._per(self.mean, self.arm) / self._per(1.0, self.control)

    def _per(self, mean: float, fails: float) -> float:
        return mean + self.cap * fails / (1.0 - fails)

    def saving_nothing(self) -> "Cell":
        """Return the cell with runs of the arm such that rho is 1."""
        mean = self._per(1.0, self.control) - self.cap * self.arm / (1.0 - self.arm)
        return replace(self, mean=mean)


@dataclass(frozen=True)
class Found:
    """What the studies of a cell said.

    Attributes:
        cell: what they were.
        studies: how many.
        held: intervals that held rho.
        claimed: intervals that alone would claim something.
        withheld: of these, claims that were withheld.
        wrong: intervals that alone would claim what is false.
        wrong_withheld: of these, claims that were withheld.
    """

    cell: Cell
    studies: int
    held: int
    claimed: int
    withheld: int
    wrong: int
    wrong_withheld: int

    @property
    def holds(self) -> bool:
        """Return whether the intervals hold rho in 93 to 97 % of studies."""
        low, high = exact(self.held, self.studies)
        return low <= 0.97 and high >= 0.93

    @property
    def guards(self) -> bool:
        """Return whether 95 % of the wrong claims are withheld; so if there is none."""
        if self.wrong == 0:
            return True
        return exact(self.wrong_withheld, self.wrong)[1] >= 0.95


def exact(hits: int, trials: int) -> tuple[float, float]:
    """Return the exact 95 % interval of a share (Clopper and Pearson 1934)."""
    found = binomtest(hits, trials).proportion_ci(0.95, "exact")
    return float(found.low), float(found.high)


def look(cell: Cell, studies: int = STUDIES, seed: int = SEED) -> Found:
    """Draw the studies of a cell and judge one arm of each."""
    rng = np.random.default_rng([seed, cell.replicates, cell.arms])
    counts = np.zeros(5, np.int64)
    sizes = [_AT_ONCE] * (studies // _AT_ONCE) + [studies % _AT_ONCE]
    for num in filter(None, sizes):
        counts += _judge(cell, rng, num)
    return Found(cell, studies, *(int(count) for count in counts))


def _judge(cell: Cell, rng: np.random.Generator, num: int) -> npt.NDArray[np.int64]:
    """Return the five counts of `Found`."""
    weights = resample(cell.replicates, 0)
    shared = rng.normal(0.0, SD, (cell.replicates, num))
    drawn = [
        _runs(cell, rng, shared, mean, fails)
        for mean, fails in ((cell.mean, cell.arm), (1.0, cell.control))
    ]
    failed = np.stack([(~reached).sum(axis=0) for _, reached in drawn])
    arm = _spent(cell, weights, *drawn[0], stream=ARM, may_fail=failed[1] > 0)
    control = _spent(cell, weights, *drawn[1], stream=CONTROL, may_fail=failed[1] > 0)
    low, high = percentile_bounds(
        arm.per_success / control.per_success, cell.replicates
    )
    effects = [judge(*ends, SMALLEST_EFFECT) for ends in zip(low, high, strict=True)]
    stands = _stands(cell, rng, effects, arm, control, failed)
    truth = judge(cell.rho, cell.rho, SMALLEST_EFFECT)
    claims = np.array([effect is not Effect.UNDETERMINED for effect in effects])
    wrong = claims & np.array([effect is not truth for effect in effects])
    held = (low <= cell.rho) & (cell.rho <= high)
    return np.array(
        [
            held.sum(),
            claims.sum(),
            (claims & ~stands).sum(),
            wrong.sum(),
            (wrong & ~stands).sum(),
        ]
    )


def _runs(
    cell: Cell, rng: np.random.Generator, shared: FloatArray, mean: float, fails: float
) -> tuple[FloatArray, BoolArray]:
    """Return `[R, S]` what runs spent, and whether they reached."""
    own = rng.normal(0.0, SD, shared.shape)
    reached = rng.random(shared.shape) >= fails
    spent = np.minimum(mean * np.exp(shared + own - SD**2), cell.cap)
    return np.where(reached, spent, cell.cap), reached


def _spent(
    cell: Cell,
    weights: FloatArray,
    spent: FloatArray,
    reached: BoolArray,
    *,
    stream: int,
    may_fail: BoolArray,
) -> Spent:
    at_cap = np.full_like(spent, cell.cap)
    return Spent(
        per_success(weights, spent, reached, at_cap, stream=stream, may_fail=may_fail),
        mean_reached(weights, spent, reached),
        np.full((1, spent.shape[1]), cell.cap),
    )


def _stands(
    cell: Cell,
    rng: np.random.Generator,
    effects: Sequence[Effect],
    arm: Spent,
    control: Spent,
    failed: npt.NDArray[np.int64],
) -> BoolArray:
    """Return `[S]` whether the failures that may come leave each claim standing."""
    fails = 0.0 if cell.is_alone else cell.arm
    others = rng.binomial(cell.replicates, fails, (len(effects), cell.arms - 1))
    alike = np.column_stack([failed[0], others])
    every = np.full(alike.shape[1], cell.replicates)
    bounds = (
        bound_failures(alike, every),
        bound_failures(failed[1][:, None], every[:1]),
    )
    arm, control = (
        _guarded(spent, least, own)
        for spent, (least, _), own in zip((arm, control), bounds, failed, strict=True)
    )
    stands = np.ones(len(effects), bool)
    for effect in set(effects):
        shares = survived_shares(
            effect, arm, control, SMALLEST_EFFECT, tail(cell.replicates)
        )
        is_so = np.array([found is effect for found in effects])
        for share, (_, may_fail), own in zip(shares, bounds, failed, strict=True):
            if share is not None:
                stands &= ~is_so | (own >= FEW) | (share >= may_fail)
    return stands


def _guarded(spent: Spent, least: FloatArray, failed: npt.NDArray[np.int64]) -> Spent:
    """Let as few fail as may, where few were seen, as `claim.Side` does."""
    share = np.where((failed > 0) & (failed < FEW), least, np.nan)
    parts = spent.per_success, spent.reached, spent.if_failed
    return replace(spent, per_success=least_spent(*parts, share))


def cells(arms: int = 10, cap: float = 3.3) -> Iterator[Cell]:
    """Return the cells of a table: either side fails, and the other never does."""
    for num in REPLICATES:
        for fails in FAILING:
            yield Cell(num, 0.7, fails, 0.0, arms, cap)
        for fails in FAILING[1:]:
            yield Cell(num, 0.7, 0.0, fails, arms, cap)


def _share(hits: int, trials: int) -> str:
    if trials == 0:
        return "-"
    low, high = exact(hits, trials)
    return f"{hits / trials:.3f} [{low:.3f}, {high:.3f}]"


def rows(found: Sequence[Found]) -> Iterator[str]:
    """Write a table, a row per cell."""
    head = (
        "replicates",
        "arms fail",
        "control fails",
        "rho",
        "intervals hold it",
        "claims of intervals",
        "withheld of these",
        "wrong",
        "withheld of the wrong",
        "wrong and stands",
        "right",
    )
    yield f"| {' | '.join(head)} |"
    yield f"|{' --- |' * len(head)}"
    for one in found:
        cell = one.cell
        row = (
            str(cell.replicates),
            f"{cell.arm:g}",
            f"{cell.control:g}",
            f"{cell.rho:.3g}",
            _share(one.held, one.studies),
            f"{one.claimed / one.studies:.3f}",
            f"{one.withheld / one.claimed:.3f}" if one.claimed else "-",
            str(one.wrong),
            _share(one.wrong_withheld, one.wrong),
            f"{(one.wrong - one.wrong_withheld) / one.studies:.4f}",
            _how(one),
        )
        yield f"| {' | '.join(row)} |"
    yield ""


def _how(found: Found) -> str:
    why = "withheld" if found.wrong else "none wrong"
    names = (("holds", found.holds), (why, found.guards))
    return " and ".join(name for name, is_so in names if is_so) or "NO"


def write_page(studies: int) -> str:
    """Judge every cell and write what was found as a page."""
    lines = [
        "# How often does the interval of rho hold the truth where runs fail?",
        "",
        f"Written by `python experiments/rho_coverage.py` (seed {SEED}, {studies:,}"
        f" studies a cell, log sd {SD} shared and {SD} own, smallest effect"
        f' {SMALLEST_EFFECT:.0%}). Shares have exact 95 % intervals. "Claims of'
        ' intervals" are what intervals alone would say: a saving, a loss or no'
        ' difference that matters; "wrong" are those that rho contradicts. A cell is'
        ' right if intervals hold rho in 93 to 97 % of studies ("holds"), or if at'
        ' least 95 % of the wrong are withheld ("withheld", or "none wrong"), as far as'
        " Monte-Carlo error can tell.",
        "",
    ]
    for title, some in _tables():
        lines += [f"## {title}", "", *rows([look(cell, studies) for cell in some])]
    return "\n".join(lines).rstrip() + "\n"


def _tables() -> Iterator[tuple[str, list[Cell]]]:
    """Return the title and the cells of each table."""
    for arms, cap in ((10, 3.3), (1, 3.3), (10, 3.0), (10, 3.5)):
        names = f"{arms} arms" if arms > 1 else "one arm"
        every = list(cells(arms, cap))
        if cap == 3.3:
            title = "a run of the arm that reaches spends .7 of the control's"
            yield f"{names}, cap {cap:g}: {title}", every
        nothing = [cell.saving_nothing() for cell in every]
        yield f"{names}, cap {cap:g}: rho is 1: nothing is saved", nothing
    yield (
        "10 arms, cap 3.3, of which one fails and the others never do: rho is 1. They"
        " vouch for it, and no rule that lets ten arms vouch for each other can tell",
        [
            replace(cell.saving_nothing(), is_alone=True)
            for cell in cells()
            if cell.arm > 0.0
        ],
    )


def main() -> None:
    """Print the page, and keep it where it is whole."""
    studies = asked(__doc__, "studies", STUDIES).studies
    page = write_page(studies)
    print(page)
    if studies >= STUDIES:
        (HERE / "rho_coverage.md").write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
