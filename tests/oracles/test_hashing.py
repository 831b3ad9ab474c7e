import jax
import jax.numpy as jnp
import numpy as np
import pytest

from oracles.hashing import (
    Role,
    draw_words,
    mix_words,
    pick_word,
    seed_streams,
    to_uniform,
)

KEY = jax.random.key(3)
ID_BITS = {"item": 20, "option": 5, "annotator": 5, "occasion": 4}


@jax.jit
def draw(item, option, annotator, occasion):
    stream = seed_streams(KEY, 1, Role.OWN)[0]
    return jnp.stack(draw_words(stream, item, option, annotator, occasion))


def random_ids(count):
    rng = np.random.default_rng(0)
    return [rng.integers(0, 2**b, count).astype(np.int32) for b in ID_BITS.values()]


@pytest.mark.parametrize("which", range(4), ids=list(ID_BITS))
def test_flipping_any_bit_of_an_id_flips_every_output_bit_half_of_the_time(which):
    ids = random_ids(4000)
    before = np.asarray(draw(*ids))
    for bit in range(list(ID_BITS.values())[which]):
        flipped = list(ids)
        flipped[which] = ids[which] ^ (1 << bit)
        changed = np.asarray(draw(*flipped)) ^ before
        bits = (changed[:, :, None] >> np.arange(32, dtype=np.uint32)) & 1
        # 5 standard errors: this is the worst of 128 output bits and 34 input bits.
        assert np.abs(bits.mean(axis=1) - 0.5).max() < 5 * 0.5 / np.sqrt(4000)


def test_draws_of_neighbouring_ids_are_uniform_and_uncorrelated():
    item, option = np.meshgrid(np.arange(2000), np.arange(20), indexing="ij")
    words = draw(jnp.asarray(item), jnp.asarray(option), 3, 0)
    for word in words:
        u = np.asarray(to_uniform(word)) - 0.5
        count = u.size
        assert abs(u.mean()) < 4 * np.sqrt(1 / 12 / count)
        assert abs((u**2).mean() - 1 / 12) < 4 * np.sqrt(1 / 180 / count)
        assert abs((u[1:] * u[:-1]).mean()) < 4 / 12 / np.sqrt(count)
        assert abs((u[:, 1:] * u[:, :-1]).mean()) < 4 / 12 / np.sqrt(count)


def test_uniforms_stay_inside_the_unit_interval_at_both_ends():
    ends = to_uniform(jnp.array([0, 2**32 - 1], jnp.uint32))
    assert ends[0] == 2.0**-24
    assert ends[1] == 1.0 - 2.0**-24


def test_the_mixer_matches_the_published_listing_in_exact_integers():
    def listing(*v):
        v = [(x * 1664525 + 1013904223) % 2**32 for x in v]
        for shift in (16, 0):
            v[0] = (v[0] + v[1] * v[3]) % 2**32
            v[1] = (v[1] + v[2] * v[0]) % 2**32
            v[2] = (v[2] + v[0] * v[1]) % 2**32
            v[3] = (v[3] + v[1] * v[2]) % 2**32
            v = [x ^ (x >> shift) if shift else x for x in v]
        return v

    words = (7, 2**31 + 5, 123456789, 2**32 - 1)
    mixed = mix_words(*(jnp.uint32(w) for w in words))
    assert [int(x) for x in mixed] == listing(*words)


@pytest.mark.parametrize(
    ("key", "space", "role"),
    [(jax.random.key(4), 1, Role.OWN), (KEY, 2, Role.OWN), (KEY, 1, Role.FRESH)],
    ids=["key", "space", "role"],
)
def test_another_key_space_or_role_draws_independently(key, space, role):
    item = jnp.arange(20_000)
    first = to_uniform(draw_words(seed_streams(KEY, 1, Role.OWN)[0], item, 0, 0, 0)[0])
    other = to_uniform(draw_words(seed_streams(key, space, role)[0], item, 0, 0, 0)[0])
    covariance = jnp.mean((first - 0.5) * (other - 0.5))
    assert abs(float(covariance)) < 4 / 12 / np.sqrt(20_000)


def test_typed_and_raw_keys_draw_the_same():
    raw = jax.random.PRNGKey(3)
    typed = seed_streams(KEY, 1, Role.OWN)[0]
    assert [int(w) for w in seed_streams(raw, 1, Role.OWN)[0]] == [
        int(w) for w in typed
    ]


def test_a_word_is_picked_by_the_two_lowest_bits_of_its_number():
    words = tuple(jnp.full(6, value, jnp.uint32) for value in (10, 11, 12, 13))
    picked = pick_word(words, jnp.array([0, 1, 2, 3, 4, 7]))
    assert picked.tolist() == [10, 11, 12, 13, 10, 13]
