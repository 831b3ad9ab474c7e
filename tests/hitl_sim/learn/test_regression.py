"""Whole runs on a task of numbers."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hitl_sim.learn import NetworkConfig, PanelConfig, RunConfig
from hitl_sim.learn.intervention import Program, Shape
from hitl_sim.learn.intervention.labelling import LabellingArm
from hitl_sim.learn.intervention.whole_pool import WholePoolArm
from hitl_sim.learn.loop import build_run
from hitl_sim.learn.metric.rmse_score import rmse_score
from hitl_sim.learn.optimise import TrainConfig
from hitl_sim.task import load_task
from hitl_sim.task.planted_number import NOISE

POOL, VALIDATION, TEST = 300, 100, 100
BEST = 1.0 - NOISE / np.sqrt(1.0 + NOISE**2)
"""Score of the best possible prediction."""


@pytest.fixture(scope="module")
def numbers():
    return load_task("planted_number", num_features=16, num_groups=4)[1]


def run_of(arm, steps, people=3):
    train = TrainConfig(16, steps, 10, metric=rmse_score, problem="regression")
    shape, panel = Shape(POOL, 16, 1, 4, 4), PanelConfig(people, people, 1)
    program = Program(shape, NetworkConfig(()), train, panel)
    return jax.jit(build_run(RunConfig(program, arm, VALIDATION, TEST)))


def asking(**options):
    return LabellingArm(
        name="asked",
        feedback="number",
        strategy="random",
        aggregate="mean",
        rounds=10,
        questions=20,
        **options,
    )


@pytest.fixture(scope="module")
def asked():
    return run_of(asking(), 40)


def test_who_says_numbers_rightly_teaches_as_much_as_can_be_told(
    asked, numbers, hyper_of, seeds_of
):
    scores = {}
    for population in ("perfect", "spammer"):
        hyper = hyper_of(population, "number", 2)
        trace = asked(seeds_of(), hyper, numbers)
        assert trace.curve.is_finite.all()
        assert np.isnan(trace.label_accuracy)
        # nothing is right or wrong of a number
        assert float(trace.labour.num_scored.sum()) == 0.0
        assert int(trace.labour.is_answered.sum()) == 600
        scores[population] = float(trace.curve.test[-1])
    # of the items that are asked about a fifth shows nothing: no run reaches the best
    assert BEST - 0.35 < scores["perfect"] < BEST + 0.1
    assert scores["spammer"] < scores["perfect"] - 0.2


@pytest.mark.slow
def test_noisier_people_cost_accuracy_and_more_of_them_give_it_back(
    numbers, hyper_of, seeds_of
):
    def mean_score(people, **parameters):
        run, hyper = (
            run_of(asking(), 20, people),
            hyper_of("typical", "number", 2, shared_error=0.0, **parameters),
        )
        own = [run(seeds_of(k), hyper, numbers).curve.test[-1] for k in range(12)]
        return float(jnp.stack(own).mean())

    exact = {"skill": 1e4, "skill_spread": 0.0, "lapse": 0.0}
    noisy = {"skill": 1.5, "skill_spread": 0.0, "lapse": 0.0}
    right, one, seven = (
        mean_score(1, **exact),
        mean_score(1, **noisy),
        mean_score(7, **noisy),
    )
    assert right > seven > one


@pytest.mark.slow
def test_a_whole_pool_comes_near_to_the_best_there_is(numbers, hyper_of, seeds_of):
    run = run_of(WholePoolArm(name="control", role="control"), 60)
    hyper = hyper_of()
    clean = hyper._replace(corruption=jax.tree.map(jnp.zeros_like, hyper.corruption))
    trace = run(seeds_of(), clean, numbers)
    # 16 weights of 300 items add a share 16 / 300 to the variance of the noise; an RMSE
    # of 100 items has a standard error of 7 % of itself
    assert abs(float(trace.curve.test[-1]) - BEST) < 5.0 * 0.07 * (1.0 - BEST)
