"""Marks over words or groups: how many people set, and how far they overlap."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from oracles.agreement.answers import Floats, mean, ratio


class MarkAgreement(NamedTuple):
    """Marks over the parts of items.

    Attributes:
        share: `[M]` share of parts that each person marks.
        jaccard: mean over pairs of people on one item of marked by both over marked by
            either; pairs without any mark are left out.
        f1: mean over the same pairs of the harmonic mean of precision and recall.
    """

    share: Floats
    jaccard: float
    f1: float


def mark_agreement(
    marks: ArrayLike, is_answered: ArrayLike, is_part: ArrayLike | None = None
) -> MarkAgreement:
    """Compare marks that people set over the parts of items.

    Args:
        marks: `[N, M, S]` 1 or True where a part is marked.
        is_answered: `[N, M]` who marked which item.
        is_part: `[N, S]` which parts an item has; all S if None.

    Returns:
        Shares and overlaps; nan where nobody marked or no two people did.
    """
    given = np.asarray(is_answered, bool)
    part = np.ones(np.shape(marks)[::2], bool) if is_part is None else is_part
    counted = given[:, :, None] & np.asarray(part, bool)[:, None, :]
    marked = (np.asarray(marks) > 0) & counted
    both = np.einsum("nas,nbs->nab", marked.astype(float), marked.astype(float))
    size = marked.sum(axis=2)
    together = (size[:, :, None] + size[:, None, :]).astype(float)
    first, second = np.triu_indices(given.shape[1], k=1)
    is_pair = given[:, first] & given[:, second] & (together[:, first, second] > 0)
    both = both[:, first, second][is_pair]
    together = together[:, first, second][is_pair]
    return MarkAgreement(
        share=ratio(marked.sum(axis=(0, 2)), counted.sum(axis=(0, 2))),
        jaccard=mean(both / (together - both)),
        f1=mean(2.0 * both / together),
    )
