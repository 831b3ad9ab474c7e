import jax.numpy as jnp
import numpy as np
import pytest

from hitl_sim.learn.efficiency.layout import keep_largest
from hitl_sim.learn.efficiency.prune import PruneMethod


def test_gradual_pruning_follows_the_cubic_schedule():
    config = PruneMethod(share=0.8, form="gradual", after=2, until=6)
    found = [float(config.share_at(jnp.int32(c))) for c in range(9)]
    middle = [0.8 * (1 - (1 - k / 4) ** 3) for k in range(5)]
    np.testing.assert_allclose(found, [0, 0, *middle, 0.8, 0.8], atol=1e-6)


def test_masked_pruning_comes_at_once():
    config = PruneMethod(share=0.5, form="masked", after=3)
    found = [float(config.share_at(jnp.int32(c))) for c in range(5)]
    assert found == [0, 0, 0, 0.5, 0.5]
    assert [c for c in range(6) if config.is_due(c)] == [3]


def test_weights_go_from_after_the_begin_to_the_end_of_the_schedule():
    config = PruneMethod(share=0.5, form="gradual", after=2, until=5)
    assert [c for c in range(8) if config.is_due(c)] == [3, 4, 5]
    assert config.ready == 5


@pytest.mark.parametrize("share", [0.0, 0.29, 0.5, 0.99])
def test_exactly_the_smallest_weights_of_a_layer_go(share):
    kernel = np.random.default_rng(0).normal(size=(10, 10)).astype(np.float32)
    (mask,) = keep_largest([jnp.asarray(kernel)], jnp.float32(share))
    gone = round(share * 100)
    assert int(mask.sum()) == 100 - gone
    order = np.argsort(np.abs(kernel).reshape(-1))
    assert not np.asarray(mask).reshape(-1)[order[:gone]].any()
