import jax
import jax.numpy as jnp
import pytest

from hitl_sim.energy import count_operations

ROWS = jax.ShapeDtypeStruct((32, 64), jnp.float32)
ROWS_BYTES = 4 * 32 * 64


def test_a_chain_of_elementwise_operations_is_one_kernel():
    count = count_operations(lambda x: jnp.tanh(jnp.exp(x) * 2.0 + 1.0), ROWS)
    assert (count.num_kernels, count.bytes_moved) == (1, 2 * ROWS_BYTES)


def test_a_product_splits_a_chain():
    def layer(x, w):
        return jnp.tanh(jnp.exp(x) @ w)

    count = count_operations(layer, ROWS, jax.ShapeDtypeStruct((64, 64), jnp.float32))
    assert count.num_kernels == 3
    assert count.bytes_moved == 6 * ROWS_BYTES + 4 * 64 * 64


def test_a_reduction_ends_the_kernel_that_feeds_it():
    count = count_operations(lambda x: jnp.exp(x).sum(axis=1) * 2.0, ROWS)
    assert count.num_kernels == 2
    assert count.bytes_moved == ROWS_BYTES + 3 * 4 * 32


def test_a_skip_past_a_product_does_not_join_what_lies_before_and_after_it():
    def residual(x, w):
        h = jnp.exp(x)
        return h @ w + h

    count = count_operations(
        residual, ROWS, jax.ShapeDtypeStruct((64, 64), jnp.float32)
    )
    assert count.num_kernels == 3
    assert count.bytes_moved == 7 * ROWS_BYTES + 4 * 64 * 64


def test_unrelated_chains_are_kernels_of_their_own():
    count = count_operations(lambda x, y: (x + 1.0, y * 2.0), ROWS, ROWS)
    assert count.num_kernels == 2


def test_a_broadcast_bias_is_read_once_at_its_own_size():
    bias = jax.ShapeDtypeStruct((64,), jnp.float32)
    count = count_operations(lambda x, b: x + b[None, :], ROWS, bias)
    assert (count.num_kernels, count.bytes_moved) == (1, 2 * ROWS_BYTES + 4 * 64)


def test_a_broadcast_that_is_returned_is_written():
    count = count_operations(lambda: jnp.zeros((32, 64)))
    assert (count.num_kernels, count.bytes_moved) == (1, ROWS_BYTES)


def test_single_numbers_ride_along():
    count = count_operations(lambda x, t: x * (t + 1.0) ** 0.5, ROWS, 3.0)
    assert count.num_kernels == 1


def test_reshapes_are_free():
    count = count_operations(lambda x: x.reshape(-1), ROWS)
    assert (count.num_kernels, count.bytes_moved) == (0, 0)


def test_picking_rows_moves_the_rows_and_not_the_table():
    table = jax.ShapeDtypeStruct((10_000, 64), jnp.float32)
    rows = jax.ShapeDtypeStruct((32,), jnp.int32)
    count = count_operations(
        lambda t, i: t.at[i].get(mode="promise_in_bounds"), table, rows
    )
    assert count.bytes_moved < 3 * ROWS_BYTES


@pytest.mark.parametrize("batch", [8, 128])
def test_traffic_and_kernels_of_a_training_step_are_near_the_compiled_ones(batch):
    def step(params, x, y):
        def loss(params):
            hidden = jax.nn.relu(x @ params[0] + params[1][None, :])
            return jnp.mean((hidden @ params[2] - y) ** 2)

        grads = jax.grad(loss)(params)
        return jax.tree.map(lambda p, g: p - 0.1 * g, params, grads)

    params = (jnp.ones((64, 64)), jnp.ones(64), jnp.ones((64, 10)))
    args = (params, jnp.ones((batch, 64)), jnp.ones((batch, 10)))
    count = count_operations(step, *args)
    compiled = jax.jit(step).lower(*args).compile()
    xla_bytes = compiled.cost_analysis()["bytes accessed"]
    entry = compiled.as_text().partition("ENTRY")[2]
    xla_kernels = entry.count(" fusion(") + entry.count(" dot(")
    assert count.bytes_moved == pytest.approx(xla_bytes, rel=0.25)
    assert count.num_kernels == pytest.approx(xla_kernels, abs=4)
