"""The one pricing engine: amounts of runs, times what one of everything costs.

A ledger is linear in what was used. So the ledger itself is asked once per amount what
one of it costs, with rates that are arrays over scenarios; after that a bill is a
matrix product, and a pooled bill, or one of a bootstrap's resamples, is another row of
the same matrix. Nothing of the ledger's arithmetic is written down a second time.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

import msgspec
import numpy as np

from hitl_sim.array import BoolArray, FloatArray
from hitl_sim.cost.constant import exactly
from hitl_sim.cost.ledger import (
    MEASURES,
    TRAINING,
    Device,
    Group,
    Ledger,
    Measure,
    build_ledger,
    machine_line,
    machine_of,
)
from hitl_sim.cost.price import LabelCost, Prices, Rates, price_rates
from hitl_sim.cost.scenario import Scenarios, scenario_number, scenario_rates
from hitl_sim.cost.usage import UnitCount, Usage
from hitl_sim.energy import DeviceProfile, Quantity, Scope, UnitCost, unavailable
from hitl_sim.purpose import MACHINE, PROTOCOL

_Priced = TypeVar("_Priced", Rates, Device)

SECONDS = ("wait_s", "paid_s", "requester_s")
LABELS = "pool_labels"
_BLOCK_BYTES = 2**26
"""Largest block of bills that is held at once, bytes."""
_AS_IT_IS = Scenarios({"device_energy_factor": np.ones(1)})
"""The one scenario in which nothing is different."""


def amount_names(units: Sequence[str]) -> tuple[str, ...]:
    """Return the names of all `F` amounts of a study: its units of work come first."""
    return (*units, *SECONDS, LABELS)


def amount_rows(usage: Usage, names: Sequence[str], num_runs: int) -> FloatArray:
    """Write what `R` runs used as one matrix `[R, F]`; protocol work alone."""
    column = {name: index for index, name in enumerate(names)}
    rows = np.zeros((num_runs, len(names)))
    for line in usage.work:
        if line.purpose == PROTOCOL:
            rows[:, column[line.unit]] += line.count
    for name in (*SECONDS, LABELS):
        rows[:, column[name]] = getattr(usage, name)
    return rows


@dataclass(frozen=True)
class PriceTable:
    """What one of everything costs in each scenario; NaN where that is unavailable.

    Attributes:
        names: `[F]` amounts, as in `amount_names`.
        device_s: `[F, S]` seconds of the device's own work.
        device_j: `[F, S]` joules of it alone.
        training: `[F, S]` by measure: device work with rent and facility overhead.
        beside: `[F, S]` by measure: people, machines among the annotators, waiting with
            its overhead, and labels.
    """

    names: tuple[str, ...]
    device_s: FloatArray
    device_j: FloatArray
    training: Mapping[Measure, FloatArray]
    beside: Mapping[Measure, FloatArray]

    def whole(self, measure: Measure) -> FloatArray:
        """Return `[F, S]` what one of everything costs, all in all."""
        return self.scaled(measure, 1.0)

    def scaled(self, measure: Measure, scale: float) -> FloatArray:
        """Return `[F, S]` the same with training some times as dear."""
        return self.beside[measure] + scale * self.training[measure]


@dataclass(frozen=True)
class Pricing:
    """Everything that turns usage into a bill; `open_pricing` makes one.

    Attributes:
        device: what work takes.
        prices: what the study pays.
        rates: the same as quantities.
        label_s: time of one label by the study's own crowd, s.
    """

    device: Device
    prices: Prices
    rates: Rates
    label_s: Quantity

    def ledger(self, usage: Usage) -> Ledger:
        """Build the whole ledger of some usage."""
        return build_ledger(usage, self.device, self.rates, self.label_s)

    def label(self, measure: Measure, label_cost: LabelCost) -> Quantity:
        """Return what one given label of the pool costs under some label_cost."""
        price = (
            self.prices.label_price_usd if label_cost == "bought_elsewhere" else None
        )
        prices = msgspec.structs.replace(
            self.prices, label_cost=label_cost, label_price_usd=price
        )
        other = replace(self, prices=prices, rates=price_rates(prices))
        nothing = UnitCount(next(iter(self.device.costs)), "train", PROTOCOL, 0.0)
        ledger = other.ledger(Usage((nothing,), pool_labels=1.0))
        cost = getattr(ledger[LABELS], measure)
        if not isinstance(cost, Quantity):
            return unavailable(measure, Scope.MONEY, "labels have no such measure")
        return cost

    def without_rent(self) -> Pricing | None:
        """Return the pricing with the device's electricity alone; None where it is so.

        A device that is there anyway has no price, and one without a known price has
        no other.
        """
        if not self.prices.device_usd_per_h:
            return None
        prices = msgspec.structs.replace(self.prices, device_usd_per_h=0.0)
        return replace(self, prices=prices, rates=price_rates(prices))

    @functools.cached_property
    def table(self) -> PriceTable:
        """Return what one of everything costs at the study's own prices, `S` = 1."""
        return price_table((self,), _AS_IT_IS)

    def in_scenarios(self, rates: Rates, numbers: Mapping[str, FloatArray]) -> Pricing:
        """Return the pricing with numbers that are arrays over scenarios."""
        label_s = self.label_s
        if "label_s" in numbers:
            given = scenario_number(numbers["label_s"], "s", "label_s")
            label_s = replace(given, scope=label_s.scope)
        return replace(self, rates=rates, label_s=label_s)

    def prices_of_one(self) -> tuple[Bill, Bill, Bill]:
        """Ask the ledger what one of each of `_ASKED` costs, by measure `[6, S]`.

        Returns:
            What training costs, what labels do, and all but labels; NaN where
            unavailable.
        """
        device_s, device_j, *amounts = np.eye(len(_ASKED))[:, :, None]
        work = zip((_SECOND, _JOULE), (device_s, device_j), strict=True)
        usage = Usage(
            tuple(UnitCount(name, "train", PROTOCOL, count) for name, count in work),
            **dict(zip(_ASKED[2:], amounts, strict=True)),
        )
        idle = self.device.idle_power
        second = exactly(1.0, "s", _SECOND, Scope.DEVICE_TIME)
        joule = replace(exactly(1.0, "J", _JOULE, idle.scope), of=idle.of)
        costs = {
            _SECOND: UnitCost(second, joule.scaled(0.0)),
            _JOULE: UnitCost(second.scaled(0.0), joule),
        }
        # of all that follows the values alone are asked for
        device = _without_intervals(replace(self.device, costs=costs))
        rates, label_s = _without_intervals(self.rates), self.label_s.without_interval()
        ledger = build_ledger(usage, device, rates, label_s)
        groups: tuple[Collection[Group], ...] = (TRAINING, _LABELS, _UNLABELLED)
        training, labels, rest = (
            {m: _plain(ledger.total(m, groups=some)) for m in MEASURES}
            for some in groups
        )
        return training, labels, rest


Bill = dict[Measure, Any]
_SECOND, _JOULE = "second", "joule"
_ASKED = (_SECOND, _JOULE, *SECONDS, LABELS)
_LABELS: tuple[Group, ...] = ("labels",)
_UNLABELLED: tuple[Group, ...] = ("device", "waiting", "facility", "people")


def open_pricing(
    costs: Mapping[str, UnitCost],
    profile: DeviceProfile,
    prices: Prices,
    label_s: Quantity,
) -> Pricing:
    """Make a pricing of a device, of what work takes on it, and of a study's prices.

    `label_s` is the time of one label by the study's own crowd, s.

    Raises:
        ValueError: the prices are impossible.
    """
    device = Device(costs, profile.idle_power, profile.embodied_per_s)
    return Pricing(device, prices, price_rates(prices), label_s)


def price_table(pricings: Sequence[Pricing], scenarios: Scenarios) -> PriceTable:
    """Ask the ledger what one of everything costs in every scenario.

    Args:
        pricings: of one study, one per device that scenarios may name; the first is the
            default, and has the prices of all that no scenario sets.
        scenarios: what is different.

    Raises:
        ValueError: a scenario names a device that is not there, or its prices are
            impossible.
    """
    first = pricings[0]
    names = amount_names(tuple(first.device.costs))
    shape = len(names), len(scenarios)
    device_s, device_j = np.zeros(shape), np.zeros(shape)
    training, beside = (
        {measure: np.zeros(shape) for measure in MEASURES} for _ in range(2)
    )
    for boundary, label_cost, index, rows in scenarios.groups():
        if index >= len(pricings):
            raise ValueError(
                f"`device` must be below {len(pricings)}, the number of devices, got"
                f" {index}."
            )
        rates = scenario_rates(first.prices, scenarios, boundary, label_cost, rows)
        numbers = {name: v[rows] for name, v in scenarios.numbers.items()}
        pricing = pricings[index]
        costs = [pricing.device.costs[name] for name in names[: -len(_ASKED) + 2]]
        seconds = np.array([_plain(cost.seconds) for cost in costs])[:, None]
        joules = np.array([_plain(cost.joules) for cost in costs])[:, None]
        joules = joules * numbers.get("device_energy_factor", 1.0)
        units, others = np.arange(len(costs)), np.arange(len(costs), len(names))
        device_s[np.ix_(units, rows)] = seconds
        device_j[np.ix_(units, rows)] = joules
        priced = pricing.in_scenarios(rates, numbers).prices_of_one()
        for measure in MEASURES:
            shape = len(_ASKED), len(rows)
            trained, labels, rest = (
                np.broadcast_to(part[measure], shape) for part in priced
            )
            # what costs nothing per second costs nothing in an unknown number of them
            timed = np.where(trained[0] == 0.0, 0.0, seconds * trained[0])
            training[measure][np.ix_(units, rows)] = timed + joules * trained[1]
            beside[measure][np.ix_(others, rows)] = np.vstack([rest[2:-1], labels[-1:]])
        for place, name in enumerate(names):
            if name.startswith(f"{MACHINE}:"):
                line = machine_line(machine_of(name), 1.0, rates)
                for measure in MEASURES:
                    beside[measure][place, rows] = _plain(getattr(line, measure))
    return PriceTable(names, device_s, device_j, training, beside)


def _without_intervals(prices: _Priced) -> _Priced:
    """Return prices whose quantities keep their values alone."""
    found = ((field.name, getattr(prices, field.name)) for field in fields(prices))
    bare: dict[str, Any] = {
        name: one.without_interval() for name, one in found if isinstance(one, Quantity)
    }
    return replace(prices, **bare)


def _plain(quantity: Quantity | None) -> Any:
    """Return the numbers of a quantity; NaN unless all of it is known."""
    if quantity is None or not quantity.is_known or quantity.value is None:
        return np.nan
    return quantity.value


class Rows:
    """Rows of amounts that are priced many times, looked through once.

    What nobody used costs nothing, whatever is known of its price, and what is used at
    an unknown price makes a bill NaN.
    """

    def __init__(self, rows: FloatArray) -> None:
        """Look through `[..., F]` amounts; inf where nobody reached."""
        self._used = (rows != 0.0).reshape(-1, rows.shape[-1]).any(axis=0)
        kept = rows[..., self._used]
        self._lost = np.asarray(np.isinf(kept).any(axis=-1))
        self._finite = np.where(self._lost[..., None], 0.0, kept)

    def bill(self, prices: FloatArray) -> FloatArray:
        """Return `[..., S]` what rows cost at `[F, S]` prices; NaN if unavailable."""
        used = prices[self._used]
        return self._with_lost(self._finite @ used, self._lost[..., None], used)

    def bill_each(self, prices: FloatArray) -> FloatArray:
        """Return `[N]` what `[N, F]` rows cost, each at its own of `[F, N]` prices."""
        used = prices[self._used]
        bills = np.einsum("nf,fn->n", self._finite, used)
        return self._with_lost(bills, self._lost, used)

    def _with_lost(
        self, bills: FloatArray, lost: BoolArray, used: FloatArray
    ) -> FloatArray:
        if not lost.any():
            return bills
        unknown = np.isnan(used).any(axis=0)
        return np.where(lost, np.where(unknown, np.nan, np.inf), bills)


def bill(rows: FloatArray, prices: FloatArray) -> FloatArray:
    """Return `[..., S]` what `[..., F]` rows cost at `[F, S]` prices, as in `Rows`."""
    return Rows(rows).bill(prices)


@dataclass(frozen=True)
class Bills:
    """A block of re-priced runs.

    Attributes:
        rows: which runs.
        costs: `[r, S]` by measure.
    """

    rows: slice
    costs: Mapping[Measure, FloatArray]


def reprice(rows: FloatArray, table: PriceTable) -> Iterator[Bills]:
    """Bill every run in every scenario, block after block in bounded memory.

    Args:
        rows: `[R, F]` amounts of runs, as `amount_rows` writes them.
        table: what one of everything costs in each of `S` scenarios.

    Yields:
        Blocks of `[r, S]` bills, each of at most 64 MiB in all measures.
    """
    prices = {m: table.whole(m) for m in MEASURES}
    size = max(1, _BLOCK_BYTES // (8 * len(MEASURES) * table.device_j.shape[1]))
    for start in range(0, len(rows), size):
        block = slice(start, min(start + size, len(rows)))
        yield Bills(block, {m: bill(rows[block], price) for m, price in prices.items()})
