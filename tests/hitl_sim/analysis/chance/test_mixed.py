"""A linear model with effects of groups: closed forms, and what it reduces to."""

import numpy as np
import pytest

from hitl_sim.analysis.chance.mixed import Effect, fit_mixed

NUM_GROUPS, PER_GROUP = 12, 5
NUM = NUM_GROUPS * PER_GROUP
GROUP = tuple(f"g{i // PER_GROUP}" for i in range(NUM))
X = np.column_stack([np.ones(NUM), np.tile(np.linspace(-1, 1, PER_GROUP), NUM_GROUPS)])
ONE = np.ones(NUM)


def drawn(seed, between, within=0.05):
    rng = np.random.default_rng(seed)
    own = np.repeat(rng.normal(0, between, NUM_GROUPS), PER_GROUP)
    return 1.0 + 0.3 * X[:, 1] + own + rng.normal(0, within, NUM)


def fitted(y, scale=1.0, residual=0.3):
    effect = Effect("group", GROUP, ONE, scale)
    return fit_mixed(y, np.full(NUM, 0.05), X, [effect], residual, 1)


def new_of(group):
    return [Effect("group", (group,), np.ones(1), 1.0)]


def test_without_spread_it_is_weighted_least_squares():
    """Spreads whose priors allow none leave known errors alone."""
    rng = np.random.default_rng(0)
    error = rng.uniform(0.05, 0.5, NUM)
    y = 1.0 + 0.3 * X[:, 1] + error * rng.standard_normal(NUM)
    model = fit_mixed(y, error, X, [Effect("group", GROUP, ONE, 1e-4)], 1e-4, 1)
    weighted = X / error[:, None]
    inverse = np.linalg.inv(weighted.T @ weighted)
    slope = (inverse @ weighted.T @ (y / error))[1]
    half = 1.6448536 * np.sqrt(inverse[1, 1])
    found = model.coefficient([0.0, 1.0], 0.9)
    # the deviations are searched down to 1e-3 and below, which is .02 of the errors
    np.testing.assert_allclose(found.value, slope, rtol=1e-3)
    np.testing.assert_allclose(
        [found.low, found.high], [slope - half, slope + half], rtol=5e-3
    )


def test_a_balanced_slope_is_that_of_least_squares():
    """Where every group has the same design, intercepts of groups move no slope."""
    y = drawn(1, 0.4)
    found = fitted(y).coefficient([0.0, 1.0], 0.9)
    np.testing.assert_allclose(found.value, np.polyfit(X[:, 1], y, 1)[0], rtol=1e-8)


def test_known_groups_are_told_closer_than_new_ones():
    model = fitted(drawn(2, 0.4))
    known = model.predict([1.0, 0.0], new_of("g3"), 0.05, 0.9)
    new = model.predict([1.0, 0.0], new_of("another"), 0.05, 0.9)
    assert known.high - known.low < 0.5 * (new.high - new.low)
    # .4 between groups: 90 % within 1.64 deviations, more for what is not known of it
    assert 2 * 1.64 * 0.3 < new.high - new.low < 2 * 1.64 * 0.8


def test_a_new_number_brings_its_own_error():
    model = fitted(drawn(3, 0.4))
    sure = model.predict([1.0, 0.0], new_of("g3"), 0.0, 0.9)
    unsure = model.predict([1.0, 0.0], new_of("g3"), 1.0, 0.9)
    assert sure.value == unsure.value
    assert unsure.high - unsure.low > 2 * 1.64 > sure.high - sure.low


def test_new_groups_are_held_as_often_as_said():
    """60 models of 12 groups: fewer than 46 of 60 held at 90 % in .1 % of cases.

    (Binomial, 60 independent draws.)
    """
    held = 0
    for seed in range(60):
        rng = np.random.default_rng(1000 + seed)
        y = drawn(seed, 0.4)
        new = 1.0 + rng.normal(0, 0.4) + rng.normal(0, 0.05) + rng.normal(0, 0.05)
        held += fitted(y).predict([1.0, 0.0], new_of("new"), 0.05, 0.9).holds(new)
    assert held >= 46


def test_the_same_seed_gives_the_same_interval():
    y = drawn(4, 0.4)
    assert fitted(y).coefficient([1.0, 0.0], 0.9) == fitted(y).coefficient(
        [1.0, 0.0], 0.9
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"value": np.full(NUM, np.nan)}, "`value` must be finite"),
        ({"error": np.full(NUM, -1.0)}, "`error` finite and >= 0"),
        ({"design": np.column_stack([ONE, ONE])}, "can be told apart"),
        ({"design": X[:10]}, "more rows than columns"),
    ],
)
def test_what_cannot_be_fitted_is_refused(change, message):
    given = {"value": drawn(5, 0.1), "error": np.full(NUM, 0.05), "design": X} | change
    with pytest.raises(ValueError, match=message):
        fit_mixed(**given, effects=[Effect("g", GROUP, ONE, 1.0)], residual=0.3, seed=1)
