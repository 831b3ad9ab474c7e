"""Keys that compile sooner must draw what JAX's own draw, bit by bit."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, strategies as st

from hitl_sim.learn.loop.threefry import key_kind

SEEDS = st.integers(-(2**31), 2**31 - 1)


def both(seed):
    """Return a key of JAX's own kind, and ours of the same seed."""
    number = np.int32(seed)
    own = jax.random.key(number, impl="threefry2x32")
    return own, jax.random.key(number, impl=key_kind())


def bits(key):
    return np.asarray(jax.random.key_data(key))


@given(SEEDS)
def test_keys_begin_alike(seed):
    theirs, ours = both(seed)
    np.testing.assert_array_equal(bits(theirs), bits(ours))


@given(SEEDS, st.integers(0, 2**32 - 1))
def test_numbers_are_folded_in_alike(seed, number):
    theirs, ours = (bits(jax.random.fold_in(k, np.uint32(number))) for k in both(seed))
    np.testing.assert_array_equal(theirs, ours)


@pytest.mark.parametrize("shape", [1, 2, 5, (3, 2), (0,)])
def test_keys_are_split_alike(shape):
    theirs, ours = (bits(jax.random.split(key, shape)) for key in both(-7))
    np.testing.assert_array_equal(theirs, ours)


@pytest.mark.parametrize("shape", [(), (1,), (7,), (3, 5), (2, 0), (2, 3, 4)])
@pytest.mark.parametrize(
    "draw",
    [
        jax.random.uniform,
        jax.random.normal,
        jax.random.bits,
        lambda key, shape: jax.random.bits(key, shape, "uint8"),
        lambda key, shape: jax.random.bits(key, shape, "uint16"),
        lambda key, shape: jax.random.randint(key, shape, 0, 1000),
    ],
    ids=["uniform", "normal", "bits", "uint8", "uint16", "randint"],
)
def test_numbers_are_drawn_alike(draw, shape):
    theirs, ours = (np.asarray(draw(key, shape)) for key in both(11))
    np.testing.assert_array_equal(theirs, ours)


def test_mapped_keys_draw_what_each_draws_alone():
    keys = jax.random.split(both(3)[1], 4)
    mapped = jax.vmap(lambda key: jax.random.uniform(key, (5,)))(keys)
    alone = jnp.stack([jax.random.uniform(key, (5,)) for key in keys])
    np.testing.assert_array_equal(mapped, alone)


def test_a_key_is_hashed_once_however_many_read_it():
    """XLA would otherwise copy the rounds into whatever reads a key."""

    def draw(key):
        pair = jax.random.split(key)
        return [jax.random.uniform(own, (50,)) for own in pair]

    theirs, ours = (jax.jit(draw).lower(key).compile().as_text() for key in both(0))
    rotations = re.findall(r" shift-left\(", ours)
    # one split and two draws, of twenty rounds each
    assert len(rotations) <= 3 * 20
    assert " while(" in theirs
    assert " while(" not in ours
