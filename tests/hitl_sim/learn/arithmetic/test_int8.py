import importlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scalar_arithmetic as scalar

from hitl_sim.learn.arithmetic import (
    MissingQwixError,
    fake_quantise,
    int8_product,
    quantise_kernel,
    quantise_rows,
    runs_in_int8,
    simulated_product,
)
from hitl_sim.learn.arithmetic.int8 import apply_int8
from hitl_sim.learn.arithmetic.quantise import load_qwix


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
    for granularity, is_same in (("channel", True), ("tensor", False)):
        alone = int8_product(x[4:5], kernel, granularity)[0]
        among = int8_product(x, kernel, granularity)[4]
        assert np.allclose(alone, among, rtol=1e-6) == is_same


def test_weights_kept_as_int8_give_the_same_product(matrices):
    x, kernel = map(jnp.asarray, matrices)
    kept = apply_int8(x, quantise_kernel(kernel))
    assert np.array_equal(kept, int8_product(x, kernel))


def test_one_scale_per_column_errs_less_than_one_for_all():
    rng = np.random.default_rng(3)
    x = jnp.asarray(rng.normal(size=(64, 32)), jnp.float32)
    sizes = 10.0 ** np.linspace(-2, 1, 8)
    kernel = jnp.asarray(rng.normal(size=(32, 8)) * sizes, jnp.float32)

    def error(granularity):
        gap = int8_product(x, kernel, granularity) - x @ kernel
        return (jnp.abs(gap).mean(0) / jnp.abs(x @ kernel).mean(0)).max()

    assert float(error("channel")) < 0.02 < 0.2 < float(error("tensor"))


def test_rounding_moves_no_number_by_more_than_half_a_step():
    x = jnp.asarray(np.random.default_rng(0).normal(size=(50, 40)), jnp.float32)
    step = jnp.abs(x).max(axis=1, keepdims=True) / 127
    moved = jnp.abs(fake_quantise(x, axis=0) - x)
    assert bool((moved <= 0.5 * step + 1e-6).all())
    assert float(moved.max()) > 0.0


def test_fake_quantised_numbers_take_gradients_straight_through():
    x = jnp.asarray([[0.3, -1.7, 0.0]], jnp.float32)
    gradient = jax.grad(lambda x: (fake_quantise(x) * jnp.arange(3.0)[None]).sum())(x)
    np.testing.assert_array_equal(gradient, [[0.0, 1.0, 2.0]])


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
