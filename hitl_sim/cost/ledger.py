"""The bill of a run in separate lines: joules, seconds, money and carbon.

Every line stands alone and is never folded into another: facility overhead is a line,
not a factor on the device's. A measure that a line cannot have is None (money has no
seconds); a measure that it has and nobody knows is unavailable, which is not 0. Each
line is linear in what was used, so that `engine` may ask what one of everything costs.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np

from hitl_sim.cost.constant import exactly
from hitl_sim.cost.machine import unknown_rate
from hitl_sim.cost.price import Rates
from hitl_sim.cost.query import query_unit
from hitl_sim.cost.usage import SOMEBODY, Amount, Purpose, Usage
from hitl_sim.energy import UnitCost
from hitl_sim.energy.quantity import Quantity, Scope, total, unavailable
from hitl_sim.purpose import INSTRUMENT, MACHINE, PROTOCOL
from hitl_sim.unit import J_PER_KWH, S_PER_H

Measure = Literal["joules", "usd", "kgco2e"]
MEASURES: tuple[Measure, ...] = get_args(Measure)
Group = Literal[
    "device",
    "waiting",
    "facility",
    "people",
    "machines",
    "labels",
    "embodied",
    "inference",
]
TRAINING: tuple[Group, ...] = ("device", "facility")
"""What training costs, with its rent and facility overhead."""

_SUNK = "label_cost sunk: these labels are there anyway"
_NO_LABELS = "no labels were used"
_SOLD = "whoever sold the labels does not say how long they took"


@dataclass(frozen=True)
class Line:
    """One line of the bill.

    Attributes:
        name: for example "device_train".
        group: what the line is about, for sums over several lines.
        purpose: "protocol" for what the method costs while it runs, "instrument" for
            what only the experimenter needs, "lifetime" for what is spread over the
            life of the device or the model.
        seconds: device or human time, s.
        joules: energy, J.
        usd: money, USD.
        kgco2e: emissions, kg CO2e.
    """

    name: str
    group: Group
    purpose: Purpose = "protocol"
    seconds: Quantity | None = None
    joules: Quantity | None = None
    usd: Quantity | None = None
    kgco2e: Quantity | None = None

    def at(self, row: int, people: str) -> Line:
        """Return the line of one of several usages; see `Ledger.at`."""
        numbers = (self.seconds, self.joules, self.usd, self.kgco2e)
        own = (q if q is None else q.at(row, (SOMEBODY, people)) for q in numbers)
        return Line(self.name, self.group, self.purpose, *own)


@dataclass(frozen=True)
class Ledger:
    """The whole bill.

    Attributes:
        lines: in the order in which they are printed.
    """

    lines: tuple[Line, ...]

    def __getitem__(self, name: str) -> Line:
        """Return the line of that name.

        Raises:
            KeyError: there is none; the message lists those that there are.
        """
        for line in self.lines:
            if line.name == name:
                return line
        names = ", ".join(repr(line.name) for line in self.lines)
        raise KeyError(f"`name` must be one of {names}, got {name!r}.")

    def at(self, row: int, people: str) -> Ledger:
        """Return the ledger of one of usages that were put together, by its people."""
        return Ledger(tuple(line.at(row, people) for line in self.lines))

    def total(
        self,
        measure: Measure,
        *,
        purpose: Purpose = "protocol",
        groups: Collection[Group] | None = None,
    ) -> Quantity:
        """Add one measure over lines.

        Args:
            measure: "joules", "usd" or "kgco2e". Seconds of devices and of people do
                not add; read them from the lines.
            purpose: which lines to add.
            groups: which of those; default all of them.

        Returns:
            The sum with its composition; a lower bound where a part is unavailable,
            and unavailable itself where that bound would be 0.

        Raises:
            ValueError: no line has this measure, purpose and group.
        """
        found = [
            quantity
            for line in self.lines
            if line.purpose == purpose
            and (groups is None or line.group in groups)
            and (quantity := getattr(line, measure)) is not None
        ]
        if not found:
            raise ValueError(
                f"`groups` must hold a group with {purpose} {measure}, got {groups}."
            )
        whole = total(found)
        if whole.is_partial and not np.any(whole.value):
            return unavailable(whole.unit, whole.scope, whole.reason)
        return whole


@dataclass(frozen=True)
class Device:
    """What work and waiting take on a device.

    Attributes:
        costs: seconds and joules of one unit of work, by its name.
        idle_power: what it draws while it waits, W.
        embodied_per_s: emissions of its manufacture per second of its life, kgCO2e/s.
    """

    costs: Mapping[str, UnitCost]
    idle_power: Quantity
    embodied_per_s: Quantity

    def work(self, usage: Usage, purpose: Purpose) -> dict[str, UnitCost]:
        """Return seconds and joules of some usage, by phase in the records' order."""
        own = (line for line in usage.work if line.phase != MACHINE)
        lines = [line for line in own if line.purpose == purpose]
        found = {}
        for phase in dict.fromkeys(line.phase for line in lines):
            counts = [(self.costs[n.unit], n.count) for n in lines if n.phase == phase]
            found[phase] = UnitCost(
                total(cost.seconds.scaled(count) for cost, count in counts),
                total(cost.joules.scaled(count) for cost, count in counts),
            )
        return found

    def joules(self, usage: Usage) -> Quantity:
        """Return what it spends on the protocol, the cost of choosing included, J."""
        return total(cost.joules for cost in self.work(usage, PROTOCOL).values())

    def item_joules(self, usage: Usage) -> Quantity:
        """Return what the trained model spends on one item, for its later use, J."""
        for line in usage.work:
            if line.phase == "evaluate":
                return self.costs[query_unit(line.unit, self.costs)].joules
        return unavailable("J", Scope.CHIP, "no unit of work evaluates an item")


def build_ledger(
    usage: Usage, device: Device, rates: Rates, label_s: Quantity
) -> Ledger:
    """Price work and time, line by line.

    The lines, each with the measures that it can have:

    - `device_<phase>`: the device's own joules and seconds, per phase of the protocol.
    - `device_waiting`: waiting seconds x idle power; of these seconds, here and in
      what follows, the share that `waiting` bills.
    - `device_rent`: money for having the device, working or waiting.
    - `pue`: (PUE - 1) x joules of the device, waiting included.
    - `human_time`, `requester_time`: paid seconds and wages with overhead.
    - `human_energy`: paid and requester hours x energy of an hour in the boundary.
    - `machine_<name>`: answers of a machine among the annotators, each at its price:
      device seconds and joules, no human time and no wage.
    - `pool_labels`: what the labels that the learner used cost, by `label_cost`.
    - `validation_labels`: always at the team's own time and wage.
    - `instrument`: the device's work that only the experimenter needs.
    - `embodied` (lifetime): device seconds x emissions of its manufacture per second.
    - `inference` (lifetime): queries over the model's life x joules of one item.

    `label_s` is the time of one label by the same crowd, with whatever redundancy, s.

    Raises:
        ValueError: there is no protocol work, or less is paid than worked.
    """
    work = device.work(usage, PROTOCOL)
    if not work:
        raise ValueError("`usage.work` must hold protocol work, got none.")
    wait_s = usage.seconds("wait_s").scaled(rates.waiting_frac)
    waiting = device.idle_power.times(wait_s, unit="J")
    busy = [
        *(
            _electric(f"device_{phase}", "device", cost.joules, rates, cost.seconds)
            for phase, cost in work.items()
        ),
        _electric("device_waiting", "waiting", waiting, rates, wait_s),
    ]
    busy_s = total([*(cost.seconds for cost in work.values()), wait_s])
    hours = busy_s.scaled(1 / S_PER_H, unit="h")
    rent = hours.times(rates.device, unit="USD", scope=Scope.MONEY)
    share = rates.pue - exactly(1.0, "1", "definition of PUE")
    joules = total([*(cost.joules for cost in work.values()), waiting])
    overhead = joules.times(share, unit="J", scope=Scope.OVERHEAD)
    answers = device.item_joules(usage).times(rates.life_queries, unit="J")
    return Ledger(
        (
            *busy,
            Line("device_rent", "device", usd=rent),
            _electric("pue", "facility", overhead, rates),
            *_people(usage, rates),
            *_machines(usage, rates),
            _pool_labels(usage.pool_labels, rates, label_s),
            _labels("validation_labels", usage.validation_labels, rates, label_s),
            *_instrument(device.work(usage, INSTRUMENT), rates),
            _embodied(busy_s, device.embodied_per_s),
            _electric("inference", "inference", answers, rates, purpose="lifetime"),
        )
    )


def _electric(
    name: str,
    group: Group,
    joules: Quantity,
    rates: Rates,
    seconds: Quantity | None = None,
    purpose: Purpose = "protocol",
) -> Line:
    """Build a line that is nothing but electricity."""
    energy = joules.scaled(1 / J_PER_KWH, unit="kWh")
    usd = energy.times(rates.electricity, unit="USD", scope=Scope.MONEY)
    carbon = energy.times(rates.intensity, unit="kgCO2e")
    return Line(name, group, purpose, seconds, joules, usd, carbon)


def _instrument(work: Mapping[str, UnitCost], rates: Rates) -> list[Line]:
    if not work:
        return []
    joules = total(cost.joules for cost in work.values())
    seconds = total(cost.seconds for cost in work.values())
    return [_electric("instrument", "device", joules, rates, seconds, INSTRUMENT)]


def _embodied(seconds: Quantity, per_s: Quantity) -> Line:
    reason = "makers publish emissions of manufacture, not its energy"
    joules = unavailable("J", Scope.EMBODIED, reason)
    carbon = seconds.times(per_s, unit="kgCO2e", scope=Scope.EMBODIED)
    return Line("embodied", "embodied", "lifetime", joules=joules, kgco2e=carbon)


def _people(usage: Usage, rates: Rates) -> list[Line]:
    """Bill paid and requester time, and what that time burns in the boundary."""
    paid_s, requester_s = usage.seconds("paid_s"), usage.seconds("requester_s")
    joules, carbon = _human_energy(paid_s + requester_s, rates)
    source = f"boundary {rates.boundary}: no electricity of a workstation is bought"
    usd = exactly(0.0, "USD", source, Scope.MONEY)
    if rates.boundary == "workstation":
        usd = _electric("", "people", joules, rates).usd or usd
    times = (("human_time", paid_s), ("requester_time", requester_s))
    return [
        *(
            Line(name, "people", seconds=seconds, usd=_wages(seconds, rates))
            for name, seconds in times
        ),
        Line("human_energy", "people", joules=joules, usd=usd, kgco2e=carbon),
    ]


def machine_line(name: str, answers: Amount, rates: Rates) -> Line:
    """Bill answers of a machine; unavailable where the prices say nothing of it.

    Whoever sells answers bears their electricity; emissions are of the joules.
    """
    rate = rates.machines.get(name) or unknown_rate(name)
    joules = rate.joules.scaled(answers)
    if rate.overhead:
        share = rates.pue - exactly(1.0, "1", "definition of PUE")
        joules += joules.times(share, unit="J", scope=Scope.OVERHEAD)
    line = _electric(
        f"{MACHINE}_{name}", "machines", joules, rates, rate.seconds.scaled(answers)
    )
    if rate.usd is None:
        return line
    return replace(line, usd=rate.usd.scaled(answers))


def _machines(usage: Usage, rates: Rates) -> list[Line]:
    found: dict[str, Amount] = {}
    for line in usage.work:
        if line.phase == MACHINE:
            name = machine_of(line.unit)
            found[name] = found.get(name, 0.0) + line.count
    return [machine_line(name, count, rates) for name, count in found.items()]


def machine_of(unit: str) -> str:
    """Return which machine a unit of work is an answer of."""
    return unit.removeprefix(f"{MACHINE}:")


def _wages(seconds: Quantity, rates: Rates) -> Quantity:
    """Price human time: hours x wage x (1 + overhead)."""
    hours = seconds.scaled(1 / S_PER_H, unit="h")
    wages = hours.times(rates.wage, unit="USD", scope=Scope.MONEY)
    return wages + wages.times(rates.overhead, unit="USD")


def _human_energy(seconds: Quantity, rates: Rates) -> tuple[Quantity, Quantity]:
    """Charge human time with joules and emissions of its boundary.

    Outside the boundary an unknown time costs nothing too, by definition.
    """
    energy, carbon = rates.human_energy, rates.human_carbon
    if rates.boundary == "device_only":
        return energy.scaled(0.0, unit="J"), carbon.scaled(0.0, unit="kgCO2e")
    hours, scope = seconds.scaled(1 / S_PER_H, unit="h"), energy.scope
    return (
        hours.times(energy, unit="J", scope=scope),
        hours.times(carbon, unit="kgCO2e", scope=scope),
    )


def _pool_labels(count: Amount, rates: Rates, label_s: Quantity) -> Line:
    """Bill the labels that the learner used, as `label_cost` says."""
    name = "pool_labels"
    if rates.label_cost == "sunk":
        return _free_labels(name, _SUNK, rates)
    if rates.label_cost == "bought_same_price" or not np.any(count):
        return _labels(name, count, rates, label_s)
    labels = exactly(count, "1", "labels that the learner used", Scope.MONEY)
    seconds = unavailable("s", Scope.HUMAN_TIME, _SOLD)
    usd = labels.times(rates.label, unit="USD")
    joules, carbon = _human_energy(seconds, rates)
    return Line(name, "labels", PROTOCOL, seconds, joules, usd, carbon)


def _labels(name: str, count: Amount, rates: Rates, label_s: Quantity) -> Line:
    """Bill labels at the crowd's own time, wage and boundary."""
    if not np.any(count):
        return _free_labels(name, _NO_LABELS, rates)
    seconds = label_s.scaled(count)
    usd = _wages(seconds, rates)
    joules, carbon = _human_energy(seconds, rates)
    return Line(name, "labels", PROTOCOL, seconds, joules, usd, carbon)


def _free_labels(name: str, source: str, rates: Rates) -> Line:
    return Line(
        name=name,
        group="labels",
        seconds=exactly(0.0, "s", source, Scope.HUMAN_TIME),
        joules=exactly(0.0, "J", source, rates.human_energy.scope),
        usd=exactly(0.0, "USD", source, Scope.MONEY),
        kgco2e=exactly(0.0, "kgCO2e", source, rates.human_energy.scope),
    )
