"""A network in training shows what it doubts, to people or to itself."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hitl_sim.learn import build_run
from hitl_sim.learn.describe import describe_work
from hitl_sim.learn.intervention.arm import Surroundings
from hitl_sim.learn.intervention.machine_review import MachineReviewArm
from hitl_sim.learn.intervention.review import ReviewArm
from hitl_sim.learn.intervention.whole_pool import WholePoolArm
from hitl_sim.learn.network import build_network
from hitl_sim.task import Status


def begun(arm, setting, program):
    """The arm's first look, through a network that has learned nothing."""
    built = arm.build(program)
    network = build_network(program.network, 64, 10)
    params = network.init(jax.random.key(3))
    plan, nobody = built.begin(jax.random.key(0), setting)
    assert nobody is None
    plan, questions = built.choose(jax.random.key(1), setting, plan, params)
    return built, plan, questions, (network, params)


def test_people_see_given_labels_that_the_network_finds_least_likely(setting, program):
    arm = ReviewArm(name="a", questions=20)
    built, plan, questions, (network, params) = begun(arm, setting, program)
    pool = setting.split.pool
    p = jax.nn.log_softmax(network.apply(params, pool.features))
    loss = -np.asarray(p)[np.arange(80), np.asarray(pool.label)]
    assert set(np.asarray(plan.asked)) == set(np.argsort(-loss)[:20])
    np.testing.assert_array_equal(questions.suggestion, pool.label[plan.asked])
    assert built.feedback == "verification"


def test_nothing_is_looked_at_twice(setting, program, answers_of):
    arm = ReviewArm(name="a", questions=20, rounds=2)
    built, plan, questions, (_, params) = begun(arm, setting, program)
    first = set(np.asarray(plan.asked))
    plan = built.absorb(setting, plan, answers_of(questions.right))
    plan, _ = built.choose(jax.random.key(2), setting, plan, params)
    assert not first & set(np.asarray(plan.asked))


def test_rejected_items_go_and_the_others_stay(setting, program, answers_of):
    arm = ReviewArm(name="a", questions=40, none_of_these=True)
    built, plan, questions, _ = begun(arm, setting, program)
    plan = built.absorb(setting, plan, answers_of(questions.right))
    asked = np.asarray(plan.asked)
    status = np.asarray(setting.split.pool.status)
    is_bad = np.isin(status, (Status.IRRELEVANT, Status.WRONG_LABEL))
    gone = ~np.asarray(plan.stays)
    assert set(np.flatnonzero(gone)) == set(asked[is_bad[asked]])
    training = built.training(setting, plan)
    assert int(training.num_items) == 80 - gone.sum()


def test_classes_that_people_name_are_trained_on(setting, program, answers_of):
    arm = ReviewArm(name="a", questions=40, repair="correct", none_of_these=True)
    built, plan, questions, _ = begun(arm, setting, program)
    pool = setting.split.pool
    plan = built.absorb(setting, plan, answers_of(questions.right))
    asked = np.asarray(plan.asked)
    has_class = np.asarray(pool.status)[asked] != Status.IRRELEVANT
    label, truth = np.asarray(plan.label), np.asarray(pool.truth)
    np.testing.assert_array_equal(label[asked[has_class]], truth[asked[has_class]])
    assert not np.asarray(plan.stays)[asked[~has_class]].any()
    rest = np.setdiff1d(np.arange(80), asked)
    np.testing.assert_array_equal(label[rest], np.asarray(pool.label)[rest])


def test_what_nobody_answers_stays_as_it_was(setting, program, answers_of):
    for repair in ("drop", "correct"):
        arm = ReviewArm(name="a", questions=40, repair=repair)
        built, plan, questions, _ = begun(arm, setting, program)
        silent = answers_of(questions.right)
        silent = silent._replace(is_answered=jnp.zeros((40, 3), bool))
        plan = built.absorb(setting, plan, silent)
        assert plan.stays.all()
        np.testing.assert_array_equal(plan.label, setting.split.pool.label)


@pytest.mark.parametrize("repair", ["drop", "correct"])
def test_a_machine_repairs_the_same_items_by_its_own_lights(setting, program, repair):
    people = ReviewArm(name="a", questions=20)
    alone = MachineReviewArm(name="a", items=20, repair=repair)
    _, seen, _, _ = begun(people, setting, program)
    _, plan, nobody, (network, params) = begun(alone, setting, program)
    assert nobody is None
    np.testing.assert_array_equal(plan.asked, seen.asked)
    asked = np.asarray(plan.asked)
    if repair == "drop":
        assert set(np.flatnonzero(~np.asarray(plan.stays))) == set(asked)
        return
    assert plan.stays.all()
    guess = network.apply(params, setting.split.pool.features).argmax(axis=1)
    np.testing.assert_array_equal(plan.label[asked], guess[asked])


@pytest.mark.parametrize("after", [None, 4])
def test_training_goes_on_from_the_weights_there_are(
    digits, config_of, hyper_of, seeds_of, after
):
    """Until the first look the curve is the control's, and labour falls due after."""
    arms = (
        ReviewArm(name="a", rounds=2, questions=20, after=after),
        MachineReviewArm(name="a", rounds=2, items=20, after=after),
    )
    crowd = hyper_of("perfect", "verification", 10)
    control = config_of(WholePoolArm(name="c", role="control"))
    plain = jax.jit(build_run(control))(seeds_of(), crowd, digits[1])
    first = after or 2
    for arm in arms:
        trace = jax.jit(build_run(config_of(arm)))(seeds_of(), crowd, digits[1])
        curve, own = np.asarray(trace.curve.test), np.asarray(plain.curve.test)
        assert len(curve) == 6
        np.testing.assert_array_equal(curve[:first], own[:first])
        assert int(trace.train_items) < 80
        lines = [w for w in describe_work(config_of(arm)) if "review" in w.unit.name]
        (line,) = lines
        each = (6 - first) // 2
        due = np.diff(np.concatenate([[0], line.counts]))
        assert due.tolist() == [
            80 if c in (first, first + each) else 0 for c in range(6)
        ]


def test_rounds_that_leave_something_over_are_refused(program):
    study = Surroundings(3, 8, 6, 2)
    with pytest.raises(ValueError, match=r"`arm.rounds` \+ 1 must divide .* got 4"):
        ReviewArm(name="a", rounds=3).check(study)
    with pytest.raises(ValueError, match=r"- `arm.after` \(5\), got 2"):
        MachineReviewArm(name="a", rounds=2, after=5).check(study)


def test_people_in_the_loop_leave_cleaner_labels_than_the_network_alone(
    digits, config_of, hyper_of, seeds_of
):
    crowd = hyper_of("perfect", "label", 10)
    arms = (
        ReviewArm(name="a", questions=30, repair="correct"),
        MachineReviewArm(name="a", items=30, repair="correct"),
    )
    right = []
    for arm in arms:
        run = jax.jit(build_run(config_of(arm)))
        traces = [run(seeds_of(replicate=r), crowd, digits[1]) for r in range(8)]
        right.append(np.array([float(t.label_accuracy) for t in traces]))
    lead = right[0] - right[1]
    assert lead.mean() > 4 * lead.std(ddof=1) / np.sqrt(8)
