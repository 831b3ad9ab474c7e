import dataclasses
import math

import numpy as np
import pytest

from hitl_sim.analysis.chance.claim import Effect
from hitl_sim.analysis.condition.between import (
    beside,
    distinct,
    judge_at_once,
    judge_pairs,
)
from hitl_sim.analysis.condition.finding import best


def by_name(result):
    return {finding.arm: finding for finding in result.tasks[0].findings}


def test_two_arms_are_compared_without_the_control(synthetic, analysed):
    arms = [synthetic.Arm("quick", ratio=0.5), synthetic.Arm("slow", ratio=1.5)]
    found = by_name(analysed(arms, num_replicates=64))
    ratio = beside(found["quick"], found["slow"], 0)
    # a grid of 10 steps adds 5 to the 85 and 255 steps that the arms take
    assert ratio.low < 90 / 260 < ratio.high
    assert ratio.value == pytest.approx(
        found["quick"].ratio.value / found["slow"].ratio.value
    )


def test_an_arm_that_never_reaches_is_infinitely_dearer(synthetic, analysed):
    arms = [synthetic.Arm("quick", ratio=0.5), synthetic.Arm("lost", steps=[9e9] * 12)]
    found = by_name(analysed(arms))
    assert beside(found["lost"], found["quick"], 0).value == math.inf
    assert beside(found["lost"], found["quick"], 0).low > 1.0


def test_arms_of_different_tasks_are_not_compared(synthetic, analysed):
    arm = by_name(analysed([synthetic.Arm("quick")]))["quick"]
    with pytest.raises(ValueError, match="`other` must be of task 'digits', got 'b'"):
        beside(arm, dataclasses.replace(arm, task="b"), 0)


ARMS = 10
STUDIES = 60


@pytest.fixture(scope="module")
def task(synthetic, analysed):
    arms = [synthetic.relevance(0.8, population=f"p{num}") for num in range(ARMS)]
    return analysed(arms, num_replicates=32).tasks[0]


def test_the_best_of_ten_has_a_wider_interval_with_all_judged_at_once(task):
    leader = best(task.with_people)
    joint = judge_at_once(leader, task.with_people, task.control, 7)
    own = leader.ratio
    assert joint.num == ARMS
    # Bonferroni's normal point over the single one is 2.81 / 1.96.
    wider = np.log(joint.high / joint.low) / np.log(own.high / own.low)
    assert 1.2 < wider < 2.81 / 1.96 * 1.05


def test_one_condition_alone_keeps_its_interval(task):
    leader = best(task.with_people)
    joint = judge_at_once(leader, [leader], task.control, 7)
    assert (joint.low, joint.high) == (leader.ratio.low, leader.ratio.high)


def test_the_same_runs_under_two_names_count_once(task):
    leader = best(task.with_people)
    copy = dataclasses.replace(leader, arm="the same by another name")
    assert len(distinct([*task.with_people, copy])) == ARMS
    once = judge_at_once(leader, [leader, copy], task.control, 7)
    assert once.num == 1


@pytest.mark.slow
def test_in_95_of_100_studies_no_interval_of_all_at_once_misses(synthetic, analysed):
    """Ten arms that save nothing: how often is one of them said to differ?"""
    misses = own_misses = 0
    for seed in range(STUDIES):
        arms = [
            synthetic.relevance(1.0, population=f"p{num}", choose=0)
            for num in range(ARMS)
        ]
        study = {"num_replicates": 16, "num_checkpoints": 100, "seed": seed}
        task = analysed(arms, **study).tasks[0]
        every = task.with_people
        joint = [judge_at_once(one, every, task.control, 7) for one in every]
        misses += any(not one.low <= 1.0 <= one.high for one in joint)
        own_misses += any(not f.ratio.low <= 1.0 <= f.ratio.high for f in every)
    assert misses <= STUDIES * 0.05 + 4 * np.sqrt(STUDIES * 0.05 * 0.95)
    assert own_misses >= 2 * misses > 0


@pytest.mark.slow
def test_in_80_of_100_studies_of_ten_arms_that_save_30_percent_a_verdict_stands(
    synthetic, analysed
):
    stands = 0
    for seed in range(40):
        arms = [synthetic.relevance(0.7, population=f"p{num}") for num in range(ARMS)]
        task = analysed(
            arms, num_replicates=32, num_checkpoints=80, sd=0.25, seed=seed
        ).tasks[0]
        leader = best(task.with_people)
        joint = judge_at_once(leader, task.with_people, task.control, 7)
        stands += leader.claim.effect is Effect.SAVES and joint.high <= 0.95
    assert stands >= 0.8 * 40


def test_the_worst_of_equal_crowds_is_rarely_told_from_the_best(synthetic, analysed):
    """All pairs of five equal crowds are judged at once: at most 1 study in 20 errs."""
    told = 0
    for seed in range(20):
        arms = [synthetic.relevance(0.8, population=f"p{num}") for num in range(5)]
        task = analysed(arms, num_replicates=16, seed=seed).tasks[0]
        every = sorted(task.with_people, key=lambda f: f.ratio.value)
        found = judge_pairs(every[-1], every[0], every, task.control, 7)
        assert found.num == 5
        told += found.low > 1.0
    # 4 or more of 20 have a chance of 1.6 % where 1 in 20 errs
    assert told <= 3


def test_a_crowd_twice_as_dear_is_told_from_the_best(synthetic, analysed):
    arms = [
        synthetic.relevance(ratio, population=f"p{ratio}") for ratio in (0.5, 0.6, 1.2)
    ]
    task = analysed(arms, num_replicates=16).tasks[0]
    every = sorted(task.with_people, key=lambda f: f.ratio.value)
    found = judge_pairs(every[-1], every[0], every, task.control, 7)
    assert found.low > 1.0
    assert found.low < every[-1].ratio.value / every[0].ratio.value < found.high
