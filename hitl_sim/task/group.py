"""Feature groups of equal size: patches of an image, blocks of columns, word sets."""

import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int

NUM_PATCHES = 16


def patch_groups(
    shape: tuple[int, int, int], num_groups: int | None
) -> tuple[Int[np.ndarray, "groups group_size"], tuple[str, ...]]:
    """Cut an image into equal square patches, all channels of a pixel together.

    Args:
        shape: height, width and channels; pixels come row by row, channels last.
        num_groups: G, such that the patches are squares; `None` for 16, or the nearest
            number there is.

    Returns:
        `[G, S]` features of each patch, patches row by row, and `G` names.

    Raises:
        ValueError: the patches would not be square and equal.
    """
    height, width, channels = shape
    both = math.gcd(height, width)
    sides = {
        height * width // side**2: side
        for side in range(both, 0, -1)
        if both % side == 0
    }
    if num_groups is None:
        num_groups = min(sides, key=lambda number: abs(number - NUM_PATCHES))
    if num_groups not in sides:
        raise ValueError(
            f"`num_groups` must be one of {', '.join(map(str, sides))} for images of "
            f"{height} x {width} pixels, got {num_groups}."
        )
    side = sides[num_groups]
    down, across = height // side, width // side
    numbers = np.arange(height * width * channels, dtype=np.int32)
    cut = numbers.reshape(down, side, across, side * channels)
    groups = cut.transpose(0, 2, 1, 3).reshape(num_groups, side * side * channels)
    rows, columns = (
        [f"{k * side}-{(k + 1) * side - 1}" for k in range(n)] for n in (down, across)
    )
    names = tuple(f"rows {r}, columns {c}" for r in rows for c in columns)
    return groups, names


def block_groups(
    columns: Sequence[str], num_groups: int | None
) -> tuple[Int[np.ndarray, "groups group_size"], tuple[str, ...]]:
    """Cut columns into equal blocks of neighbours; by default every column by itself.

    Args:
        columns: `D` names.
        num_groups: G, a divisor of D; `None` for D.

    Returns:
        `[G, S]` columns of each block, and `G` names.

    Raises:
        ValueError: `num_groups` does not divide D.
    """
    num_groups = len(columns) if num_groups is None else num_groups
    size = _group_size(len(columns), num_groups)
    groups = np.arange(len(columns), dtype=np.int32).reshape(num_groups, size)
    names = tuple(
        columns[row[0]] if size == 1 else f"{columns[row[0]]} to {columns[row[-1]]}"
        for row in groups
    )
    return groups, names


def word_groups(
    weights: Float[np.ndarray, "items words"], words: Sequence[str], num_groups: int
) -> tuple[Int[np.ndarray, "groups group_size"], tuple[str, ...]]:
    """Put words that occur together into groups of equal size, without seeing labels.

    Words are halved again and again: at each step the words in hand, each scaled to
    unit length over the items and centred, are ordered along the leading principal
    direction of their co-occurrence, and the order is cut so that both sides hold whole
    groups.

    Args:
        weights: `[M, D]` weight of each word in each item.
        words: `D` words.
        num_groups: G, a divisor of D.

    Returns:
        `[G, S]` words of each group, and `G` names (its three heaviest words).

    Raises:
        ValueError: `num_groups` does not divide D.

    References:
        Boley (1998), Principal direction divisive partitioning, Data Mining and
        Knowledge Discovery 2(4), 325-344; the cut into equal parts is ours.
    """
    size = _group_size(len(words), num_groups)
    lengths = np.linalg.norm(weights, axis=0)
    unit = weights / np.where(lengths > 0, lengths, 1.0)
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped] # noqa: PLC0415

    # One thread: two wait for each other wherever another process has a core.
    with threadpool_limits(1):
        alike = (unit.T @ unit).astype(np.float64)
        groups = np.array(_halve(alike, np.arange(len(words)), size), dtype=np.int32)
    mass = weights.sum(axis=0)
    names = tuple(
        ", ".join(words[i] for i in row[np.argsort(-mass[row], kind="stable")][:3])
        for row in groups
    )
    return groups, names


def check_groups(
    groups: np.ndarray, num_features: int, where: str
) -> Int[np.ndarray, "groups group_size"]:
    """Refuse groups that are not a partition into equal parts; return them as int32.

    Args:
        groups: `[G, S]` feature indices, or `[D]` the group of each feature.
        num_features: D.
        where: the file and field, for the message.

    Raises:
        ValueError: groups are not whole numbers, of unequal size, empty, or a feature
            is in none or in two.
    """
    if groups.dtype.kind not in "iu" or groups.ndim not in (1, 2):
        raise ValueError(
            f"{where}: must be whole numbers, either [features] (the group of each) or "
            f"[groups, group size] (the features of each), got {groups.dtype} of shape "
            f"{groups.shape}."
        )
    if groups.ndim == 1:
        groups = _collect_groups(groups, num_features, where)
    found = np.sort(groups, axis=None)
    if not np.array_equal(found, np.arange(num_features)):
        raise ValueError(
            f"{where}: must hold every feature from 0 to {num_features - 1} exactly "
            f"once, got {groups.size} entries, {np.unique(found).size} different"
            f"{f', from {found[0]} to {found[-1]}' if found.size else ''}."
        )
    return groups.astype(np.int32)


def _collect_groups(
    member: Int[np.ndarray, " features"], num_features: int, where: str
) -> Int[np.ndarray, "groups group_size"]:
    """Turn the group of each feature into the features of each group."""
    if member.size != num_features or (member.size and member.min() < 0):
        raise ValueError(
            f"{where}: must give a group >= 0 to each of {num_features} features, got "
            f"{member.size} entries"
            f"{f', the least {member.min()}' if member.size else ''}."
        )
    counts = np.bincount(member)
    if counts.min() != counts.max():
        raise ValueError(
            f"{where}: must give all groups the same number of features, got "
            f"{counts.min()} in group {counts.argmin()} and {counts.max()} in group "
            f"{counts.argmax()}. People rank groups against each other and the top "
            "ones shrink the input; equal sizes keep that fair and the shapes fixed."
        )
    return np.argsort(member, kind="stable").reshape(counts.size, -1)


def _group_size(num_features: int, num_groups: int) -> int:
    """Return the features per group, where that is a whole number."""
    if num_groups < 1 or num_features % num_groups:
        raise ValueError(
            f"`num_groups` must divide the {num_features} features, because all groups "
            f"have the same size, got {num_groups}."
        )
    return num_features // num_groups


def _halve(
    alike: Float[np.ndarray, "words words"],
    members: Int[np.ndarray, " some"],
    size: int,
) -> list[Int[np.ndarray, " group_size"]]:
    """Cut `members` along their leading direction until every part is one group."""
    num_groups = members.size // size
    if num_groups == 1:
        return [np.sort(members)]
    inner = alike[np.ix_(members, members)]
    centred = inner - inner.mean(axis=0) - inner.mean(axis=1)[:, None] + inner.mean()
    leading = np.linalg.eigh(centred)[1][:, -1]
    leading = leading * np.sign(leading[np.argmax(np.abs(leading))])
    ordered = members[np.argsort(np.round(leading, 9), kind="stable")]
    cut = (num_groups // 2) * size
    return _halve(alike, ordered[:cut], size) + _halve(alike, ordered[cut:], size)
