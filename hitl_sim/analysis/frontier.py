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
    other, own = numbers[..., None, :, :], numbers[..., :, None, :]
    is_no_larger = (other <= own).all(axis=-1)
    is_smaller = (other < own).any(axis=-1)
    return np.asarray(~(is_no_larger & is_smaller).any(axis=-1))


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
    size = max(1, _BLOCK_BYTES // (len(labels) ** 2 * kept.shape[1]))
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
