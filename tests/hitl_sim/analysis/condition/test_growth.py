import dataclasses

import numpy as np
import pytest

from hitl_sim.analysis.condition.growth import (
    find_scalings,
    fit_growth,
    hide_largest,
    required_ratio,
)
from hitl_sim.cost import published_runs
from hitl_sim.energy import Kind

SIZES = np.array([100.0, 200.0, 400.0, 800.0, 1600.0])


def test_an_exact_law_is_found_and_predicted_without_error():
    found = fit_growth(SIZES, 3.0 * SIZES**0.7)
    assert found.exponent == pytest.approx(0.7)
    assert found.factor == pytest.approx(3.0)
    ahead = found.predict(16_000.0)
    assert ahead.value == pytest.approx(3.0 * 16_000.0**0.7)
    assert ahead.low == pytest.approx(ahead.high)


def test_nothing_is_predicted_beyond_one_decade():
    found = fit_growth(SIZES, SIZES)
    found.predict(16_000.0)
    with pytest.raises(ValueError, match="within one decade"):
        found.predict(16_001.0)


def test_an_interval_widens_with_the_distance():
    rng = np.random.default_rng(0)
    found = fit_growth(SIZES, SIZES * rng.lognormal(0.0, 0.1, 5))
    near, far = found.predict(3200.0), found.predict(16_000.0)
    assert far.high / far.low > near.high / near.low > 1.0


@pytest.mark.parametrize("num", [5, 7])
def test_predictions_a_decade_ahead_hold_a_new_measurement_in_95_of_100_or_more(num):
    rng = np.random.default_rng(num)
    sizes = np.geomspace(100.0, 3000.0, num)
    hits, studies = 0, 3000
    for _ in range(studies):
        noise = rng.lognormal(0.0, 0.08, num + 1)
        law = fit_growth(sizes, 5.0 * sizes**0.6 * noise[:-1])
        hits += law.predict(30_000.0).holds(5.0 * 30_000.0**0.6 * noise[-1])
    assert hits / studies > 0.95 - 4.0 * np.sqrt(0.95 * 0.05 / studies)


@pytest.mark.parametrize("offset", [0.0, 20.0, 60.0])
def test_laws_with_an_offset_hold_the_hidden_largest_in_85_of_100(offset):
    rng = np.random.default_rng(int(offset))
    sizes = np.geomspace(100.0, 12_800.0, 8)
    hits, studies = 0, 1000
    for _ in range(studies):
        amounts = (offset + 2.0 * sizes**0.5) * rng.lognormal(0.0, 0.05, 8)
        ahead = hide_largest(fit_growth(sizes, amounts))
        hits += ahead.holds(amounts[-1])
    assert hits / studies >= 0.85


def test_the_largest_is_not_hidden_where_too_few_sizes_would_be_left():
    assert hide_largest(fit_growth(SIZES[:4], SIZES[:4])) is None


def test_the_largest_is_not_hidden_more_than_a_decade_away():
    sizes = [1.0, 2.0, 3.0, 4.0, 50.0]
    assert hide_largest(fit_growth(sizes, sizes)) is None


@pytest.mark.parametrize(
    ("sizes", "amounts", "name"),
    [
        ([1.0, 2.0, 3.0], [1.0, 2.0, 3.0], "size"),
        ([1.0, 2.0, 2.0, 3.0], [1.0, 2.0, 3.0, 4.0], "size"),
        ([1.0, 2.0, 3.0, 4.0], [1.0, 2.0, np.inf, 4.0], "amount"),
    ],
)
def test_what_no_law_can_be_fitted_to_is_refused(sizes, amounts, name):
    with pytest.raises(ValueError, match=name):
        fit_growth(sizes, amounts)


def test_the_ratio_that_repays_hours_is_one_less_their_share_of_the_run():
    run = next(r for r in published_runs() if r.name == "GPT-3")
    found = required_ratio(run, 1e6, "workstation")
    # 1e6 h at 100 W are 1e8 Wh = 100 MWh of 1,287 MWh
    assert found.value == pytest.approx(1.0 - 100.0 / 1287.0)
    assert found.kind is Kind.HYPOTHETICAL
    low, high = found.interval if found.interval else (found.value, found.value)
    assert low <= found.value <= high


def test_hours_that_cost_more_than_the_run_require_less_than_nothing():
    run = next(r for r in published_runs() if r.name.startswith("BLOOM"))
    assert required_ratio(run, 1e8, "workstation").value < 0.0
    assert required_ratio(run, 1e8, "device_only").value == 1.0


def test_negative_hours_are_refused():
    with pytest.raises(ValueError, match="hours"):
        required_ratio(published_runs()[0], -1.0, "workstation")


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
    assert found.ahead == found.growth.predict(16_000.0)


def test_an_arm_that_does_not_grow_has_no_exponent(study):
    found = of(find_scalings(study), "control", "steps")
    assert found.growth.exponent == pytest.approx(0.0, abs=0.02)


def test_operations_follow_the_units_that_the_manifest_counted(study):
    found = of(find_scalings(study), "control", "operations")
    control = study.tasks[-1].control
    counts = {line.unit: 0.0 for line in control.usage.work}
    for line in control.usage.work:
        if line.purpose == "protocol":
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
