"""Joules of a sensor with their errors, and the shipped constants behind these.

Some sensors look at the power a part of the time only. Such a one averages the power
over the last part, `seen_frac`, of each refresh period T and takes that for all of it.
Power in the rest may differ. Let S be the span of power that the load moves in, and let
the mean power of the rest and of the part that is seen both lie anywhere in it: the
difference has the variance S**2 / 6, and a window of n periods misses `(1 - seen_frac)
* T * S * sqrt(n / 6)` in one standard deviation. S is the largest difference of the
samples, and at least the window's mean power, since changes at the pace of the sensor
show in no sample. Whether an energy counter inherits this is documented nowhere, so its
interval holds it too.

A load that repeats at exactly the pace of the sensor is misread by the same amount in
every period; that no interval over independent periods covers.

Of every table of constants `source` says where its numbers come from.
"""

import functools
import math
import re
from dataclasses import dataclass

import msgspec

from hitl_sim.energy.error import Error, additive_interval, merge_errors
from hitl_sim.energy.quantity import Kind, Quantity, Scope, unavailable
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


TO_95 = 1.96
"""Standard deviations of a normal error on each side of a 95 % interval."""

LONGER = "measure for longer"
"""Remedy of a window that is too short for its meter; more work mends it."""
_GAIN = ": gain"


@dataclass(frozen=True)
class Sensor:
    """A device that has a counter, a power reading, or both.

    Attributes:
        of: its path.
        scope: what both cover.
        backend: which backend reads it.
        counter: error and pace of the counter.
        power: error and pace of the power reading; those of the counter where left out.
        averaging_s: span over which the power reading averages, s; what it reports
            lags, by at most the whole change of power over that span.
        duty: how much of the time the sensor behind both looks; `None` for all.
    """

    of: str
    scope: Scope
    backend: str
    counter: Accuracy
    power: Accuracy | None = None
    averaging_s: float = 0.0
    duty: Duty | None = None

    def energy(
        self, joules: float, kind: Kind, gain_frac: float, *others: Error
    ) -> Quantity:
        """Return what it showed, J; > 0, with its errors added in quadrature.

        Its gain, of 95 % half-width `gain_frac`, is one source of error for all
        readings of that kind; the others are of this reading alone.
        """
        label = self.label(kind)
        gain = gain_frac * joules
        errors = merge_errors((Error(f"{label}{_GAIN}", -gain, gain), *others))
        low, high = additive_interval(joules, errors)
        ends = max(0.0, float(low)), high
        return Quantity(
            joules, "J", kind, self.scope, ends, label, of=self.of, errors=errors
        )

    def label(self, kind: Kind) -> str:
        """Name its readings of a kind, as sources do."""
        what = "counter" if kind is Kind.MEASURED_COUNTER else "power"
        return f"{self.backend} {what} of {self.of}"

    def lacks(self, reason: str) -> Quantity:
        """Return that nothing is known of a window, and why."""
        return unavailable("J", self.scope, reason, of=self.of)

    def unseen_j(self, joules: float, elapsed_s: float, swing_w: float) -> float:
        """Return the 95 % half-width of what it did not look at in a window, J.

        `swing_w` is the largest difference between samples of power in it, W.

        References:
            Yang, Adamek and Armour (2024), Accurate and convenient energy measurements
            for GPUs, SC'24, arXiv 2312.02741: which boards look at which part; this
            module for the derivation.
        """
        if self.duty is None or not elapsed_s > 0:
            return 0.0
        span_w = max(swing_w, joules / elapsed_s)
        num_periods = max(1.0, elapsed_s / self.duty.period_s)
        rest_s = (1.0 - self.duty.seen_frac) * self.duty.period_s
        return TO_95 * rest_s * span_w * math.sqrt(num_periods / 6.0)


def within(source: str, joules: float, half: float) -> Error:
    """Return an error of equal sides that takes no more than all of some joules."""
    return Error(source, -min(half, joules), half)


def is_gain(error: Error) -> bool:
    """Return whether an error is one that all readings of a sensor share."""
    return error.source.endswith(_GAIN)


def relative_half_width(quantity: Quantity) -> float:
    """Return half the interval over the value; infinite when nothing is known."""
    if not quantity.is_known or quantity.interval is None or not quantity.value:
        return math.inf
    low, high = quantity.interval
    return float((high - low) / 2 / quantity.value)


def sensor_half_width(quantity: Quantity) -> float:
    """Return the part of the relative half-width that no longer window reduces."""
    if not quantity.is_known or quantity.errors is None or not quantity.value:
        return math.inf
    gains = [float(e.high) for e in quantity.errors if is_gain(e)]
    return math.hypot(*gains) / float(quantity.value)


def rest_half_width(quantity: Quantity) -> float:
    """Return the part of the relative half-width that a longer window reduces."""
    width, sensor = relative_half_width(quantity), sensor_half_width(quantity)
    return math.sqrt(max(0.0, width**2 - sensor**2)) if width < math.inf else width


def duty_of(name: str) -> Duty | None:
    """Return how much of the time a board of some model looks; `None` for always."""
    words = _words(name)
    known = meter_constants().nvml_duty
    return next((duty for duty in known if words & set(duty.names)), None)


def counter_scope(name: str) -> Scope:
    """Return what the energy counter of a board of some model covers."""
    is_module = _words(name) & set(meter_constants().nvml_module.names)
    return Scope.MODULE if is_module else Scope.BOARD


def _words(name: str) -> set[str]:
    return set(re.split(r"[^A-Za-z0-9]+", name))
