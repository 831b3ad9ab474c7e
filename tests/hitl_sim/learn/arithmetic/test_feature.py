import jax.numpy as jnp
import numpy as np
import pytest

from hitl_sim.learn.efficiency.split import decode_features, encode_features


def quantise_features(x, bits):
    return decode_features(encode_features(x, bits))


@pytest.fixture
def features():
    return jnp.asarray(np.random.default_rng(2).normal(size=(20, 50)), jnp.float32)


@pytest.mark.parametrize("bits", [1, 4, 8])
def test_features_take_one_of_two_to_the_b_levels(features, bits):
    decoded = np.asarray(quantise_features(features, bits))
    for before, after in zip(np.asarray(features), decoded, strict=True):
        step = (before.max() - before.min()) / (2**bits - 1)
        level = (after - before.min()) / step
        assert np.abs(level - np.round(level)).max() < 1e-2
        assert np.abs(after - before).max() <= 0.5 * step * (1 + 1e-4)


def test_more_bits_err_less(features):
    errors = [
        float(jnp.abs(quantise_features(features, bits) - features).mean())
        for bits in (1, 2, 4, 8, 12)
    ]
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 1e-3 < 0.1 < errors[0]


def test_equal_features_stay_as_they_are():
    same = jnp.full((2, 5), 3.5)
    np.testing.assert_array_equal(quantise_features(same, 2), same)


@pytest.mark.parametrize("bits", [0, 17])
def test_other_numbers_of_bits_are_refused(features, bits):
    with pytest.raises(ValueError, match=f"`bits` must be >= 1 and <= 16, got {bits}"):
        quantise_features(features, bits)
