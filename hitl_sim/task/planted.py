"""A made-up task whose informative feature groups are known, because they are planted.

Items are normally distributed around the mean of their class with unit variance. The
means differ in some groups only, more in one than in the next, so that the importance
of every group is known without any model.
"""

import numpy as np

from hitl_sim.task.data import RawTask
from hitl_sim.task.group import block_groups
from oracles import part

NUM_ITEMS = 4000
NUM_CLASSES = 4
NUM_GROUPS = 16
NUM_INFORMATIVE = 4
DISTANCE = 3.0
"""Length of every class mean, in standard deviations of a feature."""
SEED = 20250311

IMPORTANCE_SOURCE = (
    "known: the length of the class means in each group, as they were planted, "
    "standardised over the groups"
)


@part.task(version=1)
def planted(
    *,
    num_features: int = 256,
    num_groups: int | None = None,
    informative_groups: int | None = None,
) -> RawTask:
    """Make the task; the same arguments give the same items on every machine.

    Group 0 is the strongest, then strength falls linearly; groups from
    `informative_groups` on hold noise alone. In a group of strength s the mean of class
    k has length s and is orthogonal to the other classes' means, so the best possible
    accuracy with all groups is that of K orthogonal signals of length `DISTANCE`: the
    integral over z of phi(z - DISTANCE) Phi(z)^(K-1).

    Args:
        num_features: D.
        num_groups: G, a divisor of D with at least K features in each group; `None` for
            16.
        informative_groups: how many of the groups tell classes apart; `None` for 4.

    Returns:
        4,000 items of 4 classes.

    Raises:
        ValueError: groups are of unequal size or too small, or more are to be
            informative than there are.

    References:
        Proakis and Salehi (2008), Digital Communications, section 4.4-1 (the accuracy
        of orthogonal signals).
    """
    num_groups = NUM_GROUPS if num_groups is None else num_groups
    informative = NUM_INFORMATIVE if informative_groups is None else informative_groups
    columns = [f"feature {d}" for d in range(num_features)]
    groups, _ = block_groups(columns, num_groups)
    group_size = num_features // num_groups
    if group_size < NUM_CLASSES:
        raise ValueError(
            f"`num_features` must be >= {NUM_CLASSES} for each of {num_groups} groups "
            f"of 'planted', got {num_features}."
        )
    if not 1 <= informative <= num_groups:
        raise ValueError(
            f"`informative_groups` must be from 1 to `num_groups` ({num_groups}), got "
            f"{informative}."
        )
    strength = group_strength(num_groups, informative)
    member = np.arange(group_size) % NUM_CLASSES
    own = (member[None, :] == np.arange(NUM_CLASSES)[:, None]).astype(np.float64)
    own /= np.sqrt(own.sum(axis=1))[:, None]
    means = (strength[None, :, None] * own[:, None, :]).reshape(NUM_CLASSES, -1)
    rng = np.random.default_rng(SEED)
    labels = rng.permutation(np.arange(NUM_ITEMS) % NUM_CLASSES)
    noise = rng.standard_normal((NUM_ITEMS, num_features))
    spread = strength.std()
    importance = (strength - strength.mean()) / (spread if spread > 0 else 1.0)
    return RawTask(
        name="planted",
        source=(
            f"{NUM_ITEMS:,} made-up items of {NUM_CLASSES} classes: unit normal noise "
            f"around class means of length {DISTANCE:g}, which differ in {informative} "
            f"of {num_groups} groups of features"
        ),
        kind="table",
        features=means[labels] + noise,
        labels=labels.astype(np.int32),
        class_names=[f"class {k}" for k in range(NUM_CLASSES)],
        size=np.ones(NUM_ITEMS),
        groups=groups,
        group_names=[
            f"group {g} ({'signal' if s > 0 else 'noise'})"
            for g, s in enumerate(strength)
        ],
        importance=importance,
        importance_source=IMPORTANCE_SOURCE,
    )


def group_strength(num_groups: int, num_informative: int) -> np.ndarray:
    """Return `[G]` lengths of a class mean in each group; their squares add up."""
    place = np.arange(num_groups)
    fall = np.maximum(num_informative - place, 0) / num_informative
    strength: np.ndarray = DISTANCE * fall / np.linalg.norm(fall)
    return strength
