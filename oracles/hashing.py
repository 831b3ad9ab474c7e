"""Counter-based draws: a pure hash of ids, so that no draw depends on a position.

The mixer is pcg4d of Jarzynski and Olano: four 32-bit words in, four well mixed words
out, 12 multiplications. Ids are added to a secret offset, itself the hash of the key,
the option space and the role of the draw, and mixed twice: one pass leaves the lower
bits of the output dependent on few input bits.

Elementary functions are as cheap as draws allow: the library's logarithm looks after
zeros, infinities and denormal numbers and its sine reduces any argument; a draw has
none of these, and makes several of both per option. Both polynomials interpolate at
Chebyshev's nodes.

References:
    Jarzynski, Olano (2020), Hash functions for GPU rendering, Journal of Computer
    Graphics Techniques 9(3), 20-38, listing of pcg4d.
    Salmon et al. (2011), Parallel random numbers: as easy as 1, 2, 3, SC'11: the idea
    of counter-based generators.
"""

import math
from enum import IntEnum
from typing import TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Float, PRNGKeyArray, UInt32

_TINY = float(np.finfo(np.float32).tiny)
_LOG_2 = 0.6931471805599453

# log(1 + f) / f in powers of f, for 1 + f between the roots of 1/2 and 2.
_LOG = (
    0.99999994,
    -0.50000363,
    0.33335114,
    -0.24970072,
    0.19898565,
    -0.17247013,
    0.1623419,
    -0.10134057,
)
_ROOT_HALF_BITS = 0x3F3504F3

# sin(pi x) / (pi x (1 - x)) in powers of x (1 - x).
_SINC = (1.0, 0.99999978, 0.35507298, 0.065119134, 0.0076927498)


@jax.custom_jvp
def log(x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """Return log x, relative error below 4e-7; arguments under 1.2e-38 are raised."""
    bits = jax.lax.bitcast_convert_type(jnp.maximum(x, _TINY), jnp.int32)
    exponent = (bits - _ROOT_HALF_BITS) >> 23
    scaled = jax.lax.bitcast_convert_type(bits - (exponent << 23), jnp.float32)
    f = scaled - 1.0
    return exponent.astype(jnp.float32) * _LOG_2 + f * _polynomial(_LOG, f)


@log.defjvp
def _log_jvp(primals: tuple[Array], tangents: tuple[Array]) -> tuple[Array, Array]:
    """Differentiate by the rule; the bits of a number have no slope."""
    (x,), (slope,) = primals, tangents
    return log(x), jnp.where(x > _TINY, slope / jnp.maximum(x, _TINY), 0.0)


def sinc(x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """Return sin(pi x) / (pi x) for x in [0, 1], relative error below 4e-7.

    It is 0 at x = 1 only.
    """
    rest = 1.0 - x
    return rest * _polynomial(_SINC, x * rest)


def _polynomial(coefficients: tuple[float, ...], x: Array) -> Array:
    total = jnp.full_like(x, coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        total = total * x + coefficient
    return total


Words: TypeAlias = tuple[Array, Array, Array, Array]


class Role(IntEnum):
    """What a draw is for; draws of different roles are independent."""

    SHARED = 1
    OWN = 2
    FRESH = 3
    TRIAL = 4
    PAUSE = 5
    PERSON = 6
    START = 7
    EVIDENCE = 8
    DIFFICULTY = 9
    CONFIDENCE = 10


def mix_words(x: Array, y: Array, z: Array, w: Array) -> Words:
    """Mix four uint32 words (any equal or scalar shapes) into four: pcg4d."""
    multiplier, increment = jnp.uint32(1664525), jnp.uint32(1013904223)
    x, y, z, w = (v * multiplier + increment for v in (x, y, z, w))
    x = x + y * w
    y = y + z * x
    z = z + x * y
    w = w + y * z
    x, y, z, w = (v ^ (v >> jnp.uint32(16)) for v in (x, y, z, w))
    x = x + y * w
    y = y + z * x
    z = z + x * y
    w = w + y * z
    return x, y, z, w


def seed_streams(key: PRNGKeyArray, space: int, *roles: Role) -> list[Words]:
    """Hash a key, an option space and each role into the offset of a stream of draws.

    Several roles at once are quicker to compile.
    """
    data = jax.random.key_data(key)
    words = [data[i] if i < data.shape[0] else jnp.uint32(0) for i in range(4)]
    x, y, z, w = mix_words(*words)
    role = jnp.asarray(roles, jnp.uint32)
    mixed = jnp.stack(mix_words(x, y, z ^ jnp.uint32(space), w ^ role))
    return [
        (mixed[0, i], mixed[1, i], mixed[2, i], mixed[3, i]) for i in range(len(roles))
    ]


def draw_words(
    stream: Words,
    item: ArrayLike,
    option: ArrayLike,
    annotator: ArrayLike,
    occasion: ArrayLike,
) -> Words:
    """Draw four words that depend on the stream and these four ids only.

    Ids are integer arrays, broadcast against each other; the stream is from
    `seed_streams`.
    """
    ids = (
        jnp.asarray(v).astype(jnp.uint32) for v in (item, option, annotator, occasion)
    )
    x, y, z, w = (v + offset for v, offset in zip(ids, stream, strict=True))
    return mix_words(*mix_words(x, y, z, w))


def to_uniform(word: UInt32[Array, "*shape"]) -> Float[Array, "*shape"]:
    """Map words to float32 strictly inside (0, 1), symmetric about 1/2.

    The upper 23 bits are used, so that neither end rounds in: (n + 1/2) / 2**23.
    """
    whole: Array = (word >> jnp.uint32(9)).astype(jnp.float32)
    return (whole + 0.5) * 2.0**-23


def pick_word(words: Words, which: ArrayLike) -> Array:
    """Pick one of four words.

    The two lowest bits of `which` count.
    """
    place = jnp.asarray(which).astype(jnp.uint32)
    low, high = ((place & jnp.uint32(bit)) == 0 for bit in (1, 2))
    return jnp.where(
        high, jnp.where(low, words[0], words[1]), jnp.where(low, words[2], words[3])
    )


def to_exponential(word: UInt32[Array, "*shape"]) -> Float[Array, "*shape"]:
    """Map words to standard exponentials in [6e-8, 17]."""
    return -log(to_uniform(word))


def to_normal(word: UInt32[Array, "*shape"]) -> Float[Array, "*shape"]:
    """Map words to standard normals, |z| <= 5.3, by the inverse of their distribution.

    Args:
        word: uint32 words.

    Returns:
        Standard normals.
    """
    return math.sqrt(2.0) * jax.lax.erf_inv(2.0 * to_uniform(word) - 1.0)
