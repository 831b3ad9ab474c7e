from pathlib import Path

import pytest

from hitl_sim.study.method_table import MethodPrices, lay_out_methods


@pytest.mark.parametrize(
    ("prices", "options"),
    [
        (MethodPrices(), ""),
        (MethodPrices(device="h100"), " --device h100"),
        (MethodPrices(link="lte", power_cap=0.6), " --link lte --power-cap 0.6"),
        (MethodPrices(most_time=1.5), " --most-time 1.5"),
        (MethodPrices(query_batch=1), " --query-batch 1"),
    ],
)
def test_a_page_says_with_what_it_was_made(prices, options):
    assert prices.options == options


def test_a_batch_below_1_is_refused_before_anything_is_read():
    with pytest.raises(ValueError, match="`--query-batch` must be >= 1, got 0"):
        lay_out_methods(Path("nowhere"), MethodPrices(query_batch=0))
