"""Shipped constants of the meters: how good each counter is, with its source.

`source` says of every table where its numbers come from.
"""

from __future__ import annotations

import functools

import msgspec

from hitl_sim.energy.shipped import read_shipped


class Accuracy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How good a counter or a power sensor is.

    Attributes:
        relative_error: 95 % half-width relative to the reading.
        update_period_s: time between refreshes, s.
    """

    relative_error: float
    update_period_s: float
    source: str


class Plausible(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Power above which a reading is not believed.

    Attributes:
        max_w: the limit, W.
    """

    max_w: float
    source: str


class PlausibleByScope(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Power above which no reading of a processor counter is believed, by its scope.

    Attributes:
        package: of a socket.
        dram: of its memory.
        node: of the platform.
        beyond: what a zone states of itself counts up to this many times the limit.
    """

    package: Plausible
    dram: Plausible
    node: Plausible
    beyond: float
    source: str


class Tolerance(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How far two views of one board may differ before neither is trusted.

    Attributes:
        relative: allowed difference beyond both views' own errors, fraction.
        averaging_s: span over which a board reports power where it has no
            instantaneous one, s.
    """

    relative: float
    averaging_s: float
    source: str


class Sharing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much processor time of other programs makes a package shared.

    Attributes:
        busy_frac: their share of all processor time used, above which it is shared.
        cores: their processor seconds per second, below which it is not.
    """

    busy_frac: float
    cores: float
    source: str


class Duty(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much of the time the sensor of some boards looks.

    Attributes:
        chip: the chip that they carry.
        names: words of their models' names, of which each says that it is one.
        seen_frac: part of each refresh period that is looked at.
        period_s: refresh period, s.
    """

    chip: str
    names: tuple[str, ...]
    seen_frac: float
    period_s: float
    source: str


class ModuleCounter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Boards whose counter covers their module, with processor and memory.

    Attributes:
        names: words of their models' names, of which each says that it is one.
    """

    names: tuple[str, ...]
    source: str


class StuckLimit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long a counter that works may keep its value.

    Attributes:
        updates: in refreshes of the counter.
        least_s: and never less than this, s.
    """

    updates: float
    least_s: float
    source: str


class RaplConstants(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Constants of the processor counters, by what they cover."""

    package: Accuracy
    dram: Accuracy
    node: Accuracy
    plausible: PlausibleByScope
    sharing: Sharing


class MeterConstants(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Constants of all meters."""

    nvml: Accuracy
    nvml_power: Accuracy
    nvml_duty: tuple[Duty, ...]
    nvml_module: ModuleCounter
    nvml_check: Tolerance
    stuck: StuckLimit
    rapl: RaplConstants


@functools.cache
def meter_constants() -> MeterConstants:
    """Return the shipped constants of the meters."""
    return read_shipped("meters.toml", MeterConstants)
