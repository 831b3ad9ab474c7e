"""One line of the bill, and the line that is nothing but electricity."""

from dataclasses import dataclass
from typing import Literal

from hitl_sim.cost.bill import Standing
from hitl_sim.cost.charge import electricity_carbon, electricity_cost
from hitl_sim.cost.price import Rates
from hitl_sim.energy.quantity import Quantity

Measure = Literal["joules", "usd", "kgco2e"]
Group = Literal[
    "device", "waiting", "facility", "people", "labels", "embodied", "inference"
]


@dataclass(frozen=True)
class Line:
    """One line of the bill.

    Attributes:
        name: for example "device_train".
        group: what the line is about, for sums over several lines.
        standing: "protocol" for what the method costs while it runs, "instrument" for
            what only the experimenter needs, "lifetime" for what is spread over the
            life of the device or the model.
        seconds: device or human time, s.
        joules: energy, J.
        usd: money, USD.
        kgco2e: emissions, kg CO2e.
    """

    name: str
    group: Group
    standing: Standing
    seconds: Quantity | None = None
    joules: Quantity | None = None
    usd: Quantity | None = None
    kgco2e: Quantity | None = None


def electric_line(
    name: str,
    group: Group,
    joules: Quantity,
    rates: Rates,
    *,
    standing: Standing = "protocol",
    seconds: Quantity | None = None,
) -> Line:
    """Build a line that is nothing but electricity."""
    return Line(
        name=name,
        group=group,
        standing=standing,
        seconds=seconds,
        joules=joules,
        usd=electricity_cost(joules, rates),
        kgco2e=electricity_carbon(joules, rates),
    )
