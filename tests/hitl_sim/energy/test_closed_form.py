"""Dense, convolution and attention layers and their gradients in loops, exactly.

Products are counted apart from elementwise work by their closed forms: the whole count
must be the products plus an elementwise part that the test writes out, or that is shown
to be free of products by its size.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hitl_sim.energy import count_operations
from hitl_sim.energy.flatten import flatten, open_jaxpr
from hitl_sim.energy.flop import count_flops

F32 = jnp.float32
PRODUCTS = {"dot_general", "conv_general_dilated"}


def shape(*sizes, dtype=F32):
    return jax.ShapeDtypeStruct(sizes, dtype)


def product_flops(fn, *args):
    """Add the operations of products alone, times the lengths of their scans."""

    def add(jaxpr, times):
        flops = 0.0
        for equation in flatten(jaxpr).equations:
            if equation.name == "scan":
                inner = open_jaxpr(equation.params["jaxpr"])
                flops += add(inner, times * equation.params["length"])
            elif equation.name in PRODUCTS:
                flops += times * count_flops(equation)[1]
        return flops

    return add(jax.make_jaxpr(fn)(*args), 1)


def xla_flops(fn, *args):
    return jax.jit(fn).lower(*args).compile().cost_analysis()["flops"]


def repeated(step, length):
    """Run a step on its own result, `length` times."""

    def loop(carry, *rest):
        return jax.lax.scan(
            lambda state, _: (step(state, *rest), None), carry, None, length
        )[0]

    return loop


# --- dense -------------------------------------------------------------------------

NUM_B, NUM_D, NUM_H = 7, 20, 20


def dense_step(weights, x):
    """One gradient step of a linear layer: its products and 2 operations per weight."""
    grads = jax.grad(lambda w: jnp.sum(x @ w))(weights)
    return weights - 0.1 * grads


def test_a_dense_gradient_in_a_scan_is_exact():
    args = (shape(NUM_D, NUM_H), shape(NUM_B, NUM_D))
    count = count_operations(repeated(dense_step, 13), *args)
    product = 2 * NUM_B * NUM_D * NUM_H  # the forward product is dead: a sum's gradient
    assert count.flops == {"float32": 13 * (product + 2 * NUM_D * NUM_H)}
    assert not count.notes
    assert xla_flops(repeated(dense_step, 13), *args) < count.total_flops / 10


# --- convolution -------------------------------------------------------------------

BATCH, SIDE, IN, OUT, K = 3, 9, 4, 6, 3


def convolve(x, kernel, stride=1, padding="SAME", groups=1):
    return jax.lax.conv_general_dilated(
        x,
        kernel,
        (stride, stride),
        padding,
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
        feature_group_count=groups,
    )


def taps(side, size, stride, padding):
    """Pairs of a result and a weight inside the image along one axis, by trying all."""
    num_out = -(-side // stride) if padding == "SAME" else (side - size) // stride + 1
    low = 0
    if padding == "SAME":
        low = max((num_out - 1) * stride + size - side, 0) // 2
    return sum(
        0 <= out * stride + tap - low < side
        for out in range(num_out)
        for tap in range(size)
    )


@pytest.mark.parametrize("padding", ["SAME", "VALID"])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("groups", [1, 2])
def test_a_convolution_and_its_gradients_meet_the_same_pairs(stride, padding, groups):
    """Forward, by the image and by the kernel: each pair of weight and element once."""
    args = (shape(BATCH, SIDE, SIDE, IN), shape(K, K, IN // groups, OUT))

    def forward(x, kernel):
        return convolve(x, kernel, stride, padding, groups)

    pairs = taps(SIDE, K, stride, padding) ** 2 * BATCH * (IN // groups) * OUT
    assert product_flops(forward, *args) == 2 * pairs

    def loss(x, kernel):
        return jnp.sum(forward(x, kernel) ** 2)

    assert product_flops(jax.grad(loss, argnums=1), *args) == 2 * 2 * pairs
    assert product_flops(jax.grad(loss, argnums=(0, 1)), *args) == 3 * 2 * pairs


def test_a_convolution_step_in_a_scan_is_exact():
    def step(kernel, x):
        grads = jax.grad(lambda k: jnp.sum(convolve(x, k) ** 2))(kernel)
        return kernel - 0.1 * grads

    args = (shape(K, K, IN, OUT), shape(BATCH, SIDE, SIDE, IN))
    count = count_operations(repeated(step, 11), *args)
    pairs = taps(SIDE, K, 1, "SAME") ** 2 * BATCH * IN * OUT
    results, weights = BATCH * SIDE * SIDE * OUT, K * K * IN * OUT
    # beside both products: 2 y times the cotangent 1 (two per result), and the update
    assert count.flops["float32"] == 11 * (2 * 2 * pairs + 2 * results + 2 * weights)


def test_a_convolution_agrees_with_xla_outside_loops():
    args = (shape(BATCH, SIDE, SIDE, IN), shape(K, K, IN, OUT))
    for padding in ("SAME", "VALID"):

        def forward(x, kernel, padding=padding):
            return convolve(x, kernel, padding=padding)

        ours = count_operations(forward, *args).total_flops
        assert ours == pytest.approx(xla_flops(forward, *args), rel=1e-6)


# --- attention ---------------------------------------------------------------------

B, T, S, N, H = 2, 12, 12, 3, 8


def attend_by_hand(query, key, value):
    scores = jnp.einsum("btnh,bsnh->bnts", query, key) / np.sqrt(H)
    return jnp.einsum("bnts,bsnh->btnh", jax.nn.softmax(scores, axis=-1), value)


def attend_by_library(query, key, value):
    return jax.nn.dot_product_attention(query, key, value)


ATTENTION = pytest.mark.parametrize("attend", [attend_by_hand, attend_by_library])
HEADS = (shape(B, T, N, H), shape(B, S, N, H), shape(B, S, N, H))


@ATTENTION
def test_attention_is_two_products_and_its_gradient_four_more(attend):
    product = 2 * B * N * T * S * H
    assert product_flops(attend, *HEADS) == 2 * product
    grads = jax.grad(lambda *heads: jnp.sum(attend(*heads) ** 2), argnums=(0, 1, 2))
    assert product_flops(grads, *HEADS) == 6 * product


def test_attention_by_hand_is_counted_to_the_last_operation():
    scores = B * N * T * S
    rows = B * N * T
    # scale, subtract the maximum, exponential and divide: 4 per score; the maximum and
    # the sum fold S scores into one per row; jax also keeps the maximum above -inf
    softmax = 4 * scores + 2 * (scores - rows)
    count = count_operations(attend_by_hand, *HEADS)
    extra = count.total_flops - 2 * 2 * scores * H - softmax
    assert 0 <= extra <= 2 * rows


@ATTENTION
def test_attention_in_a_scan_counts_as_often_as_it_runs(attend):
    def step(query, key, value):
        grads = jax.grad(lambda q: jnp.sum(attend(q, key, value) ** 2))(query)
        return query - 0.1 * grads

    once = count_operations(step, *HEADS)
    many = count_operations(repeated(step, 10), *HEADS)
    assert many.flops == {k: 10 * v for k, v in once.flops.items()}
    # forward 2; back through the second product to the weights, and to the query
    assert product_flops(repeated(step, 10), *HEADS) == 10 * 4 * 2 * B * N * T * S * H
    assert not many.notes
    xla = xla_flops(repeated(step, 10), *HEADS)
    assert many.total_flops / xla == pytest.approx(10, rel=0.15)


@ATTENTION
def test_attention_agrees_with_xla_where_there_is_no_loop(attend):
    ours = count_operations(attend, *HEADS).total_flops
    assert ours == pytest.approx(xla_flops(attend, *HEADS), rel=0.1)


# --- types and bytes ---------------------------------------------------------------


@pytest.mark.parametrize(("dtype", "size"), [("float32", 4), ("bfloat16", 2)])
def test_each_type_keeps_its_name_and_its_bytes_in_a_scan(dtype, size):
    side = 16
    matrix = shape(side, side, dtype=jnp.dtype(dtype))
    count = count_operations(repeated(lambda h, w: h @ w, 5), matrix, matrix)
    assert count.flops == {dtype: 5 * 2 * side**3}
    assert count.bytes_moved == 5 * 3 * size * side**2


def test_a_product_of_small_types_into_a_large_one_counts_under_its_operands():
    def product(x):
        return jnp.matmul(x, x, preferred_element_type=F32)

    count = count_operations(product, shape(8, 8, dtype=jnp.bfloat16))
    assert count.flops == {"bfloat16": 2 * 8**3}
    assert count.bytes_moved == 2 * 2 * 8**2 / 2 + 4 * 8**2


def test_a_loop_that_stops_by_its_data_is_reported_through_its_gradient_free_body():
    def until_small(x):
        return jax.lax.while_loop(
            lambda h: jnp.sum(h) > 1.0, lambda h: attend_by_hand(h, h, h), x
        )

    once = count_operations(until_small, HEADS[0])
    assert once.notes == ("a `while` loop of unknown length counted once",)
    assert product_flops(attend_by_hand, *[HEADS[0]] * 3) < once.total_flops
