"""Incremental net benefit: the control's bill less the arm's, and how surely it is > 0.

Above 0 people pay. Every bill is linear in a price, and in how many times as dear
training is, so the net benefit of one resample in one world is a line over either: its
probability of being above 0 is exact at any price, with no grid in between.

References:
    Stinnett and Mullahy (1998), Net health benefits, Medical Decision Making 18,
    S68-S80.
    Löthgren and Zethraeus (2000), Definition, interpretation and calculation of
    cost-effectiveness acceptability curves, Health Economics 9, 623-630.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from hitl_sim.analysis.chance.crossing import Crossing, find_crossing
from hitl_sim.analysis.chance.interval import CostSample, draw_pair, resample
from hitl_sim.analysis.condition.between import shared_replicates
from hitl_sim.analysis.condition.finding import Finding, Sweep
from hitl_sim.array import FloatArray, IntArray
from hitl_sim.cost import Measure
from hitl_sim.cost.engine import PriceTable, Rows, bill


@dataclass(frozen=True)
class Pair:
    """An arm and its control, run by run: `[R, F]` what each run of either used.

    Prices are `[F, S]`, what one of everything costs; weights of resamples `[B, R]`.
    One pair is priced many times over, so it should be of what keeps its draws.
    """

    arm: CostSample
    control: CostSample

    def net(self, prices: FloatArray) -> FloatArray:
        """Return `[S]` net benefit per success; NaN where nobody reached."""
        return less(bill(self.control.pooled, prices), bill(self.arm.pooled, prices))

    def draws(self, prices: FloatArray, weights: FloatArray) -> FloatArray:
        """Return `[B, S]` the same in each resample."""
        return self._priced(Rows.bill, prices, weights)

    def paired_draws(self, prices: FloatArray, weights: FloatArray) -> FloatArray:
        """Return `[B]` net benefits: each resample at its own of `[F, B]` prices."""
        return self._priced(Rows.bill_each, prices, weights)

    def _priced(
        self,
        price: Callable[[Rows, FloatArray], FloatArray],
        prices: FloatArray,
        weights: FloatArray,
    ) -> FloatArray:
        """Draw `[B, F]` amounts of arm and control, and price and subtract them."""
        bills = []
        for side, drawn in zip(
            (self.arm, self.control),
            draw_pair(self.arm, self.control, weights),
            strict=True,
        ):
            rows = side.once(weights, ("rows", id(drawn)), partial(Rows, drawn))
            name = price.__name__, id(rows)
            bills.append(side.once(prices, name, partial(price, rows, prices)))
        return less(bills[1], bills[0])

    def crossing(
        self, knots: npt.ArrayLike, prices: FloatArray, weights: FloatArray
    ) -> Crossing:
        """Find where people begin or cease to pay along a price of `[S]` knots."""
        draws = self.draws(prices, weights)
        return find_crossing(knots, self.net(prices), draws, weights.shape[1])

    def by_run(self, prices: FloatArray) -> FloatArray:
        """Return `[R, S]` pseudo-values whose mean is `net`."""
        spent, beside = self.arm.influence(), self.control.influence()
        return less(bill(beside, prices), bill(spent, prices))


def less(beside: npt.ArrayLike, spent: npt.ArrayLike) -> FloatArray:
    """Subtract bills; inf less inf is NaN: of two that never reach neither pays."""
    with np.errstate(invalid="ignore"):
        return np.asarray(np.subtract(beside, spent), np.float64)


def pair_of(
    finding: Finding, control: Finding, replicate: IntArray | None = None
) -> Pair:
    """Put a condition and its control side by side, replicate by replicate.

    The control has all of them; default is all of the condition.
    """
    kept = finding.replicate if replicate is None else replicate
    return Pair(finding.amounts_of(kept).keeping(), control.amounts_of(kept))


def solve_parameter(
    sweep: Sweep, control: Finding, prices: FloatArray, seed: int
) -> Crossing | None:
    """Find the quality or consistency from which people pay in a whole bill.

    Args:
        sweep: conditions along the parameter.
        control: of the same base.
        prices: `[F, 1]` what one of everything costs.
        seed: fixes the resamples.

    Returns:
        The crossing; None where the conditions share no replicate.
    """
    shared = shared_replicates(sweep.findings)
    if len(shared) == 0:
        return None
    pairs = [pair_of(f, control, shared) for f in sweep.findings]
    weights = resample(len(shared), seed)
    return find_crossing(
        sweep.values,
        np.array([pair.net(prices)[0] for pair in pairs]),
        np.stack([pair.draws(prices, weights)[:, 0] for pair in pairs], axis=1),
        len(shared),
    )


@dataclass(frozen=True)
class Line:
    """Net benefits `[...]` that are straight lines over one number."""

    intercept: FloatArray
    slope: FloatArray

    def at(self, value: npt.ArrayLike) -> FloatArray:
        """Return the net benefits at a value of the number, or each at its own."""
        with np.errstate(invalid="ignore"):
            net = self.intercept + self.slope * np.asarray(value)
        return np.where(np.equal(value, 0.0), self.intercept, net)


def scale_line(
    pair: Pair, table: PriceTable, measure: Measure, weights: FloatArray
) -> Line:
    """Return `[B]` net benefits over how many times as dear training is.

    The table holds prices in `B` worlds, one per resample.
    """
    return Line(
        pair.paired_draws(table.beside[measure], weights),
        pair.paired_draws(table.training[measure], weights),
    )


def probability(net: FloatArray) -> FloatArray:
    """Return `[...]` the share of `[..., B]` net benefits above 0; NaN if all unknown.

    A resample in which neither arm nor control reached does not pay.
    """
    is_unknown = np.isnan(net).all(axis=-1)
    return np.where(is_unknown, np.nan, (net > 0.0).mean(axis=-1))


def acceptability(line: Line, values: npt.ArrayLike) -> FloatArray:
    """Return the probability that people pay, at each value of a number.

    Along a line people begin or cease to pay once, so that each resample is searched
    for its turn by halving.

    Args:
        line: `[B]` net benefits.
        values: `[V]` of the number, >= 0 and increasing.

    Returns:
        `[V]` share of the resamples, as `probability` has it.
    """
    numbers = np.asarray(values, np.float64)
    first, last = (line.at(float(end)) for end in numbers[[0, -1]])
    pays, turns = first > 0.0, (first > 0.0) != (last > 0.0)
    begins, part = pays[turns], Line(line.intercept[turns], line.slope[turns])
    low, high = np.zeros(len(begins), np.int64), np.full(len(begins), len(numbers) - 1)
    while (high - low > 1).any():
        middle = (low + high) // 2
        is_same = (part.at(numbers[middle]) > 0.0) == begins
        low, high = np.where(is_same, middle, low), np.where(is_same, high, middle)
    steps = np.bincount(high, np.where(begins, -1.0, 1.0), len(numbers))
    share = (pays.sum() + steps.cumsum()) / len(pays)
    is_unknown = np.where(numbers > 0.0, np.isnan(last).all(), np.isnan(first).all())
    return np.where(is_unknown, np.nan, share)
