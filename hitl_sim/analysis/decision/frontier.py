"""Which conditions no other one beats in everything, and how sure that is.

References:
    Fonseca, Guerreiro, López-Ibáñez and Paquete (2011), On the computation of the
    empirical attainment function, EMO 2011, for membership under chance.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hitl_sim.array import BoolArray, FloatArray

_BLOCK_BYTES = 2**25
"""Largest block of comparisons that is held at once, bytes."""


@dataclass(frozen=True)
class Frontier:
    """Conditions beside each other in several objectives.

    Attributes:
        labels: `[C]` the conditions.
        objectives: `[O]` names; all but accuracy are to be small.
        left_out: objectives that are unknown for some condition, left out for all.
        values: `[C, O]` accuracy as its loss, 1 - accuracy.
        is_member: `[C]` whether no other condition beats it.
        membership: `[C]` share of resamples in which none does.
    """

    labels: tuple[str, ...]
    objectives: tuple[str, ...]
    left_out: tuple[str, ...]
    values: FloatArray
    is_member: BoolArray
    membership: FloatArray


def non_dominated(values: npt.ArrayLike) -> BoolArray:
    """Return `[..., C]` the rows of `[..., C, O]` objectives that no other row beats.

    All are to be made small; `inf` is the worst there is. A row beats another one when
    it is nowhere larger and somewhere smaller. Equal rows do not beat each other.
    """
    numbers = np.asarray(values, np.float64)
    # [O, ..., C], so that comparisons run along the rows
    objectives = np.moveaxis(numbers, -1, 0)
    size = np.abs(objectives).mean(
        axis=-1, where=np.isfinite(objectives), keepdims=True
    )
    # in any order the same rows are left; what is least in all beats the most
    waits = np.tanh(objectives / np.where(size > 0.0, size, 1.0)).sum(axis=0)
    is_beaten = np.zeros(waits.shape, np.bool_)
    while np.isfinite(waits).any():
        first = waits.argmin(axis=-1, keepdims=True)
        row = np.take_along_axis(objectives, first[None], axis=-1)
        is_beaten |= (row <= objectives).all(axis=0) & (row < objectives).any(axis=0)
        np.put_along_axis(waits, first, np.inf, axis=-1)
        waits[is_beaten] = np.inf
    return ~is_beaten


def find_frontier(
    labels: tuple[str, ...],
    objectives: tuple[str, ...],
    values: FloatArray,
    draws: FloatArray,
) -> Frontier:
    """Find the frontier and each condition's share of resamples on it.

    Args:
        labels: `[C]` names of the conditions.
        objectives: `[O]` names of the objectives.
        values: `[C, O]` objectives, all to be made small; NaN where unknown.
        draws: `[B, C, O]` the same in each resample.

    Raises:
        ValueError: no objective is known for all conditions.
    """
    is_known = ~np.isnan(values).any(axis=0)
    if not is_known.any():
        raise ValueError(
            "`values` must have an objective that is known for all conditions, got"
            f" {', '.join(objectives)} unknown."
        )
    kept = values[:, is_known]
    resampled = np.nan_to_num(draws[:, :, is_known], nan=np.inf, posinf=np.inf)
    size = max(1, _BLOCK_BYTES // (8 * kept.size))
    hits = np.zeros(len(labels))
    for start in range(0, len(resampled), size):
        hits += non_dominated(resampled[start : start + size]).sum(axis=0)
    return Frontier(
        labels=labels,
        objectives=tuple(np.asarray(objectives)[is_known].tolist()),
        left_out=tuple(np.asarray(objectives)[~is_known].tolist()),
        values=kept,
        is_member=non_dominated(kept),
        membership=hits / len(resampled),
    )
