import jax
import jax.numpy as jnp
import pytest

from hitl_sim.energy import count_operations

MATRIX = jax.ShapeDtypeStruct((64, 64), jnp.float32)
MATMUL_FLOPS = 2 * 64**3


def ten_matmuls(x):
    return jax.lax.scan(lambda h, _: (h @ x, None), x, None, length=10)[0]


def xla_flops(fn, *args):
    return jax.jit(fn).lower(*args).compile().cost_analysis()["flops"]


def test_a_dense_product_is_two_operations_per_multiply_add():
    count = count_operations(
        lambda x, w: x @ w,
        jax.ShapeDtypeStruct((5, 7), jnp.float32),
        jax.ShapeDtypeStruct((7, 3), jnp.float32),
    )
    assert count.flops == {"float32": 2 * 5 * 7 * 3}
    assert count.bytes_moved == 4 * (5 * 7 + 7 * 3 + 5 * 3)
    assert count.num_kernels == 1


def test_a_scan_counts_as_often_as_it_runs_where_xla_counts_once():
    count = count_operations(ten_matmuls, MATRIX)
    assert count.total_flops == 10 * MATMUL_FLOPS
    assert count.num_kernels == 10
    assert xla_flops(ten_matmuls, MATRIX) == pytest.approx(MATMUL_FLOPS, rel=0.01)


def test_scans_inside_scans_multiply():
    def nested(x):
        return jax.lax.scan(lambda h, _: (ten_matmuls(h), None), x, None, length=3)[0]

    assert count_operations(nested, MATRIX).total_flops == 30 * MATMUL_FLOPS


def test_a_loop_of_fixed_length_counts_like_a_scan():
    def loop(x):
        return jax.lax.fori_loop(0, 7, lambda _, h: h @ x, x)

    count = count_operations(loop, MATRIX)
    assert not count.notes
    assert count.flops["float32"] == 7 * MATMUL_FLOPS


def test_a_while_loop_counts_once_with_a_note():
    def loop(x):
        return jax.lax.while_loop(lambda h: h.sum() < 9.0, lambda h: h @ x, x)

    once = count_operations(loop, MATRIX)
    assert "unknown length" in once.notes[0]
    assert MATMUL_FLOPS < once.total_flops < 1.1 * MATMUL_FLOPS


def test_a_branch_counts_its_dearest_side():
    def branch(flag, x):
        return jax.lax.cond(flag, lambda x: x @ x, lambda x: x + 1.0, x)

    count = count_operations(branch, True, MATRIX)
    assert count.flops == {"float32": MATMUL_FLOPS}


def test_inner_calls_and_custom_derivatives_are_walked():
    @jax.jit
    def inner(x):
        return jax.checkpoint(lambda h: h @ h)(x)

    assert count_operations(inner, MATRIX).total_flops == MATMUL_FLOPS
    relu = count_operations(jax.nn.relu, MATRIX)
    assert relu.flops == {"float32": 64 * 64}


def test_work_that_nobody_uses_is_not_counted():
    def wasteful(x):
        _ = x @ x
        return x + 1.0

    assert count_operations(wasteful, MATRIX).flops == {"float32": 64 * 64}


def test_gradient_of_a_linear_network_has_the_closed_form():
    num_b, num_d, num_h, num_k = 32, 20, 30, 5

    def loss(params, x):
        return ((x @ params[0]) @ params[1]).sum()

    params = (jnp.ones((num_d, num_h)), jnp.ones((num_h, num_k)))
    count = count_operations(jax.grad(loss), params, jnp.ones((num_b, num_d)))
    forward = 2 * num_b * num_d * num_h
    backward = 2 * num_b * (num_h * num_k + num_h * num_k + num_d * num_h)
    assert count.flops == {"float32": forward + backward}


def test_gradient_of_an_mlp_is_its_products_and_little_else():
    num_b, num_d, num_h, num_k = 32, 64, 64, 10

    def loss(params, x, y):
        hidden = jax.nn.relu(x @ params[0] + params[1][None, :])
        logits = hidden @ params[2] + params[3][None, :]
        one_hot = jax.nn.one_hot(y, num_k)
        return -(jax.nn.log_softmax(logits) * one_hot).sum(axis=-1).mean()

    params = tuple(
        jnp.ones(shape) for shape in ((num_d, num_h), num_h, (num_h, num_k), num_k)
    )
    args = (params, jnp.ones((num_b, num_d)), jnp.zeros(num_b, jnp.int32))
    count = count_operations(jax.grad(loss), *args).flops["float32"]
    products = 2 * num_b * (2 * num_d * num_h + 3 * num_h * num_k)
    assert products < count < 1.05 * products
    assert count == pytest.approx(xla_flops(jax.grad(loss), *args), rel=0.03)


def test_types_are_kept_apart():
    count = count_operations(
        lambda x, y: (x @ x, y @ y), MATRIX, jax.ShapeDtypeStruct((8, 8), jnp.bfloat16)
    )
    assert count.flops == {"float32": MATMUL_FLOPS, "bfloat16": 2 * 8**3}


def test_batched_products_count_every_batch():
    batch = jax.ShapeDtypeStruct((6, 8, 8), jnp.float32)
    count = count_operations(jax.vmap(jnp.matmul), batch, batch)
    assert count.total_flops == 6 * 2 * 8**3


def test_attention_has_the_closed_form():
    num_t, num_d = 16, 8
    head = jax.ShapeDtypeStruct((num_t, num_d), jnp.float32)

    def attend(query, key, value):
        return (query @ key.T) @ value

    count = count_operations(attend, head, head, head)
    assert count.total_flops == 2 * 2 * num_t * num_t * num_d


def test_an_unknown_primitive_is_counted_per_result_and_noted():
    count = count_operations(jnp.linalg.eigh, MATRIX)
    assert any("eigh" in note for note in count.notes)
