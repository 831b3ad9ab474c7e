"""What a row of a table of levers stands for: guidance, levers, and a clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hitl_sim.analysis.finding import Finding
from hitl_sim.analysis.lever.clock import ClockPoint

WHOLE: Mapping[str, Any] = {"kind": "whole_pool"}
"""Guidance of an arm that asks nobody and chooses nothing."""
_ARM_LEVER = "arm.lever."


@dataclass(frozen=True)
class Entry:
    """An arm of the study, or one at another clock.

    Attributes:
        finding: what was found of it.
        guidance: the arm's table without its name and levers.
        levers: their tables, with swept values filled in.
        clock: at which its runs are billed; None for the highest.
    """

    finding: Finding
    guidance: Mapping[str, Any]
    levers: tuple[Mapping[str, Any], ...]
    clock: ClockPoint | None = None

    @property
    def multiplier(self) -> str | None:
        """Return the design of its approximate multiplier, if it has one."""
        names = (lever.get("multiplier") for lever in self.levers)
        return next((str(name) for name in names if name is not None), None)


def guidance_of(arm: Mapping[str, Any]) -> dict[str, Any]:
    """Return an arm without its name and levers."""
    return {k: v for k, v in arm.items() if k not in ("name", "role", "lever")}


def levers_of(
    arm: Mapping[str, Any], settings: Mapping[str, Any]
) -> tuple[Mapping[str, Any], ...]:
    """Return the levers of an arm, with swept values filled in.

    Args:
        arm: its table.
        settings: swept values, by field.
    """
    levers = []
    for table in arm.get("lever") or ():
        lever = {k: dict(v) if isinstance(v, Mapping) else v for k, v in table.items()}
        start = f"{_ARM_LEVER}{lever['kind']}."
        for field, value in settings.items():
            if field.startswith(start):
                inner, _, name = field.removeprefix(start).rpartition(".")
                (lever[inner] if inner else lever)[name] = value
        levers.append(lever)
    return tuple(levers)
