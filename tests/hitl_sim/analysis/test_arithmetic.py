import pytest

from hitl_sim.analysis.arithmetic import operation_joules
from hitl_sim.energy import Kind


def test_pairs_of_operations_take_what_the_technology_says():
    """45 nm: 3.7 and 0.9 pJ in float32, 0.2 pJ in int8 summed at 0.1 in int32."""
    found = operation_joules({"float32": 10.0, "int8": 10.0}, "cmos-45nm")
    want = 5 * (3.7 + 0.9) + 5 * (0.2 + 0.1)
    assert float(found.value) == pytest.approx(want * 1e-12)
    assert found.kind is Kind.MODELLED_ANALYTIC


def test_an_approximate_multiplier_saves_multiplications_alone_and_on_paper():
    exact = operation_joules({"int8": 10.0}, "cmos-45nm", "exact")
    saved = operation_joules({"int8": 10.0}, "cmos-45nm", "mitchell")
    none = operation_joules({"float32": 10.0}, "cmos-45nm", "mitchell")
    assert 5 * 0.1e-12 < float(saved.value) < float(exact.value)
    assert saved.kind is Kind.HYPOTHETICAL
    assert float(none.value) == pytest.approx(5 * 4.6e-12)
