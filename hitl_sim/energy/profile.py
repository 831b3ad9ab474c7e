"""Device profiles: what a unit of work costs on a device, in seconds and joules.

A profile holds a device's constants, each with source and interval, and may hold costs
that were measured on it. A unit with a measured cost is billed at that cost; where only
its seconds were measured, its joules are these seconds times the watts of the analytic
rule, which stay modelled. Any other unit is billed by the analytic rule, as if the
program ran on the device by itself:

    launch  = num_kernels * launch_s
    compute = sum over arithmetics of flops / (peak * compute_efficiency)
    memory  = bytes_moved / (bandwidth * bandwidth_efficiency)
    seconds = launch + max(compute, memory)
    joules  = launch * launch_w + max(compute, memory) * active_w

Products of matrices run at the peak of what they ask for (`precision`), all else at the
lower of its data type's peak and float32's: faster units for few bits only multiply.

The maximum is the roofline of Williams, Waterman and Patterson (2009), "Roofline",
Communications of the ACM 52(4); the launch term is what small networks mostly pay. Its
interval is drawn from those of the constants (`monte_carlo`), because the maximum hides
what two constants do together.
"""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any, Literal

import msgspec
import numpy as np

from hitl_sim.energy.error import (
    Error,
    Errors,
    Values,
    combine_errors,
    errors_from_ends,
    merge_errors,
    plain,
)
from hitl_sim.energy.monte_carlo import draw_interval, draw_source, fit_errors
from hitl_sim.energy.quantity import Kind, Quantity, Scope, modelled, unavailable
from hitl_sim.energy.work import FALLBACK, UnitCost, WorkUnit, peak_of
from hitl_sim.unit import S_PER_H

Regime = Literal["alone", "saturated"]
"""How a unit is run: one program by itself, or as many at once as fill the device."""

_PEAK = "peak_flop_per_s."


class Constant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A number of a profile, with its 95 % interval and origin.

    Attributes:
        value: the number, in the SI unit that its field names; > 0.
        low: lower end of the interval; > 0.
        high: upper end.
        kind: `modelled_analytic` for a datasheet's number, `assumed` for a judgement,
            or how it was measured.
        source: document, page or experiment, with year; the reasoning if assumed.
    """

    value: float
    low: float
    high: float
    kind: Literal[
        "measured_counter",
        "measured_sampled",
        "modelled_calibrated",
        "modelled_analytic",
        "assumed",
    ]
    source: str

    def __post_init__(self) -> None:
        """Refuse an interval that does not hold its value, and an empty source."""
        if not 0.0 < self.low <= self.value <= self.high < float("inf"):
            raise ValueError(
                "`low`, `value`, `high` must be finite with 0 < low <= value <= high,"
                f" got {self.low}, {self.value}, {self.high}"
            )
        if not self.source.strip():
            raise ValueError("`source` must be a text that is not empty, got ''")

    @property
    def ends(self) -> tuple[float, float, float]:
        """Return value, lower and upper end."""
        return self.value, self.low, self.high

    def quantity(
        self, unit: str, scope: Scope, what: str, *, of: str = "", scale: float = 1.0
    ) -> Quantity:
        """Return the constant of something as a quantity, some scale times as large."""
        value, low, high = (end * scale for end in self.ends)
        source = f"{what}: {self.source}"
        return Quantity(value, unit, Kind(self.kind), scope, (low, high), source, of=of)


class RegimeCost(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one unit of work was found to cost in one regime.

    Attributes:
        seconds: device time of one unit, s.
        joules: energy of one unit, idle power included, J; left out where no meter
            could be read.
    """

    seconds: Constant
    joules: Constant | None = None

    def __post_init__(self) -> None:
        """Refuse costs that were not measured here."""
        for name, constant in (("seconds", self.seconds), ("joules", self.joules)):
            if constant and Kind(constant.kind) < Kind.MODELLED_CALIBRATED:
                raise ValueError(
                    f"`{name}.kind` must be one of 'measured_counter',"
                    " 'measured_sampled', 'modelled_calibrated',"
                    f" got '{constant.kind}'"
                )


class MeasuredCost(RegimeCost, frozen=True, omit_defaults=True):
    """What one unit of work was found to cost on the device, run by itself.

    Attributes:
        saturated: the same with the device filled by copies of the unit, where a unit's
            share of the time and of the joules is less.
    """

    saturated: RegimeCost | None = None


class Embodied(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What making a device emitted, and over how long a life that is spread.

    Attributes:
        kgco2e: emissions of manufacture, transport and disposal, kgCO2e.
        life_h: hours from purchase to replacement, h.
    """

    kgco2e: Constant
    life_h: Constant


class DeviceProfile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A device as the ledger sees it; `load_profile` reads one from a file.

    Attributes:
        name: short name, such as `laptop-cpu`.
        description: which hardware it stands for.
        scope: what its watts cover: chip, board, package, node or wall.
        idle_w: power while nothing runs, W.
        launch_w: power while small kernels are launched and little is computed, W.
        active_w: power while arithmetic or memory is busy, W.
        launch_s: time from one kernel to the next when kernels are tiny, s.
        peak_flop_per_s: peak rate, FLOP/s, by data type, or by data type and precision
            where products of that precision have a rate of their own, such as "float32
            default" for TF32. `float32` is required and stands in for types that are
            not listed; `float8` stands for all 8-bit floats.
        bandwidth_b_per_s: peak memory bandwidth, B/s.
        compute_efficiency_frac: share of the peak rate that real kernels reach.
        bandwidth_efficiency_frac: share of the peak bandwidth that they reach.
        unit: measured costs by name of the unit; they go before the analytic rule.
        embodied: what making it emitted; None where nobody says.

    Raises:
        ValueError: `float32` is missing, an efficiency exceeds 1, or the scope is not
            one of a device.
    """

    name: str
    description: str
    scope: Literal["chip", "board", "module", "package", "node", "wall"]
    idle_w: Constant
    launch_w: Constant
    active_w: Constant
    launch_s: Constant
    peak_flop_per_s: dict[str, Constant]
    bandwidth_b_per_s: Constant
    compute_efficiency_frac: Constant
    bandwidth_efficiency_frac: Constant
    unit: dict[str, MeasuredCost] = {}
    embodied: Embodied | None = None

    def __post_init__(self) -> None:
        """Refuse what the analytic rule cannot use."""
        if not self.name.strip():
            raise ValueError("`name` must be a text that is not empty, got ''")
        if FALLBACK not in self.peak_flop_per_s:
            raise ValueError(
                f"`peak_flop_per_s` must hold '{FALLBACK}',"
                f" got {sorted(self.peak_flop_per_s)}"
            )
        for name in ("compute_efficiency_frac", "bandwidth_efficiency_frac"):
            high = getattr(self, name).high
            if high > 1.0:
                raise ValueError(f"`{name}.high` must be <= 1, got {high}")

    @property
    def hash(self) -> str:
        """Return 16 hex digits that change whenever any field changes."""
        canonical = msgspec.json.encode(self, order="deterministic")
        # a device of which nobody says it is what it was before anybody could
        canonical = canonical.replace(b',"embodied":null}', b"}")
        return hashlib.sha256(canonical).hexdigest()[:16]

    @property
    def label(self) -> str:
        """Return name and hash, as sources cite them."""
        return f"{self.name}@{self.hash}"

    @property
    def constants(self) -> Mapping[str, Constant]:
        """Return the constants of the analytic rule by dotted field name."""
        single = {
            name: getattr(self, name)
            for name in self.__struct_fields__
            if isinstance(getattr(self, name), Constant)
        }
        peaks = {f"{_PEAK}{name}": peak for name, peak in self.peak_flop_per_s.items()}
        return {**single, **peaks}

    def product_speed(self, dtype: str) -> float | None:
        """Return how fast products of a data type are, beside float32 ones.

        It is peak over peak, both at default precision, so beside TF32 where float32
        products run as that; None where the device lists no peak for the type.
        """
        peaks = self.peak_flop_per_s
        name = peak_of(f"{dtype} default", peaks)
        if not dtype.startswith(name.partition(" ")[0]):
            return None
        return peaks[name].value / peaks[peak_of(f"{FALLBACK} default", peaks)].value

    @property
    def idle_power(self) -> Quantity:
        """Return the power while nothing runs, W."""
        return self._from_constant("idle_w", self.idle_w, "W", Scope(self.scope))

    @property
    def embodied_per_s(self) -> Quantity:
        """Return what making the device emitted per second of its life, kgCO2e/s.

        References:
            ISO/IEC 21031:2024, Software carbon intensity: emissions of manufacture
            times the time that is reserved, over the expected life.
        """
        if self.embodied is None:
            reason = f"profile {self.name} does not say what making the device emitted"
            return unavailable("kgCO2e/s", Scope.EMBODIED, reason)
        whole = self._from_constant(
            "embodied.kgco2e", self.embodied.kgco2e, "kgCO2e", Scope.EMBODIED
        )
        life = self._from_constant(
            "embodied.life_h", self.embodied.life_h, "h", Scope.CONSTANT
        )
        hourly = whole.over(life, unit="kgCO2e/h", scope=Scope.EMBODIED)
        return hourly.scaled(1 / S_PER_H, unit="kgCO2e/s")

    def unit_cost(self, unit: WorkUnit) -> UnitCost:
        """Return device seconds and joules of one unit of work, run by itself.

        A cost measured for the unit's name is used as it stands; else the analytic rule
        of this module. There every constant is one source of error named after it, so
        costs of one profile err together when they are added.
        """
        scope = Scope(self.scope)
        found, stem = self.unit.get(unit.name), f"unit.{unit.name}"
        if found is None:
            return UnitCost(
                self._analytic(unit, "s", Scope.DEVICE_TIME),
                self._analytic(unit, "J", scope),
            )
        seconds = self._from_constant(
            f"{stem}.seconds", found.seconds, "s", Scope.DEVICE_TIME
        )
        if found.joules is None:
            return UnitCost(seconds, self._timed(unit, seconds, scope))
        joules = self._from_constant(f"{stem}.joules", found.joules, "J", scope)
        return UnitCost(seconds, joules)

    def _from_constant(
        self, name: str, constant: Constant, unit: str, scope: Scope
    ) -> Quantity:
        value, low, high = constant.ends
        label, kind = self.label, Kind(constant.kind)
        errors = merge_errors((Error(f"{label}.{name}", low - value, high - value),))
        source = f"profile {label}, {name}: {constant.source}"
        return modelled(value, unit, kind, scope, source, errors, of=self.name)

    def _timed(self, work: WorkUnit, seconds: Quantity, scope: Scope) -> Quantity:
        """Return measured seconds times modelled watts: modelled joules."""

        def watts(constants: Mapping[str, Any]) -> Any:
            taken_s, taken_j = work_costs(work, constants)
            return taken_j / taken_s if is_counted else constants["active_w"]

        is_counted = work_costs(work, self.centre)[0] > 0.0
        power, errors = self._evaluate(watts, "watts")
        time, time_errors = seconds.value, seconds.errors or ()
        if time is None:
            return unavailable("J", scope, seconds.reason)
        combined = combine_errors(
            lambda s, w: plain(s * w), (time, time_errors), (power, errors)
        )
        how = "measured seconds x modelled watts"
        return self._modelled(plain(time * power), "J", scope, how, combined)

    def _analytic(
        self, work: WorkUnit, unit: Literal["s", "J"], scope: Scope
    ) -> Quantity:
        """Apply the analytic rule and find what each constant does to the result."""

        def cost(constants: Mapping[str, Any]) -> Any:
            return work_costs(work, constants)[unit == "J"]

        value, errors = self._evaluate(cost, work.name)
        return self._modelled(value, unit, scope, "analytic model", errors)

    def _modelled(
        self, value: Values, unit: str, scope: Scope, how: str, errors: Errors
    ) -> Quantity:
        named = self.constants.items()
        assumed = ", ".join(n for n, c in named if c.kind == Kind.ASSUMED.value)
        source = f"{how} of profile {self.label}; assumed: {assumed or 'nothing'}"
        kind = Kind.MODELLED_ANALYTIC
        return modelled(value, unit, kind, scope, source, errors, of=self.name)

    @property
    def centre(self) -> dict[str, float]:
        """Return the values of the constants by dotted field name."""
        return {name: constant.value for name, constant in self.constants.items()}

    def _evaluate(
        self, function: Callable[[Mapping[str, Any]], Any], name: str
    ) -> tuple[float, Errors]:
        """Apply a function to the constants, or to draws of them, by name.

        Returns:
            The result and what each constant does to it; `name` is the source of what
            none does alone.
        """
        label = self.label
        ends = {key: constant.ends for key, constant in self.constants.items()}
        value, errors = errors_from_ends(function, ends, f"{label}.")
        if value <= 0.0 or len(errors) < 2:
            return value, errors
        drawn = function(
            {key: draw_source(f"{label}.{key}", *ends[key]) for key in ends}
        )
        interval = draw_interval(value, np.asarray(drawn))
        return value, fit_errors(value, errors, interval, f"{label}.{name}")


def work_costs(work: WorkUnit, constants: Mapping[str, Any]) -> tuple[Any, Any]:
    """Return seconds and joules of a unit by the analytic rule.

    Args:
        work: the unit.
        constants: those of a profile by dotted field name, numbers or draws of them.
    """
    busy = np.maximum(
        _compute_s(work, constants) / constants["compute_efficiency_frac"],
        work.bytes_moved
        / constants["bandwidth_b_per_s"]
        / constants["bandwidth_efficiency_frac"],
    )
    launch = work.num_kernels * constants["launch_s"]
    joules = launch * constants["launch_w"] + busy * constants["active_w"]
    return launch + busy, joules


def _compute_s(work: WorkUnit, constants: Mapping[str, Any]) -> Any:
    """Return the seconds of all arithmetic at its peak."""
    peaks = {
        name.removeprefix(_PEAK): peak
        for name, peak in constants.items()
        if name.startswith(_PEAK)
    }
    rest = dict(work.flops)
    seconds: Any = 0.0
    for asked, count in work.asked.items():
        seconds = seconds + count / peaks[peak_of(asked, peaks)]
        dtype = asked.partition(" ")[0]
        rest[dtype] = rest.get(dtype, 0.0) - count
    for dtype, count in rest.items():
        if count > 0.0:
            peak = np.minimum(peaks.get(dtype, peaks[FALLBACK]), peaks[FALLBACK])
            seconds = seconds + count / peak
    return seconds
