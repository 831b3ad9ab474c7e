"""Carbon intensity of electricity: of a region and year, or a study's own.

There is no default region.
"""

import functools
import math

import msgspec

from hitl_sim.cost.constant import load_csv, load_toml
from hitl_sim.energy.quantity import Kind, Quantity, Scope, unavailable
from hitl_sim.unit import KG_PER_G

UNIT = "kgCO2e/kWh"

_OWN = " For any other grid give `prices.carbon_kgco2e_per_kwh`."


class GivenCarbon(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True
):
    """A study's own carbon intensity, table `[prices.carbon_kgco2e_per_kwh]`.

    Attributes:
        value: kgCO2e/kWh; >= 0.
        low: lower end of its 95 % interval; the value where left out.
        high: upper end; the value where left out.
        year: which it is for.
        source: where it comes from.
    """

    value: float
    low: float | None = None
    high: float | None = None
    year: int | None = None
    source: str | None = None

    @property
    def ends(self) -> tuple[float, float, float]:
        """Return value, lower and upper end."""
        low = self.value if self.low is None else self.low
        high = self.value if self.high is None else self.high
        return self.value, low, high


class GridRegion(msgspec.Struct, frozen=True):
    """One row of the table.

    Attributes:
        region: ISO 3166 code of a country (FR) or of a state of the USA (US-CA), or
            "WORLD".
        iso3: alpha-3 code of the country.
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
    """Return the table by region code: "WORLD", countries, states of the USA."""
    rows = msgspec.convert(load_csv("grid.csv"), list[GridRegion], strict=False)
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
        "`grid_region` must be 'WORLD' or the ISO 3166 code of a country, or of a"
        f" state of the USA, with published data, such as 'FR' or 'US-CA', got"
        f" {region!r}.{remedy or _OWN}"
    )


def carbon_intensity(region: str | None) -> Quantity:
    """Look up what a kilowatt-hour of electricity emits.

    The interval is the wider of a share of the value and a fixed width, by source; see
    `data/grid.toml`.

    Args:
        region: "WORLD", an ISO 3166 code, or None where nobody said.

    Returns:
        The intensity, kgCO2e/kWh; unavailable where the region is None.

    Raises:
        ValueError: the table does not know the region.

    References:
        Our World in Data and Ember (2026); Ember (2025); EPA, eGRID2023. Citations,
        licences and bases are in `data/grid.toml`.
    """
    check_region(region)
    if region is None:
        return unavailable(UNIT, Scope.CONSTANT, "no grid region was given")
    row = grid_regions()[region]
    source = load_toml("grid.toml")["source"][row.source]
    half_g = max(source["relative"] * row.g_per_kwh, source["absolute_g_per_kwh"])
    low_g = max(0.0, row.g_per_kwh - half_g)
    return Quantity(
        value=row.g_per_kwh * KG_PER_G,
        unit=UNIT,
        kind=Kind.ASSUMED,
        scope=Scope.CONSTANT,
        interval=(low_g * KG_PER_G, (row.g_per_kwh + half_g) * KG_PER_G),
        source=(
            f"{row.name} {row.year}: {source['citation']}; {source['basis']};"
            f" {source['licence']}; interval: {source['spread']}"
        ),
    )


def given_intensity(given: float | GivenCarbon) -> Quantity:
    """Turn a study's own carbon intensity into a quantity, kgCO2e/kWh.

    Raises:
        ValueError: a number is negative or not finite, or the interval does not hold
            the value.
    """
    if not isinstance(given, GivenCarbon):
        given = GivenCarbon(value=float(given))
    value, low, high = given.ends
    if not 0.0 <= low <= value <= high < math.inf:
        raise ValueError(
            "`prices.carbon_kgco2e_per_kwh` must hold finite numbers with 0 <= low <="
            f" value <= high kgCO2e/kWh, got {low}, {value}, {high}."
        )
    told = given.source or "study file, prices.carbon_kgco2e_per_kwh"
    return Quantity(
        value=value,
        unit=UNIT,
        kind=Kind.ASSUMED,
        scope=Scope.CONSTANT,
        interval=(low, high),
        source=told if given.year is None else f"{told} ({given.year})",
    )
