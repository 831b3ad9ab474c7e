"""The dials of a crowd as numbers along which a study has run some settings."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hitl_sim.analysis.crossing import Crossing, find_crossing
from hitl_sim.analysis.finding import Finding, TaskResult
from hitl_sim.analysis.interval import resample
from hitl_sim.analysis.net_benefit import pair_of
from hitl_sim.analysis.record import FloatArray

DIALS = {
    "accuracy": "accuracy of an answer",
    "repeatability": "repeatability: one person asked twice",
    "shared_error": "shared error: two people on one item",
    "systematic": "systematic error: share that features predict",
}
"""Annotator quality and the three consistencies, by field of `[crowd]`."""


@dataclass(frozen=True)
class Sweep:
    """Conditions of one arm that differ in one dial alone.

    Attributes:
        dial: which, by field of `[crowd]`.
        arm: name of the arm, with whatever else is swept.
        values: `[K]` settings of the dial, increasing.
        findings: `[K]` the conditions.
    """

    dial: str
    arm: str
    values: tuple[float, ...]
    findings: tuple[Finding, ...]

    @property
    def words(self) -> str:
        """Return the dial in words."""
        return DIALS[self.dial]


def find_sweeps(task: TaskResult) -> list[Sweep]:
    """List every dial that a task's arms were swept over, all else being equal.

    Returns:
        One sweep per dial, arm and setting of everything else, where there are two
        settings or more.
    """
    found: dict[tuple[str, str, str], list[Finding]] = {}
    for finding in task.with_people:
        for dial in DIALS:
            if f"crowd.{dial}" in finding.settings:
                found.setdefault((dial, *_others(finding, dial)), []).append(finding)
    return [
        _sweep(dial, name, members)
        for (dial, name, _), members in found.items()
        if len(members) > 1
    ]


def _others(finding: Finding, dial: str) -> tuple[str, str]:
    """Return the arm, and everything else that is swept, in words and as a key."""
    rest = {k: v for k, v in finding.settings.items() if k != f"crowd.{dial}"}
    named = [
        f"{name.rsplit('.', maxsplit=1)[-1].replace('_', ' ')} {_plain(value)}"
        for name, value in rest.items()
        if name != "task"
    ]
    words = f"{finding.arm} ({', '.join(named)})" if named else finding.arm
    return words, json.dumps([finding.arm, rest], sort_keys=True)


def _plain(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _sweep(dial: str, arm: str, members: Sequence[Finding]) -> Sweep:
    ordered = sorted(members, key=lambda f: float(f.settings[f"crowd.{dial}"]))
    values = tuple(float(f.settings[f"crowd.{dial}"]) for f in ordered)
    return Sweep(dial, arm, values, tuple(ordered))


def solve_dial(
    sweep: Sweep, control: Finding, prices: FloatArray, seed: int
) -> Crossing | None:
    """Find the quality or consistency from which people pay.

    Args:
        sweep: conditions along the dial.
        control: of the same base.
        prices: `[F, 1]` what one of everything costs.
        seed: fixes the resamples.

    Returns:
        The crossing; None where the conditions share no replicate.
    """
    shared = sweep.findings[0].replicate
    for finding in sweep.findings[1:]:
        shared = np.intersect1d(shared, finding.replicate)
    if len(shared) == 0:
        return None
    pairs = [pair_of(f, control).among(f.replicate, shared) for f in sweep.findings]
    weights = resample(len(shared), seed)
    return find_crossing(
        sweep.values,
        np.array([pair.net(prices)[0] for pair in pairs]),
        np.stack([pair.draws(prices, weights)[:, 0] for pair in pairs], axis=1),
        len(shared),
    )
