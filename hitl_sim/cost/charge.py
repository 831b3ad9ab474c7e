"""Turn joules and human seconds into money, energy and carbon at a study's rates."""

from hitl_sim.cost.price import Rates
from hitl_sim.energy.quantity import Quantity, Scope
from hitl_sim.unit import J_PER_KWH, S_PER_H


def electricity_cost(joules: Quantity, rates: Rates) -> Quantity:
    """Price electricity: J x USD/kWh."""
    energy = joules.scaled(1 / J_PER_KWH, unit="kWh")
    return energy.times(rates.electricity, unit="USD", scope=Scope.MONEY)


def electricity_carbon(joules: Quantity, rates: Rates) -> Quantity:
    """Convert electricity to emissions: J x kgCO2e/kWh."""
    energy = joules.scaled(1 / J_PER_KWH, unit="kWh")
    return energy.times(rates.intensity, unit="kgCO2e")


def labour_cost(seconds: Quantity, rates: Rates) -> Quantity:
    """Price human time: hours x wage x (1 + overhead)."""
    wages = _hours(seconds).times(rates.wage, unit="USD", scope=Scope.MONEY)
    return wages + wages.times(rates.overhead, unit="USD")


def human_energy(seconds: Quantity, rates: Rates) -> Quantity:
    """Charge human time with the energy of its boundary, J.

    Outside the boundary an unknown time costs nothing too, by definition.
    """
    rate = rates.human_energy
    if rates.boundary == "device_only":
        return rate.scaled(0.0, unit="J")
    return _hours(seconds).times(rate, unit="J", scope=rate.scope)


def human_carbon(seconds: Quantity, rates: Rates) -> Quantity:
    """Charge human time with the emissions of its boundary, kgCO2e."""
    rate = rates.human_carbon
    if rates.boundary == "device_only":
        return rate.scaled(0.0, unit="kgCO2e")
    return _hours(seconds).times(rate, unit="kgCO2e", scope=rates.human_energy.scope)


def _hours(seconds: Quantity) -> Quantity:
    return seconds.scaled(1 / S_PER_H, unit="h")
