"""What a row of a table of methods stands for: guidance, methods, and a clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hitl_sim.analysis.condition.finding import Finding
from hitl_sim.analysis.efficiency.clock import ClockPoint

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
