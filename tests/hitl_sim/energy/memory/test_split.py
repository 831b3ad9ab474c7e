import jax
import jax.numpy as jnp
import pytest

from hitl_sim.energy import Kind, Scope, count_operations
from hitl_sim.energy.memory import (
    Extent,
    Product,
    load_technology,
    products_in,
    split_energy,
)
from hitl_sim.energy.memory.reuse import count_bytes
from hitl_sim.energy.memory.split import fit_tilings, num_multiply_adds


def shape(*sizes, dtype=jnp.float32):
    return jax.ShapeDtypeStruct(sizes, dtype)


def count_products(fn, *args):
    return products_in(jax.make_jaxpr(fn)(*args))


def split(fn, *args, technology="cmos-45nm"):
    return split_energy(
        count_operations(fn, *args),
        count_products(fn, *args),
        load_technology(technology),
    )


def test_products_are_found_with_their_sizes_in_scans_and_batches():
    def program(x, w, many):
        def body(carry, _):
            return jnp.tanh(carry @ w), None

        looped, _ = jax.lax.scan(body, x, None, 7)
        return looped, jnp.einsum("bij,bjk->bik", many, many)

    found = count_products(program, shape(5, 6), shape(6, 6), shape(3, 4, 4))
    assert found == {Product(Extent(5, 6, 6)): 7, Product(Extent(4, 4, 4)): 3}


def test_multiply_adds_agree_with_the_operation_count():
    def program(x, w):
        return jax.grad(lambda w: (jnp.tanh(x @ w) ** 2).sum())(w)

    args = shape(9, 11), shape(11, 4)
    dots = num_multiply_adds(count_products(program, *args))
    assert dots == 2 * 9 * 11 * 4
    assert 2 * dots < count_operations(program, *args).total_flops < 2.5 * dots


def test_a_branch_counts_as_its_dearest_side_and_a_while_of_products_is_refused():
    w = shape(8, 8)

    def branching(flag, w):
        return jax.lax.cond(flag, lambda w: w @ w @ w, lambda w: w @ w, w)

    found = count_products(branching, shape(dtype=jnp.bool_), w)
    assert found == {Product(Extent(8, 8, 8)): 2}

    def looping(w):
        return jax.lax.while_loop(lambda w: w.sum() < 9, lambda w: w @ w, w)

    with pytest.raises(ValueError, match="`jaxpr` must hold no products in a `while`"):
        count_products(looping, w)


def test_a_product_alone_costs_its_multiplications_additions_and_bytes():
    energy = split(jnp.matmul, shape(32, 64), shape(64, 16))
    number = 32 * 64 * 16
    assert energy.num_operations == {"float32 multiply": number, "float32 add": number}
    assert energy.compute.value == pytest.approx(number * (3.7 + 0.9) * 1e-12)
    product = Product(Extent(32, 16, 64))
    technology = load_technology("cmos-45nm")
    moved = count_bytes(product, fit_tilings(product, technology))
    assert energy.num_bytes == moved
    assert energy.levels["dram"].value == pytest.approx(moved["dram"] * 160e-12)
    assert energy.whole.value == pytest.approx(
        energy.compute.value + energy.memory.value
    )
    assert energy.whole.scope is Scope.CHIP


def test_elementwise_work_streams_through_every_level():
    energy = split(lambda x: jnp.tanh(x) + 1.0, shape(1000))
    assert energy.num_bytes == dict.fromkeys(("register", "l1", "l2", "dram"), 8000.0)
    assert energy.num_operations == {"float32 add": 2000.0}


def test_int8_products_multiply_in_int8_and_sum_in_int32():
    def product(a, b):
        dims = (((1,), (0,)), ((), ()))
        return jax.lax.dot_general(a, b, dims, preferred_element_type=jnp.int32)

    args = shape(64, 64, dtype=jnp.int8), shape(64, 64, dtype=jnp.int8)
    energy = split(product, *args)
    assert set(energy.num_operations) == {"int8 multiply", "int32 add"}
    floats = split(jnp.matmul, shape(64, 64), shape(64, 64))
    ratio = floats.compute.value / energy.compute.value
    assert ratio == pytest.approx((3.7 + 0.9) / (0.2 + 0.1))
    # operands shrink to a quarter, sums do not
    assert floats.num_bytes["dram"] / energy.num_bytes["dram"] == pytest.approx(2.0)


def test_memory_outweighs_arithmetic_alone_and_yields_to_it_in_a_batch():
    def shares(batch):
        energy = split(jnp.matmul, shape(batch, 512), shape(512, 512))
        return energy.memory.value / energy.compute.value

    assert shares(1) > 50
    assert shares(256) < 3


def test_a_type_without_a_known_energy_makes_the_sum_a_lower_bound():
    args = shape(8, 8, dtype=jnp.bfloat16), shape(8, 8, dtype=jnp.bfloat16)
    energy = split(jnp.matmul, *args)
    assert energy.compute.kind is Kind.UNAVAILABLE
    assert energy.whole.is_partial
    assert str(energy.whole).startswith("≥")
