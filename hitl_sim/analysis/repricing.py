"""Records re-priced over many scenarios: amounts times what one of everything costs.

A ledger is linear in what was used. So the ledger itself is asked once per amount what
one of it costs, with rates that are arrays over scenarios; after that a bill is a
matrix product, and a pooled bill, or one of a bootstrap's resamples, is another row of
the same matrix. Nothing of the ledger's arithmetic is written down a second time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from hitl_sim.analysis.bill import (
    UnitCount,
    Usage,
    human_bill,
    price_units,
    work_bill,
)
from hitl_sim.analysis.decision import Sample
from hitl_sim.analysis.people import NOBODY
from hitl_sim.analysis.pricing import MEASURES, TRAINING, Measure
from hitl_sim.analysis.record import PROTOCOL, BoolArray, FloatArray, IntArray
from hitl_sim.analysis.scenario import Scenarios, scenario_number, scenario_rates
from hitl_sim.analysis.success import ARM, per_success
from hitl_sim.cost import Ledger, Prices, Rates, build_ledger
from hitl_sim.energy import DeviceProfile, Quantity, UnitCost
from hitl_sim.remember import Remembered

SECONDS = ("wait_s", "paid_s", "requester_s")
LABELS = "pool_labels"
_LIFE = "life of "
_EVALUATE = "evaluate:"
"""How the names of units begin that answer for one item."""
_BLOCK_BYTES = 2**26
"""Largest block of bills that is held at once, bytes."""
_unit_costs: Remembered[dict[str, UnitCost]] = Remembered(8)


@dataclass(frozen=True)
class Amounts:
    """What the runs of one condition used, as one row of numbers per run.

    Attributes:
        names: `[F]` units of work, then seconds, labels, and the models that answer
            later, by the unit that evaluates an item.
        rows: `[R, F]` how much of each.
        is_reached: `[R]` whether the run reached its target.
        if_failed: `[R, F]` what each would have used without reaching, at the cap.
    """

    names: tuple[str, ...]
    rows: FloatArray
    is_reached: BoolArray
    if_failed: FloatArray | None = None

    def select(self, runs: IntArray) -> Amounts:
        """Return the amounts of some of the runs, in the order given."""
        if_failed = None if self.if_failed is None else self.if_failed[runs]
        return Amounts(self.names, self.rows[runs], self.is_reached[runs], if_failed)

    @property
    def pooled(self) -> FloatArray:
        """Return `[F]` amounts of all runs over the successes; inf without any."""
        return _over(self.rows.sum(axis=0), self.is_reached.sum())

    def draws(
        self, weights: FloatArray, *, stream: int = ARM, may_fail: bool = False
    ) -> FloatArray:
        """Return `[B, F]` the same in each resample; inf without any success.

        Args:
            weights: `[B, R]` weight of each run in each resample.
            stream: whose halves: `success.ARM` or `success.CONTROL`.
            may_fail: whether to allow for a failure though all runs reached.
        """
        return per_success(
            weights,
            self.rows,
            self.is_reached,
            self.if_failed,
            stream=stream,
            may_fail=may_fail,
        )

    def is_same(self, other: Amounts) -> bool:
        """Return whether two conditions used the same, run for run."""
        return np.array_equal(self.is_reached, other.is_reached) and np.array_equal(
            self.rows, other.rows
        )

    def influence(self) -> FloatArray:
        """Return `[R, F]` pseudo-values whose mean is `pooled`.

        A ratio of sums is, to first order, the mean of them, and their spread over
        runs gives its standard error.

        References:
            Efron (1982), The jackknife, the bootstrap and other resampling plans,
            chapter 6.
        """
        share = self.is_reached.mean()
        if share == 0.0:
            return np.full(self.rows.shape, np.inf)
        whole = self.pooled
        own = self.rows - whole * self.is_reached[:, None]
        return np.asarray(whole + own / share)


def _over(spent: FloatArray, successes: Any) -> FloatArray:
    """Divide by a number of successes; inf without any, 0 where nothing was spent."""
    reached = np.asarray(successes, np.float64)
    bare = np.where(spent > 0.0, np.inf, 0.0)
    per = np.where(reached > 0, spent / np.maximum(reached, 1e-300), bare)
    return np.asarray(per)


def amount_names(units: Sequence[str]) -> tuple[str, ...]:
    """Return the names of all amounts of a study, given its units of work."""
    lives = (f"{_LIFE}{unit}" for unit in units if unit.startswith(_EVALUATE))
    return (*units, *SECONDS, LABELS, *lives)


def amounts_of(sample: Sample, units: Sequence[str]) -> Amounts:
    """Write what the runs of a condition used as one matrix; protocol work alone.

    Args:
        sample: the runs, billed at their targets.
        units: names of all units of work of the study.
    """
    names = amount_names(units)
    is_reached = sample.stop.is_reached
    rows = _rows(sample.usage, names, is_reached)
    if_failed = _rows(sample.usage_at_cap, names, np.zeros_like(is_reached))
    return Amounts(names, rows, is_reached, if_failed)


def _rows(usage: Usage, names: Sequence[str], is_reached: BoolArray) -> FloatArray:
    """Return `[R, F]` what runs used; a model answers later only if it got there."""
    column = {name: index for index, name in enumerate(names)}
    rows = np.zeros((len(is_reached), len(names)))
    for line in usage.work:
        if line.standing == PROTOCOL:
            rows[:, column[line.unit]] += line.count
    for name in (*SECONDS, LABELS):
        rows[:, column[name]] = getattr(usage, name)
    kept = next((line.unit for line in usage.work if line.phase == "evaluate"), None)
    if kept is not None:
        rows[:, column[f"{_LIFE}{kept}"]] = is_reached
    return rows


@dataclass(frozen=True)
class PriceTable:
    """What one of everything costs in each scenario; NaN where that is unavailable.

    Attributes:
        names: `[F]` amounts, as in `Amounts`.
        training: `[F, S]` by measure: device work with rent and facility overhead.
        beside: `[F, S]` by measure: people, waiting with its overhead, and labels.
        life: `[F, S]` by measure: items that the model answers in its life.
    """

    names: tuple[str, ...]
    training: Mapping[Measure, FloatArray]
    beside: Mapping[Measure, FloatArray]
    life: Mapping[Measure, FloatArray]

    @property
    def num_scenarios(self) -> int:
        """Return the number of scenarios."""
        return int(self.training["joules"].shape[1])

    def whole(self, measure: Measure, *, with_life: bool = False) -> FloatArray:
        """Return `[F, S]` what one of everything costs, all in all."""
        own = self.training[measure] + self.beside[measure]
        return own + self.life[measure] if with_life else own


def price_table(
    units: Mapping[str, Mapping[str, Any]],
    devices: Sequence[DeviceProfile],
    prices: Prices,
    label_s: Quantity,
    scenarios: Scenarios,
) -> PriceTable:
    """Ask the ledger what one of everything costs in every scenario.

    Args:
        units: the manifest's units of work.
        devices: those that scenarios may name; the first is the default.
        prices: of the study; what no scenario sets stays.
        label_s: time of one label by the study's crowd, s.
        scenarios: what is different.

    Raises:
        ValueError: a scenario names a device that is not there, or its prices are
            impossible.
    """
    names = amount_names(tuple(units))
    shape = len(names), len(scenarios)
    parts: list[dict[Measure, FloatArray]] = [
        {measure: np.zeros(shape) for measure in MEASURES} for _ in range(3)
    ]
    for boundary, standing, device, rows in scenarios.groups():
        if device >= len(devices):
            raise ValueError(
                f"`device` must be below {len(devices)}, the number of devices, got"
                f" {device}."
            )
        rates = scenario_rates(prices, scenarios, boundary, standing, rows)
        profile = devices[device]
        costs = _priced(units, profile)
        numbers = {name: v[rows] for name, v in scenarios.numbers.items()}
        world = _World(_costs(costs, numbers), profile, prices, rates, label_s, numbers)
        for row, name in enumerate(names):
            for part, price in zip(parts, world.price(name), strict=True):
                for measure in MEASURES:
                    part[measure][row, rows] = price[measure]
    return PriceTable(names, *parts)


def _priced(
    units: Mapping[str, Mapping[str, Any]], profile: DeviceProfile
) -> dict[str, UnitCost]:
    """Price units of work; one study's many tables ask the same."""
    return _unit_costs.get((units, profile), lambda: price_units(units, profile))


def _costs(
    costs: Mapping[str, UnitCost], numbers: Mapping[str, FloatArray]
) -> dict[str, UnitCost]:
    """Scale the joules of device work where scenarios say so."""
    factor = numbers.get("device_energy_factor")
    if factor is None:
        return dict(costs)
    return {
        name: UnitCost(cost.seconds, cost.joules.scaled(factor))
        for name, cost in costs.items()
    }


@dataclass(frozen=True)
class _World:
    """Scenarios that share boundary, label standing and device."""

    costs: Mapping[str, UnitCost]
    profile: DeviceProfile
    prices: Prices
    rates: Rates
    label_s: Quantity
    numbers: Mapping[str, FloatArray]

    def price(self, name: str) -> tuple[dict[Measure, Any], ...]:
        """Return what one of something costs: training, beside, over the life."""
        none = dict.fromkeys(MEASURES, 0.0)
        if name in self.costs:
            ledger = self._ledger(_usage(name, count=1.0))
            return _totals(ledger, TRAINING), none, none
        if name.startswith(_LIFE):
            unit = name.removeprefix(_LIFE)
            line = self._ledger(_usage(unit, phase="evaluate"))["inference"]
            return none, none, {m: _plain(getattr(line, m)) for m in MEASURES}
        one: dict[str, Any] = {name: 1.0}
        ledger = self._ledger(replace(_usage(next(iter(self.costs))), **one))
        groups = ("labels",) if name == LABELS else None
        return none, _totals(ledger, groups), none

    def _ledger(self, usage: Usage) -> Ledger:
        label_s = self.label_s
        if "label_s" in self.numbers:
            given = scenario_number(self.numbers["label_s"], "s", "label_s")
            label_s = replace(given, scope=label_s.scope)
        return build_ledger(
            work_bill(usage, self.costs, self.profile),
            human_bill(usage, label_s),
            self.prices,
            rates=self.rates,
        )


def _usage(unit: str, *, count: float = 0.0, phase: str = "train") -> Usage:
    work = (UnitCount(unit, phase, PROTOCOL, count),)
    return Usage(work=work, people=NOBODY)


def _totals(ledger: Ledger, groups: Any) -> dict[Measure, Any]:
    return {m: _plain(ledger.total(m, groups=groups)) for m in MEASURES}


def _plain(quantity: Quantity | None) -> Any:
    """Return the numbers of a quantity; NaN unless all of it is known."""
    if quantity is None or not quantity.is_known or quantity.value is None:
        return np.nan
    return quantity.value


def bill(rows: FloatArray, prices: FloatArray) -> FloatArray:
    """Price rows of amounts in every scenario.

    Args:
        rows: `[..., F]` amounts; inf where nobody reached.
        prices: `[F, S]` of `PriceTable`; NaN where unavailable.

    Returns:
        `[..., S]` bills; what nobody used costs nothing, whatever is known of its
        price, and what is used at an unknown price makes the bill NaN.
    """
    used = (rows != 0.0).reshape(-1, rows.shape[-1]).any(axis=0)
    kept, price = rows[..., used], prices[used]
    if np.isfinite(kept).all():
        return np.asarray(kept @ price)
    is_lost = np.isinf(kept).any(axis=-1, keepdims=True)
    finite = np.where(is_lost, 0.0, kept) @ price
    unknown = np.isnan(price).any(axis=0)
    return np.where(is_lost, np.where(unknown, np.nan, np.inf), finite)


@dataclass(frozen=True)
class Bills:
    """A block of re-priced runs.

    Attributes:
        rows: which runs.
        costs: `[r, S]` by measure.
    """

    rows: slice
    costs: Mapping[Measure, FloatArray]


def reprice(
    rows: FloatArray, table: PriceTable, *, with_life: bool = False
) -> Iterator[Bills]:
    """Bill every run in every scenario, block after block in bounded memory.

    Args:
        rows: `[R, F]` amounts of runs, as in `Amounts`.
        table: what one of everything costs in each of `S` scenarios.
        with_life: whether the model's later answers are on the bill.

    Yields:
        Blocks of `[r, S]` bills, each of at most 64 MiB in all measures.
    """
    prices = {m: table.whole(m, with_life=with_life) for m in MEASURES}
    size = max(1, _BLOCK_BYTES // (8 * len(MEASURES) * table.num_scenarios))
    for start in range(0, len(rows), size):
        block = slice(start, min(start + size, len(rows)))
        yield Bills(block, {m: bill(rows[block], price) for m, price in prices.items()})
