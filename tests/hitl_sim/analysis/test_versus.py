import pytest

from hitl_sim.analysis.versus import compare_studies


@pytest.fixture(scope="module")
def pair(synthetic, analysed):
    def study(ratio, seed, **changes):
        arms = [synthetic.NULL, synthetic.relevance(ratio)]
        return analysed([*arms, *changes.pop("more", ())], seed=seed, **changes)

    return study


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
