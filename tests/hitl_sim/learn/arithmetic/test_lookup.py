import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scalar_arithmetic as scalar

from hitl_sim.learn.arithmetic import (
    MULTIPLIERS,
    approximate_product,
    int8_product,
    signed_table,
)


@pytest.mark.parametrize("name", MULTIPLIERS)
def test_approximate_product_equals_a_scalar_reference_to_the_bit(
    matrices, scales, name
):
    expected = scalar.matmul(*matrices, *scales, scalar.by_name(name))
    got = approximate_product(*map(jnp.asarray, matrices), name)
    assert np.array_equal(np.asarray(got), expected)


def test_every_pair_of_int8_operands_is_looked_up():
    table = signed_table("mitchell")
    for a in (-128, -77, -1, 0, 1, 100, 127):
        for b in (-128, -3, 0, 64, 127):
            sign = -1 if (a < 0) != (b < 0) else 1
            expected = sign * scalar.mitchell(abs(a), abs(b))
            assert int(table[a + 128, b + 128]) == expected


def test_an_exact_multiplier_gives_the_int8_product(matrices):
    x, kernel = map(jnp.asarray, matrices)
    got = approximate_product(x, kernel, "exact")
    assert np.array_equal(got, int8_product(x, kernel))


def test_mapped_and_single_products_are_the_same(matrices):
    x, kernel = map(jnp.asarray, matrices)
    kernels = jnp.stack([kernel, -2.0 * kernel])
    mapped = jax.vmap(lambda k: approximate_product(x, k, "drum4"))(kernels)
    single = jnp.stack([approximate_product(x, k, "drum4") for k in kernels])
    assert np.array_equal(mapped, single)
