import pytest

from hitl_sim.energy import WorkUnit


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
