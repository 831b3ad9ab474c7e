import jax
import jax.numpy as jnp
import pytest

from hitl_sim.energy import count_operations

VECTOR = jax.ShapeDtypeStruct((100,), jnp.float32)


def conv(x, w, **options):
    options = {"window_strides": (1, 1), "padding": "VALID"} | options
    return jax.lax.conv_general_dilated(
        x, w, dimension_numbers=("NHWC", "HWIO", "NHWC"), **options
    )


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"padding": "SAME"},
        {"padding": "SAME", "window_strides": (2, 3)},
        {"lhs_dilation": (2, 2), "padding": [(1, 2), (2, 1)]},
        {"rhs_dilation": (2, 1), "padding": "SAME"},
    ],
)
def test_convolutions_count_only_taps_on_data_as_xla_does(options):
    image, kernel = jnp.ones((2, 9, 10, 3)), jnp.ones((3, 4, 3, 5))
    run = jax.jit(lambda x, w: conv(x, w, **options))
    xla = run.lower(image, kernel).cost_analysis()["flops"]
    assert count_operations(run, image, kernel).total_flops == xla


def test_a_plain_convolution_has_the_closed_form():
    count = count_operations(conv, jnp.ones((2, 9, 9, 3)), jnp.ones((3, 3, 3, 5)))
    assert count.total_flops == 2 * (2 * 7 * 7 * 5) * (3 * 3 * 3)


def test_the_gradient_of_a_convolution_costs_twice_its_forward():
    image, kernel = jnp.ones((2, 9, 9, 3)), jnp.ones((3, 3, 3, 5))
    forward = count_operations(conv, image, kernel).total_flops
    grad = jax.grad(lambda x, w: conv(x, w).sum(), argnums=(0, 1))
    backward = count_operations(grad, image, kernel).total_flops
    assert backward == 2 * forward


def test_grouped_convolutions_see_their_own_features_only():
    image, kernel = jnp.ones((1, 8, 8, 4)), jnp.ones((1, 1, 2, 6))
    count = count_operations(
        lambda x, w: conv(x, w, feature_group_count=2), image, kernel
    )
    assert count.total_flops == 2 * 8 * 8 * 6 * 2


@pytest.mark.parametrize(
    ("fn", "flops"),
    [
        (lambda x: x + 1.0, {"float32": 100}),
        (jnp.exp, {"float32": 100}),
        (jnp.tanh, {"float32": 100}),
        (jnp.sum, {"float32": 99}),
        (jnp.max, {"float32": 99}),
        (lambda x: x > 0.0, {"float32": 100}),
        (jnp.cumsum, {"float32": 100}),
        (lambda x: jnp.reshape(x, (10, 10)).T, {}),
        (lambda x: x.astype(jnp.bfloat16), {}),
        (jax.lax.sort, {"float32": 700}),
        (lambda x: x[::2], {}),
    ],
)
def test_vector_operations_follow_their_rule(fn, flops):
    assert count_operations(fn, VECTOR).flops == flops


def test_scattering_adds_count_what_is_added():
    index = jax.ShapeDtypeStruct((7,), jnp.int32)

    def add(x, i):
        return x.at[i].add(1.0, mode="promise_in_bounds", indices_are_sorted=True)

    assert count_operations(add, VECTOR, index).flops["float32"] == 7


def test_random_bits_cost_integer_operations_only():
    count = count_operations(lambda key: jax.random.bits(key, (50,)), jax.random.key(0))
    assert set(count.flops) == {"uint32"}
    assert count.flops["uint32"] == 50 * 60


def test_a_factor_and_a_solve_follow_their_rule():
    square, right = (jax.ShapeDtypeStruct(s, jnp.float32) for s in ((9, 9), (9, 4)))
    factor = count_operations(
        lambda a: jax.lax.linalg.cholesky(a, symmetrize_input=False), square
    )
    assert factor.flops["float32"] == pytest.approx(9**3 / 3, abs=4 * 81)
    solve = count_operations(
        lambda a, b: jax.lax.linalg.triangular_solve(a, b, left_side=True, lower=True),
        square,
        right,
    )
    assert solve.flops == {"float32": 9 * 9 * 4}
