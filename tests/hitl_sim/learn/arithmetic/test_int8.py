import importlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scalar_arithmetic as scalar

from hitl_sim.learn.arithmetic import (
    MissingQwixError,
    apply_int8,
    int8_product,
    load_qwix,
    quantise_kernel,
    quantise_rows,
    runs_in_int8,
    simulated_product,
)


def test_int8_product_equals_a_scalar_reference_to_the_bit(matrices, scales):
    expected = scalar.matmul(*matrices, *scales, scalar.exact)
    got = int8_product(*map(jnp.asarray, matrices))
    assert np.array_equal(np.asarray(got), expected)


def test_a_compiled_product_differs_by_the_rounding_of_its_scales_only(matrices):
    x, kernel = map(jnp.asarray, matrices)
    plain, compiled = int8_product(x, kernel), jax.jit(int8_product)(x, kernel)
    np.testing.assert_allclose(compiled, plain, rtol=1e-6)


@pytest.mark.parametrize("wrap", [lambda f: f, jax.jit], ids=["plain", "jit"])
def test_quantised_numbers_equal_the_scalar_reference(matrices, wrap):
    rows = wrap(quantise_rows)(jnp.asarray(matrices[0]))
    for row, got, scale in zip(matrices[0], rows.qvalue, rows.scale, strict=True):
        assert float(scale[0]) == pytest.approx(np.abs(row).max() / 127, rel=3e-7)
        assert got.tolist() == scalar.quantise(row, np.float32(scale[0]))
    assert rows.qvalue.dtype == jnp.int8


def test_the_largest_number_of_every_row_becomes_127():
    x = jnp.asarray(np.random.default_rng(1).normal(size=(500, 8)), jnp.float32)
    for wrap in (lambda f: f, jax.jit):
        size = jnp.abs(wrap(quantise_rows)(x).qvalue.astype(jnp.int32))
        assert bool((size.max(axis=1) == 127).all())


def test_the_product_multiplies_int8_and_sums_in_int32(matrices):
    jaxpr = jax.make_jaxpr(int8_product)(*map(jnp.asarray, matrices))
    (dot,) = [e for e in jaxpr.eqns if e.primitive.name == "dot_general"]
    assert [str(v.aval.dtype) for v in dot.invars] == ["int8", "int8"]
    assert str(dot.outvars[0].aval.dtype) == "int32"


def test_simulated_product_has_the_bits_of_the_int8_product(matrices):
    x, kernel = map(jnp.asarray, matrices)
    same = int8_product(x, kernel) == simulated_product(x, kernel)
    assert bool(same.all())


def test_an_item_becomes_the_same_whatever_its_batch(matrices):
    x, kernel = map(jnp.asarray, matrices)
    alone, among = int8_product(x[4:5], kernel)[0], int8_product(x, kernel)[4]
    np.testing.assert_allclose(alone, among, rtol=1e-6)


def test_weights_kept_as_int8_give_the_same_product(matrices):
    x, kernel = map(jnp.asarray, matrices)
    kept = apply_int8(x, quantise_kernel(kernel))
    assert np.array_equal(kept, int8_product(x, kernel))


def test_columns_of_unlike_sizes_err_alike():
    rng = np.random.default_rng(3)
    x = jnp.asarray(rng.normal(size=(64, 32)), jnp.float32)
    sizes = 10.0 ** np.linspace(-2, 1, 8)
    kernel = jnp.asarray(rng.normal(size=(32, 8)) * sizes, jnp.float32)

    gap = int8_product(x, kernel) - x @ kernel
    error = jnp.abs(gap).mean(0) / jnp.abs(x @ kernel).mean(0)
    assert float(error.max()) < 0.02


def test_rounding_moves_no_number_by_more_than_half_a_step():
    x = jnp.asarray(np.random.default_rng(0).normal(size=(50, 40)), jnp.float32)
    step = jnp.abs(x).max(axis=1, keepdims=True) / 127
    rows = quantise_rows(x)
    moved = jnp.abs(rows.qvalue * rows.scale - x)
    assert bool((moved <= 0.5 * step + 1e-6).all())
    assert float(moved.max()) > 0.0


def test_whether_int8_runs_is_read_from_the_compiled_program(monkeypatch):
    runs_in_int8.cache_clear()
    real = jax.jit

    def widening(function):
        del function
        return real(lambda a, b: a.astype(jnp.int32) @ b.astype(jnp.int32))

    monkeypatch.setattr(jax, "jit", widening)
    assert runs_in_int8() is False
    runs_in_int8.cache_clear()


def test_without_qwix_the_error_says_how_to_get_it(monkeypatch):
    def missing(name):
        raise ImportError(name)

    load_qwix.cache_clear()
    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(MissingQwixError, match=r"pip install 'hitl-sim\[int8\]'"):
        load_qwix()
    load_qwix.cache_clear()
