import dataclasses

import pytest

from hitl_sim.analysis.scaling import find_scalings

POOLS = (100, 200, 400, 800, 1600)


@pytest.fixture(scope="module")
def study(synthetic, analysed):
    """Tasks that differ in their pool, whose training grows as its square root."""
    tasks = []
    for pool in POOLS:
        factor = (pool / 400.0) ** 0.5
        result = analysed(
            [synthetic.relevance(0.5 * factor)], sd=0.01, num_checkpoints=120
        )
        (task,) = result.tasks
        scaled = dataclasses.replace(task.findings[0], settings={"task.pool": pool})
        control = dataclasses.replace(task.control, settings={"task.pool": pool})
        tasks.append(dataclasses.replace(task, control=control, findings=(scaled,)))
    return dataclasses.replace(result, tasks=tuple(reversed(tasks)))


def of(scalings, arm, amount):
    return next(s for s in scalings if s.arm == arm and s.amount == amount)


def test_steps_grow_as_they_were_planted(study):
    found = of(find_scalings(study), "relevance", "steps")
    assert found.size == "items of the pool"
    assert found.growth.size.tolist() == list(POOLS)
    assert found.growth.exponent == pytest.approx(0.5, abs=0.06)
    assert found.ahead.size == 16_000
    assert not found.ahead.is_measured_range


def test_an_arm_that_does_not_grow_has_no_exponent(study):
    found = of(find_scalings(study), "control", "steps")
    assert found.growth.exponent == pytest.approx(0.0, abs=0.02)


def test_operations_follow_the_units_that_the_manifest_counted(study):
    found = of(find_scalings(study), "control", "operations")
    control = study.tasks[-1].control
    counts = {line.unit: 0.0 for line in control.usage.work}
    for line in control.usage.work:
        if line.standing == "protocol":
            counts[line.unit] += line.count
    expected = sum(
        sum(study.work[name]["flops"].values()) * count
        for name, count in counts.items()
    )
    assert found.growth.amount[0] == pytest.approx(expected)


def test_the_largest_size_is_hidden_and_held(study):
    for found in find_scalings(study):
        assert found.is_held


def test_a_study_of_one_size_has_no_growth(analysed):
    assert find_scalings(analysed()) == ()


def test_an_arm_that_did_not_reach_at_a_size_is_left_out(study):
    first = study.tasks[0]
    lost = dataclasses.replace(first.findings[0].reach, hits=0)
    finding = dataclasses.replace(first.findings[0], reach=lost)
    task = dataclasses.replace(first, findings=(finding,))
    result = dataclasses.replace(study, tasks=(task, *study.tasks[1:]))
    assert {s.arm for s in find_scalings(result)} == {"control"}
