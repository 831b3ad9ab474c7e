"""How much of a person an hour of work is charged with: a named, required choice."""

from typing import Literal, get_args

from hitl_sim.cost.constant import assumed, exactly, load_toml
from hitl_sim.energy.quantity import Quantity, Scope
from hitl_sim.unit import J_PER_KWH, S_PER_H

Boundary = Literal["device_only", "workstation", "whole_person"]
BOUNDARIES: tuple[Boundary, ...] = get_args(Boundary)

_J_PER_H = "J/h"
_KGCO2E_PER_H = "kgCO2e/h"


def human_hour_energy(boundary: Boundary) -> Quantity:
    """Return the joules that an hour of human time is charged with, J/h.

    - "device_only": 0 J. Not an unknown: the boundary counts people as outside.
    - "workstation": the electricity of a desktop and a screen, 100 W.
    - "whole_person": the primary energy of a US resident, fuels included, spread over
      all hours of the year. Primary energy is what is burned; a joule of electricity
      takes more than one of it, so beside a device's joules this boundary is coarse.

    Raises:
        ValueError: the boundary has no such name.

    References:
        See `data/boundary.toml`, where each number stands with its source.
    """
    if boundary not in BOUNDARIES:
        raise ValueError(
            f"`boundary` must be one of {', '.join(map(repr, BOUNDARIES))},"
            f" got {boundary!r}."
        )
    table = load_toml("boundary.toml")
    if boundary == "device_only":
        return _outside(_J_PER_H)
    if boundary == "workstation":
        watts = assumed(table[boundary]["watts"], "W", Scope.WORKSTATION)
        return watts.scaled(S_PER_H, unit=_J_PER_H)
    return assumed(table[boundary]["joules_per_h"], _J_PER_H, Scope.PERSON)


def human_hour_carbon(
    boundary: Boundary, intensity: Quantity, energy: Quantity
) -> Quantity:
    """Return the emissions that an hour of human time is charged with.

    Args:
        boundary: one of `BOUNDARIES`.
        intensity: of the electricity that the workstation takes, kgCO2e/kWh; the other
            boundaries do not use it.
        energy: of an hour at the workstation, J/h, likewise.

    Returns:
        Emissions per hour, kgCO2e/h. The whole person's are a published footprint,
        not the energy of that boundary times a grid.

    References:
        Tomlinson, Black, Patterson and Torrance (2024), The carbon emissions of writing
        and illustrating are lower for AI than for humans, Scientific Reports 14.
    """
    if boundary == "device_only":
        return _outside(_KGCO2E_PER_H)
    if boundary == "workstation":
        hourly = energy.scaled(1 / J_PER_KWH, unit="kWh/h")
        return hourly.times(intensity, unit=_KGCO2E_PER_H)
    entry = load_toml("boundary.toml")[boundary]["kgco2e_per_h"]
    return assumed(entry, _KGCO2E_PER_H, Scope.PERSON)


def _outside(unit: str) -> Quantity:
    return exactly(
        0.0,
        unit,
        "outside the boundary device_only, which counts no energy of people",
        Scope.PERSON,
    )
