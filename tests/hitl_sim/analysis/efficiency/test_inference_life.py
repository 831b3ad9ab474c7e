import math

import numpy as np
import pytest

from hitl_sim.analysis.chance.crossing import Payback
from hitl_sim.analysis.chance.fieller import fieller
from hitl_sim.analysis.efficiency.inference_life import find_life_payback
from hitl_sim.energy import Kind, Quantity, Scope, unavailable

RUNS = 12


def joules(value, error=0.1, source="test"):
    ends = sorted((value * (1 - error), value * (1 + error)))
    return Quantity(
        value, "J", Kind.MODELLED_ANALYTIC, Scope.PACKAGE, tuple(ends), source
    )


def spread(mean, share=0.05, seed=0):
    drawn = np.random.default_rng(seed).normal(size=RUNS)
    drawn = (drawn - drawn.mean()) / drawn.std()
    return mean + abs(mean) * share * drawn


def find(extra, saved, share=0.05):
    return find_life_payback(
        joules(extra, source="training"),
        joules(saved, source="query"),
        spread(extra, share, seed=1),
        spread(saved, share, seed=2),
    )


def test_a_method_pays_back_after_its_cost_over_its_saving_per_query():
    found = find(500.0, 0.02)
    assert found.payback is Payback.FROM
    assert found.queries.value == pytest.approx(25_000)
    assert not found.is_undetermined
    expected = fieller(spread(500.0, seed=1), spread(0.02, seed=2))
    assert (found.queries.low, found.queries.high) == (expected.low, expected.high)
    assert found.queries.low < 25_000 < found.queries.high
    # the constants of training and query err apart: 10 % each in quadrature
    low, high = found.queries.quantity.interval
    assert high / 25_000 == pytest.approx(math.exp(math.hypot(0.1, 0.105)), rel=0.02)
    assert low < 25_000


def test_never_is_an_answer():
    found = find(500.0, -0.01)
    assert found.payback is Payback.NEVER
    assert found.queries.is_infinite
    assert found.queries.value == math.inf
    assert not found.is_undetermined


def test_cheaper_training_with_cheaper_queries_pays_always():
    found = find(-500.0, 0.02)
    assert found.payback is Payback.ALWAYS
    assert found.queries.value == 0.0


def test_cheaper_training_with_dearer_queries_pays_up_to_some_life():
    found = find(-500.0, -0.02)
    assert found.payback is Payback.UP_TO
    assert found.queries.value == pytest.approx(25_000)


def test_a_saving_that_chance_may_have_made_is_undetermined():
    found = find(500.0, 0.02, share=5.0)
    assert found.is_undetermined
    assert (found.queries.low, found.queries.high) == (0.0, math.inf)


def test_a_saving_that_is_the_same_in_every_run_is_certain():
    found = find_life_payback(
        joules(500.0), joules(0.02, 0.0), spread(500.0), np.full(RUNS, 0.02)
    )
    assert not found.is_undetermined
    half = 2.201 * 25.0 / math.sqrt(RUNS - 1) / 0.02
    assert found.queries.high - 25_000 == pytest.approx(half, rel=0.01)


def test_an_unknown_training_energy_leaves_the_queries_unknown():
    found = find_life_payback(
        unavailable("J", Scope.PACKAGE, "no meter"),
        joules(0.02),
        np.full(RUNS, np.nan),
        spread(0.02),
    )
    assert found.payback is Payback.UNKNOWN
    assert not found.queries.is_known
    assert "no meter" in found.queries.quantity.reason


def test_runs_that_do_not_match_are_refused():
    with pytest.raises(ValueError, match="`saved_by_run` must be of the same runs"):
        find_life_payback(joules(1.0), joules(1.0), np.ones(3), np.ones(4))
    with pytest.raises(ValueError, match="`saved` must be in J, got USD"):
        find_life_payback(
            joules(1.0), joules(1.0).scaled(1.0, unit="USD"), np.ones(3), np.ones(3)
        )
