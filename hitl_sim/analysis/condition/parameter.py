"""The parameters of a crowd as numbers along which a study has run some settings.

In training alone the break-even is where log rho crosses 0; in a whole bill it is where
the net benefit does (`decision.net_benefit`).
"""

import json
import math
from collections.abc import Iterable, Sequence

import numpy as np

from hitl_sim.analysis.chance.crossing import Crossing, find_crossing
from hitl_sim.analysis.chance.interval import ratio_of, resample
from hitl_sim.analysis.condition.between import rho_draws, shared_replicates
from hitl_sim.analysis.condition.finding import Finding, ParameterCrossing, Sweep
from hitl_sim.analysis.run.record import plain_value
from hitl_sim.array import FloatArray

MIN_VALUES = 3
"""Fewer values of a parameter draw no line."""
_MOST = math.log(1_000.0)
"""A ratio beyond 1,000, and one to which nobody got, stands in the line as 1,000."""
_PREFIX = "crowd."


def find_sweeps(findings: Iterable[Finding]) -> list[Sweep]:
    """List every parameter that arms of a task were swept over, all else being equal.

    Returns:
        One sweep per parameter, arm and setting of everything else, of `MIN_VALUES`
        settings or more.
    """
    found: dict[tuple[str, str, str], list[tuple[float, Finding]]] = {}
    for finding in findings:
        for field, value in finding.settings.items():
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            if finding.has_people and field.startswith(_PREFIX) and is_number:
                key = field.removeprefix(_PREFIX), *_others(finding, field)
                found.setdefault(key, []).append((float(value), finding))
    sweeps = []
    for (parameter, arm, _), members in found.items():
        if len(members) >= MIN_VALUES:
            ordered = sorted(members, key=lambda member: member[0])
            sweeps.append(Sweep(parameter, arm, *zip(*ordered, strict=True)))
    return sweeps


def _others(finding: Finding, field: str) -> tuple[str, str]:
    """Return the arm, and everything else that is swept, in words and as a key."""
    rest = {k: v for k, v in finding.settings.items() if k != field}
    named = [
        f"{name.rsplit('.', maxsplit=1)[-1].replace('_', ' ')} {plain_value(value)}"
        for name, value in rest.items()
        if name != "task"
    ]
    words = f"{finding.arm} ({', '.join(named)})" if named else finding.arm
    return words, json.dumps([finding.arm, rest], sort_keys=True)


def find_parameter_crossings(
    control: Finding, findings: Iterable[Finding], seed: int
) -> tuple[ParameterCrossing, ...]:
    """Find where arms begin or cease to save training, along every parameter."""
    return tuple(
        ParameterCrossing(sweep, crossing)
        for sweep in find_sweeps(findings)
        if (crossing := _solve_ratio(sweep, control, seed)) is not None
    )


def _solve_ratio(sweep: Sweep, control: Finding, seed: int) -> Crossing | None:
    shared = shared_replicates(sweep.findings)
    if len(shared) == 0:
        return None
    whole, *each = (
        np.array([one.cost_sample_of(shared).per_success])
        for one in (control, *sweep.findings)
    )
    weights = resample(len(shared), seed)
    drawn = [rho_draws(arm, control, shared, weights) for arm in sweep.findings]
    return find_crossing(
        sweep.values,
        -_logs([ratio_of(one, whole) for one in each])[0],
        -_logs(drawn),
        len(shared),
    )


def _logs(ratios: Sequence[FloatArray]) -> FloatArray:
    """Return `[B, K]` log rho of the conditions, given `[B]` rho of each."""
    stacked = np.stack(ratios, axis=1)
    with np.errstate(divide="ignore"):
        logs = np.log(np.where(np.isnan(stacked), 1.0, stacked))
    return np.asarray(np.clip(logs, -_MOST, _MOST))
