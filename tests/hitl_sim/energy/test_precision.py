import jax
import jax.numpy as jnp
import pytest

from hitl_sim.energy import WorkUnit, count_operations, load_profile
from hitl_sim.energy.work import asked_precision, peak_of

LARGE = jax.ShapeDtypeStruct((8192, 8192), jnp.float32)
FLOPS = 2 * 8192**3


def seconds(device, precision, x=LARGE):
    """Time of a large product, at the share of the peak that the device reaches."""
    count = count_operations(lambda x: jnp.matmul(x, x, precision=precision), x)
    profile = load_profile(device)
    counts = count.flops, count.bytes_moved, count.num_kernels, count.matrix_flops
    unit = WorkUnit("product", "train", *counts)
    share = profile.compute_efficiency_frac.value
    launch = profile.launch_s.value
    return (profile.unit_cost(unit).seconds.value - launch) * share


@pytest.mark.parametrize(
    ("device", "float32", "tf32"),
    [
        ("a100", 19.5e12, 156e12),
        ("h100", 66.9e12, 494.7e12),
        ("h200", 66.9e12, 494.7e12),
        ("jetson-class", 5.3e12, 21.3e12),
        ("rtx-class", 82.6e12, 82.6e12),
    ],
)
def test_default_precision_is_tf32_and_the_highest_float32(device, float32, tf32):
    assert seconds(device, None) == pytest.approx(FLOPS / tf32, rel=1e-3)
    assert seconds(device, "default") == seconds(device, "high")
    assert seconds(device, "tensorfloat32") == seconds(device, None)
    assert seconds(device, "highest") == pytest.approx(FLOPS / float32, rel=1e-3)


def test_the_precision_that_a_program_is_traced_under_is_billed():
    with jax.default_matmul_precision("float32"):
        exact = seconds("h100", None)
    assert exact == pytest.approx(FLOPS / 66.9e12, rel=1e-3)


@pytest.mark.parametrize("device", ["laptop-cpu", "server-cpu", "v100", "t4"])
def test_precision_changes_nothing_where_there_is_one_float32(device):
    assert seconds(device, None) == seconds(device, "highest")


def test_products_of_int8_have_their_own_rate():
    """Four times TF32 on an H100; a processor has no kernels of XLA's for them."""
    few = jax.ShapeDtypeStruct(LARGE.shape, jnp.int8)
    count = count_operations(
        lambda x: jnp.matmul(x, x, preferred_element_type=jnp.int32), few
    )
    assert count.matrix_flops == {"int8 default": FLOPS}
    int8 = WorkUnit("product", "train", count.flops, 0, 0, count.matrix_flops)
    whole = WorkUnit("product", "train", {"float32": FLOPS}, 0, 0)
    for device, times in (("h100", 4.0), ("server-cpu", 1.0)):
        profile = load_profile(device)
        fast, slow = (profile.unit_cost(unit).seconds for unit in (int8, whole))
        assert slow.value / fast.value == pytest.approx(times, rel=1e-3)
        assert fast.interval[1] >= slow.value


def test_a_tpu_multiplies_in_passes_of_bfloat16():
    half = jax.ShapeDtypeStruct(LARGE.shape, jnp.bfloat16)
    once = seconds("tpu-v4", None, half)
    assert seconds("tpu-v4", None) == pytest.approx(once)
    assert seconds("tpu-v4", "high") == pytest.approx(3 * once, rel=1e-5)
    assert seconds("tpu-v4", "highest") == pytest.approx(6 * once, rel=1e-5)


def test_only_products_run_on_the_units_of_products():
    """A sum of float32 numbers takes no TF32, one of bfloat16 no tensor core."""
    profile = load_profile("h100")
    lanes = profile.peak_flop_per_s["float32"].value
    lanes *= profile.compute_efficiency_frac.value
    for dtype in ("float32", "bfloat16", "int8"):
        plain = WorkUnit("sum", "train", {dtype: 1e15}, 0, 0, {})
        assert profile.unit_cost(plain).seconds.value == pytest.approx(1e15 / lanes)


@pytest.mark.parametrize(
    ("precision", "asked"),
    [
        (None, "default"),
        ("BF16_BF16_F32", "bfloat16"),
        ("F16_F16_F32", "float16"),
        ("TF32_TF32_F32", "high"),
        ("F32_F32_F32", "highest"),
        ("TF32_TF32_F32_X3", "highest"),
    ],
)
def test_what_a_product_asks_for_is_read_off_its_equation(precision, asked):
    count = count_operations(lambda x: jnp.matmul(x, x, precision=precision), LARGE)
    assert count.matrix_flops == {f"float32 {asked}": FLOPS}


def test_operands_of_two_precisions_take_the_higher():
    levels = jax.lax.Precision.DEFAULT, jax.lax.Precision.HIGHEST
    assert asked_precision(levels) == "highest"
    assert asked_precision(levels, "int8") == "default"


def test_convolutions_and_loops_are_products_too():
    def run(x, kernel):
        def step(carry, _):
            window, padding = (1, 1), "SAME"
            return jax.lax.conv_general_dilated(carry, kernel, window, padding), None

        return jax.nn.relu(jax.lax.scan(step, x, None, length=3)[0])

    count = count_operations(run, jnp.ones((1, 2, 4, 4)), jnp.ones((2, 2, 1, 1)))
    assert count.matrix_flops == {"float32 default": 3 * 2 * 2 * 2 * 16}
    assert count.flops["float32"] == count.matrix_flops["float32 default"] + 32


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ("float32 default", "float32 default"),
        ("float32 high", "float32 default"),
        ("float32 highest", "float32"),
        ("float32 bfloat16", "bfloat16"),
        ("float8_e4m3fn default", "float8"),
        ("uint8 default", "int8"),
        ("int32 default", "float32"),
    ],
)
def test_a_product_has_the_peak_of_what_it_asks_for(asked, name):
    peaks = {"float32", "float32 default", "bfloat16", "float8", "int8"}
    assert peak_of(asked, peaks) == name
