"""Bills of described loops of active learning against what was metered of them."""

import pytest
from loop_energy import HERE, MARGIN, MATCHED, Loop, holds, load_loops, write_page


@pytest.fixture(scope="module")
def loops():
    return load_loops()


def test_a_bill_is_fits_of_three_passes_and_scorings_of_one():
    loop = Loop("x", "y", 50, 100, 1000, 3, 1.0, 1.0)
    fits, scorings = 3 * 3 * (100 + 150 + 200), 900 + 850 + 800
    assert loop.billed() == pytest.approx((fits + scorings) / (3 * 3 * 1000))


def test_most_loops_are_billed_within_a_tenth(loops):
    """All above 33 Wh, and 3 of the 6 smallest."""
    assert len(loops) == 34
    assert sum(holds(loop) for loop in loops) == 31
    alike = [loop for loop in loops if loop.data != MATCHED]
    assert len(alike) == 30
    assert sum(holds(loop) for loop in alike) >= 28
    assert all(holds(loop) for loop in loops if loop.loop_wh > 33)


def test_a_loop_whose_last_fit_is_not_scored_takes_less():
    loop = Loop("x", "y", 50, 100, 1000, 3, 1.0, 1.0)
    assert loop.billed() - loop.billed(scored_after_last=False) == pytest.approx(
        800 / 9000
    )


def test_what_is_told_of_a_loop_is_its_file(loops):
    longest = max(loops, key=lambda loop: (loop.rounds, loop.strategy))
    assert (longest.data, longest.rounds) == ("AG_News", 74)
    assert longest.metered == pytest.approx(8191.83 / 805.7538)
    assert abs(longest.billed() / longest.metered - 1) < MARGIN / 10


def test_the_page_is_what_the_experiment_writes(loops):
    assert (HERE / "loop_energy.md").read_text(encoding="utf-8") == write_page(loops)
