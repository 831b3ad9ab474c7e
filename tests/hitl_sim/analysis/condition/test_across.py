import dataclasses
import functools
import math

import numpy as np
import pytest

from hitl_sim.analysis.chance.estimate import unknown
from hitl_sim.analysis.chance.random_effects import combine
from hitl_sim.analysis.condition.across import (
    Membership,
    across_tasks,
    log_error,
)
from hitl_sim.energy import Scope, unavailable

RATIOS = (0.5, 0.6, 0.7, 0.8, 0.9)
SMOOTH = {"num_replicates": 16, "sd": 0.1}


@pytest.fixture(scope="module")
def make(synthetic, analysed):
    """Return a function that makes a study with a task per rho of its one arm."""

    @functools.cache
    def study(ratios=RATIOS, *, is_crowded=False, first=0, steps=None, **changes):
        more = [synthetic.relevance(0.4, "perfect")] if is_crowded else []
        parts = [
            analysed(
                [synthetic.relevance(ratio, steps=steps), *more],
                **{**SMOOTH, "seed": number, "task": f"task {number}", **changes},
            )
            for number, ratio in enumerate(ratios, first)
        ]
        tasks = tuple(part.tasks[0] for part in parts)
        return dataclasses.replace(parts[0], tasks=tasks)

    return study


def test_five_tasks_have_a_mean_a_prediction_and_i2(make):
    (found,) = across_tasks([make()])
    assert found.label == "relevance, typical"
    assert [one.task for one in found.tasks] == [f"task {n}" for n in range(5)]
    # the geometric mean of what was planted, choosing included, lies in the interval
    planted = math.exp(np.log(RATIOS).mean())
    assert found.ratio.low < planted * 1.1 < found.ratio.high
    assert found.predicted.low < found.ratio.low
    assert found.predicted.high > found.ratio.high
    assert 0.5 < found.i2_frac < 1.0
    logs = [math.log(one.finding.ratio.value) for one in found.tasks]
    own = combine(logs, [one.error for one in found.tasks])
    assert found.ratio.value == pytest.approx(math.exp(own.mean.value))


@pytest.mark.parametrize("num", [3, 4])
def test_three_or_four_tasks_have_a_mean_and_no_prediction(make, num):
    (found,) = across_tasks([make(RATIOS[:num])])
    assert found.summary.method == "REML"
    assert found.ratio.low < found.ratio.value < found.ratio.high
    assert found.predicted is found.i2_frac is None


def test_two_tasks_are_only_listed_and_one_not_even_that(make):
    (found,) = across_tasks([make(RATIOS[:2])])
    assert len(found.tasks) == 2
    assert found.summary is found.ratio is found.predicted is None
    assert across_tasks([make(RATIOS[:1])]) == ()


def test_studies_together_are_as_one_study_of_all_their_tasks(make):
    whole, parts = make(), [make(RATIOS[:2]), make(RATIOS[2:], first=2)]
    (one,), (several,) = across_tasks([whole]), across_tasks(parts)
    assert several.ratio == one.ratio
    assert several.predicted == one.predicted


def test_each_setting_of_the_crowd_has_a_summary_of_its_own(make):
    found = {one.label: one for one in across_tasks([make(is_crowded=True)])}
    assert set(found) == {"relevance, typical", "relevance, perfect"}
    assert found["relevance, typical"].is_reference
    assert not found["relevance, perfect"].is_reference
    assert (
        found["relevance, perfect"].ratio.high < found["relevance, typical"].ratio.low
    )


def test_settings_of_a_task_are_no_tasks(make):
    pools = []
    for number, task in enumerate(make().tasks):
        settings = {"task.pool": 100 * (number + 1)}
        control = dataclasses.replace(task.control, settings=settings)
        pools.append(dataclasses.replace(task, task="digits", control=control))
    assert across_tasks([dataclasses.replace(make(), tasks=tuple(pools))]) == ()


def test_a_task_that_nobody_reached_opens_both_intervals_and_is_kept(make):
    study = make()
    (other,) = make((1.0,), first=9, steps=(9e9,) * 16).tasks
    (found,) = across_tasks([dataclasses.replace(study, tasks=(*study.tasks, other))])
    (without,) = across_tasks([study])
    assert [one.task for one in found.unbounded] == ["task 9"]
    assert found.tasks[-1].log_ratio == math.inf
    assert found.ratio.value == without.ratio.value
    assert found.ratio.low == without.ratio.low
    assert found.ratio.high == found.predicted.high == math.inf


def test_a_task_of_too_few_replicates_is_named_as_left_out(make):
    study = make()
    (few,) = make((0.7,), first=9, num_replicates=5).tasks
    (found,) = across_tasks([dataclasses.replace(study, tasks=(*study.tasks, few))])
    (left,) = found.left_out
    assert (left.task, left.membership) == ("task 9", Membership.FEW)
    assert found.summary.num == 5


def test_a_task_whose_control_never_reached_is_unknown_and_left_out(make):
    study = make()
    first = study.tasks[0]
    ratio = unknown(unavailable("1", Scope.CONSTANT, "no run of the control reached"))
    never = dataclasses.replace(first.findings[0], ratio=ratio)
    first = dataclasses.replace(first, findings=(never,))
    study = dataclasses.replace(study, tasks=(first, *study.tasks[1:]))
    (found,) = across_tasks([study])
    assert [one.membership for one in found.left_out] == [Membership.UNKNOWN]
    assert found.summary.num == 4


def test_an_arm_that_is_the_control_run_for_run_has_no_variance_to_weigh(make):
    study = make()
    tasks = []
    for task in study.tasks:
        same = dataclasses.replace(
            task.findings[0],
            cost_sample=task.control.cost_sample,
            replicate=task.control.replicate,
        )
        tasks.append(dataclasses.replace(task, findings=(same,)))
    (found,) = across_tasks([dataclasses.replace(study, tasks=tuple(tasks))])
    assert {one.membership for one in found.tasks} == {Membership.CONSTANT}
    assert found.summary is None


def test_one_task_in_two_studies_is_refused(make):
    with pytest.raises(ValueError, match="`results` must hold task 'task 0' once"):
        across_tasks([make(), make(RATIOS[:1])])


def test_tasks_of_one_name_and_other_data_are_told_apart_by_their_study(make):
    one, other = make(), make(RATIOS[:1])
    tables = {"task": {"task 0": {"source": "digits", "pool": 10}}}
    other = dataclasses.replace(other, study=tables)
    (found,) = across_tasks([one, other], ["first", "second"])
    names = [found.tasks[0].task, found.tasks[-1].task]
    assert names == ["task 0 (first)", "task 0 (second)"]
    assert found.summary.num == 6


def test_the_standard_error_is_that_of_the_log_ratio_over_many_studies():
    rng = np.random.default_rng(3)
    num, logs, errors = 8, [], []
    for _ in range(2_000):
        spent = np.exp(0.2 * rng.standard_normal((2, num)))
        logs.append(np.log(spent[0].sum() / spent[1].sum()))
        weights = rng.dirichlet(np.ones(num), 200)
        errors.append(log_error(weights @ spent[0] / (weights @ spent[1]), num))
    # four standard errors of a deviation found from 2,000 values
    found = np.sqrt(np.mean(np.square(errors)))
    assert found == pytest.approx(np.std(logs), rel=0.065)
    assert log_error(np.array([1.0, np.inf]), 12) == math.inf
