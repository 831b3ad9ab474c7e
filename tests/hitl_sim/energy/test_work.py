from hitl_sim.energy import WorkUnit


def test_without_a_count_of_products_all_operations_pass_for_them():
    unit = WorkUnit("train", "train", {"float32": 5.0, "int8": 1.0}, 0, 1)
    assert unit.asked == {"float32 default": 5.0, "int8 default": 1.0}
