"""Where rho crosses 1 along a dial of the crowd: the break-even quality.

Along a dial rho is taken to move one way. Its logarithms at the dial's values are made
monotone by isotonic regression, the crossing is interpolated between the two values
around it, and the paired bootstrap that bounds rho bounds the crossing as well, all
conditions drawn together. A crossing beyond the values that were run is an answer too:
the arm saves at each of them, or at none.

References:
    Barlow, Bartholomew, Bremner and Brunk (1972), Statistical Inference under Order
    Restrictions, chapter 1 (isotonic regression).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np

from hitl_sim.analysis.finding import Crossing, Finding
from hitl_sim.analysis.interval import percentile_interval, ratio_of, resample
from hitl_sim.analysis.record import FloatArray

MIN_VALUES = 3
"""Fewer values of a dial draw no line."""
_MOST = math.log(1_000.0)
"""A ratio beyond 1,000, and one to which nobody got, stands in the line as 1,000."""
_PREFIX = "crowd."


def find_crossings(
    control: Finding, findings: Iterable[Finding], seed: int
) -> tuple[Crossing, ...]:
    """Find the break-even of every arm along every dial with enough values.

    Args:
        control: of the same task.
        findings: conditions beside it.
        seed: fixes the resamples.

    Returns:
        One crossing per arm, dial, and setting of everything else.
    """
    lines: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        for field, value in finding.settings.items():
            if field.startswith(_PREFIX) and _is_number(value):
                lines.setdefault((field, _rest(finding, field)), []).append(finding)
    return tuple(
        _cross(control, field, label, members, seed)
        for (field, label), members in lines.items()
        if len(members) >= MIN_VALUES
    )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _rest(finding: Finding, field: str) -> str:
    """Name the arm and every setting but the one of the line."""
    others = [
        f"{name.removeprefix(_PREFIX)} {value}"
        for name, value in finding.settings.items()
        if name not in (field, "task")
    ]
    return ", ".join([finding.arm, *others])


def _cross(
    control: Finding, field: str, label: str, members: list[Finding], seed: int
) -> Crossing:
    """Find where one line crosses 1, and how well that is known."""
    line = sorted(members, key=lambda finding: float(finding.settings[field]))
    values = np.array([float(finding.settings[field]) for finding in line])
    shared = set(control.replicate.tolist())
    for finding in line:
        shared &= set(finding.replicate.tolist())
    kept = np.array(sorted(shared), np.int64)
    weights = resample(max(len(kept), 1), seed)
    even = np.ones((1, len(kept)))
    point = _logs(control, line, kept, even)[0]
    saves_above = _falls(point)
    value = float(crossing_point(values, point, saves_above=saves_above))
    drawn = _logs(control, line, kept, weights) if len(kept) else point[None]
    draws = crossing_point(values, drawn, saves_above=saves_above)
    low, high = percentile_interval(draws, len(kept))
    return Crossing(
        field,
        label,
        tuple(line),
        tuple(values.tolist()),
        saves_above,
        value,
        low,
        high,
    )


def _logs(
    control: Finding, line: Sequence[Finding], kept: np.ndarray, weights: FloatArray
) -> FloatArray:
    """Return `[B, V]` log rho of every condition in each resample."""
    base = _draws(control, kept, weights)
    ratios = np.stack(
        [ratio_of(_draws(finding, kept, weights), base) for finding in line], axis=1
    )
    with np.errstate(divide="ignore"):
        logs = np.log(np.where(np.isnan(ratios), 1.0, ratios))
    return np.asarray(np.clip(logs, -_MOST, _MOST))


def _draws(finding: Finding, kept: np.ndarray, weights: FloatArray) -> FloatArray:
    outlay = finding.outlay.select(np.searchsorted(finding.replicate, kept))
    return outlay.draws(weights)


def _falls(point: FloatArray) -> bool:
    """Return whether a falling line fits no worse than a rising one."""
    falling = np.square(fit_rising(-point) + point).sum()
    return bool(falling <= np.square(fit_rising(point) - point).sum())


def crossing_point(
    values: FloatArray, logs: FloatArray, *, saves_above: bool
) -> FloatArray:
    """Return where monotone lines through some points cross 0.

    Args:
        values: `[V]` of the dial, rising.
        logs: `[..., V]` log rho there.
        saves_above: whether the lines fall.

    Returns:
        `[...]` crossings; -inf or inf where a line crosses below or above all values.
    """
    line = -logs if saves_above else logs
    line = fit_rising(line)
    after = np.argmax(line >= 0.0, axis=-1)
    before = np.maximum(after - 1, 0)
    left = np.take_along_axis(line, before[..., None], axis=-1)[..., 0]
    right = np.take_along_axis(line, after[..., None], axis=-1)[..., 0]
    with np.errstate(invalid="ignore", divide="ignore"):
        point = values[before] - left / (right - left) * (
            values[after] - values[before]
        )
    point = np.where(line[..., 0] >= 0.0, -np.inf, point)
    return np.where(line[..., -1] < 0.0, np.inf, point)


def fit_rising(points: FloatArray) -> FloatArray:
    """Return the rising line of least squares through equally weighted points.

    By the min-max formula: the greatest, over starts j <= i, of the least mean of
    j..k over ends k >= i.

    Args:
        points: `[..., V]`.

    References:
        Barlow, Bartholomew, Bremner and Brunk (1972), theorem 1.4.
    """
    num = points.shape[-1]
    start, end = np.arange(num)[:, None], np.arange(num)
    total = np.concatenate(
        [np.zeros((*points.shape[:-1], 1)), np.cumsum(points, axis=-1)], axis=-1
    )
    mean = (total[..., None, 1:] - total[..., :-1, None]) / np.maximum(
        end - start + 1, 1
    )
    mean = np.where(end >= start, mean, np.inf)
    least = np.minimum.accumulate(mean[..., ::-1], axis=-1)[..., ::-1]
    least = np.where(end >= start, least, -np.inf)
    return np.asarray(least.max(axis=-2))
