import numpy as np
import pytest

from hitl_sim.analysis.chance.interval import resample
from hitl_sim.analysis.decision.variance import price_moments, split_variance

NUM_WORLDS = 4_000


def split(by_run, prices):
    by_run, prices = np.asarray(by_run, float), np.asarray(prices, float)
    weights = resample(len(by_run), 0)
    return split_variance("usd", by_run, price_moments(prices, 0), weights)


def shares(found):
    return [found.chance.value, found.world.value, found.both.value]


def standard(rng, num):
    """Return draws of mean 0 and variance 1 exactly."""
    drawn = rng.standard_normal(num)
    return (drawn - drawn.mean()) / drawn.std()


def unbiased(rng, num):
    """Return draws of mean 0 whose mean has the error 1 exactly."""
    return standard(rng, num) * np.sqrt(num - 1)


def test_a_sum_has_no_interaction():
    # 2 a + 3 w: an unknown amount at a known price, a known one at an unknown price
    rng = np.random.default_rng(0)
    by_run = np.stack([5.0 + 2.0 * unbiased(rng, 16), np.full(16, 3.0)], axis=1)
    prices = np.stack([np.ones(NUM_WORLDS), 4.0 + standard(rng, NUM_WORLDS)])
    found = split(by_run, prices)
    assert shares(found) == pytest.approx([4.0 / 13.0, 9.0 / 13.0, 0.0], abs=1e-12)
    assert found.sd == pytest.approx(np.sqrt(13.0))


def test_a_product_has_the_interaction_of_its_closed_form():
    # (5 + 2 a)(4 + 3 w): 2^2 4^2, 5^2 3^2 and 2^2 3^2
    rng = np.random.default_rng(1)
    by_run = 5.0 + 2.0 * unbiased(rng, 16)[:, None]
    prices = 4.0 + 3.0 * standard(rng, NUM_WORLDS)[None]
    found = split(by_run, prices)
    parts = np.array([64.0, 225.0, 36.0])
    assert shares(found) == pytest.approx(parts / parts.sum())
    assert found.sd == pytest.approx(np.sqrt(parts.sum()))


def test_shares_are_those_of_the_two_way_layout():
    rng = np.random.default_rng(2)
    by_run, prices = rng.lognormal(size=(12, 3)), rng.lognormal(size=(3, 500))
    found = split(by_run, prices)
    layout = by_run @ prices
    rows = layout.mean(axis=1, keepdims=True)
    columns = layout.mean(axis=0, keepdims=True)
    rest = layout - rows - columns + layout.mean()
    parts = np.array(
        [rows.var() / 11.0, columns.var(), (rest**2).mean() / 11.0],
    )
    assert shares(found) == pytest.approx(parts / parts.sum())


@pytest.mark.parametrize("seed", range(5))
def test_shares_sum_to_one_within_intervals_that_hold_them(seed):
    rng = np.random.default_rng(seed)
    found = split(rng.lognormal(size=(12, 3)), rng.lognormal(size=(3, 500)))
    assert sum(shares(found)) == pytest.approx(1.0, abs=1e-12)
    for share in (found.chance, found.world, found.both):
        assert 0.0 <= share.low <= share.value <= share.high <= 1.0


def test_intervals_hold_the_true_shares_in_most_studies():
    # 32 runs of 5 + 2 sqrt(32) a, so that their mean has the error 2
    hits = []
    parts = np.array([64.0, 225.0, 36.0])
    for seed in range(300):
        rng = np.random.default_rng(seed)
        by_run = 5.0 + 2.0 * np.sqrt(32.0) * rng.standard_normal((32, 1))
        found = split(by_run, 4.0 + 3.0 * rng.standard_normal((1, 1_000)))
        hits.append(found.world.low <= 225.0 / parts.sum() <= found.world.high)
    assert np.mean(hits) == pytest.approx(0.95, abs=0.05)


def test_with_five_replicates_nothing_bounds_the_shares():
    rng = np.random.default_rng(3)
    found = split(rng.lognormal(size=(5, 1)), rng.lognormal(size=(1, 50)))
    assert (found.chance.low, found.chance.high) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("by_run", "price"),
    [([[1.0], [2.0]], np.nan), ([[np.inf], [np.inf]], 1.0), ([[1.0], [1.0]], 1.0)],
)
def test_unknown_prices_lost_arms_and_what_does_not_vary_have_none(by_run, price):
    found = split(by_run, np.full((1, 50), price))
    assert np.isnan([found.sd, *shares(found)]).all()


def test_an_unknown_price_of_what_nobody_uses_does_not_matter():
    prices = np.stack([np.full(50, np.nan), np.linspace(1.0, 2.0, 50)])
    found = split([[0.0, 1.0], [0.0, 2.0]], prices)
    assert sum(shares(found)) == pytest.approx(1.0)
