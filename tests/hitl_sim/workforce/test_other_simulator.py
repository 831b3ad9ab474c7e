"""The clock beside another simulator of queues, where no closed form is known."""

import math

import numpy as np
import pytest

from hitl_sim.workforce import Duration, Fixed, People, Project, simulate_project
from hitl_sim.workforce.team import DAY_S

ciw = pytest.importorskip("ciw")

SERVERS, MEAN_S, SPREAD, WARM_UP = 3, 20.0, 1.0, 300
RUNS = 30


def ours(load, items, seed):
    people = People(
        team=SERVERS,
        hours_per_day=24,
        days_per_week=7,
        seconds=Duration(MEAN_S, "lognormal", SPREAD),
    )
    rate = load * SERVERS / MEAN_S * DAY_S
    project = Project(items, people, Fixed(1), items_per_day=rate, horizon_s=1e9)
    return simulate_project(project, seed, warm_up_items=WARM_UP).wait.mean


def theirs(load, items, seed):
    middle = math.log(MEAN_S) - SPREAD**2 / 2
    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Exponential(load * SERVERS / MEAN_S)],
        service_distributions=[ciw.dists.Lognormal(middle, SPREAD)],
        number_of_servers=[SERVERS],
    )
    ciw.seed(seed)
    run = ciw.Simulation(network)
    run.simulate_until_max_customers(items)
    records = sorted(run.get_all_records(), key=lambda one: one.arrival_date)
    return float(np.mean([one.waiting_time for one in records[WARM_UP:]]))


@pytest.mark.slow
@pytest.mark.parametrize("load", [0.7, 0.9])
def test_questions_with_lognormal_times_wait_as_long_as_in_ciw(load):
    found = [
        np.array([run(load, 6_000, seed) for seed in range(RUNS)])
        for run in (ours, theirs)
    ]
    error = math.sqrt(sum(one.var(ddof=1) for one in found) / RUNS)
    assert error <= 0.12 * found[0].mean()
    assert found[0].mean() == pytest.approx(found[1].mean(), abs=4 * error)
