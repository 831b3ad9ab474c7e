import math

import numpy as np
import pytest

from oracles.feedback import KINDS
from oracles.solve import expected_conflict, solve_criterion, solve_skill


def solve(kind="label", options=10, accuracy=0.8, spread=0.0, lapse=0.0, band=0.0):
    return solve_skill(
        KINDS[kind],
        options,
        accuracy=accuracy,
        skill_spread=spread,
        lapse=lapse,
        band=band,
    )


@pytest.mark.parametrize(("options", "accuracy"), [(2, 0.7), (10, 0.8), (100, 0.3)])
def test_skill_of_equal_people_inverts_the_softmax(options, accuracy):
    expected = math.log((options - 1) * accuracy / (1 - accuracy))
    assert solve(options=options, accuracy=accuracy) == pytest.approx(expected)


@pytest.mark.parametrize("kind", ["relevance", "importance"])
def test_kinds_of_pairs_solve_with_two_options(kind):
    assert solve(kind, 2, 0.75) == pytest.approx(math.log(3))


def test_lapses_are_made_up_for_by_skill():
    expected = math.log(0.8 / 0.2) + math.log(9)
    assert solve(accuracy=0.9 * 0.8 + 0.1 * 0.1, lapse=0.1) == pytest.approx(expected)


def test_a_band_of_unsure_is_left_out_of_the_accuracy():
    skill = solve("relevance", 2, 0.8, band=0.5)
    right, wrong = (1 / (1 + math.exp(0.5 - s)) for s in (skill, -skill))
    assert right / (right + wrong) == pytest.approx(0.8)


def test_a_spread_of_skill_is_averaged_over():
    skill = solve(accuracy=0.8, spread=1.5)
    people = skill + 1.5 * np.random.default_rng(0).normal(size=200_000)
    accuracy = 1 / (1 + 9 * np.exp(-people))
    assert abs(accuracy.mean() - 0.8) < 4 * accuracy.std() / math.sqrt(200_000)


def test_perfection_asks_for_a_signal_that_no_draw_overturns():
    assert solve(accuracy=1.0) >= 60.0


def test_people_who_only_guess_have_no_skill():
    assert solve(accuracy=None, lapse=1.0) == 0.0
    assert solve(accuracy=0.1, lapse=1.0) == 0.0


@pytest.mark.parametrize(
    ("accuracy", "lapse", "message"),
    [
        (1.2, 0.0, r"`accuracy` must be in \[0.1, 1\] .* got 1.2"),
        (0.05, 0.0, r"`accuracy` must be in \[0.1, 1\] .* got 0.05"),
        (0.9, 0.5, r"`accuracy` must be in \[0.1, 0.55\] .* lapse 0.5, got 0.9"),
        (float("nan"), 0.0, r"`accuracy` must be in .* got nan"),
    ],
)
def test_an_accuracy_out_of_reach_is_refused_with_the_reach(accuracy, lapse, message):
    with pytest.raises(ValueError, match=message):
        solve(accuracy=accuracy, lapse=lapse)


@pytest.mark.parametrize("options", [2, 3, 10])
def test_expected_conflict_is_the_mean_over_gumbel_utilities(options):
    utility = np.random.default_rng(0).gumbel(size=(100_000, options))
    utility[:, 0] += 1.7
    ordered = np.sort(utility, axis=1)
    conflict = np.log1p(np.exp(ordered[:, -2] - ordered[:, -1]))
    error = conflict.std() / math.sqrt(100_000)
    assert (
        abs(expected_conflict(KINDS["label"], options, 1.7, 0.0) - conflict.mean())
        < 4 * error
    )


def test_perfect_people_feel_no_conflict():
    assert expected_conflict(KINDS["label"], 10, 60.0, 0.0) == pytest.approx(
        0.0, abs=1e-4
    )


@pytest.mark.parametrize("kind", ["marks", "difficulty", "preference"])
def test_scales_solve_for_options_one_deviation_apart(kind):
    assert solve(kind, 2, 0.75) == pytest.approx(math.log(3))


def test_verification_counts_a_lapse_as_an_even_guess():
    expected = math.log(0.8 / 0.2) + math.log(9)
    accuracy = 0.9 * 0.8 + 0.1 * 0.5
    assert solve("verification", accuracy=accuracy, lapse=0.1) == pytest.approx(
        expected
    )


@pytest.mark.parametrize("skill", [0.0, 0.8, 6.0, 40.0])
def test_the_criterion_lets_the_share_asked_for_pass(skill):
    rng = np.random.default_rng(0)
    lead = skill * rng.normal(size=200_000) + rng.logistic(size=200_000)
    error = math.sqrt(0.3 * 0.7 / 200_000)
    # Above skill 20 the noise is left out, worth a thousandth.
    assert abs((lead > solve_criterion(skill, 0.3)).mean() - 0.3) < 4 * error + 1e-3


def test_the_conflict_of_a_verification_is_that_of_a_right_suggestion():
    utility = np.random.default_rng(0).gumbel(size=(100_000, 5))
    lead = np.abs(utility[:, 0] + 2.0 - utility[:, 1:].max(axis=1))
    conflict = np.log1p(np.exp(-lead))
    error = conflict.std() / math.sqrt(100_000)
    seen = expected_conflict(KINDS["verification"], 5, 2.0, 0.0)
    assert abs(seen - conflict.mean()) < 4 * error
