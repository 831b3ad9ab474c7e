"""What a table of methods holds, and what its rows stand for: guidance and methods."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hitl_sim.analysis.chance.estimate import Estimate
from hitl_sim.analysis.condition.finding import Finding, TaskResult
from hitl_sim.analysis.efficiency.chip import ChipUse
from hitl_sim.analysis.efficiency.clock import ClockPoint
from hitl_sim.analysis.efficiency.inference_life import LifePayback
from hitl_sim.analysis.efficiency.serve import Served
from hitl_sim.energy import DeviceProfile, Quantity
from hitl_sim.energy.memory import ModelShape

WHOLE: Mapping[str, Any] = {"kind": "whole_pool"}
"""Guidance of an arm that asks nobody and chooses nothing."""
_ARM_METHOD = "arm.method."


@dataclass(frozen=True)
class Entry:
    """An arm of the study, or one at another clock.

    Attributes:
        finding: what was found of it.
        guidance: the arm's table without its name and methods.
        methods: their tables, with swept values filled in.
        clock: at which its runs are billed; None for the highest.
    """

    finding: Finding
    guidance: Mapping[str, Any]
    methods: tuple[Mapping[str, Any], ...]
    clock: ClockPoint | None = None

    @property
    def multiplier(self) -> str | None:
        """Return the design of its approximate multiplier, if it has one."""
        names = (method.get("multiplier") for method in self.methods)
        return next((str(name) for name in names if name is not None), None)


def guidance_of(arm: Mapping[str, Any]) -> dict[str, Any]:
    """Return an arm without its name and methods."""
    return {k: v for k, v in arm.items() if k not in ("name", "role", "method")}


def methods_of(
    arm: Mapping[str, Any], settings: Mapping[str, Any]
) -> tuple[Mapping[str, Any], ...]:
    """Return the methods of an arm, with swept values filled in.

    Args:
        arm: its table.
        settings: swept values, by field.
    """
    methods = []
    for table in arm.get("method") or ():
        method = {k: dict(v) if isinstance(v, Mapping) else v for k, v in table.items()}
        start = f"{_ARM_METHOD}{method['kind']}."
        for field, value in settings.items():
            if field.startswith(start):
                inner, _, name = field.removeprefix(start).rpartition(".")
                (method[inner] if inner else method)[name] = value
        methods.append(method)
    return tuple(methods)


@dataclass(frozen=True)
class Use:
    """What one query of the network in use takes.

    Attributes:
        operations: beside the control's, counted.
        device: J on the study's device; of device, link and server where it is split.
        beside: the same over the control's; NaN where either is unknown.
        beside_ends: its interval, from what constants leave open.
        is_int8: whether the counted program multiplies in int8.
        chip: J in a chip of `TECHNOLOGY`; None where the arm says nothing of chips.
        hypothetical: the same with multipliers that nobody has built in; None where
            the arm needs none.
        served: device, link and server apart; None where the network is not split.
    """

    operations: Quantity
    device: Quantity
    beside: float
    beside_ends: tuple[float, float]
    is_int8: bool
    chip: ChipUse | None
    hypothetical: ChipUse | None
    served: Served | None = None


@dataclass(frozen=True)
class Training:
    """What training to the target takes in a chip, beside the control's.

    Attributes:
        ratio: rho of operations and bytes.
        operations: rho of the operations alone.
        use: joules per success, by part; None where no run reached the target.
    """

    ratio: Estimate
    operations: Estimate
    use: ChipUse | None


@dataclass(frozen=True)
class MethodRow:
    """One arm beside the control.

    Attributes:
        finding: the arm.
        tables: what it carries, as the study says it; empty for guidance alone.
        chip: training in a chip of `TECHNOLOGY`; None where the arm says nothing of it.
        hypothetical: the same with multipliers that nobody has built in; None where
            the arm needs none.
        accuracy: test accuracy beside the control's, where runs stopped.
        hours: hours that the best guidance takes to save what the arm saves; unknown
            where no guidance saves anything, and below 0 where the arm loses.
        use: one query of the network in use.
        life: from how many queries on the arm pays back, people left out.
        clock: at which clock the control's runs are billed; None where at the highest.
    """

    finding: Finding
    tables: tuple[Mapping[str, Any], ...]
    chip: Training | None
    hypothetical: Training | None
    accuracy: Estimate
    hours: Estimate
    use: Use
    life: LifePayback
    clock: ClockPoint | None = None

    @property
    def name(self) -> str:
        """Return the arm with what is swept of it."""
        variant = self.finding.variant
        return f"{self.finding.arm} ({variant})" if variant else self.finding.arm

    @property
    def methods(self) -> tuple[str, ...]:
        """Return what it carries, in words."""
        return tuple(method_words(method) for method in self.tables)


@dataclass(frozen=True)
class Combined:
    """An arm of several parts beside what its parts do alone.

    Attributes:
        arm: its name.
        parts: the arms that have one part each.
        ratio: rho of the arm.
        product: product of the parts' rho: what the arm would have if each part took
            its share of what the others leave.
        added: 1 minus the sum of the parts' savings: what it would have if each part
            saved the same joules beside the others as alone.
        beside: rho of the arm over the product; above 1 the parts get in each other's
            way.
    """

    arm: str
    parts: tuple[str, ...]
    ratio: Estimate
    product: Estimate
    added: Estimate
    beside: Estimate


@dataclass(frozen=True)
class MethodTable:
    """The methods of one task.

    Attributes:
        task: the task.
        rows: arms, guidance alone first, and the control at other clocks last.
        guide: the guidance that hours are reckoned by; None where none saves.
        combined: arms of several parts whose parts are arms of their own.
        control_chip: what the control's training takes in a chip, per success.
        profile: the study's device.
        query_batch: queries that are answered at once; None where nothing tells.
        shape: sizes of the control's network; None where they were not counted.
    """

    task: TaskResult
    rows: tuple[MethodRow, ...]
    guide: Finding | None
    combined: tuple[Combined, ...]
    control_chip: ChipUse
    profile: DeviceProfile
    query_batch: int | None = None
    shape: ModelShape | None = None


def method_words(method: Mapping[str, Any]) -> str:
    """Name a method in words: its kind, and what in it is not left out."""
    parts = []
    for name, value in method.items():
        inner = value if isinstance(value, Mapping) else {name: value}
        parts += [f"{n} {v}" for n, v in inner.items() if v is not None and n != "kind"]
    return f"{str(method['kind']).replace('_', '-')} ({', '.join(parts)})"
