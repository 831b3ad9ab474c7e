"""Price worlds: many settings of wage, tariff, grid, PUE, device, boundary and labels.

Scenarios say what is different; everything else stays as the study has it. No scenario
retrains anything: a bill is linear in what was used, so a run's bill in a scenario is
its amounts times what one of everything costs there (`hitl_sim.cost.engine`).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec
import numpy as np

from hitl_sim.array import FloatArray, IntArray
from hitl_sim.cost.boundary import (
    BOUNDARIES,
    Boundary,
    human_hour_carbon,
    human_hour_energy,
)
from hitl_sim.cost.price import (
    LABEL_COSTS,
    RATES,
    LabelCost,
    Prices,
    Rates,
    price_rates,
)
from hitl_sim.energy import Kind, Quantity, Scope, exact

FIELDS = (*RATES, "device_energy_factor", "label_s")
"""Numbers that a scenario may set. `device_energy_factor` multiplies the joules of
every unit of device work; the seconds stay."""

_LEAST: Mapping[str, float] = {"pue": 1.0}


@dataclass(frozen=True)
class Scenarios:
    """`S` price worlds.

    Attributes:
        numbers: `[S]` per varied number, by name among `FIELDS`.
        boundary: `[S]` index into `BOUNDARIES`; None: as the study has it.
        label_cost: `[S]` index into `LABEL_COSTS`; None: as the study has it.
        device: `[S]` index into the devices that are offered; None: the first.

    Raises:
        ValueError: nothing is varied, lengths differ, a name is unknown, or a number is
            not finite, or out of range.
    """

    numbers: Mapping[str, FloatArray] = field(default_factory=dict)
    boundary: IntArray | None = None
    label_cost: IntArray | None = None
    device: IntArray | None = None

    def __post_init__(self) -> None:
        """Refuse scenarios that no bill can be drawn for."""
        lengths = {len(values) for values in self._columns()}
        if len(lengths) != 1 or 0 in lengths:
            raise ValueError(
                "`numbers` must hold arrays of one length > 0 per varied field, got"
                f" lengths {sorted(lengths)}."
            )
        for name, values in self.numbers.items():
            _check_numbers(name, values)

    def _columns(self) -> Iterator[Sequence[Any] | FloatArray | IntArray]:
        yield from self.numbers.values()
        for column in (self.boundary, self.label_cost, self.device):
            if column is not None:
                yield column

    def __len__(self) -> int:
        """Return the number of scenarios."""
        return len(next(self._columns()))

    def groups(self) -> Iterator[tuple[int | None, int | None, int, IntArray]]:
        """Yield the scenarios that share boundary, label_cost and device.

        Yields:
            (index of the boundary, of the label_cost, of the device, rows).
        """
        keys = np.full((len(self), 3), -1, np.int64)
        for place, column in enumerate((self.boundary, self.label_cost, self.device)):
            if column is not None:
                keys[:, place] = column
        for key in np.unique(keys, axis=0):
            boundary, label_cost, device = (None if k < 0 else int(k) for k in key)
            rows = np.flatnonzero((keys == key).all(axis=1))
            yield boundary, label_cost, device or 0, rows


def _check_numbers(name: str, values: FloatArray) -> None:
    if name not in FIELDS:
        raise ValueError(
            f"`numbers` must have names among {', '.join(FIELDS)}, got {name!r}."
        )
    least = _LEAST.get(name, 0.0)
    numbers = np.asarray(values, np.float64)
    if not np.isfinite(numbers).all() or numbers.min() < least:
        raise ValueError(
            f"`{name}` must be finite and >= {least:g}, got {numbers.min()}."
        )


def cross(
    *,
    boundaries: Sequence[Boundary] = (),
    label_costs: Sequence[LabelCost] = (),
    num_devices: int = 1,
    **numbers: Sequence[float],
) -> Scenarios:
    """Combine every value of every field with every other.

    Args:
        boundaries: what an hour of a person is charged with; none: as the study has it.
        label_costs: what given labels cost; none: as the study has it.
        num_devices: devices that will be offered.
        **numbers: values by name among `FIELDS`.

    Raises:
        ValueError: see `Scenarios`.
    """
    named: dict[str, Sequence[float]] = {
        "boundary": [BOUNDARIES.index(b) for b in boundaries] or [-1],
        "label_cost": [LABEL_COSTS.index(s) for s in label_costs] or [-1],
        "device": list(range(num_devices)),
        **numbers,
    }
    rows = np.array(list(itertools.product(*named.values())), np.float64)
    columns = dict(zip(named, rows.T, strict=True))
    boundary, label_cost, device = (
        columns.pop(name).astype(np.int64)
        for name in ("boundary", "label_cost", "device")
    )
    return Scenarios(columns, boundary, label_cost, device)


def scenario_rates(
    prices: Prices,
    scenarios: Scenarios,
    boundary: int | None,
    label_cost: int | None,
    rows: IntArray,
) -> Rates:
    """Return the rates of some rows of scenarios that share boundary and label_cost.

    Returns:
        Rates whose varied numbers are arrays, one element per row; what no scenario
        sets is as the study's prices have it.

    Raises:
        ValueError: labels are bought elsewhere and nobody gives their price.
    """
    numbers = {name: values[rows] for name, values in scenarios.numbers.items()}
    rates = price_rates(_other_prices(prices, boundary, label_cost, numbers))
    given: dict[str, Any] = {
        rate.attribute: scenario_number(numbers[name], rate.unit, name)
        for name, rate in RATES.items()
        if name in numbers
    }
    rates = replace(rates, **given)
    energy = human_hour_energy(rates.boundary)
    if "human_energy" in given and rates.boundary != "device_only":
        energy = replace(rates.human_energy, scope=energy.scope)
    carbon = human_hour_carbon(rates.boundary, rates.intensity, energy)
    return replace(rates, human_energy=energy, human_carbon=carbon)


def scenario_number(values: FloatArray, unit: str, name: str) -> Quantity:
    """Return the numbers of some scenarios as a quantity without a width of its own."""
    source = f"scenario, {name}"
    return exact(values, unit, Kind.HYPOTHETICAL, Scope.CONSTANT, source)


def _other_prices(
    prices: Prices,
    boundary: int | None,
    label_cost: int | None,
    numbers: Mapping[str, FloatArray],
) -> Prices:
    changes: dict[str, Any] = {}
    if boundary is not None:
        changes["boundary"] = BOUNDARIES[boundary]
    name = prices.label_cost if label_cost is None else LABEL_COSTS[label_cost]
    changes["label_cost"] = name
    price = prices.label_price_usd
    if "label_price_usd" in numbers:
        price = float(numbers["label_price_usd"][0])
    changes["label_price_usd"] = price if name == "bought_elsewhere" else None
    return msgspec.structs.replace(prices, **changes)
