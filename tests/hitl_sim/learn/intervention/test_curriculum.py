"""Training begins with what is easy, by people or a machine, and comes to all of it."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hitl_sim.learn import build_run
from hitl_sim.learn.intervention.arm import Surroundings
from hitl_sim.learn.intervention.curriculum import CurriculumArm, seen_difficulty
from hitl_sim.learn.intervention.machine_curriculum import MachineCurriculumArm
from hitl_sim.learn.intervention.pace import pace
from hitl_sim.learn.network import build_network
from hitl_sim.learn.optimise import (
    Evaluation,
    TrainConfig,
    TrainSet,
    init_learner,
    train,
)
from hitl_sim.task import Status

PACE = {"begin": jnp.float32(0.25), "until": jnp.float32(0.5)}


def paced(setting):
    return setting._replace(params={**setting.params, **PACE})


@pytest.mark.parametrize(
    ("begin", "until", "expected"),
    [
        (0.25, 0.5, [20, 40, 60, 80, 80, 80]),
        (0.5, 1.0, [40, 46, 53, 60, 66, 73]),
        (1.0, 0.5, [80] * 6),
        (1e-6, 1.0, [1, 13, 26, 40, 53, 66]),
    ],
)
def test_the_pace_grows_evenly_to_the_whole_pool(begin, until, expected):
    params = {"begin": jnp.float32(begin), "until": jnp.float32(until)}
    assert pace(params, 80, 6).tolist() == expected


def test_nothing_beyond_the_pace_is_trained_on(setting, program):
    """What is not due yet has no features to learn from, and does no harm."""
    pool, config = setting.split.pool, program.train
    order = jnp.arange(80)
    due = pace(PACE, 80, 6)
    broken = pool.features.at[60:].set(jnp.nan)
    known = TrainSet(broken, pool.label, order, jnp.int32(80), pace=due)
    network = build_network(program.network, 64, 10)
    rates = {"learning_rate": jnp.float32(1e-2)}
    learner = init_learner(jax.random.key(0), network, config, rates)
    split = setting.split
    held = build_evaluation(split)
    many = TrainConfig(batch=64, steps_per_checkpoint=8, num_checkpoints=6)
    args = (network, many, learner, rates, known, held, jnp.arange(6))
    curve = jax.jit(lambda: train(jax.random.key(1), *args)[1])()
    # at the fourth checkpoint all 80 are due
    assert curve.is_finite.tolist() == [True, True, True, False, False, False]


def build_evaluation(split):
    return Evaluation(
        split.validation_x, split.validation_y, split.test_x, split.test_y
    )


def test_perfect_graders_put_what_fits_its_label_first(setting, program, answers_of):
    built = CurriculumArm(name="a", questions=80, generalise_steps=100).build(program)
    plan, questions = built.begin(jax.random.key(0), paced(setting))
    status = np.asarray(setting.split.pool.status)[np.asarray(plan.asked)]
    # items without a class are hardest, and wrong labels make items hard
    grade = np.asarray(questions.right)
    assert (grade[status == Status.IRRELEVANT] == 4).all()
    assert grade[status == Status.WRONG_LABEL].mean() > grade[status == 0].mean() + 1
    plan = built.absorb(paced(setting), plan, answers_of(questions.right))
    hard = np.asarray(seen_difficulty(setting, 10))[np.asarray(plan.order)]
    assert hard[:20].mean() < hard[20:60].mean() < hard[60:].mean()


def test_levels_are_fifths_and_people_see_the_difference(setting, program):
    built = CurriculumArm(name="a", questions=80).build(program)
    _, questions = built.begin(jax.random.key(0), paced(setting))
    lead = np.asarray(questions.utility[:, 1] - questions.utility[:, 0])
    np.testing.assert_array_equal(questions.truth, lead > 0)
    has_class = lead < 3.0
    shares = np.bincount(np.asarray(questions.right)[has_class], minlength=5)
    assert shares.min() >= 0.15 * has_class.sum()


@pytest.mark.parametrize("score", ["loss", "random"])
def test_a_machine_paces_along_its_own_order(setting, program, score):
    built = MachineCurriculumArm(name="a", score=score).build(program)
    order, nobody = built.begin(jax.random.key(0), paced(setting))
    assert nobody is None
    training = built.training(paced(setting), order)
    assert sorted(np.asarray(training.order)) == list(range(80))
    assert training.pace.tolist() == pace(PACE, 80, 6).tolist()
    names = [line.unit.name for line in built.work]
    assert any("loss" in name for name in names) == (score == "loss")


def test_a_proxy_is_refused_where_none_is_trained():
    study = Surroundings(3, 8, 6, 2)
    arm = MachineCurriculumArm(name="a", score="random", proxy_steps=5)
    with pytest.raises(ValueError, match=r"`arm.proxy_steps` must be left out"):
        arm.check(study)


def test_grades_of_perfect_people_are_right(digits, config_of, hyper_of, seeds_of):
    arm = CurriculumArm(name="a", questions=60)
    hyper = hyper_of("perfect", "difficulty", 2)
    hyper = hyper._replace(params={**hyper.params, **PACE})
    trace = jax.jit(build_run(config_of(arm)))(seeds_of(), hyper, digits[1])
    labour = trace.labour
    right = float(labour.num_correct.sum()) / float(labour.num_scored.sum())
    assert right > 0.95
    assert bool(trace.curve.is_finite.all())
