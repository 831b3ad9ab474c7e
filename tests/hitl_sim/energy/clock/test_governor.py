import numpy as np
import pytest

from hitl_sim.energy.clock import (
    Clocked,
    GovernorConfig,
    Job,
    Phase,
    best_clock,
    best_fixed,
    cost_table,
    draw_load,
    govern,
    job_energy,
)

DEVICE = Clocked(3e8, 2e9, static_w=40.0, dynamic_w=160.0)
CLOCKS = np.linspace(3e8, 2e9, 8)
LIGHT, HEAVY, WAITING = Phase(1e7, 0.002), Phase(6e7, 0.004), Phase(1e7, 0.02)
LATE_J = 5.0


def ratio(load, seed):
    """Cost of the best fixed clock in hindsight ÷ what the governor paid, all told."""
    costs = cost_table(load, DEVICE, CLOCKS, LATE_J)
    governed = govern(load, DEVICE, costs, GovernorConfig(), seed)
    return best_fixed(costs)[1] / governed.total


@pytest.mark.parametrize("phase", [LIGHT, HEAVY, WAITING])
def test_on_stationary_load_it_reaches_95_percent_of_the_best_fixed_clock(phase):
    ratios = [
        ratio(draw_load((phase,), 5000, 0.04, seed), seed + 100) for seed in range(5)
    ]
    assert min(ratios) >= 0.95


def test_it_beats_every_fixed_clock_when_load_changes():
    phases = (LIGHT, HEAVY, WAITING)
    ratios = [
        ratio(draw_load(phases, 8000, 0.04, seed, mean_stay=200.0), seed + 100)
        for seed in range(5)
    ]
    assert min(ratios) > 1.02


def test_it_chooses_a_slower_clock_while_load_is_light():
    load = draw_load((LIGHT, HEAVY), 8000, 0.04, 3, mean_stay=200.0)
    costs = cost_table(load, DEVICE, CLOCKS, LATE_J)
    governed = govern(load, DEVICE, costs, GovernorConfig(), 7)
    is_heavy = load.cycles > 2.5e7
    after = slice(4000, None)
    chosen = CLOCKS[governed.choice]
    assert chosen[after][is_heavy[after]].mean() > 1.7e9
    assert chosen[after][~is_heavy[after]].mean() < 1.3e9


def test_the_governor_never_sees_the_load_of_the_period_that_it_chooses_for():
    load = draw_load((LIGHT, HEAVY), 300, 0.04, 3, mean_stay=20.0)
    costs = cost_table(load, DEVICE, CLOCKS, LATE_J)
    first = govern(load, DEVICE, costs, GovernorConfig(), 7).choice
    changed = type(load)(load.cycles.copy(), load.memory_s, load.period_s)
    changed.cycles[-1] = 9e7
    again = govern(changed, DEVICE, costs, GovernorConfig(), 7).choice
    assert np.array_equal(first, again)


def test_the_same_seed_chooses_the_same_clocks():
    load = draw_load((LIGHT,), 500, 0.04, 1)
    costs = cost_table(load, DEVICE, CLOCKS, LATE_J)
    runs = [govern(load, DEVICE, costs, GovernorConfig(), s).choice for s in (5, 5, 6)]
    assert np.array_equal(runs[0], runs[1])
    assert not np.array_equal(runs[0], runs[2])


def test_a_period_costs_the_energy_of_its_job():
    load = draw_load((LIGHT,), 3, 0.04, 1)
    costs = cost_table(load, DEVICE, CLOCKS, LATE_J)
    job = Job(float(load.cycles[1]), float(load.memory_s[1]))
    assert costs[1, 5] == pytest.approx(job_energy(job, DEVICE, CLOCKS[5]))


def test_a_late_job_is_finished_at_the_top_clock_and_pays_the_penalty():
    load = draw_load((Phase(4e7, 0.0, 0.0),), 1, 0.04, 1)
    slow = CLOCKS[0]
    share = 0.04 / (4e7 / slow)
    job = Job(4e7)
    expected = share * job_energy(job, DEVICE, slow) + (1 - share) * job_energy(
        job, DEVICE, 2e9
    )
    costs = cost_table(load, DEVICE, CLOCKS, LATE_J)
    assert costs[0, 0] == pytest.approx(expected + LATE_J)
    assert cost_table(load, DEVICE, CLOCKS, 0.0)[0, 0] == pytest.approx(expected)


def test_the_best_fixed_clock_without_deadlines_is_nearest_to_the_critical_one():
    load = draw_load((LIGHT,), 200, 1e3, 1)
    at, total = best_fixed(cost_table(load, DEVICE, CLOCKS, 0.0))
    closed = best_clock(Job(1e7, 0.002), DEVICE)
    assert abs(CLOCKS[at] - closed) == np.abs(CLOCKS - closed).min()
    assert total == cost_table(load, DEVICE, CLOCKS, 0.0).sum(axis=0).min()


def test_loads_have_the_means_of_their_phases():
    load = draw_load((Phase(1e7, 0.01, 0.3),), 20_000, 0.04, 2)
    error = 4 * 0.3 / np.sqrt(20_000)
    assert load.cycles.mean() == pytest.approx(1e7, rel=error)
    assert load.memory_s.mean() == pytest.approx(0.01, rel=error)
    assert load.cycles.std() == pytest.approx(0.3e7, rel=0.05)


def test_phases_stay_as_long_as_said():
    load = draw_load((LIGHT, HEAVY), 40_000, 0.04, 2, mean_stay=50.0)
    changes = int((np.diff(load.cycles > 2.5e7) != 0).sum())
    expected = 40_000 / 50
    assert abs(changes - expected) < 4 * np.sqrt(expected)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"edges": (0.2, 0.1)}, "`edges` must rise"),
        ({"discount": 1.0}, "`discount` must be >= 0 and < 1"),
        ({"explore": 0.0}, "`explore` must be > 0"),
        ({"least_rate": 0.0}, "`least_rate` must be > 0 and <= 1"),
    ],
)
def test_a_governor_that_cannot_learn_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        GovernorConfig(**changes)


def test_clocks_that_the_device_has_not_are_refused():
    load = draw_load((LIGHT,), 2, 0.04, 1)
    with pytest.raises(ValueError, match="`clocks_hz` must be >="):
        cost_table(load, DEVICE, np.array([1e8]), 0.0)
    with pytest.raises(ValueError, match="`late_j` must be >= 0 J"):
        cost_table(load, DEVICE, CLOCKS, -1.0)
    with pytest.raises(ValueError, match="`phases` must hold at least one"):
        draw_load((), 2, 0.04, 1)
    with pytest.raises(ValueError, match="`num_periods`, `period_s` and `mean_stay`"):
        draw_load((LIGHT,), 0, 0.04, 1)
