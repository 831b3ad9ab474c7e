"""Elementary functions as cheap as draws allow: no special cases, few operations.

The library's logarithm looks after zeros, infinities and denormal numbers and its sine
reduces any argument; a draw has none of these, and makes several of both per option.
Both polynomials interpolate at Chebyshev's nodes.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float

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
