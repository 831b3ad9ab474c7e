import pytest

from hitl_sim.study.lever_table import LeverPrices


@pytest.mark.parametrize(
    ("prices", "options"),
    [
        (LeverPrices(), ""),
        (LeverPrices(device="h100"), " --device h100"),
        (LeverPrices(link="lte", power_cap=0.6), " --link lte --power-cap 0.6"),
        (LeverPrices(most_time=1.5), " --most-time 1.5"),
    ],
)
def test_a_page_says_with_what_it_was_made(prices, options):
    assert prices.options == options
