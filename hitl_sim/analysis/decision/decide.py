"""The decision: whether people pay, how surely, and where that turns.

Everything here is computed from a finished `StudyResult` by re-pricing its records;
nothing is retrained and no number is changed.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hitl_sim.analysis.chance.crossing import Crossing
from hitl_sim.analysis.chance.fieller import RatioSet, fieller
from hitl_sim.analysis.chance.interval import (
    NUM_RESAMPLES,
    CostSample,
    percentile_interval,
    resample,
)
from hitl_sim.analysis.condition.between import shared_replicates
from hitl_sim.analysis.condition.break_even import Answer, is_below_zero
from hitl_sim.analysis.condition.finding import (
    Finding,
    StudyResult,
    TaskResult,
    best,
    reached_arms,
)
from hitl_sim.analysis.condition.parameter import find_sweeps
from hitl_sim.analysis.decision.frontier import Frontier, find_frontier
from hitl_sim.analysis.decision.net_benefit import (
    Line,
    Pair,
    acceptability,
    less,
    pair_of,
    probability,
    scale_line,
    solve_parameter,
)
from hitl_sim.analysis.decision.variance import Spread, price_moments, split_variance
from hitl_sim.analysis.decision.world import Input, draw_worlds, world_inputs
from hitl_sim.array import FloatArray, IntArray
from hitl_sim.cost import (
    BOUNDARIES,
    MEASURES,
    Boundary,
    Measure,
    Scenarios,
    cross,
    price_table,
)
from hitl_sim.cost.engine import PriceTable, bill
from hitl_sim.unit import S_PER_H

TRAINING = "training"
"""What is spared on the device alone: above 0 where rho is below 1."""


@dataclass(frozen=True)
class Range:
    """A price along which the break-even is solved, in the bill in which it matters.

    Its name is the field of `Scenarios`. The search ends where it is assumed to be
    wider than any published number of this kind.
    """

    name: str
    words: str
    unit: str
    low: float
    high: float
    measure: Measure


RANGES = (
    Range("wage_usd_per_h", "wage", "USD/h", 0.0, 100.0, "usd"),
    Range("electricity_usd_per_kwh", "electricity tariff", "USD/kWh", 0.0, 1.0, "usd"),
    Range("grid_kgco2e_per_kwh", "grid intensity", "kgCO2e/kWh", 0.02, 1.5, "kgco2e"),
)
WAGES = np.linspace(0.0, 60.0, 61)
"""Wages of the acceptability curves, USD/h."""
CARBON_PRICES = np.linspace(0.0, 2.0, 41)
"""Carbon prices of the acceptability curves, USD/kgCO2e."""
SCALES = np.logspace(0.0, 12.0, 97)
"""How many times as dear training is, for the acceptability curves."""


@dataclass(frozen=True)
class BreakEvenAlong:
    """A break-even solved along one number.

    Attributes:
        along: what the number is, in words.
        unit: its unit; empty for a share.
        yardstick: in which bill: `training`, joules, usd or kgco2e.
        scale: how many times as dear training is in it.
        arm: the arm, with whatever else is swept.
    """

    along: str
    unit: str
    yardstick: str
    scale: float
    arm: str
    crossing: Crossing


@dataclass(frozen=True)
class ArmDecision:
    """Whether one condition pays.

    Attributes:
        finding: the condition.
        saved_per_hour: joules of training saved per hour that people are paid for,
            the requester's included, J/h; only ever with its set.
        pays_here: probability that it pays at the study's prices, by measure.
        by_scale: `[M]` probability over `SCALES`, by measure.
        by_wage: `[W]` probability over `WAGES`, in money at `Decision.scale`.
        by_carbon_price: `[P]` probability over `CARBON_PRICES`, at the same scale.
        spread: what its variance is made of, at `Decision.scale`.
    """

    finding: Finding
    saved_per_hour: RatioSet
    pays_here: Mapping[Measure, float]
    by_scale: Mapping[Measure, FloatArray]
    by_wage: FloatArray
    by_carbon_price: FloatArray
    spread: tuple[Spread, ...]


@dataclass(frozen=True)
class Contour:
    """M* in money of one condition over wage and tariff.

    Attributes:
        wages: `[W]` USD/h.
        tariffs: `[P]` USD/kWh.
        multiple: `[P, W]` M*; NaN where money is unknown or no training is saved.
    """

    wages: FloatArray
    tariffs: FloatArray
    multiple: FloatArray


@dataclass(frozen=True)
class Leader:
    """The condition with people that a page tells about, and its bill in steps.

    Attributes:
        finding: the condition: of those that stand for their arm, the one of least rho.
        measure: usd where money is known, else joules.
        control: the control's bill per success, with training `Decision.scale` times
            as dear.
        steps: from there to the condition's own bill, in words with amounts; below 0
            for what is saved.
        contour: M* over wage and tariff.
    """

    finding: Finding
    measure: Measure
    control: float
    steps: tuple[tuple[str, float], ...]
    contour: Contour


@dataclass(frozen=True)
class BoundaryCase:
    """How one condition would end if an hour of a person counted otherwise.

    `pays_here` says whether its whole bill is below the control's, by chance alone.
    """

    finding: Finding
    boundary: Boundary
    measure: Measure
    pays_here: Answer


@dataclass(frozen=True)
class Decision:
    """Everything that helps to decide about one task.

    Attributes:
        task: the task.
        scale: how many times as dear training is in the curves over wage and carbon
            price: where the arm that pays back soonest in money breaks even, or 1.
        inputs: what was drawn as the world.
        arms: the conditions beside the control, its copy left out.
        break_evens: solved along prices, quality and the three consistencies.
        frontier: over accuracy, joules, hours, money and carbon.
        leader: the condition with people that is told about; None where none reached.
        boundary_cases: conditions with people under the other boundaries of an hour.
    """

    task: TaskResult
    scale: float
    inputs: tuple[Input, ...]
    arms: tuple[ArmDecision, ...]
    break_evens: tuple[BreakEvenAlong, ...]
    frontier: Frontier
    leader: Leader | None
    boundary_cases: tuple[BoundaryCase, ...]


def decide(
    result: StudyResult, task: TaskResult, tables: SharedTables | None = None
) -> Decision:
    """Work out the decision of one task of a study from its re-priced records.

    Prices that are the same for all its tasks may be made once, and given.
    """
    inputs = world_inputs(result, task)
    scale = _even_scale(task)
    desk = _Desk(result, task, inputs, scale, tables or SharedTables(result))
    arms = [f for f in task.findings if f.role == "arm"]
    return Decision(
        task=task,
        scale=scale,
        inputs=inputs,
        arms=tuple(desk.arm(finding) for finding in arms),
        break_evens=(*desk.price_break_evens(), *desk.parameter_break_evens()),
        frontier=desk.frontier(),
        leader=desk.leader(),
        boundary_cases=tuple(desk.boundary_cases()),
    )


def _even_scale(task: TaskResult) -> float:
    """Return the least multiple at which an arm with people breaks even in money.

    Among the conditions that stand for their arm if one of those ever does, else among
    all; 1 where none does.
    """
    reference = [f for f in reached_arms(task) if f.has_people]
    for findings in (reference, task.with_people):
        found = [f.at("usd").multiple.value for f in findings]
        finite = [value for value in found if math.isfinite(value) and value > 1.0]
        if finite:
            return min(finite)
    return 1.0


class SharedTables:
    """Price tables that are the same for all tasks of a study, each made once."""

    def __init__(self, result: StudyResult) -> None:
        """Take the study whose prices they are."""
        self.result = result

    def table(self, scenarios: Scenarios) -> PriceTable:
        """Ask the ledger what one of everything costs in every scenario."""
        return price_table([self.result.pricing], scenarios)

    @functools.cached_property
    def ranges(self) -> list[tuple[Range, FloatArray, FloatArray]]:
        """Each price, both of its ends, and `[F, 2]` what one of everything costs."""
        cases = []
        for span in RANGES:
            ends = np.array([span.low, span.high])
            table = self.table(Scenarios({span.name: ends}))
            cases.append((span, ends, table.whole(span.measure)))
        return cases

    @functools.cached_property
    def grid(self) -> PriceTable:
        """Prices over a grid of wages and tariffs."""
        return self.table(
            cross(wage_usd_per_h=_WAGE_GRID, electricity_usd_per_kwh=_TARIFF_GRID)
        )

    @functools.cached_property
    def boundaries(self) -> tuple[list[Boundary], PriceTable]:
        """The other boundaries of an hour, and prices in them."""
        own, pue = self.result.prices.boundary, self.result.pricing.rates.pue.value
        others = [boundary for boundary in BOUNDARIES if boundary != own]
        usual = pue if isinstance(pue, float) else 1.0
        return others, self.table(cross(boundaries=others, pue=[usual]))


class _Desk:
    """Prices in which one task is decided."""

    def __init__(
        self,
        result: StudyResult,
        task: TaskResult,
        inputs: Sequence[Input],
        scale: float,
        tables: SharedTables,
    ) -> None:
        self.result, self.task, self.scale = result, task, scale
        self.tables = tables
        worlds = draw_worlds(inputs, NUM_RESAMPLES, result.seed)
        self.here = result.pricing.table
        self.worlds = tables.table(worlds)
        self.moments = {
            m: price_moments(self.worlds.scaled(m, scale), result.seed)
            for m in MEASURES
        }
        self.wages = [self._at(worlds, "wage_usd_per_h", wage) for wage in (0.0, 1.0)]

    def _at(self, worlds: Scenarios, name: str, value: float) -> PriceTable:
        """Return prices in the same worlds with one number set."""
        fixed = {name: np.full(len(worlds), value)}
        return self.tables.table(Scenarios({**worlds.numbers, **fixed}))

    def arm(self, finding: Finding) -> ArmDecision:
        """Decide about one condition."""
        pair = pair_of(finding, self.task.control)
        weights = resample(len(finding.replicate), self.result.seed)
        used = less(pair.control.influence(), pair.arm.influence())
        by_scale = {m: scale_line(pair, self.worlds, m, weights) for m in MEASURES}
        return ArmDecision(
            finding=finding,
            saved_per_hour=fieller(
                pair.by_run(self.here.training["joules"])[:, 0],
                _hours(pair.arm, pair.arm.influence()),
            ),
            pays_here={
                m: float(probability(line.at(1.0))) for m, line in by_scale.items()
            },
            by_scale={m: acceptability(line, SCALES) for m, line in by_scale.items()},
            by_wage=acceptability(self._wage_line(pair, weights), WAGES),
            by_carbon_price=acceptability(self._carbon_line(by_scale), CARBON_PRICES),
            spread=tuple(
                split_variance(measure, used, self.moments[measure], weights)
                for measure in MEASURES
            ),
        )

    def _wage_line(self, pair: Pair, weights: FloatArray) -> Line:
        """Return net benefits in money over the wage, at the even scale."""
        free, paid = (
            pair.paired_draws(table.beside["usd"], weights) for table in self.wages
        )
        training = pair.paired_draws(self.wages[0].training["usd"], weights)
        with np.errstate(invalid="ignore"):
            whole, slope = free + self.scale * training, paid - free
        return Line(whole, np.where(np.isinf(whole), 0.0, slope))

    def _carbon_line(self, by_scale: Mapping[Measure, Line]) -> Line:
        """Return net benefits in money over the price of carbon, at the even scale."""
        money, carbon = (by_scale[m].at(self.scale) for m in ("usd", "kgco2e"))
        return Line(money, np.where(np.isinf(money), 0.0, carbon))

    def price_break_evens(self) -> list[BreakEvenAlong]:
        """Solve the break-even of every arm with people along every price.

        At the study's own scale alone: at the one where people break even in money,
        the prices that break even are those that the scale was found with.
        """
        rows = []
        for finding in (f for f in self.task.with_people if f.role == "arm"):
            # a pair keeps what was drawn of it, for all prices
            pair = pair_of(finding, self.task.control)
            weights = resample(len(finding.replicate), self.result.seed)
            rows.append(
                [
                    BreakEvenAlong(
                        *(span.words, span.unit, span.measure, 1.0, finding.label),
                        pair.crossing(ends, prices, weights),
                    )
                    for span, ends, prices in self.tables.ranges
                ]
            )
        return [found for case in zip(*rows, strict=True) for found in case]

    def parameter_break_evens(self) -> list[BreakEvenAlong]:
        """Solve it along quality and consistencies, in training and whole bills."""
        control, seed = self.task.control, self.result.seed
        in_training = [
            BreakEvenAlong(
                found.sweep.words, "", TRAINING, 1.0, found.sweep.arm, found.crossing
            )
            for found in self.task.crossings
        ]
        whole = {measure: self.here.whole(measure) for measure in MEASURES}
        return in_training + [
            BreakEvenAlong(sweep.words, "", measure, 1.0, sweep.arm, crossing)
            for sweep in find_sweeps(self.task.with_people)
            for measure, prices in whole.items()
            if (crossing := solve_parameter(sweep, control, prices, seed)) is not None
        ]

    def leader(self) -> Leader | None:
        """Tell the bill of the condition with people that saves most, in steps."""
        found = best(f for f in reached_arms(self.task) if f.has_people)
        if found is None or self.task.control.reach.hits == 0:
            return None
        pair = pair_of(found, self.task.control)
        measure: Measure = "usd" if found.at("usd").multiple.is_known else "joules"
        spent, beside = pair.arm.pooled, pair.control.pooled
        training = self.here.training[measure][:, 0] * self.scale
        other = self.here.beside[measure][:, 0]
        names = pair.arm.names
        steps = [("training", _priced(spent - beside, training))]
        for name, words in _STEPS:
            row = names.index(name)
            used = float(spent[row] - beside[row])
            if used != 0.0 and other[row] != 0.0:
                steps.append((words, used * float(other[row])))
        control = _priced(beside, training) + _priced(beside, other)
        return Leader(found, measure, control, tuple(steps), self._contour(pair))

    def _contour(self, pair: Pair) -> Contour:
        """Work out M* in money over a grid of wages and tariffs."""
        table = self.tables.grid
        saved, paid = (pair.net(part["usd"]) for part in (table.training, table.beside))
        with np.errstate(divide="ignore", invalid="ignore"):
            multiple = np.where(saved > 0.0, -paid / saved, np.nan)
        shape = len(_WAGE_GRID), len(_TARIFF_GRID)
        return Contour(
            np.asarray(_WAGE_GRID), np.asarray(_TARIFF_GRID), multiple.reshape(shape).T
        )

    def boundary_cases(self) -> Iterator[BoundaryCase]:
        """Hold every condition with people against the other boundaries of an hour."""
        others, table = self.tables.boundaries
        for finding in self.task.with_people:
            pair = pair_of(finding, self.task.control)
            weights = resample(len(finding.replicate), self.result.seed)
            for measure in _OF_BOUNDARY:
                net = pair.draws(table.whole(measure), weights)
                for column, boundary in enumerate(others):
                    drawn, pays = net[:, column], Answer.UNKNOWN
                    if not np.isnan(drawn).all():
                        low, high = percentile_interval(drawn, len(finding.replicate))
                        pays = is_below_zero(-high, -low)
                    yield BoundaryCase(finding, boundary, measure, pays)

    def frontier(self) -> Frontier:
        """Hold control and arms against each other in everything at once."""
        task = self.task
        findings = [task.control, *(f for f in task.findings if f.role == "arm")]
        shared = shared_replicates(findings)
        weights = resample(len(shared), self.result.seed)
        return find_frontier(
            tuple(finding.label for finding in findings),
            _OBJECTIVES,
            np.stack([self._objectives(one, shared)[0] for one in findings]),
            np.stack([self._objectives(one, shared, weights) for one in findings], 1),
        )

    def _objectives(
        self, finding: Finding, replicate: IntArray, weights: FloatArray | None = None
    ) -> FloatArray:
        """Return `[B, O]` objectives of a condition by resample, or of all runs."""
        amounts = finding.amounts_of(replicate)
        test = finding.test_by_run[np.searchsorted(finding.replicate, replicate)]
        if weights is None:
            kept, seen = amounts.pooled[None], test.mean(keepdims=True)
        else:
            kept, seen = amounts.draws(weights), weights @ test / len(replicate)
        joules = bill(kept, self.here.training["joules"])[:, 0]
        usd, carbon = (bill(kept, self.here.whole(m))[:, 0] for m in _OF_FRONTIER)
        hours = _hours(amounts, kept)
        return np.stack([1.0 - seen, joules, hours, usd, carbon], axis=1)


_OF_BOUNDARY: tuple[Measure, ...] = ("joules", "kgco2e")
_OF_FRONTIER: tuple[Measure, ...] = ("usd", "kgco2e")
_OBJECTIVES = (
    "accuracy lost",
    "joules of training",
    "human hours",
    "money",
    "carbon",
)
_WAGE_GRID = np.linspace(5.0, 60.0, 23).tolist()
_TARIFF_GRID = np.linspace(0.02, 0.5, 25).tolist()
_STEPS = (
    ("wait_s", "the device waiting"),
    ("paid_s", "annotators"),
    ("requester_s", "requester"),
    ("pool_labels", "labels of the pool"),
)


def _hours(amounts: CostSample, rows: FloatArray) -> FloatArray:
    """Return `[R]` hours that people are paid for in rows of amounts, h."""
    paid, own = (
        rows[:, amounts.names.index(name)] for name in ("paid_s", "requester_s")
    )
    return np.asarray((paid + own) / S_PER_H)


def _priced(amounts: FloatArray, prices: FloatArray) -> float:
    """Return the bill of some amounts."""
    return float(bill(amounts, prices[:, None])[0])
