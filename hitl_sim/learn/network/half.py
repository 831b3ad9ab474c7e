"""One dense layer's product with factors in bfloat16 and sums in float32.

What tensor units and some processors multiply at twice the rate or more. Weights, the
optimiser and everything between products stay in float32.

References:
    Kalamkar et al. (2019), A study of BFLOAT16 for deep learning training,
        arXiv:1905.12322, section 3: rounding of the factors of each product.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from hitl_sim.learn.network.affine import Rows, lay_out, multiply_known


def lay_out_half(x: Float[Array, "items features"]) -> Rows:
    """Round and transpose inputs before a loop that learns from them many times."""
    return lay_out(_half(x))


def half_affine(
    x: Float[Array, "items width"] | Rows,
    kernel: Float[Array, "width out"],
    bias: Float[Array, " out"],
) -> Float[Array, "items out"]:
    """Return `x @ kernel + bias`, factors rounded here and in the backward pass.

    Args:
        x: inputs, plain or laid out.
        kernel: weights.
        bias: of each output.
    """
    if isinstance(x, Rows):
        out: jax.Array = _known(x.x, x.transposed, kernel, bias)
        return out
    return _plain(x, kernel, bias)


def _half(x: jax.Array) -> jax.Array:
    return x.astype(jnp.bfloat16)


def _multiply(a: jax.Array, b: jax.Array) -> jax.Array:
    return jnp.matmul(_half(a), _half(b), preferred_element_type=jnp.float32)


@jax.custom_vjp
def _plain(x: jax.Array, kernel: jax.Array, bias: jax.Array) -> jax.Array:
    return _multiply(x, kernel) + bias[None]


def _plain_forward(
    x: jax.Array, kernel: jax.Array, bias: jax.Array
) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
    return _plain(x, kernel, bias), (_half(x), kernel)


def _plain_backward(
    kept: tuple[jax.Array, jax.Array], d: jax.Array
) -> tuple[jax.Array, jax.Array, jax.Array]:
    x, kernel = kept
    return _multiply(d, kernel.T), _multiply(d.T, x).T, d.sum(axis=0)


_plain.defvjp(_plain_forward, _plain_backward)


_known = multiply_known(_multiply, _half)
