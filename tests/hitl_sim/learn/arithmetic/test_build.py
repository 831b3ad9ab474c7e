import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hitl_sim.learn.arithmetic import ArithmeticConfig, build_product, runs_in_int8

FORMS = [
    ArithmeticConfig(),
    ArithmeticConfig("int8"),
    ArithmeticConfig("int8", granularity="tensor"),
    ArithmeticConfig("int8_simulated"),
    ArithmeticConfig("approximate", "drum4"),
    ArithmeticConfig("error_model", "mitchell", rank=2),
]
every_form = pytest.mark.parametrize("config", FORMS, ids=lambda c: c.describe())


@every_form
def test_a_product_is_near_the_true_one(config, matrices):
    x, kernel = map(jnp.asarray, matrices)
    apply = build_product(config).apply
    truth = np.asarray(x[:2] @ kernel)
    gap = np.abs(np.asarray(apply(x[:2], kernel)) - truth)
    assert gap.max() < 0.15 * np.abs(truth).max()


@every_form
def test_gradients_are_those_of_the_plain_product(config, matrices):
    x, kernel = map(jnp.asarray, matrices)
    apply = build_product(config).apply
    weight = jnp.arange(1.0, 7.0)[None]

    def total(product):
        return lambda x, kernel: (product(x, kernel) * weight).sum()

    got = jax.grad(total(apply), (0, 1))(x, kernel)
    expected = jax.grad(total(jnp.matmul), (0, 1))(x, kernel)
    for a, b in zip(got, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5)


@every_form
def test_a_product_is_the_same_mapped_and_traced_once(config, matrices):
    x, kernel = map(jnp.asarray, matrices)
    chex.clear_trace_counter()
    kernels = jnp.stack([kernel, 0.5 * kernel, -kernel])
    apply = build_product(config).apply
    traced = jax.jit(chex.assert_max_traces(apply, n=1))
    single = jnp.stack([traced(x, k) for k in kernels])
    mapped = jax.jit(jax.vmap(lambda k: apply(x, k)))(kernels)
    np.testing.assert_allclose(mapped, single, rtol=1e-5, atol=1e-5 * float(x.max()))


@every_form
def test_second_derivatives_exist(config, matrices):
    # the penalty on input gradients needs them
    x, kernel = map(jnp.asarray, matrices)
    apply = build_product(config).apply

    def penalty(kernel):
        slope = jax.grad(lambda x: jnp.tanh(apply(x, kernel)).sum())(x)
        return (slope**2).sum()

    assert float(jnp.abs(jax.grad(penalty)(kernel)).max()) > 0.0


@pytest.mark.parametrize(
    "config", [ArithmeticConfig("int8"), ArithmeticConfig("approximate", "truncated7")]
)
def test_a_network_learns_through_rounded_products(config):
    apply = build_product(config).apply
    rng = np.random.default_rng(5)
    x = jnp.asarray(rng.normal(size=(256, 8)), jnp.float32)
    y = (x[:, 0] * x[:, 1] > 0).astype(jnp.float32)
    params = [
        jnp.asarray(rng.normal(size=shape) * 0.5, jnp.float32)
        for shape in ((8, 32), (32, 1))
    ]

    def logits(params):
        return apply(jax.nn.relu(apply(x, params[0])), params[1])[:, 0]

    def loss(params):
        return jnp.mean(jax.nn.softplus(-(2 * y - 1) * logits(params)))

    @jax.jit
    def step(params):
        slopes = jax.grad(loss)(params)
        return [p - 0.5 * g for p, g in zip(params, slopes, strict=True)]

    for _ in range(400):
        params = step(params)
    assert float(jnp.mean((logits(params) > 0) == y)) > 0.95


def test_the_standing_says_how_this_machine_computes():
    realisations = {c.form: build_product(c).realisation for c in FORMS}
    assert realisations["float32"] == "executed"
    assert realisations["int8"] == ("executed" if runs_in_int8() else "simulated")
    assert realisations["int8_simulated"] == realisations["approximate"] == "simulated"
    assert realisations["error_model"] == "error model"


def test_configs_of_unlike_programs_have_unlike_names():
    names = [config.describe() for config in FORMS]
    assert len(set(names)) == len(names)
    assert names[0] == "float32"


def test_an_unknown_multiplier_is_refused_before_any_product():
    with pytest.raises(ValueError, match="`multiplier` must be one of"):
        build_product(ArithmeticConfig("approximate", "booth"))
