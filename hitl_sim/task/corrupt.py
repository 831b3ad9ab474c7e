"""Controlled corruption: one draw of pool, validation and test, the truth known."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PRNGKeyArray

from hitl_sim.task.data import AnyArray, Corruption, Pool, Split, Status, TaskData

# A share such as 0.29 is not exact in float32: share * N may fall a hair below the
# whole number that was meant. Two units in the last place, relative, cover that.
_ROUNDING = 1.0 + 2.0**-22


def build_split(
    key: PRNGKeyArray,
    data: TaskData,
    corruption: Corruption,
    num_pool: int,
    num_validation: int,
    num_test: int,
) -> Split:
    """Draw a pool, corrupt exact shares of it, and hold clean items out.

    Pure and traceable: shares are leaves, sizes are static. The base items are
    permuted; the first `num_pool` make the pool, the next ones validation, then test.
    Statuses go along a second random order, so that the position in the pool tells
    nothing, and so that at one key a larger share of irrelevant items contains the
    smaller one.

    - *irrelevant*: each feature is the value which an independently drawn item of the
      pool, before corruption, has there: marginals stay, structure goes. The label is
      uniform over the classes.
    - *duplicate*: features, label, truth and size of an item drawn uniformly from the
      clean items of the pool.
    - *wrong label*: the item's own features, a label uniform over the other classes.

    Args:
        key: draws everything; the same key gives the same split.
        data: the clean base data; at least `num_pool + num_validation + num_test` items
            and every class present (`check_sizes`).
        corruption: shares, each in [0, 1], sum at most 1, with a clean item left where
            there are duplicates. The number of items of a status is
            floor(share * num_pool).
        num_pool: N.
        num_validation: V.
        num_test: V'.

    Returns:
        The split.
    """
    key_items, key_status, key_irrelevant, key_copy, key_label = jax.random.split(
        key, 5
    )
    data = TaskData(*(jnp.asarray(leaf) for leaf in data))
    num_base = data.labels.shape[0]
    rows = _shuffle(key_items, num_base)
    pool_rows = rows[:num_pool]
    validation_rows = rows[num_pool : num_pool + num_validation]
    test_rows = rows[num_pool + num_validation :][:num_test]

    marks = _draw_status(key_status, corruption, num_pool)
    is_irrelevant = marks.status == Status.IRRELEVANT
    is_duplicate = marks.status == Status.DUPLICATE
    is_wrong = marks.status == Status.WRONG_LABEL

    # The clean items close the random order: draw a place among them.
    num_clean = jnp.maximum(num_pool - marks.num_corrupted, 1)
    place = num_pool - 1 - _draw_below(key_copy, (num_pool,), num_clean)
    position = jnp.arange(num_pool)
    origin = pool_rows[jnp.where(is_duplicate, marks.order[place], position)]

    num_classes = jnp.max(data.labels) + 1
    own = data.labels[origin]
    key_random, key_shift = jax.random.split(key_label)
    random_label = _draw_below(key_random, (num_pool,), num_classes)
    shift = 1 + _draw_below(key_shift, (num_pool,), jnp.maximum(num_classes - 1, 1))
    label = jnp.where(is_irrelevant, random_label, own)
    label = jnp.where(is_wrong, (own + shift) % num_classes, label)

    noise = _scramble(key_irrelevant, data.features[pool_rows])
    item = jnp.where(is_irrelevant, pool_rows + num_base, pool_rows)
    pool = Pool(
        features=jnp.where(is_irrelevant[:, None], noise, data.features[origin]),
        label=label,
        truth=jnp.where(is_irrelevant, label, own),
        status=marks.status,
        item=jnp.where(is_duplicate, position + 2 * num_base, item).astype(jnp.int32),
        size=data.size[origin],
    )
    return Split(
        pool=pool,
        validation_x=data.features[validation_rows],
        validation_y=data.labels[validation_rows],
        test_x=data.features[test_rows],
        test_y=data.labels[test_rows],
    )


def build_leftover(
    key: PRNGKeyArray, data: TaskData, num_used: int
) -> tuple[Float[Array, "rest features"], Int[Array, " rest"]]:
    """Return the items that a split leaves out: clean, with their true classes.

    Args:
        key: of `build_split`.
        data: the clean base data.
        num_used: items of the split: pool, validation and test together.

    Returns:
        Features `[M - num_used, D]` and true classes `[M - num_used]`.
    """
    key_items = jax.random.split(key, 5)[0]
    rows = _shuffle(key_items, data.labels.shape[0])[num_used:]
    return jnp.asarray(data.features)[rows], jnp.asarray(data.labels)[rows]


class _Marks(NamedTuple):
    """Status of each position, the order behind it, and how many are corrupted."""

    status: Int[Array, " pool"]
    order: Int[Array, " pool"]
    num_corrupted: Int[Array, ""]


def _draw_status(key: PRNGKeyArray, corruption: Corruption, num_pool: int) -> _Marks:
    """Give statuses along a random order: irrelevant, duplicate, wrong label, clean."""
    counts = jnp.stack([_count(share, num_pool) for share in corruption])
    edges = jnp.cumsum(counts)
    order = _shuffle(key, num_pool)
    place = jnp.arange(num_pool)
    passed = jnp.sum(place[:, None] >= edges[None, :], axis=1)
    kinds = jnp.array(
        [Status.IRRELEVANT, Status.DUPLICATE, Status.WRONG_LABEL, Status.CLEAN],
        dtype=jnp.int32,
    )
    status = jnp.zeros(num_pool, jnp.int32).at[order].set(kinds[passed])
    return _Marks(status=status, order=order, num_corrupted=edges[-1])


def _count(share: Float[AnyArray, ""] | float, num_pool: int) -> Int[Array, ""]:
    """Return floor(share * num_pool), as meant in decimal."""
    meant = jnp.asarray(share, jnp.float32) * jnp.float32(num_pool * _ROUNDING)
    return jnp.floor(meant).astype(jnp.int32)


def _shuffle(key: PRNGKeyArray, num: int) -> Int[Array, " num"]:
    """Order 0 to num - 1 at random, by one sort (`jax.random.permutation` takes two).

    Two of the 32-bit draws are equal with probability below num^2 / 2^33; such a pair
    keeps its order.
    """
    return jnp.argsort(jax.random.bits(key, (num,)))


def _draw_below(
    key: PRNGKeyArray, shape: tuple[int, ...], bound: Int[Array, ""] | int
) -> Int[Array, "..."]:
    """Draw whole numbers uniformly from 0 to bound - 1 (bound far below 2^23)."""
    uniform = jax.random.uniform(key, shape)
    return jnp.floor(uniform * jnp.asarray(bound, jnp.float32)).astype(jnp.int32)


def _scramble(
    key: PRNGKeyArray, features: Float[Array, "pool features"]
) -> Float[Array, "pool features"]:
    """Draw every feature of every item from an item chosen for it alone."""
    donor = _draw_below(key, features.shape, features.shape[0])
    return jnp.take_along_axis(features, donor, axis=0, mode="promise_in_bounds")
