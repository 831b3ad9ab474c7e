"""The footprint of a training, from its device-hours or from its operations.

Beside it stands what the Green Algorithms calculator's closed form gives on the same
inputs. That form takes the power that a device was designed for (TDP) and what memory
draws by its size, and has no interval; here a device draws what its profile says of
busy and idle, its server is a line of its own, and so is its manufacture.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from hitl_sim.cost.footprint import Footprint, Site, footprint_of
from hitl_sim.cost.green_algorithms import GreenAlgorithms, green_algorithms
from hitl_sim.energy.error import plain
from hitl_sim.energy.profile import DeviceProfile
from hitl_sim.energy.quantity import Quantity, Scope
from hitl_sim.energy.work import UnitCost
from hitl_sim.energy.workload import (
    Number,
    busy_power,
    check_share,
    cost_of_hours,
    cost_of_operations,
    default_of,
    dense,
    peak,
    quantity_of,
)
from hitl_sim.unit import KG_PER_G, S_PER_H

TRAINING, ANSWERS = "training", "answers in use"


@dataclass(frozen=True)
class Training:
    """What is known of a training; plain numbers, or numbers with an interval.

    Attributes:
        count: devices; > 0.
        hours: that each of them was held, h; None where operations are known instead.
        flop: operations in all; None where hours or tokens are known.
        tokens: D, that are learned from, at 6 N operations each.
        parameters: N; given exactly where tokens or queries are.
        precision: of the products; None for bfloat16 where the device has it, else
            float16, else float32.
        utilisation: share of the peak that operations reach; a default with a wide
            interval where None.
        busy: share of the hours in which devices compute; all where None.
        watts: of a device while it computes, W; those of its profile where None.
        queries: questions that the model answers in its life; None for none.
        query_tokens: tokens of each, read and written.
    """

    count: float = 1
    hours: float | None = None
    flop: float | None = None
    tokens: float | None = None
    parameters: float | None = None
    precision: str | None = None
    utilisation: Number | None = None
    busy: Number | None = None
    watts: Number | None = None
    queries: float | None = None
    query_tokens: float | None = None

    def __post_init__(self) -> None:
        """Refuse what contradicts itself, and numbers that are none."""
        for name in ("count", "hours", "flop", "parameters", "tokens"):
            _check_positive(name, getattr(self, name))
        for name in ("queries", "query_tokens"):
            _check_positive(name, getattr(self, name))
        ways = {"hours": self.hours, "flop": self.flop, "tokens": self.tokens}
        given = [f"`{name}`" for name, value in ways.items() if value is not None]
        if len(given) != 1:
            raise ValueError(
                "exactly one of `hours`, `flop` and `tokens` must be given, got"
                f" {' and '.join(given) or 'none'}."
            )
        is_network = self.tokens is not None or self.queries is not None
        needs = {
            "parameters": (is_network, "`tokens` or `queries`"),
            "query_tokens": (self.queries is not None, "`queries`"),
        }
        for name, (is_needed, beside) in needs.items():
            if is_needed != (getattr(self, name) is not None):
                raise ValueError(
                    f"`{name}` must be given exactly where {beside} is, got"
                    f" {getattr(self, name)}."
                )
        if self.hours is None and self.busy is not None:
            raise ValueError(f"`busy` must be given beside `hours`, got {self.busy}.")
        if self.hours is not None and self.utilisation is not None:
            raise ValueError(
                "`utilisation` must be left out where `hours` is given, got"
                f" {self.utilisation}. `busy` is the share of time that is computed in."
            )

    @property
    def operations(self) -> float | None:
        """Return the operations of training; None where hours are known instead."""
        if self.parameters is None or self.tokens is None:
            return self.flop
        return dense(self.parameters).training_flop * self.tokens


@dataclass(frozen=True)
class Estimate:
    """The footprint of a training, and of what its model is asked in its life.

    Attributes:
        profile: the device.
        training: its lines.
        precision: of the products; empty where hours are known.
        operations: of training; None where hours are known.
        inputs: numbers of the device that it rests on, by name.
        wall_s: time on all devices together, s.
        answers: lines of the model's life; None where nobody said how long that is.
        green_algorithms: the closed form on the same inputs.
        designed_w: power of a device that it takes, W.
    """

    profile: DeviceProfile
    training: Footprint
    precision: str
    operations: float | None
    inputs: Mapping[str, Quantity]
    wall_s: Quantity
    answers: Footprint | None
    green_algorithms: GreenAlgorithms
    designed_w: float


def estimate(training: Training, profile: DeviceProfile, site: Site) -> Estimate:
    """Bill a training on a site.

    Args:
        training: what is known of it.
        profile: the device.
        site: where it stands.

    Raises:
        ValueError: a number is out of range, or the device lacks the precision.
    """
    precision = training.precision or default_precision(profile)
    watts = _number(training.watts, "W", "watts", Scope(profile.scope))
    operations = training.operations
    inputs = {"watts": busy_power(profile, watts)}
    if operations is None:
        precision = ""
        held = (training.hours or 0.0) * training.count
        hours = quantity_of(held, "h", "hours", Scope.DEVICE_TIME)
        busy = _busy(training.busy)
        if busy is not None:
            inputs |= {"idle watts": profile.idle_power, "busy": busy}
        cost = cost_of_hours(hours, profile, busy, watts)
    else:
        busy = None
        stated = _number(training.utilisation, "1", "utilisation")
        utilisation = stated or default_of("utilisation")
        inputs |= {"peak": peak(profile, precision), "utilisation": utilisation}
        cost = cost_of_operations(operations, profile, precision, utilisation, watts)
    if training.queries is not None:
        inputs["inference_utilisation"] = default_of("inference_utilisation")
    found = footprint_of({TRAINING: cost}, profile, site)
    designed_w = profile.active_w.high if watts is None else _value(watts)
    is_placed = found.intensity.is_known
    reference = green_algorithms(
        _value(cost.seconds) / S_PER_H,
        1,
        designed_w,
        usage=1.0 if busy is None else _value(busy),
        pue=_value(found.pue),
        g_per_kwh=_value(found.intensity) / KG_PER_G if is_placed else None,
    )
    return Estimate(
        profile,
        found,
        precision,
        operations,
        inputs,
        cost.seconds.scaled(1.0 / training.count),
        _answers(training, profile, site, watts),
        reference,
        designed_w,
    )


def default_precision(profile: DeviceProfile) -> str:
    """Return the precision in which a device trains unless somebody says another."""
    listed = profile.peak_flop_per_s
    return next((p for p in ("bfloat16", "float16") if p in listed), "float32")


def answering_cost(
    flop: float, profile: DeviceProfile, precision: str, watts: Quantity | None = None
) -> UnitCost:
    """Return seconds and joules of answering, at the default share of the peak."""
    share = default_of("inference_utilisation")
    return cost_of_operations(flop, profile, precision, share, watts)


def _answers(
    training: Training, profile: DeviceProfile, site: Site, watts: Quantity | None
) -> Footprint | None:
    if training.queries is None or training.parameters is None:
        return None
    precision = training.precision or default_precision(profile)
    asked = training.queries * (training.query_tokens or 0.0)
    flop = dense(training.parameters).forward_flop * asked
    cost = answering_cost(flop, profile, precision, watts)
    return footprint_of({ANSWERS: cost}, profile, site)


def _busy(busy: Number | None) -> Quantity | None:
    found = _number(busy, "1", "busy")
    if found is not None:
        check_share(found, "busy")
    return found


def _number(
    number: Number | None, unit: str, name: str, scope: Scope = Scope.CONSTANT
) -> Quantity | None:
    return None if number is None else quantity_of(number, unit, name, scope)


def _value(quantity: Quantity) -> float:
    """Return the one number of a quantity that is known."""
    return float(plain(math.nan if quantity.value is None else quantity.value))


def _check_positive(name: str, value: float | None) -> None:
    if value is not None and not 0.0 < value < float("inf"):
        raise ValueError(f"`{name}` must be finite and > 0, got {value:g}.")
