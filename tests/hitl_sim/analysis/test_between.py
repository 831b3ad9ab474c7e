import dataclasses
import math

import pytest

from hitl_sim.analysis import beside


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
