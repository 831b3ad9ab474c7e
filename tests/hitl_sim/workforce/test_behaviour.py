import dataclasses
import math

import numpy as np
import pytest

from hitl_sim.workforce import Behaviour
from hitl_sim.workforce.behaviour import (
    SimulatedAnswers,
    check_behaviour,
    draw_answers,
    draw_appeal,
    draw_skills,
)

NUM = 100_000
CROWDS = (
    Behaviour(0.8, 2),
    Behaviour(0.8, 10, shared=0.4),
    Behaviour(0.7, 3, skill_spread=1.0, shared=0.7),
)


def answers_of(behaviour, num_people=2, num=NUM, seed=0):
    rng = np.random.default_rng(seed)
    skills = draw_skills(behaviour, rng, num * num_people).reshape(num, num_people)
    return draw_answers(behaviour, rng, skills, draw_appeal(behaviour, rng, num))


@pytest.mark.parametrize("behaviour", CROWDS, ids=repr)
def test_one_answer_is_as_right_as_is_said_whatever_is_shared(behaviour):
    share = float((answers_of(behaviour)[:, 0] == 0).mean())
    error = math.sqrt(behaviour.accuracy * (1 - behaviour.accuracy) / NUM)
    assert share == pytest.approx(behaviour.accuracy, abs=5 * error)


def test_three_people_who_share_errors_are_less_right_than_three_who_do_not():
    def majority(shared):
        answers = answers_of(Behaviour(0.8, 10, shared=shared), 3)
        counts = np.stack([(answers == k).sum(1) for k in range(10)], 1)
        tied = counts == counts.max(1, keepdims=True)
        first = np.take_along_axis(tied, answers, 1).argmax(1)
        return float((answers[np.arange(NUM), first] == 0).mean())

    # measured of the annotators of `oracles`: .93 falls to .82
    assert majority(1.0) == pytest.approx(0.93, abs=0.01)
    assert majority(0.4) == pytest.approx(0.82, abs=0.01)


@pytest.mark.parametrize("behaviour", CROWDS, ids=repr)
def test_answers_that_are_drawn_when_asked_for_have_the_same_law(behaviour):
    rng = np.random.default_rng(5)
    skills = draw_skills(behaviour, rng, 40_000)
    source = SimulatedAnswers(behaviour, skills, rng)
    pairs = np.zeros((20_000, 2), int)
    for item in range(20_000):
        pairs[item] = source.answer(item, 2 * item), source.answer(item, 2 * item + 1)
        source.close(item)
    plain = answers_of(behaviour, num=20_000, seed=9)
    for found in (
        lambda p: p[:, 0] == 0,
        lambda p: (p == 0).all(1),
        lambda p: p[:, 0] == p[:, 1],
    ):
        ours, others = found(pairs), found(plain)
        error = math.sqrt((ours.var() + others.var()) / 20_000)
        assert ours.mean() == pytest.approx(others.mean(), abs=5 * error)


@pytest.mark.parametrize(
    ("field", "value", "condition"),
    [
        ("accuracy", 0.5, r"in \(0.5, 1\), above chance"),
        ("accuracy", 1.0, r"in \(0.5, 1\), above chance"),
        ("num_classes", 1, ">= 2"),
        ("skill_spread", -1.0, "finite and >= 0"),
        ("shared", 0.0, r"in \(0, 1\]"),
    ],
)
def test_impossible_people_are_refused(field, value, condition):
    bad = dataclasses.replace(Behaviour(), **{field: value})
    with pytest.raises(ValueError, match=rf"`behaviour.{field}` must be {condition}"):
        check_behaviour(bad)
