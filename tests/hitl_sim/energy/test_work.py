import jax
import jax.numpy as jnp
import pytest

from hitl_sim.energy import WorkUnit, count_operations

X = jax.ShapeDtypeStruct((8, 8), jnp.float32)


def test_a_unit_takes_over_what_was_counted():
    count = count_operations(lambda x: x @ x, X)
    unit = WorkUnit.from_operations("train", "train", count)
    flops = {"float32": 2 * 8**3}
    asked = {"float32 default": 2 * 8**3}
    assert unit == WorkUnit("train", "train", flops, 4 * 2 * 64, 1, asked)


def test_a_count_with_an_unknown_loop_is_refused():
    count = count_operations(
        lambda x: jax.lax.while_loop(lambda h: h.sum() < 1, lambda h: h @ h, x), X
    )
    with pytest.raises(ValueError, match=r"`operations` must be bounded, got .*while"):
        WorkUnit.from_operations("train", "train", count)


@pytest.mark.parametrize(
    ("flops", "bytes_moved", "num_kernels", "field"),
    [
        ({"float32": -1.0}, 0.0, 0, "flops.float32"),
        ({}, -1.0, 0, "bytes_moved"),
        ({}, float("nan"), 0, "bytes_moved"),
        ({}, 0.0, -1, "num_kernels"),
    ],
)
def test_negative_counts_are_refused(flops, bytes_moved, num_kernels, field):
    with pytest.raises(ValueError, match=f"`{field}` must be >= 0, got"):
        WorkUnit("train", "train", flops, bytes_moved, num_kernels)


def test_products_cannot_be_more_than_all_operations():
    with pytest.raises(ValueError, match=r"at most the 5 operations of float32.*got 6"):
        WorkUnit("train", "train", {"float32": 5.0}, 0, 1, {"float32 default": 6.0})


def test_without_a_count_of_products_all_operations_pass_for_them():
    unit = WorkUnit("train", "train", {"float32": 5.0, "int8": 1.0}, 0, 1)
    assert unit.asked == {"float32 default": 5.0, "int8 default": 1.0}
