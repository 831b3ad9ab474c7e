import numpy as np
import pytest

from hitl_sim.energy import Kind, Scope, exact, unavailable
from hitl_sim.energy.clock import Clocked, Job, fit_sweep, job_energy, job_time
from hitl_sim.energy.clock.model import Point

JOB = Job(cycles=2e9, memory_s=0.4)
DEVICE = Clocked(3e8, 1.5e9, static_w=80.0, dynamic_w=170.0)


def points(noise=0.0, num=7):
    rng = np.random.default_rng(4)
    return [
        Point(
            clock,
            job_time(JOB, clock) * (1 + noise * rng.normal()),
            exact(
                job_energy(JOB, DEVICE, clock) * (1 + noise * rng.normal()),
                "J",
                Kind.MEASURED_COUNTER,
                Scope.BOARD,
                "test",
            ),
        )
        for clock in np.linspace(3e8, 1.5e9, num)
    ]


def test_a_sweep_without_noise_gives_the_model_back():
    job, device = fit_sweep(points())
    assert job.cycles == pytest.approx(2e9)
    assert job.memory_s == pytest.approx(0.4)
    assert device.static_w == pytest.approx(80.0)
    assert device.dynamic_w == pytest.approx(170.0)


def test_noise_of_one_percent_moves_the_fit_by_a_few():
    job, device = fit_sweep(points(noise=0.01, num=20))
    assert job.cycles == pytest.approx(2e9, rel=0.05)
    assert device.static_w == pytest.approx(80.0, rel=0.08)
    assert device.dynamic_w == pytest.approx(170.0, rel=0.08)


def test_two_clocks_do_not_make_a_fit():
    with pytest.raises(ValueError, match="`points` must hold >= 3 clocks"):
        fit_sweep(points(num=2))


def test_a_sweep_without_joules_is_refused():
    swept = points()
    swept[1] = Point(1e9, 1.0, unavailable("J", Scope.BOARD, "no counter"))
    with pytest.raises(ValueError, match="`points` must all have joules"):
        fit_sweep(swept)


def test_times_that_do_not_depend_on_the_clock_are_refused():
    flat = [Point(p.level, 1.0, p.joules) for p in points()]
    with pytest.raises(ValueError, match="must show less time and more power"):
        fit_sweep(flat)
