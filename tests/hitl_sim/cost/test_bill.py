import numpy as np
import pytest

from hitl_sim.cost import HumanBill, simulated_seconds
from hitl_sim.energy.quantity import Kind, Scope


def test_simulated_time_cites_its_population():
    seconds = simulated_seconds(60.0, "population typical")
    assert (seconds.value, seconds.unit, seconds.kind) == (60.0, "s", Kind.SIMULATED)
    assert seconds.scope is Scope.HUMAN_TIME
    assert seconds.source == "population typical"


@pytest.mark.parametrize("value", [-1.0, np.array([1.0, -1.0])])
def test_negative_time_is_refused(value):
    with pytest.raises(ValueError, match=r"`value` must be >= 0 s"):
        simulated_seconds(value, "population typical")


def test_the_time_of_a_waiting_device_is_device_time():
    assert simulated_seconds(1.0, "crew", Scope.DEVICE_TIME).scope is Scope.DEVICE_TIME


def test_less_pay_than_work_is_refused():
    worked_s, paid_s = simulated_seconds(60.0, "crew"), simulated_seconds(50.0, "crew")
    nothing_s = simulated_seconds(0.0, "crew")
    with pytest.raises(ValueError, match=r"`paid_s` must be >= `worked_s`, got 50"):
        HumanBill(worked_s, paid_s, nothing_s, 0, 0, nothing_s)
