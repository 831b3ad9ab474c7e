"""What people, electricity, devices and labels cost, and what the bill counts."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, get_args, get_type_hints

import msgspec

from hitl_sim.cost.boundary import Boundary, human_hour_carbon, human_hour_energy
from hitl_sim.cost.carbon import (
    GivenCarbon,
    carbon_intensity,
    check_region,
    given_intensity,
)
from hitl_sim.cost.constant import assumed, exactly, load_toml
from hitl_sim.cost.hourly import read_hourly
from hitl_sim.cost.machine import (
    MachinePrice,
    MachineRate,
    check_machine_price,
    machine_rates,
)
from hitl_sim.energy.quantity import Quantity, Scope, unavailable

LabelCost = Literal["sunk", "bought_same_price", "bought_elsewhere"]
LABEL_COSTS: tuple[LabelCost, ...] = get_args(LabelCost)
PretrainingCost = Literal["sunk", "shared", "full"]
Waiting = Literal["held", "released", "shared"]
NonNegative = Annotated[float, msgspec.Meta(ge=0)]
Hour = Annotated[int, msgspec.Meta(ge=0, le=24)]


class Rate(NamedTuple):
    """A price as a number that a bill knows.

    Attributes:
        attribute: of `Rates`.
        unit: of it.
        words: what it is.
    """

    attribute: str
    unit: str
    words: str


RATES: Mapping[str, Rate] = {
    "wage_usd_per_h": Rate("wage", "USD/h", "wage"),
    "overhead_frac": Rate("overhead", "1", "overhead on the wage"),
    "electricity_usd_per_kwh": Rate("electricity", "USD/kWh", "electricity tariff"),
    "device_usd_per_h": Rate("device", "USD/h", "price of having the device"),
    "pue": Rate("pue", "1", "power usage effectiveness"),
    "grid_kgco2e_per_kwh": Rate("intensity", "kgCO2e/kWh", "carbon of electricity"),
    "label_price_usd": Rate("label", "USD", "price of a label"),
    "life_queries": Rate("life_queries", "1", "queries of the model's life"),
    "human_j_per_h": Rate("human_energy", "J/h", "energy of an hour of a person"),
}
"""Every number among the prices: what a scenario may set, and what may be uncertain.
All but carbon and a person's energy are fields of `Prices` too."""


class Prices(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Table `[prices]` of a study file: plain numbers, none of which retrains anything.

    A number that is left out takes the default of `data/prices.toml`, with its source
    and interval; where that file has none the price is unavailable, never 0.

    Attributes:
        boundary: what an hour of human time is charged with; required.
        label_cost: what the labels cost that the control learns from; required.
            "sunk": they are there anyway; "bought_same_price": the study's own crowd
            gives them at the study's wage; "bought_elsewhere": `label_price_usd` each.
        waiting: what the device is billed for while it waits for people; required.
            "held": idle power, rent and manufacture of the whole wait; "released": none
            of it, for it is given back or switched off; "shared": an even share of it,
            for `waiting_jobs` jobs hold the device together.
        waiting_jobs: jobs that hold it, this one included; given exactly when shared.
        label_price_usd: price of one label, USD; given exactly when bought elsewhere.
        wage_usd_per_h: gross wage of annotators and requester, USD/h.
        overhead_frac: employer or platform cost on top of the wage, fraction of it.
        electricity_usd_per_kwh: tariff, USD/kWh.
        device_usd_per_h: price of having the device for an hour without electricity,
            USD/h; 0 says that it is there anyway. No default.
        pue: power usage effectiveness of the room that the device stands in; >= 1.
        grid_region: ISO 3166 code of a country ("FR") or of a state of the USA
            ("US-CA"), or "WORLD". Carbon is unavailable where neither this nor one of
            the next two is given; more than one contradict each other.
        carbon_kgco2e_per_kwh: the study's own carbon intensity: a number, or a table of
            `value`, `low`, `high`, `year` and `source`.
        carbon_file: the same by the hour; see `hourly`.
        carbon_hours: first hour of the day in which work is done, and the first in
            which it no longer is: other hours of `carbon_file` are left out.
        life_queries: items that the model will be asked about in its life; no default.
        query_batch: items that one call of the model answers in its life; those of the
            validation set when left out. Small batches read weights and launch kernels
            for few items.
        pretraining: what an arm pays of the pretraining that it starts from. "sunk": it
            is there anyway; "shared": a share, one of `pretraining_uses`; "full": all.
        pretraining_uses: how many trainings start from one pretraining; given exactly
            when it is shared.
        machine: what an answer costs of each machine among the annotators, by the name
            that the study gives it; see `machine.MachinePrice`.
    """

    boundary: Boundary
    label_cost: LabelCost
    waiting: Waiting
    waiting_jobs: Annotated[int, msgspec.Meta(ge=1)] | None = None
    label_price_usd: NonNegative | None = None
    wage_usd_per_h: NonNegative | None = None
    overhead_frac: NonNegative | None = None
    electricity_usd_per_kwh: NonNegative | None = None
    device_usd_per_h: NonNegative | None = None
    pue: Annotated[float, msgspec.Meta(ge=1)] | None = None
    grid_region: str | None = None
    carbon_kgco2e_per_kwh: NonNegative | GivenCarbon | None = None
    carbon_file: str | None = None
    carbon_hours: tuple[Hour, Hour] | None = None
    life_queries: NonNegative | None = None
    query_batch: Annotated[int, msgspec.Meta(ge=1)] | None = None
    pretraining_cost: PretrainingCost | None = None
    pretraining_uses: Annotated[int, msgspec.Meta(ge=1)] | None = None
    machine: dict[str, MachinePrice] = msgspec.field(default_factory=dict)

    @property
    def waiting_frac(self) -> float:
        """Return the share of the device's waiting that is billed."""
        return 0.0 if self.waiting == "released" else 1.0 / (self.waiting_jobs or 1)

    @property
    def pretraining_frac(self) -> float:
        """Return the share of pretraining that one run is billed with."""
        if self.pretraining_cost == "sunk":
            return 0.0
        return 1.0 / (self.pretraining_uses or 1)


def read_prices(table: Mapping[str, Any]) -> Prices:
    """Read prices that a results folder keeps.

    Before there was a choice, a waiting device was billed as held.

    Raises:
        ValueError: they are none; see `check_prices`.
    """
    prices = msgspec.convert({"waiting": "held", **table}, Prices)
    check_prices(prices)
    return prices


def check_prices(prices: Prices) -> None:
    """Refuse prices that no study can have, those built in Python included.

    Raises:
        ValueError: a field has the wrong type or range, the region is unknown, the
            carbon of electricity is given twice, or `label_price_usd` and
            `label_cost`, or `waiting_jobs` and `waiting`, contradict each other; the
            message names the field, what is allowed and the value.
    """
    hints = get_type_hints(Prices, include_extras=True)
    for name in prices.__struct_fields__:
        _check_field(name, getattr(prices, name), hints[name])
    _check_carbon(prices)
    for name, price in prices.machine.items():
        check_machine_price(name, price)
    if (prices.waiting == "shared") != (prices.waiting_jobs is not None):
        raise ValueError(
            "`prices.waiting_jobs` must be given exactly where `waiting` is 'shared',"
            f" got {prices.waiting_jobs} with {prices.waiting!r}."
        )
    is_shared = prices.pretraining_cost == "shared"
    if is_shared != (prices.pretraining_uses is not None):
        raise ValueError(
            "`prices.pretraining_uses` must be given exactly where `pretraining_cost` "
            "is"
            f" 'shared', got {prices.pretraining_uses} with "
            f"{prices.pretraining_cost!r}."
        )
    is_bought_elsewhere = prices.label_cost == "bought_elsewhere"
    if is_bought_elsewhere and prices.label_price_usd is None:
        raise ValueError(
            "`prices.label_price_usd` must be given in USD where `label_cost` is"
            " 'bought_elsewhere', got None."
        )
    if not is_bought_elsewhere and prices.label_price_usd is not None:
        raise ValueError(
            "`prices.label_price_usd` must be left out unless `label_cost` is"
            f" 'bought_elsewhere', got {prices.label_price_usd} with"
            f" {prices.label_cost!r}."
        )


def _check_carbon(prices: Prices) -> None:
    """Refuse a carbon intensity that is unknown, impossible or given twice."""
    ways = ("grid_region", "carbon_kgco2e_per_kwh", "carbon_file")
    given = [name for name in ways if getattr(prices, name) is not None]
    if len(given) > 1:
        raise ValueError(
            "`prices` must give the carbon of electricity once, got"
            f" {' and '.join(map(repr, given))}. Leave out all but one."
        )
    check_region(prices.grid_region)
    if prices.carbon_kgco2e_per_kwh is not None:
        given_intensity(prices.carbon_kgco2e_per_kwh)
    hours = prices.carbon_hours
    if hours is not None and (prices.carbon_file is None or hours[0] == hours[1]):
        raise ValueError(
            "`prices.carbon_hours` must be two different hours of the day beside"
            f" `carbon_file`, got {list(hours)} with {prices.carbon_file!r}."
        )


def read_carbon(prices: Prices, folder: Path) -> Prices:
    """Put the numbers of an hourly file in its place, so that it is needed no more.

    Its path is relative to a folder.

    Raises:
        ValueError: the file cannot be read, or is not as `hourly` says.
    """
    if prices.carbon_file is None:
        return prices
    given = read_hourly(folder / prices.carbon_file, prices.carbon_hours)
    return msgspec.structs.replace(
        prices, carbon_kgco2e_per_kwh=given, carbon_file=None, carbon_hours=None
    )


def _intensity(prices: Prices) -> Quantity:
    given = read_carbon(prices, Path()).carbon_kgco2e_per_kwh
    if given is None:
        return carbon_intensity(prices.grid_region)
    return given_intensity(given)


def _check_field(name: str, value: object, hint: Any) -> None:
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"`prices.{name}` must be finite, got {value}.")
    try:
        msgspec.convert(value, hint)
    except msgspec.ValidationError as error:
        choices = getattr(hint, "__args__", ())
        is_choice = choices and all(isinstance(choice, str) for choice in choices)
        condition = (
            f"one of {', '.join(map(repr, choices))}"
            if is_choice
            else str(error).removeprefix("Expected ").split(", got")[0]
        )
        raise ValueError(
            f"`prices.{name}` must be {condition}, got {value!r}."
        ) from None


@dataclass(frozen=True)
class Rates:
    """The prices of a study as quantities, each with kind, source and interval.

    Attributes are named and in the units that `RATES` says, and:
        boundary: what an hour of human time is charged with.
        label_cost: what the labels cost that the control learns from.
        waiting_frac: share of the device's waiting that is billed.
        human_energy: joules of an hour of human time within the boundary, J/h.
        human_carbon: emissions of an hour of human time, kgCO2e/h.
        machines: what one answer takes of each machine that has a price, by name.
    """

    boundary: Boundary
    label_cost: LabelCost
    waiting_frac: float
    label: Quantity
    wage: Quantity
    overhead: Quantity
    electricity: Quantity
    device: Quantity
    pue: Quantity
    intensity: Quantity
    life_queries: Quantity
    human_energy: Quantity
    human_carbon: Quantity
    machines: Mapping[str, MachineRate]


def price_rates(prices: Prices) -> Rates:
    """Turn a study's prices into quantities, with defaults where it is silent.

    Raises:
        ValueError: see `check_prices`.
    """
    check_prices(prices)
    intensity = _intensity(prices)
    energy = human_hour_energy(prices.boundary)
    given = {
        rate.attribute: _price(name, rate.unit, getattr(prices, name))
        for name, rate in RATES.items()
        if name in prices.__struct_fields__
    }
    return Rates(
        boundary=prices.boundary,
        label_cost=prices.label_cost,
        waiting_frac=prices.waiting_frac,
        intensity=intensity,
        human_energy=energy,
        human_carbon=human_hour_carbon(prices.boundary, intensity, energy),
        machines=machine_rates(prices.machine),
        **given,
    )


def _price(name: str, unit: str, value: float | None) -> Quantity:
    """Return a study's price, exact; else the shipped default; else unavailable."""
    if value is not None:
        return exactly(float(value), unit, f"study file, prices.{name}")
    default = load_toml("prices.toml").get(name)
    if default is None:
        return unavailable(unit, Scope.CONSTANT, f"the study gives no {name}")
    return assumed(default, unit)
