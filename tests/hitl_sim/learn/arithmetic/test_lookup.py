import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scalar_arithmetic as scalar

from hitl_sim.learn.arithmetic import (
    fit_error_model,
    int8_product,
    lookup_product,
    multiplier_names,
)
from hitl_sim.learn.arithmetic.error_model import modelled_product
from hitl_sim.learn.arithmetic.lookup import approximate_product
from hitl_sim.learn.arithmetic.table import signed_table


@pytest.mark.parametrize("name", multiplier_names())
def test_approximate_product_equals_a_scalar_reference_to_the_bit(
    matrices, scales, name
):
    expected = scalar.matmul(*matrices, *scales, scalar.by_name(name))
    got = approximate_product(*map(jnp.asarray, matrices), name)
    assert np.array_equal(np.asarray(got), expected)


def test_every_pair_of_int8_operands_is_looked_up():
    value = jnp.arange(-128, 128, dtype=jnp.int8)
    got = lookup_product(value[:, None], value[None, :], "mitchell")
    for a in (-128, -77, -1, 0, 1, 100, 127):
        for b in (-128, -3, 0, 64, 127):
            sign = -1 if (a < 0) != (b < 0) else 1
            expected = sign * scalar.mitchell(abs(a), abs(b))
            assert int(got[a + 128, b + 128]) == expected
    assert np.array_equal(np.asarray(got), signed_table("mitchell"))


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


def test_the_error_model_of_full_rank_is_the_multiplier(matrices):
    x, kernel = map(jnp.asarray, matrices)
    model = fit_error_model("mitchell", 256)
    exact = approximate_product(x, kernel, "mitchell")
    size = np.abs(np.asarray(exact)).max(axis=1, keepdims=True)
    gap = np.abs(modelled_product(x, kernel, model) - exact)
    assert model.unexplained_frac < 1e-6
    assert (gap < 1e-4 * size).all()


def test_a_truncated_multiplier_needs_one_term_per_column():
    assert fit_error_model("truncated6", 6).unexplained_frac < 1e-7
    assert fit_error_model("truncated6", 5).unexplained_frac > 1e-3


def test_drum_needs_two_terms():
    # its product is one of two numbers, one made of each operand
    assert fit_error_model("drum4", 2).unexplained_frac < 1e-6


def test_the_error_model_says_what_it_leaves_out():
    model = fit_error_model("mitchell", 3)
    value = np.arange(-128, 128)
    error = signed_table("mitchell") - value[:, None] * value[None]
    rest = error - model.left @ model.right.T
    left_out = np.sqrt(np.mean(rest**2) / np.mean(error.astype(float) ** 2))
    assert model.unexplained_frac == pytest.approx(left_out, rel=1e-3)
    assert 0.0 < model.unexplained_frac < 1.0


def test_the_error_model_is_nearer_to_the_multiplier_than_no_model(matrices):
    x, kernel = map(jnp.asarray, matrices)
    truth = approximate_product(x, kernel, "mitchell")
    modelled = modelled_product(x, kernel, fit_error_model("mitchell", 4))
    rows = np.abs(np.asarray(truth)).max(axis=1, keepdims=True)

    def distance(other):
        return float((np.abs(other - truth) / rows).mean())

    assert distance(modelled) < 0.25 * distance(int8_product(x, kernel))


@pytest.mark.parametrize("rank", [0, 257])
def test_a_rank_that_no_table_has_is_refused(rank):
    with pytest.raises(ValueError, match=f"`rank` must be >= 1 and <= 256, got {rank}"):
        fit_error_model("mitchell", rank)
