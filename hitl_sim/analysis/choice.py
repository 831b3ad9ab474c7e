"""The decision: whether people pay, how surely, and where that turns.

Everything here is computed from a finished `StudyResult` by re-pricing its records;
nothing is retrained and no number is changed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hitl_sim.analysis.crossing import Crossing
from hitl_sim.analysis.dial import find_sweeps, solve_dial
from hitl_sim.analysis.fieller import RatioSet, fieller
from hitl_sim.analysis.finding import Finding, StudyResult, TaskResult
from hitl_sim.analysis.frontier import Frontier, find_frontier
from hitl_sim.analysis.interval import NUM_RESAMPLES, resample
from hitl_sim.analysis.net_benefit import (
    Line,
    Pair,
    acceptability,
    pair_of,
    probability,
    scale_line,
)
from hitl_sim.analysis.pricing import MEASURES, Measure
from hitl_sim.analysis.record import FloatArray, IntArray
from hitl_sim.analysis.reference import reference_arms
from hitl_sim.analysis.repricing import PriceTable, bill, price_table
from hitl_sim.analysis.scenario import Scenarios
from hitl_sim.analysis.world import Input, draw_worlds, world_inputs
from hitl_sim.unit import S_PER_H

TRAINING = "training"
"""What is spared on the device alone: above 0 where rho is below 1."""
Yardstick = str
"""`training`, or one of the measures of the whole bill."""


@dataclass(frozen=True)
class Range:
    """A price along which the break-even is solved.

    Attributes:
        name: field of `Scenarios`.
        words: what it is.
        unit: its unit.
        low: where the search begins.
        high: where it ends; assumed, wider than any published number of this kind.
        measure: the bill in which it matters.
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
    Range("grid_kgco2e_per_kwh", "grid intensity", "kgCO2e/kWh", 0.0, 1.5, "kgco2e"),
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
        crossing: the solution.
    """

    along: str
    unit: str
    yardstick: Yardstick
    scale: float
    arm: str
    crossing: Crossing


@dataclass(frozen=True)
class Spread:
    """What the net benefit's variance is made of, in one measure.

    Attributes:
        measure: joules, usd or kgco2e.
        chance_sd: standard deviation over resamples, at the study's constants.
        world_sd: standard deviation over worlds, with the runs as they were.
        both_sd: standard deviation of both together.
    """

    measure: Measure
    chance_sd: float
    world_sd: float
    both_sd: float

    @property
    def chance_frac(self) -> float:
        """Return the share of the variance that more replicates would remove."""
        return _share(self.chance_sd, self.both_sd)

    @property
    def world_frac(self) -> float:
        """Return the share that better constants would remove."""
        return _share(self.world_sd, self.both_sd)


def _share(part: float, whole: float) -> float:
    return (part / whole) ** 2 if math.isfinite(whole) and whole > 0.0 else math.nan


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
    """

    task: TaskResult
    scale: float
    inputs: tuple[Input, ...]
    arms: tuple[ArmDecision, ...]
    break_evens: tuple[BreakEvenAlong, ...]
    frontier: Frontier


def decide(result: StudyResult, task: TaskResult) -> Decision:
    """Work out the decision of one task from its re-priced records.

    Args:
        result: the study.
        task: one of its tasks.
    """
    inputs = world_inputs(result, task)
    scale = _even_scale(task)
    desk = _Desk(result, task, inputs, scale)
    arms = [f for f in task.findings if f.role == "arm"]
    return Decision(
        task=task,
        scale=scale,
        inputs=inputs,
        arms=tuple(desk.arm(finding) for finding in arms),
        break_evens=(*desk.price_break_evens(), *desk.dial_break_evens()),
        frontier=desk.frontier(),
    )


def _even_scale(task: TaskResult) -> float:
    """Return the least multiple at which an arm with people breaks even in money.

    Among the conditions that stand for their arm if one of those ever does, else among
    all; 1 where none does.
    """
    reference = [f for f in reference_arms(task) if f.has_people]
    for findings in (reference, task.with_people):
        found = [f.at("usd").multiple.value for f in findings]
        finite = [value for value in found if math.isfinite(value) and value > 1.0]
        if finite:
            return min(finite)
    return 1.0


class _Desk:
    """Price tables of one task, each made once."""

    def __init__(
        self,
        result: StudyResult,
        task: TaskResult,
        inputs: Sequence[Input],
        scale: float,
    ) -> None:
        self.result, self.task, self.scale = result, task, scale
        one = {"device_energy_factor": np.ones(1)}
        worlds = draw_worlds(inputs, NUM_RESAMPLES, result.seed)
        self.here = self._table(Scenarios(one))
        self.worlds = self._table(worlds)
        self.wages = [self._at(worlds, "wage_usd_per_h", wage) for wage in (0.0, 1.0)]

    def _table(self, scenarios: Scenarios) -> PriceTable:
        result = self.result
        return price_table(
            result.work, [result.profile], result.prices, result.label_s, scenarios
        )

    def _at(self, worlds: Scenarios, name: str, value: float) -> PriceTable:
        """Return prices in the same worlds with one number set."""
        fixed = {name: np.full(len(worlds), value)}
        return self._table(Scenarios({**worlds.numbers, **fixed}))

    def arm(self, finding: Finding) -> ArmDecision:
        """Decide about one condition."""
        pair = pair_of(finding, self.task.control)
        weights = resample(len(finding.replicate), self.result.seed)
        by_scale = {m: scale_line(pair, self.worlds, m, weights) for m in MEASURES}
        return ArmDecision(
            finding=finding,
            saved_per_hour=self._saved_per_hour(pair),
            pays_here={m: probability(line.at(1.0)) for m, line in by_scale.items()},
            by_scale={m: acceptability(line, SCALES) for m, line in by_scale.items()},
            by_wage=acceptability(self._wage_line(pair, weights), WAGES),
            by_carbon_price=acceptability(self._carbon_line(by_scale), CARBON_PRICES),
            spread=tuple(self._spread(pair, m, weights) for m in MEASURES),
        )

    def _saved_per_hour(self, pair: Pair) -> RatioSet:
        saved = pair.by_run(self.here.training["joules"])[:, 0]
        names = pair.arm.names
        hours = sum(
            pair.arm.influence()[:, names.index(name)]
            for name in ("paid_s", "requester_s")
        )
        return fieller(saved, np.asarray(hours) / S_PER_H)

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

    def _spread(self, pair: Pair, measure: Measure, weights: FloatArray) -> Spread:
        here = _scaled(self.here, measure, self.scale)
        worlds = _scaled(self.worlds, measure, self.scale)
        return Spread(
            measure,
            chance_sd=_sd(pair.draws(here, weights)),
            world_sd=_sd(pair.net(worlds)),
            both_sd=_sd(pair.paired_draws(worlds, weights)),
        )

    def price_break_evens(self) -> list[BreakEvenAlong]:
        """Solve the break-even of every arm with people along every price."""
        found, seed = [], self.result.seed
        for span in RANGES:
            ends = np.array([span.low, span.high])
            table = self._table(Scenarios({span.name: ends}))
            found += [
                BreakEvenAlong(
                    span.words,
                    span.unit,
                    span.measure,
                    scale,
                    finding.label,
                    pair_of(finding, self.task.control).crossing(
                        ends, prices, resample(len(finding.replicate), seed)
                    ),
                )
                for scale in sorted({1.0, self.scale})
                for prices in (_scaled(table, span.measure, scale),)
                for finding in self.task.with_people
                if finding.role == "arm"
            ]
        return found

    def dial_break_evens(self) -> list[BreakEvenAlong]:
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
            if (crossing := solve_dial(sweep, control, prices, seed)) is not None
        ]

    def frontier(self) -> Frontier:
        """Hold control and arms against each other in everything at once."""
        task = self.task
        findings = [task.control, *(f for f in task.findings if f.role == "arm")]
        shared = findings[0].replicate
        for finding in findings[1:]:
            shared = np.intersect1d(shared, finding.replicate)
        weights = resample(len(shared), self.result.seed)
        whole = np.ones((1, len(shared)))
        columns = [
            (finding, np.searchsorted(finding.replicate, shared))
            for finding in findings
        ]
        return find_frontier(
            tuple(finding.label for finding in findings),
            OBJECTIVES,
            np.stack([self._objectives(*c, whole)[0] for c in columns]),
            np.stack([self._objectives(*c, weights) for c in columns], axis=1),
        )

    def _objectives(
        self, finding: Finding, rows: IntArray, weights: FloatArray
    ) -> FloatArray:
        """Return `[B, O]` objectives of a condition in each resample."""
        amounts = finding.amounts
        kept = amounts.select(rows).draws(weights)
        num = weights.sum(axis=1)
        loss = 1.0 - weights @ finding.test_by_run[rows] / num
        names = amounts.names
        hours = sum(kept[:, names.index(name)] for name in ("paid_s", "requester_s"))
        joules = bill(kept, self.here.training["joules"])[:, 0]
        usd, carbon = (bill(kept, self.here.whole(m))[:, 0] for m in MONEY_AND_CARBON)
        return np.stack(
            [loss, joules, np.asarray(hours) / S_PER_H, usd, carbon], axis=1
        )


MONEY_AND_CARBON: tuple[Measure, ...] = ("usd", "kgco2e")
OBJECTIVES = (
    "accuracy lost",
    "joules of training",
    "human hours",
    "money",
    "carbon",
)


def _scaled(table: PriceTable, measure: Measure, scale: float) -> FloatArray:
    """Return `[F, S]` prices with training some times as dear."""
    return table.beside[measure] + scale * table.training[measure]


def _sd(draws: FloatArray) -> float:
    """Return the standard deviation; NaN where a draw is not finite."""
    return float(np.std(draws)) if np.isfinite(draws).all() else math.nan
