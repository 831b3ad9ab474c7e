"""People compare items in a ring, and the pool is ranked by what they prefer."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn.linear_model import LogisticRegression

from hitl_sim.learn import build_run
from hitl_sim.learn.crowd import Answers
from hitl_sim.learn.intervention.arm import Surroundings
from hitl_sim.learn.intervention.curriculum import seen_difficulty
from hitl_sim.learn.intervention.preference import (
    Compared,
    PreferenceArm,
    shares_won,
    within_class,
)
from hitl_sim.learn.intervention.rated import cues
from hitl_sim.task import Status

SHARE = {"share": jnp.float32(0.5)}


def begun(arm, program, setting):
    setting = setting._replace(params={**setting.params, **SHARE})
    built = arm.build(program)
    return built, setting, *built.begin(jax.random.key(0), setting)


def test_every_item_is_compared_with_its_two_neighbours(setting, program):
    _, _, plan, questions = begun(
        PreferenceArm(name="a", questions=20), program, setting
    )
    items = np.asarray(setting.split.pool.item)[np.asarray(plan.asked)]
    pairs = np.asarray(questions.options)
    assert [tuple(pair) for pair in pairs] == [
        (items[i], items[(i + 1) % 20]) for i in range(20)
    ]
    assert len(set(np.asarray(questions.item).tolist())) == 20


def test_who_is_better_follows_from_how_well_an_item_fits_its_label(setting, program):
    _, setting, plan, questions = begun(
        PreferenceArm(name="a", questions=80), program, setting
    )
    hard = np.asarray(seen_difficulty(setting, 10))
    first, second = np.asarray(plan.asked), np.roll(np.asarray(plan.asked), -1)
    expected = np.where(hard[second] < hard[first], 2, 0)
    np.testing.assert_array_equal(questions.right, expected)
    # two items without a class are as good as each other: nobody is right or wrong
    status = np.asarray(setting.split.pool.status)
    none = (status == Status.IRRELEVANT)[np.stack([first, second])].all(axis=0)
    assert none.any()
    np.testing.assert_array_equal(questions.discrimination[none], 0.0)


def test_shares_won_are_of_the_comparisons_that_were_answered():
    # 0 beats 1; 1 and 2 tie; nobody says anything of 2 and 3, nor of 3 and 0
    second = jnp.asarray([0.0, 0.5, 1.0, 0.0])
    is_compared = jnp.asarray([True, True, False, False])
    won, is_known = shares_won(second, is_compared)
    assert won.tolist() == [1.0, 0.25, 0.5, 0.5]
    assert is_known.tolist() == [True, True, True, False]


def test_few_comparisons_leave_every_class_in_its_share(setting, program, answers_of):
    """Classes whose examples won are not kept whole at the cost of those that lost."""
    arm = PreferenceArm(name="a", questions=20, generalise_steps=100)
    built, setting, plan, questions = begun(arm, program, setting)
    plan = built.absorb(setting, plan, answers_of(questions.right))
    label = np.asarray(setting.split.pool.label)
    kept = np.bincount(label[np.asarray(plan.order)[:40]], minlength=10)
    share = kept / np.bincount(label, minlength=10)
    assert 0.1 < share.min() < share.max() < 0.9


def test_cues_within_a_class_have_its_mean_as_zero():
    x, label = jnp.asarray([[1.0], [3.0], [10.0], [14.0]]), jnp.asarray([0, 0, 2, 2])
    # leads of 1 and 2 about 0 have a standard deviation of sqrt(2.5)
    expected = np.array([-1.0, 1.0, -2.0, 2.0]) / np.sqrt(2.5)
    np.testing.assert_allclose(within_class(x, label, 3)[:, 0], expected, rtol=1e-6)


def test_perfect_comparisons_put_what_fits_its_label_first(
    setting, program, answers_of
):
    arm = PreferenceArm(name="a", questions=60, generalise_steps=100)
    built, setting, plan, questions = begun(arm, program, setting)
    plan = built.absorb(setting, plan, answers_of(questions.right))
    hard = np.asarray(seen_difficulty(setting, 10))[np.asarray(plan.order)]
    assert hard[:20].mean() < hard[20:60].mean() < hard[60:].mean()
    status = np.asarray(setting.split.pool.status)[np.asarray(plan.order)]
    clean = status == Status.CLEAN
    assert clean[:40].mean() > clean[40:].mean() + 0.2


def test_answers_the_other_way_round_turn_the_order_round(setting, program, answers_of):
    arm = PreferenceArm(name="a", questions=60, generalise_steps=100)
    built, setting, plan, questions = begun(arm, program, setting)
    plan = built.absorb(setting, plan, answers_of(2 - questions.right))
    hard = np.asarray(seen_difficulty(setting, 10))[np.asarray(plan.order)]
    assert hard[:40].mean() > hard[40:].mean()


def test_the_worth_is_that_of_a_logistic_model_of_differences(setting, program):
    """It ranks items as the optimum of the same likelihood, found by scikit-learn."""
    arm = PreferenceArm(name="a", questions=80, generalise_steps=300)
    _, setting, plan, questions = begun(arm, program, setting)
    # a tenth the other way round: the optimum is finite
    flip = np.arange(80) % 10 == 0
    answer = jnp.where(jnp.asarray(flip), 2 - questions.right, questions.right)
    second = np.asarray(answer) / 2.0
    won, _ = shares_won(jnp.asarray(second, jnp.float32), jnp.ones(80, bool))
    pool = setting.split.pool
    x = np.asarray(
        within_class(
            cues(pool.features, pool.label, plan.asked, won, 10), pool.label, 10
        )
    )
    lead = x[np.asarray(plan.asked)] - x[np.roll(np.asarray(plan.asked), -1)]
    model = LogisticRegression(C=np.inf, fit_intercept=False, max_iter=10_000)
    model.fit(np.concatenate([lead, -lead]), np.concatenate([second < 1, second > 0]))
    known = jnp.asarray(second), jnp.ones(80, bool)
    beats = Compared(arm, program).beats(plan, jnp.asarray(x), *known)
    # steps of .2 on drawn rows never stand still, along cues that say the same least of
    # all; the order is what is used
    agreement = spearmanr(beats, x @ model.coef_[0]).statistic
    assert agreement > 0.95


def test_nobody_who_answers_leaves_the_pool_in_some_order(setting, program):
    arm = PreferenceArm(name="a", questions=20)
    built, setting, plan, _ = begun(arm, program, setting)
    none = Answers(
        jnp.full((20, 1), -1), jnp.zeros((20, 1), bool), jnp.zeros((20, 1), int)
    )
    plan = built.absorb(setting, plan, none)
    assert sorted(np.asarray(plan.order)) == list(range(80))


def test_a_ring_of_two_is_refused():
    arm = PreferenceArm(name="a", questions=2)
    with pytest.raises(ValueError, match=r"`arm.questions` must be >= 3 .* got 2"):
        arm.check(Surroundings(3, 8, 6, 2))


def test_perfect_people_are_right(digits, config_of, hyper_of, seeds_of):
    arm = PreferenceArm(name="a", questions=60)
    hyper = hyper_of("perfect", "preference", 2)
    hyper = hyper._replace(params={**hyper.params, **SHARE})
    trace = jax.jit(build_run(config_of(arm)))(seeds_of(), hyper, digits[1])
    labour = trace.labour
    right = float(labour.num_correct.sum()) / float(labour.num_scored.sum())
    assert right > 0.95
    assert bool(trace.curve.is_finite.all())
