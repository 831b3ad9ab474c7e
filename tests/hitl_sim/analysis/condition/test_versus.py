import dataclasses

import numpy as np
import pytest

from hitl_sim.analysis.chance.interval import CostSample, resample
from hitl_sim.analysis.condition.versus import (
    compare_studies,
    resample_pairs,
)


@pytest.fixture(scope="module")
def pair(synthetic, analysed):
    def study(ratio, seed, **changes):
        arms = [synthetic.NULL, synthetic.relevance(ratio)]
        return analysed([*arms, *changes.pop("more", ())], seed=seed, **changes)

    return study


@pytest.fixture(scope="module")
def correlated(synthetic, analysed):
    """Return a function that makes two studies whose runs have a known correlation.

    Of each run's log joules a share is the replicate's and arm's in both studies; the
    true rho is 0.8 in both.
    """
    base = analysed([synthetic.Arm("machine")])
    task = base.tasks[0]

    def study(rng, shared, share, numbers, seed):
        parts = {}
        for name, mean in (("control", 1.0), ("arm", 0.8)):
            own = rng.standard_normal(len(numbers))
            noise = np.sqrt(share) * shared[name][numbers] + np.sqrt(1 - share) * own
            spent = mean * np.exp(0.2 * noise)
            parts[name] = dataclasses.replace(
                task.findings[0] if name == "arm" else task.control,
                replicate=np.asarray(numbers),
                cost_sample=CostSample(spent, np.ones(len(numbers), bool)),
            )
        made = dataclasses.replace(
            task, control=parts["control"], findings=(parts["arm"],)
        )
        return dataclasses.replace(base, tasks=(made,), study={"seed": seed})

    def make(seed, share, first, second, seeds=(7, 7)):
        rng = np.random.default_rng(seed)
        shared = {name: rng.standard_normal(64) for name in ("control", "arm")}
        return [
            study(rng, shared, share, numbers, own)
            for numbers, own in zip((first, second), seeds, strict=True)
        ]

    return make


def versus_of(studies):
    return compare_studies(*studies).shared[0]


def of(comparison, arm):
    return next(v for v in comparison.shared if v.one.arm == arm)


def test_a_study_beside_itself_differs_in_nothing(pair):
    found = compare_studies(pair(0.6, 1), pair(0.6, 1))
    assert found.settings == {}
    assert found.only_one == found.only_other == ()
    assert {v.value for v in found.shared} == {1.0}
    assert not any(v.is_told_apart for v in found.shared)


def test_conditions_that_differ_are_told_apart_by_the_ratio_of_their_rho(pair):
    one, other = pair(0.5, 1, sd=0.05), pair(1.0, 2, sd=0.05)
    versus = of(compare_studies(one, other), "relevance")
    first, second = (study.tasks[0].findings[1].ratio.value for study in (one, other))
    assert versus.value == pytest.approx(second / first)
    assert versus.low < versus.value < versus.high
    assert versus.is_told_apart


def test_the_interval_holds_the_true_ratio_in_most_pairs_of_studies(pair):
    hits = [
        v.low <= 1.0 <= v.high
        for seed in range(12)
        for v in (
            of(compare_studies(pair(0.7, seed), pair(0.7, 50 + seed)), "relevance"),
        )
    ]
    assert sum(hits) >= 10


def test_what_was_set_differently_is_named(pair):
    found = compare_studies(pair(0.6, 1), pair(0.6, 1, num_replicates=8))
    assert found.settings == {"replicates": (12, 8)}


def test_conditions_of_one_study_alone_are_named(pair, synthetic):
    more = pair(0.6, 1, more=[synthetic.Arm("extra")])
    found = compare_studies(pair(0.6, 1), more)
    assert found.only_one == ()
    assert found.only_other == ("digits: extra",)


ALL, SOME, LATER = np.arange(24), np.arange(16), np.arange(8, 32)


@pytest.mark.parametrize(
    ("share", "first", "second"),
    [(0.0, ALL, ALL), (0.8, ALL, ALL), (0.8, ALL, SOME), (0.8, ALL, LATER)],
)
def test_paired_intervals_hold_the_true_ratio(correlated, share, first, second):
    found = [versus_of(correlated(seed, share, first, second)) for seed in range(400)]
    hits = np.mean([v.low <= 1.0 <= v.high for v in found])
    # 95 % and four standard errors; at most as far above where few pairs are shared
    assert hits == pytest.approx(0.95, abs=4.0 * np.sqrt(0.95 * 0.05 / 400))


def test_pairing_narrows_the_interval_by_what_the_studies_share(correlated):
    def width(share, seeds):
        found = [
            versus_of(correlated(seed, share, ALL, ALL, seeds)) for seed in range(40)
        ]
        return np.mean([np.log(v.high / v.low) for v in found]), found

    paired, found = width(0.8, (7, 7))
    apart, unpaired = width(0.8, (7, 8))
    # the log ratio's variance is 1 - 0.8 of what it is unpaired
    assert paired / apart == pytest.approx(np.sqrt(0.2), rel=0.1)
    saved = np.mean([v.variance_saved_frac for v in found])
    assert saved == pytest.approx(0.8, abs=0.08)
    assert {v.num_paired for v in found} == {24}
    assert {(v.num_paired, v.variance_saved_frac) for v in unpaired} == {(0, None)}


def test_one_seed_is_not_enough_where_few_replicates_are_shared(correlated):
    few = correlated(0, 0.8, np.arange(12), np.arange(7, 19))
    assert versus_of(few).num_paired == 0


def test_each_study_of_a_pair_is_resampled_as_if_alone():
    one, other = resample_pairs(ALL, LATER, 3)
    alone = resample(24, 4)
    for weights in (one, other):
        assert (weights.sum(axis=1) == 24.0).all()
        np.testing.assert_allclose(weights.mean(axis=0), 1.0, atol=0.1)
        assert weights.var() == pytest.approx(alone.var(), rel=0.05)


def test_a_shared_replicate_is_drawn_for_both_or_for_none():
    one, other = resample_pairs(ALL, SOME, 5)
    together = [np.corrcoef(one[:, r], other[:, r])[0, 1] for r in range(16)]
    # all of the smaller study's draws are the larger's, but for chance in their number
    assert np.mean(together) > 0.8
    assert np.corrcoef(one[:, 0], other[:, 1])[0, 1] < 0.1


def test_a_study_beside_itself_is_exactly_one(correlated):
    one, _ = correlated(0, 0.5, ALL, ALL)
    found = versus_of((one, one))
    assert (found.low, found.value, found.high) == (1.0, 1.0, 1.0)
