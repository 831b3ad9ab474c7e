"""Products whose gradients are those of the plain product."""

from collections.abc import Callable

import jax

MatrixProduct = Callable[[jax.Array, jax.Array], jax.Array]
"""`([N, D], [D, O]) -> [N, O]`."""


def straight_through(product: MatrixProduct) -> MatrixProduct:
    """Give a rounded or approximate product the gradients of `x @ kernel`.

    Rounding has gradient 0 almost everywhere. So backwards it is left out: with d the
    gradient of the output, that of x is d @ kernel.T and that of the kernel x.T @ d, at
    the numbers before rounding.

    References:
        Bengio, Léonard and Courville (2013), Estimating or propagating gradients
        through stochastic neurons, section 4.
    """

    @jax.custom_vjp
    def apply(x: jax.Array, kernel: jax.Array) -> jax.Array:
        return product(x, kernel)

    def forward(
        x: jax.Array, kernel: jax.Array
    ) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
        return product(x, kernel), (x, kernel)

    def backward(
        kept: tuple[jax.Array, jax.Array], d: jax.Array
    ) -> tuple[jax.Array, jax.Array]:
        x, kernel = kept
        return d @ kernel.T, x.T @ d

    apply.defvjp(forward, backward)
    return apply
