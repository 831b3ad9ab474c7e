"""Several stages in one arm: what each leaves to the next, and who is asked."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hitl_sim.learn import build_run
from hitl_sim.learn.describe import describe_work
from hitl_sim.learn.intervention.arm import Surroundings
from hitl_sim.learn.intervention.base import kept
from hitl_sim.learn.intervention.before import (
    build_guidance,
    check_before,
    join,
    params_of,
    setting_after,
)
from hitl_sim.learn.intervention.curriculum import CurriculumArm
from hitl_sim.learn.intervention.importance import ImportanceArm
from hitl_sim.learn.intervention.labelling import LabellingArm
from hitl_sim.learn.intervention.machine_importance import MachineImportanceArm
from hitl_sim.learn.intervention.machine_review import MachineReviewArm
from hitl_sim.learn.intervention.machine_share import MachineShareArm
from hitl_sim.learn.intervention.random_share import RandomShareArm
from hitl_sim.learn.intervention.relevance import RelevanceArm
from hitl_sim.learn.intervention.review import ReviewArm
from hitl_sim.learn.intervention.verification import VerificationArm
from hitl_sim.learn.intervention.whole_pool import WholePoolArm
from hitl_sim.learn.network import build_network
from hitl_sim.learn.optimise import TrainSet
from hitl_sim.task import Status
from oracles import build_population

STUDY = Surroundings(team=3, batch=8, checkpoints=6, steps_per_checkpoint=2)
RATED = RelevanceArm(name="a", questions=80, generalise_steps=100)
CHECKED = VerificationArm(name="a", questions=20, proxy_steps=20)


def known(order, num_items, **own):
    """A training set of six items with two features."""
    return TrainSet(
        jnp.zeros((6, 2)),
        jnp.arange(6),
        jnp.asarray(order),
        jnp.int32(num_items),
        **own,
    )


def test_both_stages_have_to_keep_an_item():
    found = join(known([5, 0, 1, 2, 3, 4], 4), known([2, 4, 0, 1, 5, 3], 3))
    # the later order, without 4, which the earlier one had left out
    assert int(found.num_items) == 2
    assert found.order[:2].tolist() == [2, 0]
    assert np.flatnonzero(kept(found)).tolist() == [0, 2]


def test_an_earlier_pace_goes_on_along_its_own_order():
    paced = known([3, 1, 4, 0, 5, 2], 6, pace=jnp.array([2, 4, 6]))
    found = join(paced, known([0, 1, 2, 4, 5, 3], 4))
    # of 3, 1, 4, 0, 5, 2 the later one keeps 1, 4, 0 and 2
    assert found.order[:4].tolist() == [1, 4, 0, 2]
    assert found.pace.tolist() == [1, 3, 4]
    later = join(known([0, 1, 2, 4, 5, 3], 4), paced)
    assert later.order[:4].tolist() == [1, 4, 0, 2]
    assert later.pace.tolist() == [1, 3, 4]


def test_penalties_add_up_and_labels_are_the_later_ones():
    one = known([0, 1], 2, penalty=jnp.array([1.0, 0.0]))
    other = known([0, 1], 2, penalty=jnp.array([1.0, 2.0]))
    other = other._replace(labels=jnp.full(6, 9))
    found = join(one, other)
    assert found.penalty.tolist() == [2.0, 2.0]
    assert found.labels.tolist() == [9] * 6
    assert join(one, known([0], 1)).penalty.tolist() == [1.0, 0.0]
    assert join(None, one) is one


@pytest.fixture(scope="module")
def rated(setting, program, answers_of):
    """What a perfect choice of half of the pool leaves."""
    stage = RATED.build(program)
    plan, questions = stage.begin(jax.random.key(0), setting)
    plan = stage.absorb(setting, plan, answers_of(questions.right))
    return setting_after(stage, setting, plan)


def test_what_was_dropped_is_neither_asked_about_nor_trained_on(
    rated, program, answers_of
):
    is_kept = np.asarray(rated.is_kept)
    assert is_kept.sum() == 40
    built = CHECKED.build(program)
    plan, questions = built.begin(jax.random.key(1), rated)
    assert is_kept[np.asarray(plan.asked)].all()
    plan = built.absorb(rated, plan, answers_of(questions.right))
    training = join(rated.earlier, built.training(rated, plan))
    used = np.asarray(training.order[: int(training.num_items)])
    assert is_kept[used].all()
    assert 20 <= used.size <= 40


@pytest.mark.parametrize(
    "arm",
    [
        ReviewArm(name="a", questions=10, rounds=2),
        LabellingArm(name="a", questions=5, rounds=2, initial=10).complete({}),
    ],
)
def test_stages_in_training_look_at_what_was_kept(rated, program, arm):
    built = arm.build(program)
    plan, _ = built.begin(jax.random.key(1), rated)
    plan, _ = built.choose(jax.random.key(2), rated, plan, weights(program))
    is_kept = np.asarray(rated.is_kept)
    asked = np.asarray(plan.asked)
    assert is_kept[asked[:10]].all()
    training = join(rated.earlier, built.training(rated, plan))
    assert is_kept[np.asarray(training.order[: int(training.num_items)])].all()


def weights(program):
    return build_network(program.network, 64, 10).init(jax.random.key(3))


def test_a_proxy_learns_from_what_was_kept_alone(rated, program):
    built = MachineShareArm(name="a", proxy_steps=20).build(program)
    first, _ = built.begin(jax.random.key(1), rated)
    pool, is_kept = rated.split.pool, rated.is_kept
    # nonsense in what was dropped changes nothing that is read from it
    wild = jnp.where(is_kept[:, None], pool.features, 1e3)
    other = rated._replace(
        split=rated.split._replace(pool=pool._replace(features=wild))
    )
    second, _ = built.begin(jax.random.key(1), other)
    position = np.argsort(np.asarray(first.order)), np.argsort(np.asarray(second.order))
    of_kept = [np.argsort(place[np.asarray(is_kept)]) for place in position]
    np.testing.assert_array_equal(*of_kept)


def test_what_follows_has_the_features_that_were_left(setting, program, answers_of):
    arm = MachineReviewArm(
        name="a", items=10, before=(ImportanceArm(name="a", share=0.5),)
    )
    built = build_guidance(arm, program)
    assert built.num_features == 32
    assert [one.kind for one in built.before] == ["importance"]
    stage = built.before[0].guidance
    plan, _ = stage.begin(jax.random.key(0), setting)
    left = setting_after(stage, setting, plan)
    assert left.split.pool.features.shape == (80, 32)
    assert left.split.validation_x.shape == (30, 32)
    assert left.split.test_x.shape == (20, 32)
    np.testing.assert_array_equal(
        left.split.test_x,
        setting.split.test_x[:, stage.columns(setting, plan)],
    )


def test_each_stage_has_its_own_numbers_and_people(program):
    arm = RandomShareArm(name="a", share=0.9, before=(RATED,))
    assert arm.all_leaves == {"share": 0.9, "before.relevance.share": 0.5}
    assert params_of("relevance", arm.all_leaves) == {"share": 0.5}
    one = RelevanceArm(name="a", questions=80, people=1, asks=2)
    (stage,) = build_guidance(RandomShareArm(name="a", before=(one,)), program).before
    assert (stage.panel.people, stage.panel.asks, stage.panel.team) == (1, 2, 3)
    assert arm.questions_of == ("relevance",)
    assert arm.asking == (RATED,)


def test_the_work_of_all_stages_is_on_the_bill(config_of):
    def counts(arm):
        lines = describe_work(config_of(arm))
        found = {line.unit.name: line.counts[-1] for line in lines}
        assert len(found) == len(lines)
        return found

    def machine(steps, before=()):
        return MachineShareArm(name="a", proxy_steps=steps, before=before)

    alone, both = counts(machine(20)), counts(machine(20, (CHECKED,)))
    # each of them trains a proxy of its own, and looks at the pool with it
    for name, each in (("choose:64-8-10:b8:n80", 20), ("score:64-8-10:loss:n80", 80)):
        assert (alone[name], both[name]) == (each, 2 * each)
    assert both["choose:order:n80"] == 1


def crowds(hyper, *stages):
    """Add perfect people for the stages before an arm's own."""
    built = tuple(
        None
        if stage.question is None
        else jax.tree.map(
            jnp.float32,
            build_population("perfect", stage.question, stage.num_options(10, 16)),
        )
        for stage in stages
    )
    own = {
        f"before.{stage.kind}.{name}": jnp.float32(value)
        for stage in stages
        for name, value in stage.leaves.items()
    }
    return hyper._replace(before=built, params={**hyper.params, **own})


def test_perfect_people_in_two_stages_leave_clean_items(
    config_of, hyper_of, seeds_of, digits
):
    stages = (RelevanceArm(name="a", questions=80, share=0.8),)
    arm = VerificationArm(
        name="a", questions=60, proxy_steps=20, none_of_these=True, before=stages
    )
    hyper = crowds(hyper_of("perfect", "verification", 11), *stages)
    traces = jax.jit(jax.vmap(build_run(config_of(arm)), in_axes=(0, None, None)))(
        jax.tree.map(lambda *a: jnp.stack(a), *(seeds_of(r) for r in range(8))),
        hyper,
        digits[1],
    )
    # 48 of 80 items are right; 64 are kept, and 60 of these are verified
    assert ((traces.train_items >= 48) & (traces.train_items <= 52)).all()
    assert (traces.label_accuracy >= 48 / 52).all()
    assert traces.labour.seconds.shape[1] == 2
    asked = np.asarray(traces.labour.is_answered.sum(axis=(2, 3)))
    np.testing.assert_array_equal(asked, [[240, 180]] * 8)


def test_people_are_counted_where_only_an_earlier_stage_asks(
    config_of, hyper_of, seeds_of, digits
):
    arm = MachineReviewArm(name="a", items=10, before=(RATED,))
    hyper = crowds(hyper_of("perfect"), RATED)
    trace = jax.jit(build_run(config_of(arm)))(seeds_of(), hyper, digits[1])
    assert int(trace.labour.is_answered.sum()) == 240
    assert int(trace.train_items) == 30


def test_stages_do_not_share_their_random_numbers(
    config_of, hyper_of, seeds_of, digits
):
    """A second stage that is random is so apart from the first."""
    stage = RandomShareArm(name="a", share=0.5)
    arm = CurriculumArm(name="a", questions=20, before=(stage,))
    params = {"before.random_share.share": jnp.float32(0.5)}
    hyper = hyper_of("perfect", "difficulty", 2)
    own = {"begin": jnp.float32(1.0), "until": jnp.float32(0.5)}
    hyper = hyper._replace(before=(None,), params={**hyper.params, **params, **own})
    trace = jax.jit(build_run(config_of(arm)))(seeds_of(), hyper, digits[1])
    assert int(trace.train_items) == 40


@pytest.mark.parametrize(
    ("arm", "words"),
    [
        (
            WholePoolArm(name="a", role="control", before=(RATED,)),
            r"`arm.before` must be left out where `arm.role` is 'control'",
        ),
        (
            ReviewArm(name="a", before=(WholePoolArm(name="a", role="null"),)),
            r"`arm.before\[0\].kind` must be an intervention that chooses something",
        ),
        (
            RandomShareArm(name="a", before=(RATED, ReviewArm(name="a"))),
            r"`arm.before\[1\].kind` must be an intervention that is over before train",
        ),
        (
            RandomShareArm(name="a", before=(RATED, CHECKED, RATED)),
            r"`arm.before\[2\].kind` must be unlike .*, got 'relevance' twice",
        ),
        (
            RandomShareArm(
                name="a",
                before=(RandomShareArm(name="a"),),
            ),
            r"`arm.before\[0\].kind` must be unlike .*, got 'random_share' twice",
        ),
        (
            RandomShareArm(
                name="a", before=(RelevanceArm(name="a", before=(CHECKED,)),)
            ),
            r"`arm.before\[0\].before` must be left out, for it is of the whole arm",
        ),
        (
            RandomShareArm(name="a", before=(RelevanceArm(name="a", people=4),)),
            r"`arm.before\[0\].people` must be <= `workforce.size` \(3\), got 4 in arm",
        ),
        (
            ImportanceArm(name="a", before=(MachineImportanceArm(name="a"),)),
            r"`arm.before` must hold at most one stage that goes by feature groups",
        ),
    ],
)
def test_stages_that_cannot_be_are_refused(arm, words):
    with pytest.raises(ValueError, match=words):
        check_before(arm, STUDY)


def test_clean_items_are_what_perfect_people_leave(rated):
    status = np.asarray(rated.split.pool.status)
    of_kept = status[np.asarray(rated.is_kept)]
    assert (of_kept == Status.IRRELEVANT).mean() < 0.1
