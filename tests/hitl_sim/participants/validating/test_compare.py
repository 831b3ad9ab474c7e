"""People of one kind cannot be told apart, people of another can."""

from dataclasses import replace

import numpy as np
from known_crowd import answer_design, make_design
from sklearn.metrics import roc_auc_score

from hitl_sim.participants.record import places
from hitl_sim.participants.validating.compare import (
    Scored,
    summarise_people,
    two_sample_test,
)


def crowd(seed):
    return answer_design(make_design(repeats=0), seed)[0]


def test_two_draws_of_one_crowd_cannot_be_told_apart():
    found = two_sample_test(crowd(1), [crowd(seed) for seed in range(2, 6)], 0)
    assert found.num_people == 40
    assert found.low < 0.5 < found.high
    # the standard error of an area with forty of each is .065
    assert found.auc < 0.5 + 4 * 0.065
    assert abs(found.real - 0.5) < 4 * 0.065
    assert abs(found.simulated - 0.5) < 4 * 0.065


def test_guessers_are_told_from_the_crowd():
    real = crowd(1)
    rng = np.random.default_rng(0)
    guess = replace(real, answer=rng.integers(0, 2, real.answer.size))
    found = two_sample_test(real, [guess, guess], 0)
    assert found.auc > 0.95
    assert found.low > 0.85


def test_times_alone_give_simulated_people_away():
    real = crowd(1)
    even = replace(real, seconds=np.full(real.answer.size, 5.0))
    assert two_sample_test(real, [even, even], 0).auc > 0.95


def test_areas_are_those_of_scikit_learn():
    rng = np.random.default_rng(0)
    person, is_first = rng.integers(0, 30, 200), rng.random(200) < 0.2
    # two digits, so that scores tie
    scored = Scored(np.round(rng.random(200), 2), is_first, person)
    drawn = [rng.choice(30, 30) for _ in range(5)]
    weights = [np.bincount(people, minlength=30)[person] for people in drawn]
    areas = [roc_auc_score(is_first, scored.score, sample_weight=w) for w in weights]
    np.testing.assert_allclose(scored.areas(drawn), areas, rtol=1e-12)
    assert abs(scored.auc() - roc_auc_score(is_first, scored.score)) < 1e-12
    nobody = person[is_first][:1]
    alone = Scored(scored.score, person == nobody, person)
    assert np.isnan(alone.areas([nobody])).all()


def test_a_control_that_is_known_is_not_asked_again():
    real = crowd(1)
    found = two_sample_test(real, [crowd(2), crowd(3)], 0, num_redrawn=0, control=0.25)
    assert found.real == 0.25


def test_too_few_people_are_not_judged():
    small, *_ = answer_design(make_design(10, 60, 5, 0))
    assert np.isnan(two_sample_test(small, [small, small], 0).auc)


def test_nothing_is_read_from_an_order_that_nobody_recorded():
    ordered = replace(crowd(1), is_ordered=True)
    # the same rows, the later the slower
    sped = replace(ordered, seconds=ordered.times * 1.1 ** places(ordered.person))
    loose = replace(ordered, is_ordered=False)
    shuffled = np.lexsort(
        (np.random.default_rng(0).random(loose.person.size), loose.person)
    )
    mixed = replace(
        loose,
        **{n: getattr(loose, n)[shuffled] for n in ("item", "answer", "seconds")},
    )
    np.testing.assert_allclose(
        summarise_people(loose)[1], summarise_people(mixed)[1], rtol=1e-9, atol=1e-12
    )
    _, before = summarise_people(ordered)
    _, after = summarise_people(sped)
    # errors in a row, answers in a row, trend and memory are told where it is
    assert before.shape[1] == summarise_people(loose)[1].shape[1] + 4
    assert (after[:, -2] > before[:, -2]).all()
