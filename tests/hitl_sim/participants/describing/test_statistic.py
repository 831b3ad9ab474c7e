"""Statistics say what is known of made-up crowds."""

from dataclasses import replace

import numpy as np
import pytest
from known_crowd import make_design

from hitl_sim.participants.describing.redundancy import curve
from hitl_sim.participants.describing.statistic import EM_GAIN, describe


def answered(accuracies):
    """Let independent people of these accuracies answer all of 200 items."""
    design = make_design(len(accuracies), 200, len(accuracies), 0)
    rng = np.random.default_rng(1)
    truth = design.truth[design.item]
    right = rng.random(truth.size) < np.asarray(accuracies)[design.person]
    answer = np.where(right, truth, 1 - truth)
    return replace(design, answer=answer, sizes=(1, 5))


def test_weighing_people_gains_where_they_are_unlike():
    # three sure people against six who guess: weighing finds out who is who
    unlike = describe(answered([0.97] * 3 + [0.5] * 6), np.random.default_rng(0))
    alike = describe(answered([0.8] * 9), np.random.default_rng(0))
    name = f"{EM_GAIN} of 5"
    assert unlike[name].value > 0.03
    assert abs(alike[name].value) < 0.02


def test_the_gain_is_of_the_same_people_whatever_joins_their_answers():
    record = answered(np.linspace(0.55, 0.9, 9))
    gains = [
        describe(record, np.random.default_rng(seed), num_draws=1, num_em_draws=1)[
            f"{EM_GAIN} of 5"
        ].value
        for seed in range(12)
    ]
    apart = [
        np.diff(
            [
                curve(np.random.default_rng((seed, turn)), record, method, (5,), 1)[0]
                for turn, method in enumerate(("majority", "dawid_skene"))
            ]
        )[0]
        for seed in range(12)
    ]
    assert np.std(gains) < 0.8 * np.std(apart)


def test_a_single_answer_gains_nothing_and_is_not_told():
    table = describe(answered([0.8] * 9), np.random.default_rng(0))
    assert f"{EM_GAIN} of 1" not in table
    assert table["majority of 5"].value == pytest.approx(0.94, abs=0.05)


def test_second_looks_that_never_differ_tell_no_time_of_changes():
    design = make_design(20, 60, 8, 4)
    right = replace(
        design,
        answer=design.truth[design.item],
        seconds=np.full(design.person.size, 2.0),
    )
    table = describe(right, np.random.default_rng(0))
    assert table["second look the same"].value == 1.0
    assert "log time of answers later changed" not in table
