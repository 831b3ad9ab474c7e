"""A condition's bill in one measure, split in training and what stands beside it."""

from __future__ import annotations

import functools
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal, get_args

import msgspec
import numpy as np

from hitl_sim.analysis.bill import (
    UnitCount,
    Usage,
    human_bill,
    work_bill,
)
from hitl_sim.analysis.decision import Sample
from hitl_sim.analysis.interval import Outlay
from hitl_sim.analysis.people import NOBODY
from hitl_sim.analysis.record import PROTOCOL, BoolArray, FloatArray
from hitl_sim.cost import (
    LabelStanding,
    Ledger,
    Prices,
    Rates,
    build_ledger,
    price_rates,
)
from hitl_sim.energy import DeviceProfile, Quantity, Scope, UnitCost, unavailable

Measure = Literal["joules", "usd", "kgco2e"]
MEASURES: tuple[Measure, ...] = get_args(Measure)

Group = Literal[
    "device", "waiting", "facility", "people", "labels", "embodied", "inference"
]

TRAINING: Final = ("device", "facility")


@dataclass(frozen=True)
class Split:
    """A condition's bill in one measure; pool labels are left out and counted.

    Attributes:
        training: device work with its rent and facility overhead, per success.
        beside: people, waiting and its overheads, per success.
        training_by_run: `[R]` the same for each run, NaN where unavailable.
        beside_by_run: `[R]`.
        labels: `[R]` given labels of the pool that each run used.
        is_reached: `[R]` whether each run reached its target.
        training_if_failed: `[R]` what training would have cost without reaching.
        beside_if_failed: `[R]` and what stands beside it.
    """

    training: Quantity
    beside: Quantity
    training_by_run: FloatArray
    beside_by_run: FloatArray
    labels: FloatArray
    is_reached: BoolArray
    training_if_failed: FloatArray
    beside_if_failed: FloatArray

    @property
    def trained(self) -> Outlay:
        """Return what runs spent on training."""
        spent, if_failed = self.training_by_run, self.training_if_failed
        return Outlay(spent, self.is_reached, if_failed)

    def stood_beside(self, label: float) -> Outlay:
        """Return what stands beside training, with labels at some price."""
        bought = label * self.labels if label else 0.0
        spent, if_failed = self.beside_by_run + bought, self.beside_if_failed + bought
        return Outlay(spent, self.is_reached, if_failed)

    @property
    def labelled(self) -> Outlay:
        """Return the given labels that runs used."""
        return Outlay(self.labels, self.is_reached, self.labels)


@dataclass(frozen=True)
class Tariff:
    """What one of everything costs, at the constants' own values; NaN if unavailable.

    A ledger is linear, so a run's bill is its amounts times these numbers.

    Attributes:
        unit: by name of a unit of work, and measure.
        second: by name of an amount of human or waiting time, and measure.
    """

    unit: Mapping[str, Mapping[Measure, float]]
    second: Mapping[str, Mapping[Measure, float]]


@dataclass(frozen=True)
class Market:
    """Everything that turns usage into a bill; `open_market` makes one.

    Attributes:
        costs: device seconds and joules by unit of work.
        profile: the device.
        prices: what the study pays.
        rates: the same as quantities.
        label_s: time of one label by the study's own crowd, s.
    """

    costs: Mapping[str, UnitCost]
    profile: DeviceProfile
    prices: Prices
    rates: Rates
    label_s: Quantity

    def ledger(self, usage: Usage) -> Ledger:
        """Build the whole ledger of some usage, one number for all runs."""
        return build_ledger(
            work_bill(usage, self.costs, self.profile),
            human_bill(usage, self.label_s),
            self.prices,
            rates=self.rates,
        )

    def label(self, measure: Measure, standing: LabelStanding) -> Quantity:
        """Return what one given label of the pool costs.

        Args:
            measure: joules, usd or kgco2e.
            standing: what labels cost.
        """
        price = self.prices.label_price_usd if standing == "bought_elsewhere" else None
        prices = msgspec.structs.replace(
            self.prices, label_standing=standing, label_price_usd=price
        )
        other = open_market(self.costs, self.profile, prices, self.label_s)
        one = replace(_nothing(next(iter(self.costs))), pool_labels=1.0)
        cost = getattr(other.ledger(one)["pool_labels"], measure)
        if not isinstance(cost, Quantity):
            return unavailable(measure, Scope.MONEY, "labels have no such measure")
        return cost

    @functools.cached_property
    def tariff(self) -> Tariff:
        """Return what one of everything costs."""
        units = {
            name: self._prices_of(_nothing(name, count=1.0), TRAINING)
            for name in self.costs
        }
        idle = _nothing(next(iter(self.costs)))
        second = {
            "wait_s": replace(idle, wait_s=1.0),
            "paid_s": replace(idle, paid_s=1.0),
            "requester_s": replace(idle, requester_s=1.0),
        }
        seconds = {name: self._prices_of(one, None) for name, one in second.items()}
        return Tariff(units, seconds)

    def _prices_of(
        self, usage: Usage, groups: Collection[Group] | None
    ) -> dict[Measure, float]:
        ledger = self.ledger(usage)
        totals = {m: ledger.total(m, groups=groups) for m in MEASURES}
        return {
            measure: float(total.value)
            if total.is_known and total.value is not None
            else math.nan
            for measure, total in totals.items()
        }

    def splits(self, sample: Sample) -> dict[Measure, Split]:
        """Bill a condition in every measure, pooled and run by run."""
        pooled = sample.usage_per_success
        training = self.ledger(_training(pooled))
        beside = self.ledger(_beside(pooled))
        return {
            measure: Split(
                training=training.total(measure, groups=TRAINING),
                beside=beside.total(measure),
                training_by_run=self._training_by_run(sample.usage, measure),
                beside_by_run=self._beside_by_run(sample.usage, measure),
                labels=sample.group.pool_labels,
                is_reached=sample.stop.is_reached,
                training_if_failed=self._training_by_run(sample.usage_at_cap, measure),
                beside_if_failed=self._beside_by_run(sample.usage_at_cap, measure),
            )
            for measure in MEASURES
        }

    def _training_by_run(self, usage: Usage, measure: Measure) -> FloatArray:
        spent = np.zeros(np.shape(usage.steps))
        for line in usage.work:
            if line.standing == PROTOCOL:
                spent = spent + self.tariff.unit[line.unit][measure] * line.count
        return spent

    def _beside_by_run(self, usage: Usage, measure: Measure) -> FloatArray:
        spent = np.zeros(np.shape(usage.steps))
        for name, price in self.tariff.second.items():
            spent = spent + price[measure] * getattr(usage, name)
        return spent


def open_market(
    costs: Mapping[str, UnitCost],
    profile: DeviceProfile,
    prices: Prices,
    label_s: Quantity,
) -> Market:
    """Make a market of a device and a study's prices.

    Raises:
        ValueError: the prices are impossible.
    """
    return Market(costs, profile, prices, price_rates(prices), label_s)


def _nothing(unit: str, *, count: float = 0.0) -> Usage:
    """Return the usage of nothing, or of some of one unit of work."""
    work = (UnitCount(unit, "train", PROTOCOL, count),)
    return Usage(work=work, people=NOBODY)


def _training(usage: Usage) -> Usage:
    """Return the device's work alone."""
    return replace(
        usage,
        worked_s=0.0,
        paid_s=0.0,
        wait_s=0.0,
        requester_s=0.0,
        pool_labels=0.0,
        validation_labels=0.0,
    )


def _beside(usage: Usage) -> Usage:
    """Return people and waiting alone."""
    work = tuple(replace(line, count=0.0) for line in usage.work)
    return replace(usage, work=work, pool_labels=0.0, validation_labels=0.0)
