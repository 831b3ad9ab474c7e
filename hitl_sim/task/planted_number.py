"""A made-up task of numbers whose informative feature groups are planted.

A number is a weighted sum of features and noise. The weights differ from 0 in some
groups only and are larger in one than in the next, so that the importance of every
group, and the best possible prediction, are known without any model.
"""

import numpy as np

from hitl_sim.task.data import RawTask
from hitl_sim.task.group import block_groups
from hitl_sim.task.number import read_numbers
from hitl_sim.task.planted import (
    DISTANCE,
    NUM_GROUPS,
    NUM_INFORMATIVE,
    NUM_ITEMS,
    group_strength,
)
from oracles import part

NOISE = 0.5
"""Standard deviation of a number's noise, where that of its sum is 1."""
SEED = 20261201

IMPORTANCE_SOURCE = (
    "known: the length of the weights in each group, as they were planted, "
    "standardised over the groups"
)


@part.task(version=1)
def planted_number(
    *,
    num_features: int = 256,
    num_groups: int | None = None,
    informative_groups: int | None = None,
) -> RawTask:
    """Make the task; the same arguments give the same items on every machine.

    Group 0 is the strongest, then strength falls linearly; groups from
    `informative_groups` on hold noise alone. Features are standard normal, weights of
    length 1 in all and equal within a group, so that a sum has variance 1 and the best
    possible root mean squared error is noise's share, sqrt(v / (1 + v)) with v the
    square of `NOISE`: 0.447 standard deviations.

    Args:
        num_features: D.
        num_groups: G, a divisor of D; `None` for 16.
        informative_groups: how many of the groups count; `None` for 4.

    Returns:
        4,000 items, of which a number is asked.

    Raises:
        ValueError: groups are of unequal size, or more are to be informative than there
            are.
    """
    num_groups = NUM_GROUPS if num_groups is None else num_groups
    informative = NUM_INFORMATIVE if informative_groups is None else informative_groups
    groups, _ = block_groups([f"feature {d}" for d in range(num_features)], num_groups)
    if not 1 <= informative <= num_groups:
        raise ValueError(
            f"`informative_groups` must be from 1 to `num_groups` ({num_groups}), got "
            f"{informative}."
        )
    group_size = num_features // num_groups
    strength = group_strength(num_groups, informative) / DISTANCE
    weights = np.repeat(strength / np.sqrt(group_size), group_size)
    rng = np.random.default_rng(SEED)
    features = rng.standard_normal((NUM_ITEMS, num_features))
    told = features @ weights + NOISE * rng.standard_normal(NUM_ITEMS)
    numbers = read_numbers(told, "'planted_number'")
    spread = strength.std()
    importance = (strength - strength.mean()) / (spread if spread > 0 else 1.0)
    return RawTask(
        name="planted_number",
        source=(
            f"{NUM_ITEMS:,} made-up items: a sum of standard normal features, which "
            f"count in {informative} of {num_groups} groups, and noise of standard "
            f"deviation {NOISE:g}; {numbers.words}"
        ),
        kind="table",
        features=features,
        labels=numbers.values,
        class_names=(),
        size=np.ones(NUM_ITEMS),
        groups=groups,
        group_names=[
            f"group {g} ({'signal' if s > 0 else 'noise'})"
            for g, s in enumerate(strength)
        ],
        importance=importance,
        importance_source=IMPORTANCE_SOURCE,
        problem="regression",
        scale=numbers.scale,
    )
