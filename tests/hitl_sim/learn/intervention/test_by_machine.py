"""A machine labels a pool, and people look at some of what it says."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hitl_sim.learn.crowd import Answers, PanelConfig, assign, posed
from hitl_sim.learn.intervention.base import Machines
from hitl_sim.learn.intervention.by_machine import say_labels
from hitl_sim.learn.intervention.machine_disagreement import MachineDisagreementArm
from hitl_sim.learn.intervention.machine_labels import MachineLabelsArm
from hitl_sim.learn.intervention.machine_verified import MachineVerifiedArm
from hitl_sim.learn.intervention.pseudo_labels import PseudoLabelsArm
from hitl_sim.learn.intervention.relevance import RelevanceArm
from hitl_sim.learn.intervention.verification import VerificationArm
from hitl_sim.learn.intervention.whole_pool import WholePoolArm
from hitl_sim.task import Status
from oracles.machine import build_machine
from oracles.machines import MACHINES

NUM = 80


@pytest.fixture
def asked(setting):
    """The run's setting, with all machines that ship and some share."""

    def build(share=0.25):
        known = {n: build_machine(source, 10) for n, source in MACHINES.items()}
        return setting._replace(
            machines=Machines(jax.random.key(4), known),
            params={"share": jnp.float32(share)},
        )

    return build


def begun(arm, setting, program):
    built = arm.build(program)
    plan, questions = built.begin(jax.random.key(0), setting)
    return built, plan, questions


def posed_at(plan, questions):
    return np.asarray(plan.asked)[np.asarray(questions.is_posed)]


def answered(questions, answer):
    """Three people give the same answers to what they are asked, and to no more."""
    is_posed = questions.is_posed
    if is_posed is None:
        is_posed = jnp.ones(answer.shape, bool)
    shape = (*answer.shape, 3)
    given = jnp.broadcast_to(is_posed[:, None], shape)
    every = jnp.broadcast_to(answer[:, None], shape)
    return Answers(jnp.where(given, every, -1), given, jnp.zeros(shape, jnp.int32))


def test_a_machine_alone_trains_on_what_it_says(asked, program):
    built, plan, questions = begun(MachineLabelsArm(name="a"), asked(), program)
    assert questions is None
    training = built.training(asked(), plan)
    said = say_labels(asked(), "typical").label
    np.testing.assert_array_equal(training.labels, said)
    assert int(training.num_items) == NUM


def test_people_look_at_the_least_confident_answers_of_the_share(asked, program):
    setting = asked(0.25)
    arm = MachineVerifiedArm(name="a")
    _, plan, questions = begun(arm, setting, program)
    confidence = np.asarray(say_labels(setting, "typical").confidence)
    assert set(posed_at(plan, questions)) == set(np.argsort(confidence)[:20])


@pytest.mark.parametrize(("share", "number"), [(0.0, 0), (0.29, 23), (1.0, NUM)])
def test_the_share_is_a_number_of_the_run_and_the_program_one(
    asked, program, share, number
):
    arm = MachineVerifiedArm(name="a")
    _, _, questions = begun(arm, asked(share), program)
    assert int(questions.is_posed.sum()) == number
    assert MachineVerifiedArm(name="a", share=share).asked_in(program) == number


def test_what_people_name_is_trained_on_and_the_rest_keeps_the_machines(asked, program):
    setting = asked()
    arm = MachineVerifiedArm(name="a")
    built, plan, questions = begun(arm, setting, program)
    truth = setting.split.pool.truth[plan.asked]
    plan = built.absorb(setting, plan, answered(questions, truth))
    expected = np.asarray(say_labels(setting, "typical").label).copy()
    at = posed_at(plan, questions)
    expected[at] = np.asarray(setting.split.pool.truth)[at]
    np.testing.assert_array_equal(built.training(setting, plan).labels, expected)


def test_rejected_answers_of_the_machine_go(asked, program):
    setting = asked()
    arm = MachineVerifiedArm(name="a", repair="drop")
    built, plan, questions = begun(arm, setting, program)
    said = np.asarray(say_labels(setting, "typical").label)
    np.testing.assert_array_equal(questions.suggestion, said[np.asarray(plan.asked)])
    plan = built.absorb(setting, plan, answered(questions, questions.right))
    is_wrong = said != np.asarray(setting.split.pool.truth)
    at = posed_at(plan, questions)
    gone = set(np.flatnonzero(~np.asarray(plan.stays)))
    assert gone == set(at[is_wrong[at]])
    assert gone


def test_what_belongs_to_no_class_goes_where_people_may_say_so(asked, program):
    setting = asked(1.0)
    arm = MachineVerifiedArm(name="a", none_of_these=True)
    built, plan, questions = begun(arm, setting, program)
    plan = built.absorb(setting, plan, answered(questions, questions.right))
    is_of_none = np.asarray(setting.split.pool.status) == Status.IRRELEVANT
    np.testing.assert_array_equal(~np.asarray(plan.stays), is_of_none)


def test_people_look_where_two_copies_disagree_and_nowhere_else(asked, program):
    setting = asked(1.0)
    arm = MachineDisagreementArm(name="a")
    _, plan, questions = begun(arm, setting, program)
    one, other = (say_labels(setting, "typical", copy).label for copy in (0, 1))
    differ = np.flatnonzero(np.asarray(one != other))
    assert 0 < len(differ) < NUM
    assert set(posed_at(plan, questions)) == set(differ)


def test_disagreement_beyond_the_share_keeps_the_first_machines_label(asked, program):
    setting = asked(0.05)
    arm = MachineDisagreementArm(name="a", other="guessing")
    _, plan, questions = begun(arm, setting, program)
    at = posed_at(plan, questions)
    one, other = (say_labels(setting, n).label for n in ("typical", "guessing"))
    assert len(at) == 4
    assert np.asarray(one != other)[at].all()


def test_random_looks_are_as_many_as_disagreements(asked, program):
    setting = asked(1.0)
    posed_by = {
        doubts: posed_at(
            *begun(MachineDisagreementArm(name="a", doubts=doubts), setting, program)[
                1:
            ]
        )
        for doubts in ("disagreement", "random")
    }
    assert len(posed_by["random"]) == len(posed_by["disagreement"])
    assert set(posed_by["random"]) != set(posed_by["disagreement"])


def test_a_network_extends_peoples_labels_to_the_share_it_is_surest_of(asked, program):
    setting = asked(0.5)
    arm = PseudoLabelsArm(name="a", questions=40, proxy_steps=100)
    built, plan, questions = begun(arm, setting, program)
    truth = setting.split.pool.truth
    plan = built.absorb(setting, plan, answered(questions, truth[plan.asked]))
    training = built.training(setting, plan)
    assert int(training.num_items) == 40 + 20
    seed = np.asarray(plan.asked)
    np.testing.assert_array_equal(training.labels[seed], truth[seed])
    rest = np.setdiff1d(np.flatnonzero(np.asarray(plan.stays)), seed)
    has_class = np.asarray(setting.split.pool.status)[rest] != Status.IRRELEVANT
    is_right = np.asarray(training.labels[rest] == truth[rest])
    # by chance a tenth: 20 draws have six or more right once in a hundred
    assert is_right[has_class].sum() >= 6


def test_nothing_is_extended_at_a_share_of_none(asked, program):
    setting = asked(0.0)
    arm = PseudoLabelsArm(name="a", questions=30, proxy_steps=2)
    built, plan, questions = begun(arm, setting, program)
    truth = setting.split.pool.truth[plan.asked]
    plan = built.absorb(setting, plan, answered(questions, truth))
    assert set(np.flatnonzero(np.asarray(plan.stays))) == set(np.asarray(plan.asked))


def test_only_questions_that_are_posed_are_in_a_queue(asked, program):
    _, _, questions = begun(MachineVerifiedArm(name="a"), asked(0.1), program)
    panel = PanelConfig(3, 2)
    plan = assign(NUM, panel)
    assert int(posed(questions, plan).is_asked.sum()) == 8 * 2
    assert posed(questions._replace(is_posed=None), plan) is plan


def test_a_machines_answers_are_billed_for_the_whole_pool(program):
    for arm, expected in (
        (MachineLabelsArm(name="a"), {"machine:typical": NUM}),
        (MachineDisagreementArm(name="a"), {"machine:typical": 2 * NUM}),
        (
            MachineDisagreementArm(name="a", other="perfect"),
            {"machine:typical": NUM, "machine:perfect": NUM},
        ),
    ):
        work = arm.build(program).work
        assert {line.unit.name: line.counts[0] for line in work} == expected
        assert {line.unit.phase for line in work} == {"machine"}


def test_given_labels_are_used_only_where_a_stage_looks_before_the_machine():
    machine = MachineLabelsArm(name="a")
    looks = VerificationArm(name="a", questions=5)
    rates = RelevanceArm(name="a", questions=5)
    assert WholePoolArm(name="a", role="null").given_labels(NUM) == NUM
    assert machine.given_labels(NUM) == 0
    for before, expected in (((machine,), 0), ((looks, machine), NUM)):
        arm = RelevanceArm(name="a", questions=5, before=before)
        assert arm.given_labels(NUM) == expected
    assert RelevanceArm(name="a", before=(rates,)).given_labels(NUM) == NUM


def test_recorded_people_cannot_have_verified_what_a_machine_says():
    MachineVerifiedArm(name="a").check_replayed()
    with pytest.raises(ValueError, match=r"`arm\.repair` must be 'correct'"):
        MachineVerifiedArm(name="a", repair="drop").check_replayed()
    with pytest.raises(ValueError, match=r"`arm\.none_of_these` must be"):
        PseudoLabelsArm(name="a", none_of_these=True).check_replayed()
