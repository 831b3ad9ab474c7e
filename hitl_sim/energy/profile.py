"""Device profiles: what a unit of work costs on a device, in seconds and joules.

A profile holds a device's constants, each with source and interval, and may hold costs
that were measured on it. A unit with a measured cost is billed at that cost; any other
unit is billed by the analytic rule, as if the program ran on the device by itself:

    launch  = num_kernels * launch_s
    compute = sum over dtypes of flops / (peak * compute_efficiency)
    memory  = bytes_moved / (bandwidth * bandwidth_efficiency)
    seconds = launch + max(compute, memory)
    joules  = launch * launch_w + max(compute, memory) * active_w

The maximum is the roofline of Williams, Waterman and Patterson (2009), "Roofline",
Communications of the ACM 52(4); the launch term is what small networks mostly pay.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Literal

import msgspec

from hitl_sim.energy.error import Error, errors_from_ends, merge_errors
from hitl_sim.energy.quantity import Kind, Quantity, Scope, modelled
from hitl_sim.energy.work import UnitCost, WorkUnit

_FALLBACK_DTYPE = "float32"


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


class MeasuredCost(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one unit of work was found to cost on the device.

    Attributes:
        seconds: device time of one unit, s.
        joules: energy of one unit, idle power included, J.
    """

    seconds: Constant
    joules: Constant

    def __post_init__(self) -> None:
        """Refuse costs that were not measured here."""
        for name in ("seconds", "joules"):
            kind = Kind(getattr(self, name).kind)
            if kind < Kind.MODELLED_CALIBRATED:
                raise ValueError(
                    f"`{name}.kind` must be one of 'measured_counter',"
                    " 'measured_sampled', 'modelled_calibrated',"
                    f" got '{kind.value}'"
                )


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
        peak_flop_per_s: peak rate by data type, FLOP/s; `float32` is required and
            stands in for types that are not listed.
        bandwidth_b_per_s: peak memory bandwidth, B/s.
        compute_efficiency_frac: share of the peak rate that real kernels reach.
        bandwidth_efficiency_frac: share of the peak bandwidth that they reach.
        unit: measured costs by name of the unit; they go before the analytic rule.

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

    def __post_init__(self) -> None:
        """Refuse what the analytic rule cannot use."""
        if not self.name.strip():
            raise ValueError("`name` must be a text that is not empty, got ''")
        if _FALLBACK_DTYPE not in self.peak_flop_per_s:
            raise ValueError(
                f"`peak_flop_per_s` must hold '{_FALLBACK_DTYPE}',"
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
        peaks = {
            f"peak_flop_per_s.{dtype}": peak
            for dtype, peak in self.peak_flop_per_s.items()
        }
        return {**single, **peaks}

    @property
    def assumptions(self) -> tuple[str, ...]:
        """Return the names of the constants that are assumed."""
        return tuple(
            name
            for name, constant in self.constants.items()
            if constant.kind == Kind.ASSUMED.value
        )

    @property
    def idle_power(self) -> Quantity:
        """Return the power while nothing runs, W."""
        return self._from_constant("idle_w", self.idle_w, "W", Scope(self.scope))

    def unit_cost(self, unit: WorkUnit) -> UnitCost:
        """Return what one unit of work costs, run on this device by itself.

        A cost measured for the unit's name is used as it stands; else the analytic
        rule of this module. There every constant is one source of error named after
        it, so costs of one profile err together when they are added.

        Args:
            unit: the counted work.

        Returns:
            Device seconds and joules of one unit.
        """
        scope = Scope(self.scope)
        measured = self.unit.get(unit.name)
        if measured is not None:
            stem = f"unit.{unit.name}"
            return UnitCost(
                self._from_constant(
                    f"{stem}.seconds", measured.seconds, "s", Scope.DEVICE_TIME
                ),
                self._from_constant(f"{stem}.joules", measured.joules, "J", scope),
            )
        return UnitCost(
            self._analytic(unit, "s", Scope.DEVICE_TIME),
            self._analytic(unit, "J", scope),
        )

    def _from_constant(
        self, name: str, constant: Constant, unit: str, scope: Scope
    ) -> Quantity:
        value, low, high = constant.ends
        label = self.label
        return modelled(
            value,
            unit,
            Kind(constant.kind),
            scope,
            f"profile {label}, {name}: {constant.source}",
            merge_errors((Error(f"{label}.{name}", low - value, high - value),)),
            of=self.name,
        )

    def _analytic(
        self, work: WorkUnit, unit: Literal["s", "J"], scope: Scope
    ) -> Quantity:
        """Apply the analytic rule and find what each constant does to the result."""

        def cost(constants: Mapping[str, float]) -> float:
            launch, busy = _times(work, constants)
            if unit == "s":
                return launch + busy
            return launch * constants["launch_w"] + busy * constants["active_w"]

        label = self.label
        value, errors = errors_from_ends(
            cost, {name: constant.ends for name, constant in self.constants.items()}
        )
        return modelled(
            value,
            unit,
            Kind.MODELLED_ANALYTIC,
            scope,
            f"analytic model of profile {label};"
            f" assumed: {', '.join(self.assumptions) or 'nothing'}",
            tuple(
                Error(f"{label}.{error.source}", error.low, error.high)
                for error in errors
            ),
            of=self.name,
        )


def _times(work: WorkUnit, constants: Mapping[str, float]) -> tuple[float, float]:
    """Return the launch and the busy seconds of a unit under some constants."""
    fallback = constants[f"peak_flop_per_s.{_FALLBACK_DTYPE}"]
    compute = sum(
        count / constants.get(f"peak_flop_per_s.{dtype}", fallback)
        for dtype, count in work.flops.items()
    )
    busy = max(
        compute / constants["compute_efficiency_frac"],
        work.bytes_moved
        / constants["bandwidth_b_per_s"]
        / constants["bandwidth_efficiency_frac"],
    )
    return work.num_kernels * constants["launch_s"], busy
