import pytest

from hitl_sim.energy.meters.simulated import measure_coverage


@pytest.fixture(scope="module")
def coverage():
    return measure_coverage(2_000, seed=0)


def test_counter_intervals_hold_the_truth_in_93_to_97_percent(coverage):
    assert 0.93 <= coverage.counter <= 0.97


def test_sampled_intervals_hold_the_truth_in_93_to_97_percent(coverage):
    assert 0.93 <= coverage.sampled <= 0.97


def test_good_sensors_are_hardly_ever_called_suspect(coverage):
    assert coverage.suspect < 0.01


def test_a_sensor_worse_than_stated_shows():
    assert measure_coverage(300, gain_frac=0.15).counter < 0.8
