"""Carbon intensity of electricity by region and year. There is no default region."""

import functools
from typing import NamedTuple

from hitl_sim.cost.constant import load_csv, load_toml
from hitl_sim.energy.quantity import Kind, Quantity, Scope, unavailable
from hitl_sim.unit import KG_PER_G

_UNIT = "kgCO2e/kWh"


class GridRegion(NamedTuple):
    """One row of the table.

    Attributes:
        region: ISO 3166-1 alpha-2 code, or "WORLD".
        iso3: alpha-3 code of the same region.
        name: in English.
        year: which the figure is for.
        g_per_kwh: published intensity, g CO2e/kWh.
        source: key of the source in `data/grid.toml`.
    """

    region: str
    iso3: str
    name: str
    year: int
    g_per_kwh: float
    source: str


@functools.cache
def grid_regions() -> dict[str, GridRegion]:
    """Return the table by region code, "WORLD" and 210 countries."""
    rows = [
        GridRegion(
            region=row["region"],
            iso3=row["iso3"],
            name=row["name"],
            year=int(row["year"]),
            g_per_kwh=float(row["g_per_kwh"]),
            source=row["source"],
        )
        for row in load_csv("grid.csv")
    ]
    return {row.region: row for row in rows}


def check_region(region: str | None) -> None:
    """Refuse a region that the table does not know.

    Raises:
        ValueError: it is neither None nor a code of the table.
    """
    if region is None or region in grid_regions():
        return
    wanted = region.upper()
    hints = [
        row.region
        for row in grid_regions().values()
        if wanted in (row.region, row.iso3, row.name.upper())
    ]
    remedy = f" Did you mean {hints[0]!r}?" if hints else ""
    raise ValueError(
        "`grid_region` must be 'WORLD' or an ISO 3166 code of two letters with"
        f" published data, such as 'FR', got {region!r}.{remedy}"
    )


def carbon_intensity(region: str | None) -> Quantity:
    """Look up what a kilowatt-hour of electricity emits.

    The interval is a stated assumption about vintage and method, the wider of a share
    of the value and a fixed width; see `data/grid.toml`.

    Args:
        region: "WORLD", an ISO 3166-1 alpha-2 code, or None where nobody said.

    Returns:
        The intensity, kgCO2e/kWh; unavailable where the region is None.

    Raises:
        ValueError: the table does not know the region.

    References:
        Our World in Data and Ember (2025); IEA (2025), Electricity 2025. Citations,
        licences and bases are in `data/grid.toml`.
    """
    check_region(region)
    if region is None:
        return unavailable(_UNIT, Scope.CONSTANT, "no grid region was given")
    row = grid_regions()[region]
    table = load_toml("grid.toml")
    source, spread = table["source"][row.source], table["spread"]
    half_g = max(spread["relative"] * row.g_per_kwh, spread["absolute_g_per_kwh"])
    low_g = max(0.0, row.g_per_kwh - half_g)
    return Quantity(
        value=row.g_per_kwh * KG_PER_G,
        unit=_UNIT,
        kind=Kind.ASSUMED,
        scope=Scope.CONSTANT,
        interval=(low_g * KG_PER_G, (row.g_per_kwh + half_g) * KG_PER_G),
        source=(
            f"{row.name} {row.year}: {source['citation']}; {source['basis']};"
            f" {source['licence']}; interval: {spread['source']}"
        ),
    )
