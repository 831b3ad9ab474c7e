"""Controlled corruption: one draw of pool, validation and test, the truth known."""

from collections.abc import Hashable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PRNGKeyArray, UInt32

from hitl_sim.task.data import AnyArray, Corruption, Pool, Split, Status, TaskData

# A share such as 0.29 is not exact in float32: share * N may fall a hair below the
# whole number that was meant. Two units in the last place, relative, cover that.
_ROUNDING = 1.0 + 2.0**-22


class Places(NamedTuple):
    """A split before any feature is read: which rows of the base data stand where.

    Attributes:
        pool_rows: `[N]` row of each position of the pool before corruption.
        origin: `[N]` row whose features are at a position, unless it is irrelevant.
        label: `[N]`, `truth`, `status` and `item` too: see `Pool`.
        truth: `[N]`.
        status: `[N]`.
        item: `[N]`.
        validation_rows: `[V]`.
        test_rows: `[V']`.
        scramble: key data of what irrelevant items look like.
        validation_labels: `[V]` as people gave them; None where the true ones are used.
    """

    pool_rows: Int[Array, " pool"]
    origin: Int[Array, " pool"]
    label: Int[Array, " pool"] | Float[Array, " pool"]
    truth: Int[Array, " pool"] | Float[Array, " pool"]
    status: Int[Array, " pool"]
    item: Int[Array, " pool"]
    validation_rows: Int[Array, " validation"]
    test_rows: Int[Array, " test"]
    scramble: UInt32[Array, " words"]
    validation_labels: Int[Array, " validation"] | None = None


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
      uniform over the classes, or the number of any item of the pool.
    - *duplicate*: features, label, truth and size of an item drawn uniformly from the
      clean items of the pool.
    - *wrong label*: the item's own features, a label uniform over the other classes, or
      the number of another item of the pool.

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
    sizes = (num_pool, num_validation, num_test)
    kind = jax.random.key_impl(key)
    return read_split(kind, data, draw_places(key, data.labels, corruption, *sizes))


def draw_places(
    key: PRNGKeyArray,
    labels: Int[AnyArray, " items"] | Float[AnyArray, " items"],
    corruption: Corruption,
    num_pool: int,
    num_validation: int,
    num_test: int,
) -> Places:
    """Draw a split of `[M]` labels without its features; see `build_split`."""
    key_items, key_status, key_irrelevant, key_copy, key_label = jax.random.split(
        key, 5
    )
    labels = jnp.asarray(labels)
    num_base = labels.shape[0]
    rows = _shuffle(key_items, num_base)
    pool_rows = rows[:num_pool]

    marks = _draw_status(key_status, corruption, num_pool)
    is_irrelevant = marks.status == Status.IRRELEVANT
    is_duplicate = marks.status == Status.DUPLICATE
    is_wrong = marks.status == Status.WRONG_LABEL

    # The clean items close the random order: draw a place among them.
    num_clean = jnp.maximum(num_pool - marks.num_corrupted, 1)
    place = num_pool - 1 - _draw_below(key_copy, (num_pool,), num_clean)
    position = jnp.arange(num_pool)
    origin = pool_rows[jnp.where(is_duplicate, marks.order[place], position)]

    own = labels[origin]
    if jnp.issubdtype(labels.dtype, jnp.floating):
        random_label, wrong_label = _other_numbers(key_label, own, labels[pool_rows])
    else:
        random_label, wrong_label = _other_classes(key_label, own, labels)
    label = jnp.where(is_irrelevant, random_label, own)
    label = jnp.where(is_wrong, wrong_label, label)

    item = jnp.where(is_irrelevant, pool_rows + num_base, pool_rows)
    return Places(
        pool_rows=pool_rows,
        origin=origin,
        label=label,
        truth=jnp.where(is_irrelevant, label, own),
        status=marks.status,
        item=jnp.where(is_duplicate, position + 2 * num_base, item).astype(jnp.int32),
        validation_rows=rows[num_pool : num_pool + num_validation],
        test_rows=rows[num_pool + num_validation :][:num_test],
        scramble=jax.random.key_data(key_irrelevant),
    )


def read_split(kind: Hashable, data: TaskData, places: Places) -> Split:
    """Read the features of a split.

    Args:
        kind: of the key whose data are `places.scramble`.
        data: the clean base data.
        places: what was drawn of its labels.
    """
    data = TaskData(*(jnp.asarray(leaf) for leaf in data))
    key = jax.random.wrap_key_data(places.scramble, impl=kind)
    noise = _scramble(key, data.features[places.pool_rows])
    is_irrelevant = places.status == Status.IRRELEVANT
    own = data.features[places.origin]
    pool = Pool(
        features=jnp.where(is_irrelevant[:, None], noise, own),
        label=places.label,
        truth=places.truth,
        status=places.status,
        item=places.item,
        size=data.size[places.origin],
    )
    return Split(
        pool=pool,
        validation_x=data.features[places.validation_rows],
        validation_y=(
            data.labels[places.validation_rows]
            if places.validation_labels is None
            else places.validation_labels
        ),
        test_x=data.features[places.test_rows],
        test_y=data.labels[places.test_rows],
    )


def build_leftover(
    key: PRNGKeyArray, data: TaskData, num_used: int
) -> tuple[Float[Array, "rest features"], Array]:
    """Return the items that a split leaves out: clean, with their true labels.

    Args:
        key: of `build_split`.
        data: the clean base data.
        num_used: items of the split: pool, validation and test together.

    Returns:
        Features `[M - num_used, D]` and true labels `[M - num_used]`.
    """
    key_items = jax.random.split(key, 5)[0]
    rows = _shuffle(key_items, data.labels.shape[0])[num_used:]
    return jnp.asarray(data.features)[rows], jnp.asarray(data.labels)[rows]


def _other_classes(
    key: PRNGKeyArray, own: Int[Array, " pool"], labels: Int[Array, " items"]
) -> tuple[Int[Array, " pool"], Int[Array, " pool"]]:
    """Draw any class of each item, and one that is not its own."""
    num_classes = jnp.max(labels) + 1
    key_random, key_shift = jax.random.split(key)
    random_label = _draw_below(key_random, own.shape, num_classes)
    shift = 1 + _draw_below(key_shift, own.shape, jnp.maximum(num_classes - 1, 1))
    return random_label, (own + shift) % num_classes


def _other_numbers(
    key: PRNGKeyArray, own: Float[Array, " pool"], given: Float[Array, " pool"]
) -> tuple[Float[Array, " pool"], Float[Array, " pool"]]:
    """Draw the number of any item of the pool, and of one that is not the item."""
    num_pool = own.shape[0]
    key_random, key_shift = jax.random.split(key)
    random_label = given[_draw_below(key_random, own.shape, num_pool)]
    shift = 1 + _draw_below(key_shift, own.shape, max(num_pool - 1, 1))
    return random_label, given[(jnp.arange(num_pool) + shift) % num_pool]


class _Marks(NamedTuple):
    """Status of each position, the order behind it, and how many are corrupted."""

    status: Int[Array, " pool"]
    order: Int[Array, " pool"]
    num_corrupted: Int[Array, ""]


def _draw_status(key: PRNGKeyArray, corruption: Corruption, num_pool: int) -> _Marks:
    """Give statuses along a random order: irrelevant, duplicate, wrong label, clean."""
    counts = [_count(share, num_pool) for share in corruption]
    # written out: a cumulative sum is ten times the code
    edges = jnp.stack([sum(counts[:end], jnp.int32(0)) for end in (1, 2, 3)])
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
