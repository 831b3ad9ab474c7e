"""The bill of a run in separate lines: joules, seconds, money and carbon.

Every line stands alone and is never folded into another: facility overhead is a line,
not a factor on the device's. A measure that a line cannot have is None (money has no
seconds); a measure that it has and nobody knows is unavailable, which is not 0.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np

from hitl_sim.cost.bill import DeviceWork, HumanBill, Standing, WorkBill
from hitl_sim.cost.constant import exactly
from hitl_sim.cost.line import Group, Line, Measure, electric_line
from hitl_sim.cost.people import label_line, people_lines, pool_label_line
from hitl_sim.cost.price import Prices, Rates, price_rates
from hitl_sim.energy.quantity import Quantity, Scope, total, unavailable
from hitl_sim.unit import S_PER_H


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

    def total(
        self,
        measure: Measure,
        *,
        standing: Standing = "protocol",
        groups: Collection[Group] | None = None,
    ) -> Quantity:
        """Add one measure over lines.

        Args:
            measure: "joules", "usd" or "kgco2e". Seconds of devices and of people do
                not add; read them from the lines.
            standing: which lines to add.
            groups: which of those; default all of them.

        Returns:
            The sum with its composition; a lower bound where a part is unavailable,
            and unavailable itself where that bound would be 0.

        Raises:
            ValueError: no line has this measure, standing and group.
        """
        found = [
            quantity
            for line in self.lines
            if line.standing == standing
            and (groups is None or line.group in groups)
            and (quantity := getattr(line, measure)) is not None
        ]
        if not found:
            raise ValueError(
                f"`groups` must hold a group with {standing} {measure}, got {groups}."
            )
        whole = total(found)
        if whole.is_partial and not np.any(whole.value):
            return unavailable(whole.unit, whole.scope, whole.reason)
        return whole


def build_ledger(
    work: WorkBill, human: HumanBill, prices: Prices, *, rates: Rates | None = None
) -> Ledger:
    """Price work and time, line by line.

    The lines, each with the measures that it can have:

    - `device_<phase>`: the device's own joules and seconds, per phase of the protocol.
    - `device_waiting`: waiting seconds x idle power.
    - `device_rent`: money for having the device, working or waiting.
    - `pue`: (PUE - 1) x joules of the device, waiting included.
    - `human_time`, `requester_time`: paid seconds and wages with overhead.
    - `human_energy`: paid and requester hours x energy of an hour in the boundary.
    - `pool_labels`: what the labels that the learner used cost, by `label_standing`.
    - `validation_labels`: always at the crew's own time and wage.
    - `instrument`: the device's work that only the experimenter needs.
    - `embodied` (lifetime): device seconds x emissions of its manufacture per second.
    - `inference` (lifetime): queries over the model's life x joules of one item.

    Args:
        work: what the device does, in seconds and joules.
        human: what people do, in seconds and labels.
        prices: the study's prices.
        rates: the same as quantities, where a caller varies them; default from prices.

    Returns:
        The ledger.

    Raises:
        ValueError: the prices are impossible, or the device has no protocol work.
    """
    rates = price_rates(prices) if rates is None else rates
    device = [*_device_lines(work, rates), _waiting_line(work, rates)]
    lines = [
        *device,
        _rent_line(device, rates),
        _facility_line(device, rates),
        *people_lines(human, rates),
        pool_label_line(human, rates),
        label_line("validation_labels", human.num_validation_labels, human, rates),
        *_instrument_lines(work, rates),
        _embodied_line(work, device),
        _inference_line(work, rates),
    ]
    return Ledger(tuple(lines))


def _device_lines(work: WorkBill, rates: Rates) -> list[Line]:
    protocol = [item for item in work.device if item.standing == "protocol"]
    if not protocol:
        raise ValueError("`work.device` must hold protocol work, got none.")
    phases = dict.fromkeys(item.phase for item in protocol)
    lines = []
    for phase in phases:
        items = [item for item in protocol if item.phase == phase]
        lines.append(
            electric_line(
                f"device_{phase}",
                "device",
                total(item.joules for item in items),
                rates,
                seconds=total(item.seconds for item in items),
            )
        )
    return lines


def _instrument_lines(work: WorkBill, rates: Rates) -> list[Line]:
    items: list[DeviceWork] = [
        item for item in work.device if item.standing == "instrument"
    ]
    if not items:
        return []
    return [
        electric_line(
            "instrument",
            "device",
            total(item.joules for item in items),
            rates,
            standing="instrument",
            seconds=total(item.seconds for item in items),
        )
    ]


def _waiting_line(work: WorkBill, rates: Rates) -> Line:
    joules = work.idle_power.times(work.wait_s, unit="J")
    return electric_line(
        "device_waiting", "waiting", joules, rates, seconds=work.wait_s
    )


def _sum(lines: list[Line], read: Callable[[Line], Quantity | None]) -> Quantity:
    return total(q for line in lines if (q := read(line)) is not None)


def _rent_line(device: list[Line], rates: Rates) -> Line:
    seconds = _sum(device, lambda line: line.seconds)
    hours = seconds.scaled(1 / S_PER_H, unit="h")
    usd = hours.times(rates.device, unit="USD", scope=Scope.MONEY)
    return Line("device_rent", "device", "protocol", usd=usd)


def _facility_line(device: list[Line], rates: Rates) -> Line:
    share = rates.pue - exactly(1.0, "1", "definition of PUE")
    joules = _sum(device, lambda line: line.joules)
    overhead = joules.times(share, unit="J", scope=Scope.OVERHEAD)
    return electric_line("pue", "facility", overhead, rates)


def _embodied_line(work: WorkBill, device: list[Line]) -> Line:
    seconds = _sum(device, lambda line: line.seconds)
    return Line(
        name="embodied",
        group="embodied",
        standing="lifetime",
        joules=unavailable(
            "J",
            Scope.EMBODIED,
            "makers publish emissions of manufacture, not its energy",
        ),
        kgco2e=seconds.times(work.embodied_per_s, unit="kgCO2e", scope=Scope.EMBODIED),
    )


def _inference_line(work: WorkBill, rates: Rates) -> Line:
    joules = work.item_joules.times(rates.life_queries, unit="J")
    return electric_line("inference", "inference", joules, rates, standing="lifetime")
