"""What device seconds and joules cost on a site: the server, cooling, carbon, money.

    host     = joules of the devices * host_frac
    facility = (joules of the devices + host) * (PUE - 1)
    carbon   = joules * intensity; manufacture apart: device seconds * kgCO2e/s of life

Each is a line of its own, and a line that nobody can tell makes the total a lower
bound.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated

from msgspec import Meta

from hitl_sim.cost.carbon import GivenCarbon, carbon_intensity, given_intensity
from hitl_sim.cost.constant import assumed, exactly, load_toml
from hitl_sim.energy.error import product_interval
from hitl_sim.energy.profile import DeviceProfile
from hitl_sim.energy.quantity import Quantity, Scope, total, unavailable
from hitl_sim.energy.work import UnitCost
from hitl_sim.energy.workload.stated import Number, default_of, quantity_of
from hitl_sim.schema import Table
from hitl_sim.unit import J_PER_KWH, S_PER_H

HOST, FACILITY, EMBODIED, RENT = "rest of the server", "facility", "manufacture", "rent"
_ACCELERATORS = ("chip", "board")
_MACHINES = ("node", "wall")


class Site(Table, frozen=True, kw_only=True):
    """Where devices stand, table `[site]` of a described workload.

    Attributes:
        pue: power usage effectiveness, >= 1; the default of `data/prices.toml` where
            left out.
        host_frac: power of the rest of a server over that of its devices; the default
            of `hitl_sim/energy/data/workloads.toml` for boards and chips, 0 where the
            profile's watts are of a whole machine, else unavailable.
        grid_region: ISO 3166 code of a country, or of a state of the USA, or "WORLD".
        carbon_kgco2e_per_kwh: one's own carbon intensity, in its place.
        electricity_usd_per_kwh: tariff; the default of `data/prices.toml`.
        device_usd_per_h: price of having one device for an hour; no default.
    """

    pue: Number | None = None
    host_frac: Number | None = None
    grid_region: str | None = None
    carbon_kgco2e_per_kwh: Annotated[float, Meta(ge=0)] | GivenCarbon | None = None
    electricity_usd_per_kwh: Number | None = None
    device_usd_per_h: Number | None = None


@dataclass(frozen=True)
class Entry:
    """One line of a footprint.

    Attributes:
        name: what it is for.
        joules: energy, J; None where the line is none.
        kgco2e: emissions, kgCO2e; None where it has none of its own.
        usd: money, USD; None where it is none.
    """

    name: str
    joules: Quantity | None = None
    kgco2e: Quantity | None = None
    usd: Quantity | None = None


@dataclass(frozen=True)
class Footprint:
    """All lines of a work, each apart.

    Attributes:
        entries: of the devices by phase, then of the server, the facility,
            manufacture and rent.
        seconds: device time, s.
        inputs: numbers of the site and the device that they rest on, by name.
    """

    entries: tuple[Entry, ...]
    seconds: Quantity
    inputs: Mapping[str, Quantity]

    @property
    def pue(self) -> Quantity:
        """Return the power usage effectiveness that was used."""
        return self.inputs["pue"]

    @property
    def intensity(self) -> Quantity:
        """Return the carbon of electricity that was used, kgCO2e/kWh."""
        return self.inputs["carbon of electricity"]

    @property
    def joules(self) -> Quantity:
        """Return all energy, J."""
        return self._summed("joules")

    @property
    def devices(self) -> Quantity:
        """Return the energy of the devices alone, J."""
        return self._summed("joules", without=(HOST, FACILITY))

    @property
    def equipment(self) -> Quantity:
        """Return the energy of devices and servers, without the facility, J."""
        return self._summed("joules", without=(FACILITY,))

    @property
    def electric_kgco2e(self) -> Quantity:
        """Return emissions of electricity, without those of manufacture, kgCO2e."""
        return self._summed("kgco2e", without=(EMBODIED,))

    @property
    def kgco2e(self) -> Quantity:
        """Return all emissions, kgCO2e."""
        return self._summed("kgco2e")

    @property
    def usd(self) -> Quantity:
        """Return all money, USD."""
        return self._summed("usd")

    def _summed(self, measure: str, without: tuple[str, ...] = ()) -> Quantity:
        """Add lines; most of what they err by they share, so as factors of the sum.

        Its interval is that of a product: on the log scale.
        """
        lines = (getattr(e, measure) for e in self.entries if e.name not in without)
        found = total(line for line in lines if line is not None)
        if found.value is None or found.errors is None:
            return found
        return replace(found, interval=product_interval(found.value, found.errors))


def footprint_of(
    work: Mapping[str, UnitCost], profile: DeviceProfile, site: Site
) -> Footprint:
    """Bill the phases of a work on a site.

    Args:
        work: device seconds and joules by phase; at least one.
        profile: the device.
        site: where it stands.

    Raises:
        ValueError: a number of the site is out of range, or its region is unknown.
    """
    pue = _pue(site)
    host_frac = _host_frac(site, profile)
    intensity = _intensity(site)
    tariff = _priced(site.electricity_usd_per_kwh, "electricity_usd_per_kwh", "USD/kWh")

    def electric(name: str, joules: Quantity) -> Entry:
        energy = joules.scaled(1 / J_PER_KWH, unit="kWh")
        usd = energy.times(tariff, unit="USD", scope=Scope.MONEY)
        return Entry(name, joules, energy.times(intensity, unit="kgCO2e"), usd)

    devices = total(cost.joules for cost in work.values())
    host = _elsewhere(devices.times(host_frac, unit="J", scope=Scope.NODE))
    share = pue - exactly(1.0, "1", "definition of PUE")
    overhead = (devices + host).times(share, unit="J", scope=Scope.OVERHEAD)
    seconds = total(cost.seconds for cost in work.values())
    carbon = seconds.times(profile.embodied_per_s, unit="kgCO2e", scope=Scope.EMBODIED)
    hourly = _priced(site.device_usd_per_h, "device_usd_per_h", "USD/h")
    hours = seconds.scaled(1 / S_PER_H, unit="h")
    rent = hours.times(hourly, unit="USD", scope=Scope.MONEY)
    lines = [electric(phase, cost.joules) for phase, cost in work.items()]
    lines += [electric(HOST, host), electric(FACILITY, overhead)]
    lines += [Entry(EMBODIED, kgco2e=carbon), Entry(RENT, usd=rent)]
    inputs = {
        "host_frac": host_frac,
        "pue": pue,
        "carbon of electricity": intensity,
        "manufacture": profile.embodied_per_s.scaled(S_PER_H, unit="kgCO2e/h"),
        "electricity": tariff,
        "device_usd_per_h": hourly,
    }
    return Footprint(tuple(lines), seconds, inputs)


def _elsewhere(joules: Quantity) -> Quantity:
    """Place joules in the server around the devices, which do not contain them."""
    if joules.value is None or not joules.is_known:
        return unavailable(joules.unit, Scope.NODE, joules.reason, of="host")
    return Quantity(
        joules.value,
        joules.unit,
        joules.kind,
        Scope.NODE,
        joules.interval,
        joules.source,
        of="host",
        errors=joules.errors,
    )


def _pue(site: Site) -> Quantity:
    if site.pue is None:
        return assumed(load_toml("prices.toml")["pue"], "1")
    pue = quantity_of(site.pue, "1", "pue")
    low = pue.value if pue.interval is None else pue.interval[0]
    if not isinstance(low, float) or low < 1.0:
        raise ValueError(f"`pue` must be >= 1, got {low}.")
    return pue


def _host_frac(site: Site, profile: DeviceProfile) -> Quantity:
    if site.host_frac is not None:
        return quantity_of(site.host_frac, "1", "host_frac")
    if profile.scope in _ACCELERATORS:
        return default_of("host_frac")
    if profile.scope in _MACHINES:
        return exactly(0.0, "1", f"profile {profile.name} is of the whole machine")
    reason = (
        f"nobody gave `host_frac`, the power around the {profile.scope} of"
        f" {profile.name}"
    )
    return unavailable("1", Scope.CONSTANT, reason)


def _intensity(site: Site) -> Quantity:
    own = site.carbon_kgco2e_per_kwh
    if own is not None and site.grid_region is not None:
        raise ValueError(
            "`carbon_kgco2e_per_kwh` must be left out where `grid_region` is given,"
            f" got {own} with {site.grid_region!r}."
        )
    try:
        if own is not None and not isinstance(own, GivenCarbon):
            own = GivenCarbon(value=own, source="given as carbon_kgco2e_per_kwh")
        if own is not None:
            return given_intensity(own)
        return carbon_intensity(site.grid_region)
    except ValueError as error:
        # the same table without its study
        raise ValueError(str(error).replace("`prices.", "`")) from error


def _priced(number: Number | None, name: str, unit: str) -> Quantity:
    if number is not None:
        return quantity_of(number, unit, name)
    default = load_toml("prices.toml").get(name)
    if default is None:
        return unavailable(unit, Scope.CONSTANT, f"nobody gave `{name}`")
    return assumed(default, unit)
