import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hitl_sim.task import Corruption, Pool, Split, Status, TaskData, build_split

NUM_BASE, NUM_FEATURES, NUM_CLASSES = 1600, 6, 4
SIZES = (1000, 200, 300)


def make_data(num_base=NUM_BASE):
    """Features 0 and 1 are equal; feature 2 is the row; labels go round."""
    rng = np.random.default_rng(0)
    features = rng.normal(size=(num_base, NUM_FEATURES))
    features[:, 1] = features[:, 0]
    features[:, 2] = np.arange(num_base)
    return TaskData(
        features=features.astype(np.float32),
        labels=(np.arange(num_base) % NUM_CLASSES).astype(np.int32),
        size=(1.0 + np.arange(num_base) / num_base).astype(np.float32),
        groups=np.arange(NUM_FEATURES, dtype=np.int32).reshape(3, 2),
        importance=np.array([-1.0, 0.0, 1.0], np.float32),
    )


DATA = make_data()
draw_split = jax.jit(build_split, static_argnums=(3, 4, 5))


def draw(irrelevant=0.3, duplicate=0.2, wrong_label=0.1, seed=0, sizes=SIZES) -> Split:
    corruption = Corruption(irrelevant, duplicate, wrong_label)
    split = draw_split(jax.random.key(seed), DATA, corruption, *sizes)
    return jax.tree.map(np.asarray, split)


@pytest.fixture(scope="module")
def pool() -> Pool:
    return draw().pool


def rows_of(features):
    """The base row that feature 2 records (of items that were not scrambled)."""
    return features[:, 2].astype(int)


def test_shares_are_exact(pool):
    counts = np.bincount(pool.status, minlength=4)
    assert counts[Status.IRRELEVANT] == 300
    assert counts[Status.DUPLICATE] == 200
    assert counts[Status.WRONG_LABEL] == 100
    assert counts[Status.CLEAN] == 400


@pytest.mark.parametrize("num_pool", [7, 100, 1000])
def test_a_share_written_as_a_fraction_gives_the_number_meant(num_pool):
    counted = jax.jit(
        lambda share: jnp.sum(
            build_split(
                jax.random.key(0), DATA, Corruption(0.0, 0.0, share), num_pool, 1, 1
            ).pool.status
            == Status.WRONG_LABEL
        )
    )
    meant = np.unique(np.linspace(0, num_pool, 60).astype(int))
    got = [int(counted(np.float32(k / num_pool))) for k in meant]
    assert got == meant.tolist()


def test_a_share_between_two_counts_is_rounded_down():
    pool = draw(irrelevant=0.3, duplicate=0.0, wrong_label=0.0, sizes=(9, 1, 1)).pool
    assert int(np.sum(pool.status == Status.IRRELEVANT)) == 2


def test_without_corruption_every_item_is_its_base_item():
    pool = draw(0.0, 0.0, 0.0).pool
    np.testing.assert_array_equal(pool.status, Status.CLEAN)
    np.testing.assert_array_equal(pool.features, DATA.features[pool.item])
    np.testing.assert_array_equal(pool.label, DATA.labels[pool.item])
    np.testing.assert_array_equal(pool.size, DATA.size[pool.item])


def test_clean_and_mislabelled_items_keep_features_truth_and_id(pool):
    kept = np.isin(pool.status, [Status.CLEAN, Status.WRONG_LABEL])
    np.testing.assert_array_equal(pool.features[kept], DATA.features[pool.item[kept]])
    np.testing.assert_array_equal(pool.truth[kept], DATA.labels[pool.item[kept]])


def test_a_given_label_differs_from_the_truth_exactly_where_it_is_wrong(pool):
    np.testing.assert_array_equal(
        pool.label != pool.truth, pool.status == Status.WRONG_LABEL
    )


def test_wrong_labels_are_uniform_over_the_other_classes():
    pool = draw(0.0, 0.0, 1.0).pool
    shift = (pool.label - pool.truth) % NUM_CLASSES
    counts = np.bincount(shift, minlength=NUM_CLASSES)
    assert counts[0] == 0
    error = np.sqrt(1000 * (1 / 3) * (2 / 3))
    assert np.all(np.abs(counts[1:] - 1000 / 3) < 4 * error)


def test_duplicates_copy_a_clean_item_of_the_same_pool(pool):
    copies = pool.status == Status.DUPLICATE
    clean = {int(i): k for k, i in enumerate(pool.item) if pool.status[k] == 0}
    origin = np.array([clean[row] for row in rows_of(pool.features[copies])])
    np.testing.assert_array_equal(pool.features[copies], pool.features[origin])
    np.testing.assert_array_equal(pool.label[copies], pool.label[origin])
    np.testing.assert_array_equal(pool.truth[copies], pool.truth[origin])
    np.testing.assert_array_equal(pool.size[copies], pool.size[origin])


def test_duplicates_repeat_clean_items_evenly():
    pool = draw(0.0, 0.5, 0.0).pool
    copies = rows_of(pool.features[pool.status == Status.DUPLICATE])
    # 500 draws among 500 clean items: distinct ones are 500 (1 - 1/e) on average.
    expected = 500 * (1 - np.exp(-1))
    error = np.sqrt(500 * np.exp(-1) * (1 - 2 * np.exp(-1)))
    assert abs(np.unique(copies).size - expected) < 4 * error


def test_irrelevant_items_keep_the_marginals_of_the_pool():
    split = draw(1.0, 0.0, 0.0)
    before = DATA.features[split.pool.item - NUM_BASE]
    assert np.isin(split.pool.features[:, 3], before[:, 3]).all()
    error = before.std(axis=0) / np.sqrt(1000)
    difference = split.pool.features.mean(axis=0) - before.mean(axis=0)
    assert np.all(np.abs(difference) < 4 * error)
    share = np.mean(split.pool.features < np.median(before, axis=0), axis=0)
    assert np.all(np.abs(share - 0.5) < 4 * 0.5 / np.sqrt(1000))


def test_irrelevant_items_lose_the_structure_between_features():
    features = draw(1.0, 0.0, 0.0).pool.features
    before = np.corrcoef(DATA.features[:, 0], DATA.features[:, 1])[0, 1]
    after = np.corrcoef(features[:, 0], features[:, 1])[0, 1]
    assert before > 0.999
    assert abs(after) < 4 / np.sqrt(1000)


def test_labels_of_irrelevant_items_are_uniform_and_unrelated_to_their_row():
    pool = draw(1.0, 0.0, 0.0).pool
    counts = np.bincount(pool.label, minlength=NUM_CLASSES)
    assert np.all(np.abs(counts - 250) < 4 * np.sqrt(1000 * 0.25 * 0.75))
    agree = np.mean(pool.label == DATA.labels[pool.item - NUM_BASE])
    assert abs(agree - 0.25) < 4 * np.sqrt(0.25 * 0.75 / 1000)


def test_ids_are_unique_and_tell_the_base_row(pool):
    assert np.unique(pool.item).size == pool.item.size
    block = pool.item // NUM_BASE
    np.testing.assert_array_equal(block == 1, pool.status == Status.IRRELEVANT)
    np.testing.assert_array_equal(block == 2, pool.status == Status.DUPLICATE)
    position = np.flatnonzero(pool.status == Status.DUPLICATE)
    np.testing.assert_array_equal(pool.item[position] - 2 * NUM_BASE, position)


def test_validation_and_test_are_clean_and_share_no_item_with_the_pool():
    split = draw(0.5, 0.3, 0.2)
    validation, test = rows_of(split.validation_x), rows_of(split.test_x)
    np.testing.assert_array_equal(split.validation_x, DATA.features[validation])
    np.testing.assert_array_equal(split.validation_y, DATA.labels[validation])
    np.testing.assert_array_equal(split.test_x, DATA.features[test])
    np.testing.assert_array_equal(split.test_y, DATA.labels[test])
    base = split.pool.item[split.pool.item < 2 * NUM_BASE] % NUM_BASE
    together = np.concatenate([base, validation, test])
    assert np.unique(together).size == together.size
    assert (validation.size, test.size) == (200, 300)


def test_the_same_key_gives_the_same_split_and_another_key_another():
    chex.assert_trees_all_equal(draw(seed=3), draw(seed=3))
    assert not np.array_equal(draw(seed=3).pool.item, draw(seed=4).pool.item)


def test_status_is_spread_evenly_over_the_positions(pool):
    place = np.flatnonzero(pool.status == Status.IRRELEVANT)
    error = np.sqrt(1000**2 / 12 / 300 * (700 / 999))
    assert abs(place.mean() - 499.5) < 4 * error


def test_a_larger_share_at_the_same_key_contains_the_smaller():
    small = draw(0.2, 0.0, 0.0).pool.status == Status.IRRELEVANT
    large = draw(0.6, 0.0, 0.0).pool.status == Status.IRRELEVANT
    assert np.all(large[small])


def test_a_sweep_over_shares_traces_once():
    chex.clear_trace_counter()

    @jax.jit
    @chex.assert_max_traces(n=1)
    def count(key, data, corruption):
        return jnp.bincount(
            build_split(key, data, corruption, *SIZES).pool.status, length=4
        )

    for share in (0.0, 0.25, 0.5):
        corruption = Corruption(*(jnp.float32(share / k) for k in (1, 2, 4)))
        counts = count(jax.random.key(0), DATA, corruption)
        assert counts[Status.IRRELEVANT] == 1000 * share


def test_a_mapped_split_equals_the_single_one():
    keys = jax.random.split(jax.random.key(5), 2)
    corruption = Corruption(0.3, 0.2, 0.1)
    mapped = jax.lax.map(lambda k: build_split(k, DATA, corruption, *SIZES), keys)
    single = draw_split(keys[1], DATA, corruption, *SIZES)
    chex.assert_trees_all_equal(jax.tree.map(lambda leaf: leaf[1], mapped), single)
