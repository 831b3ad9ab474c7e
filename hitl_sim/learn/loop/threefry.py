"""Threefry without a loop: JAX's own bits, in programs that compile in less time.

On a CPU JAX writes the twenty rounds of Threefry as a loop, of which XLA compiles each
operation apart: a program that derives ten keys and draws from some of them spends
nearly half of its compilation there. In a straight line the rounds are one piece of
code. XLA would copy that piece into every operation that reads a key, so each stands in
a function of its own that is not inlined.

References:
    Salmon et al. (2011), Parallel random numbers: as easy as 1, 2, 3, SC'11: Threefry
    of two 32-bit words and twenty rounds.
"""

import math
from collections.abc import Callable, Hashable
from typing import Any

import jax
import jax.numpy as jnp
from jax.experimental.xla_metadata import set_xla_metadata
from jax.extend.random import define_prng_impl

_JAX_OWN = "threefry2x32"
_PARITY = 0x1BD11BDA
_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
_MOST = 2**32
"""Draws of one key that are counted in one word."""


def _hash(key: jax.Array, high: jax.Array, low: jax.Array) -> tuple[Any, Any]:
    """Hash two words of counters by the two of a key."""
    keys = (key[0], key[1], key[0] ^ key[1] ^ jnp.uint32(_PARITY))
    x, y = high + keys[0], low + keys[1]
    for injection in range(5):
        for places in _ROTATIONS[injection % 2]:
            x = x + y
            y = x ^ ((y << jnp.uint32(places)) | (y >> jnp.uint32(32 - places)))
        x = x + keys[(injection + 1) % 3]
        y = y + keys[(injection + 2) % 3] + jnp.uint32(injection + 1)
    return x, y


def _hash_numbers(key: jax.Array, shape: tuple[int, ...]) -> tuple[Any, Any]:
    """Hash 0, 1, ... laid out in a shape."""
    numbers = jax.lax.iota(jnp.uint32, math.prod(shape)).reshape(shape)
    return _hash(key, jnp.zeros_like(numbers), numbers)


def _draw(key: jax.Array, shape: tuple[int, ...]) -> jax.Array:
    x, y = _hash_numbers(key, shape)
    bits: jax.Array = x ^ y
    return bits


def _split(key: jax.Array, shape: tuple[int, ...]) -> jax.Array:
    words: jax.Array = jnp.stack(_hash_numbers(key, shape), axis=-1)
    return words


def _fold_in(key: jax.Array, number: jax.Array) -> jax.Array:
    word = number.astype(jnp.uint32)
    return jnp.stack(_hash(key, jnp.zeros_like(word), word))


def _apart(compute: Callable[..., jax.Array], *static: int) -> Callable[..., Any]:
    """Let XLA keep a function as one of its own."""
    function = jax.jit(compute, static_argnums=static)

    def call(*args: Any) -> jax.Array:
        with set_xla_metadata(inlineable="false"):  # type: ignore[no-untyped-call]
            called: jax.Array = function(*args)
        return called

    return call


_draw_apart, _split_apart, _fold_in_apart = (
    _apart(_draw, 1),
    _apart(_split, 1),
    _apart(_fold_in),
)


def _random_bits(key: jax.Array, width: int, shape: tuple[int, ...]) -> jax.Array:
    if width == 32 and math.prod(shape) <= _MOST:
        bits: jax.Array = _draw_apart(key, shape)
        return bits
    own = jax.random.wrap_key_data(key, impl=_JAX_OWN)
    return jax.random.bits(own, shape, f"uint{width}")


def _seed(number: jax.Array) -> jax.Array:
    return jax.random.key_data(jax.random.key(number, impl=_JAX_OWN))


_STRAIGHT = define_prng_impl(
    key_shape=(2,),
    seed=_seed,
    split=_split_apart,
    random_bits=_random_bits,
    fold_in=_fold_in_apart,
    name="threefry2x32_straight",
    tag="fry_straight",
)


def key_kind() -> Hashable:
    """Say which kind of key costs least where programs run, as `jax.random.key` takes.

    All kinds give the same bits: on a GPU JAX has a kernel for them.
    """
    return _STRAIGHT if jax.default_backend() == "cpu" else _JAX_OWN
