"""What old answers cost: hours made equal, the page, and the whole in a quick form."""

import numpy as np
import pytest
import staleness


def curves(strategy, late, right):
    """Two runs of three rounds: one takes an hour a round, the other two."""
    accuracy = np.array([right, right])
    hours = np.array([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0]])
    return staleness.Curves(strategy, late, accuracy, hours)


def test_accuracy_is_read_at_equal_hours_of_each_run():
    one = curves("margin", 0, [0.2, 0.4, 0.6])
    # the slow run is half of the way from its first to its second round
    assert one.at(3.0) == pytest.approx([0.6, 0.3])
    assert staleness.equal_hours([one]) == (1.5, 3.0)


def test_an_interval_of_a_mean_is_students():
    mean, half = staleness.mean_of(np.array([0.0, 2.0]))
    # of two runs: 12.706 standard errors of 1
    assert (mean, half) == (1.0, pytest.approx(12.706, abs=0.001))


def test_a_change_is_told_run_by_run_with_its_sign():
    ways = [
        curves("margin", 0, [0.2, 0.4, 0.6]),
        curves("margin", 2, [0.1, 0.3, 0.5]),
        curves("random", 0, [0.2, 0.4, 0.7]),
    ]
    found = dict.fromkeys(staleness.TASKS, ways)
    text = staleness.page(found, staleness.SMOKE)
    assert "lags 2 rounds behind changes accuracy by -10.0 ± 0.0 points" in text
    # the random one is .1 ahead in one run, and nothing in the other
    assert "and +5.0 ± 63.5." in text
    assert staleness.draw(found).startswith(b"\x89PNG")


@pytest.mark.slow
def test_all_of_it_in_a_quick_form():
    found = staleness.simulate(staleness.SMOKE)
    for ways in found.values():
        waits, late, random = ways
        assert (waits.staleness, late.staleness, random.strategy) == (0, 1, "random")
        # nothing is known before the first round, nor fitted
        assert not np.array_equal(waits.accuracy[:, 0], late.accuracy[:, 0])
        assert (np.diff(waits.hours) > 0).all()
    assert "95 % over runs" in staleness.page(found, staleness.SMOKE)
