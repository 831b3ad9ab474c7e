"""Which conditions a figure with one line per arm shows."""

from __future__ import annotations

from hitl_sim.analysis import Finding, TaskResult
from hitl_sim.analysis.reference import reference_arms as shown_arms

__all__ = ["arm_name", "shown_arms", "shown_crowd"]


def shown_crowd(task: TaskResult) -> str:
    """Name the population that `shown_arms` shows."""
    asked = [f for f in shown_arms(task) if f.has_people]
    return ", ".join(dict.fromkeys(str(f.population) for f in asked)) or "nobody"


def arm_name(finding: Finding) -> str:
    """Return the arm with its variant."""
    return f"{finding.arm} ({finding.variant})" if finding.variant else finding.arm
