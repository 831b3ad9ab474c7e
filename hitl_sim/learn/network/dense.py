"""Fully connected layers, and their products, laid out for a processor's cache.

Factors may be bfloat16 with sums in float32: what tensor units and some processors
multiply at twice the rate or more. Weights, the optimiser and everything between
products stay in float32.

References:
    Kalamkar et al. (2019), A study of BFLOAT16 for deep learning training,
        arXiv:1905.12322, section 3: rounding of the factors of each product.
"""

import itertools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float

Product = Callable[[Any, Any, Any], Any]
"""`(x [N, in], kernel [in, out], bias [out]) -> [N, out]`, in place of `affine`."""


class Rows(NamedTuple):
    """Inputs of many steps, with their transpose made once.

    Attributes:
        x: `[N, D]`.
        transposed: `[D, N]`, the same numbers.
    """

    x: Float[Array, "items features"]
    transposed: Float[Array, "features items"]


def lay_out(x: Float[Array, "items features"]) -> Rows:
    """Transpose inputs before a loop that learns from them again and again."""
    return Rows(x, _as_it_is(x.T))


def affine(
    x: Float[Array, "items width"] | Rows,
    kernel: Float[Array, "width out"],
    bias: Float[Array, " out"],
) -> Float[Array, "items out"]:
    """Return `x @ kernel + bias`; gradients are those of plain JAX but for rounding.

    XLA's CPU backend multiplies a large transposed left operand (`x.T @ d`, the
    gradient of the kernel) at a quarter of its usual speed. So the smaller factor is
    transposed instead, or the transpose is made beforehand. A step of 64-128-10 on 420
    items then takes 215 us of one core in place of 274.

    Args:
        x: inputs, plain or laid out.
        kernel: weights.
        bias: of each output.
    """
    if isinstance(x, Rows):
        out: jax.Array = _known(x.x, x.transposed, kernel, bias)
        return out
    if kernel.shape[0] > kernel.shape[1]:
        return _narrowing(x, kernel, bias)
    return x @ kernel + bias[None]


def _as_it_is(x: jax.Array) -> jax.Array:
    """Keep XLA from folding a transpose into the product that reads it."""
    kept: jax.Array = jax.lax.optimization_barrier(x)  # type: ignore[no-untyped-call]
    return kept


@jax.custom_vjp
def _narrowing(x: jax.Array, kernel: jax.Array, bias: jax.Array) -> jax.Array:
    return x @ kernel + bias[None]


_narrowing.defvjp(
    lambda x, kernel, bias: (x @ kernel + bias[None], (x, kernel)),
    lambda kept, d: (d @ kept[1].T, _as_it_is(d.T @ kept[0]).T, d.sum(axis=0)),
)


def multiply_known(
    multiply: Callable[[jax.Array, jax.Array], jax.Array],
    rounded: Callable[[jax.Array], jax.Array] = lambda slope: slope,
) -> Callable[[Any, Any, Any, Any], Any]:
    """Build the product of rows whose transpose was made beforehand.

    Args:
        multiply: two matrices.
        rounded: what the gradient of the rows is kept as.

    Returns:
        `(x [N, D], transposed [D, N], kernel [D, O], bias [O]) -> [N, O]`.
    """

    def plain(x: Any, transposed: Any, kernel: Any, bias: Any) -> Any:
        del transposed
        return multiply(x, kernel) + bias[None]

    def forward(x: Any, transposed: Any, kernel: Any, bias: Any) -> Any:
        return plain(x, transposed, kernel, bias), (transposed, kernel)

    def backward(kept: Any, d: Any) -> Any:
        transposed, kernel = kept
        slope, no_part = rounded(multiply(d, kernel.T)), jnp.zeros_like(transposed)
        return slope, no_part, multiply(transposed, d), d.sum(axis=0)

    known = jax.custom_vjp(plain)
    known.defvjp(forward, backward)
    return known


_known = multiply_known(lambda a, b: a @ b)


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
        out: jax.Array = _known_half(x.x, x.transposed, kernel, bias)
        return out
    return _plain_half(x, kernel, bias)


def _half(x: jax.Array) -> jax.Array:
    return x.astype(jnp.bfloat16)


def _multiply_half(a: jax.Array, b: jax.Array) -> jax.Array:
    return jnp.matmul(_half(a), _half(b), preferred_element_type=jnp.float32)


@jax.custom_vjp
def _plain_half(x: jax.Array, kernel: jax.Array, bias: jax.Array) -> jax.Array:
    return _multiply_half(x, kernel) + bias[None]


_plain_half.defvjp(
    lambda x, kernel, bias: (_plain_half(x, kernel, bias), (_half(x), kernel)),
    lambda kept, d: (
        _multiply_half(d, kept[1].T),
        _multiply_half(d.T, kept[0]).T,
        d.sum(axis=0),
    ),
)
_known_half = multiply_known(_multiply_half, _half)


Drop = Callable[[int, jax.Array], jax.Array]
"""`(number of the layer, what it reads) -> what is left of it`."""


class Dense(nnx.Module):
    """Fully connected layers with rectifiers between them.

    Weights start Glorot-uniform and biases at zero, as scikit-learn's `MLPClassifier`
    does for its weights.

    References:
        Glorot and Bengio (2010), Understanding the difficulty of training deep
        feedforward neural networks, equation 16.
    """

    def __init__(self, widths: tuple[int, ...], rngs: nnx.Rngs) -> None:
        """Draw the weights."""
        pairs = itertools.pairwise(widths)
        self.layers = nnx.List(
            [
                nnx.Linear(
                    num_in,
                    num_out,
                    kernel_init=nnx.initializers.glorot_uniform(),
                    rngs=rngs,
                )
                for num_in, num_out in pairs
            ]
        )

    def __call__(
        self,
        x: Float[Array, "batch features"] | Rows,
        product: Product | None = None,
        drop: Drop | None = None,
    ) -> jax.Array:
        """Return `[B, K]` logits."""
        hidden = self.embed(x, product, drop)
        return apply_linear(self.layers[-1], hidden, product or affine)

    def embed(
        self,
        x: Float[Array, "batch features"] | Rows,
        product: Product | None = None,
        drop: Drop | None = None,
    ) -> Any:
        """Return what the last layer reads; inputs where there is no other layer."""
        for number, layer in enumerate(self.layers[:-1]):
            x = nnx.relu(apply_linear(layer, x, product or affine))
            if drop is not None:
                x = drop(number + 1, x)
        return x


def apply_linear(layer: nnx.Linear, x: Any, product: Product | None) -> jax.Array:
    """Return `[N, out]` of one layer for `[N, in]` rows.

    Args:
        layer: with weights and bias.
        x: rows, laid out where the product takes them so.
        product: in place of the layer's own; None keeps that.
    """
    if layer.bias is None:
        raise TypeError("a layer must have a bias.")
    out: jax.Array = (
        layer(x) if product is None else product(x, layer.kernel[...], layer.bias[...])
    )
    return out
