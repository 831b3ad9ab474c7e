"""Recorded people in the loop: who is asked, what is counted, what is never asked."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hitl_sim.learn import PanelConfig, RunConfig, build_run, build_simulation
from hitl_sim.learn.crowd import AnnotatorConfig, collect
from hitl_sim.learn.intervention import Setting
from hitl_sim.learn.intervention.base import label_questions
from hitl_sim.learn.intervention.importance import ImportanceArm
from hitl_sim.learn.intervention.labelling import LabellingArm
from hitl_sim.learn.intervention.relevance import RelevanceArm
from hitl_sim.learn.replay import answerable, deal, recorded_people
from hitl_sim.task import Corruption, build_split
from oracles import LABEL, Oracle, part, sample_annotators
from oracles.replay import record_answers

SECONDS = 7.0
QUICKLY = {"xla_backend_optimization_level": 0}
"""Options of a compiler that is to be done soon: programs here run once or twice."""
CLEAN = Corruption(*(jnp.float32(0.0) for _ in range(3)))
DEAL = jax.jit(deal, static_argnums=2)
SPLIT = jax.jit(build_split, static_argnums=(3, 4, 5))
SAMPLE = jax.jit(sample_annotators, static_argnums=2)


def everybody_right(labels, num_people, looks=1):
    """`num_people` who have given every item its label, `looks` times each."""
    shape = (num_people, labels.size, looks)
    person, item, occasion = (index.ravel() for index in np.indices(shape))
    return record_answers(
        person,
        item,
        labels[item],
        num_people,
        occasion=occasion,
        seconds=np.full(item.size, SECONDS),
    )


def some(answers, rows):
    """Keep some rows of a recording."""
    kept = {name: getattr(answers, name)[rows] for name in ("key", "answer", "seconds")}
    return answers._replace(**kept)


def label_config(program, panel, **fields):
    own = LabellingArm(name="a", rounds=3, questions=10, **fields)
    return RunConfig(dataclasses.replace(program, panel=panel), own, 30, 20)


def compiled(config):
    return jax.jit(build_run(config), compiler_options=QUICKLY)


def asked(crowd, questions):
    """Put questions to recorded people, once."""

    def ask(key, questions):
        state, put = recorded_people(key, *crowd)
        _, response, plan = put(state, questions)
        return collect(response, questions, plan)

    return jax.jit(ask, compiler_options=QUICKLY)(jax.random.key(3), questions)


@pytest.fixture(scope="module")
def labels(digits):
    return digits[1].labels


@pytest.mark.parametrize("aggregate", ["majority", "dawid_skene"])
def test_a_recording_that_is_right_throughout_equals_people_who_never_err(
    aggregate, program, digits, labels, hyper_of, seeds_of
):
    hyper = hyper_of("perfect")._replace(corruption=CLEAN)
    found = []
    for policy, answers in ((None, None), ("refuse", everybody_right(labels, 4))):
        panel = PanelConfig(4, 3, 1, policy=policy)
        run = compiled(label_config(program, panel, aggregate=aggregate))
        found.append(run(seeds_of(), hyper, digits[1], answers))
    simulated, recorded = found
    np.testing.assert_array_equal(simulated.curve.test, recorded.curve.test)
    assert float(recorded.label_accuracy) == 1.0
    assert simulated.replay is None
    assert [int(n) for n in recorded.replay] == [90, 0, 0, 0]
    worked_s = float(recorded.labour.seconds.sum())
    assert worked_s == pytest.approx(90 * SECONDS)


def test_only_people_who_answered_an_item_are_asked_and_each_of_them_once(labels):
    rng = np.random.default_rng(0)
    answers = everybody_right(labels, 9)
    answers = some(answers, rng.random(answers.key.size) < 0.5)
    panel, item = PanelConfig(9, 3, 1, policy="restrict"), jnp.arange(200)
    plan, is_kept = DEAL(jax.random.key(1), answers, panel, item)
    there = np.zeros((9, labels.size), bool)
    there.ravel()[answers.key] = True
    np.testing.assert_array_equal(is_kept, there.sum(axis=0)[item] >= 3)
    np.testing.assert_array_equal(is_kept, answerable(answers, panel, item))
    for i in item[np.asarray(is_kept)]:
        chosen = np.asarray(plan.person[i])
        assert len(set(chosen)) == 3
        assert there[chosen, i].all()
    np.testing.assert_array_equal(
        np.asarray(plan.is_asked).sum(axis=1), np.where(is_kept, 3, 0)
    )


def test_those_asked_as_one_of_two_are_among_the_two(labels):
    answers, item = everybody_right(labels, 6), jnp.arange(50)
    one, two = (
        DEAL(jax.random.key(2), answers, PanelConfig(6, n, 1, policy="refuse"), item)[0]
        for n in (1, 2)
    )
    assert (np.asarray(one.person) == np.asarray(two.person)).any(axis=1).all()
    assert len(np.unique(one.person)) == 6


def test_another_crowd_key_asks_other_people(labels):
    answers, panel = everybody_right(labels, 6), PanelConfig(6, 1, 1, policy="refuse")
    first, second = (
        DEAL(jax.random.key(k), answers, panel, jnp.arange(50))[0].person
        for k in (1, 2)
    )
    assert (np.asarray(first) != np.asarray(second)).any()


@pytest.mark.parametrize("policy", ["refuse", "restrict"])
def test_repeats_are_answered_by_the_second_looks_of_the_same_people(
    policy, program, digits, labels, hyper_of, seeds_of
):
    answers = everybody_right(labels, 3, looks=2)
    is_second = answers.key % 2 == 1
    wrong = (answers.answer + 1) % 10
    answers = answers._replace(answer=np.where(is_second, wrong, answers.answer))
    panel = PanelConfig(3, 2, 2, policy=policy)
    run = compiled(label_config(program, panel))
    hyper = hyper_of()._replace(corruption=CLEAN)
    trace = run(seeds_of(), hyper, digits[1], answers)
    assert int(trace.replay.replayed) == 120
    # all first looks are right, all second looks wrong
    assert float(trace.labour.num_correct.sum()) == 60.0


def test_a_restricted_pool_asks_recorded_items_first_and_leaves_others_out(
    program, digits, labels, hyper_of, seeds_of
):
    answers = everybody_right(labels, 3)
    item = answers.key % labels.size
    answers = some(answers, item % 4 == 0)
    panel = PanelConfig(3, 3, 1, policy="restrict")
    hyper = hyper_of()._replace(corruption=CLEAN)
    run = compiled(label_config(program, panel))
    trace = run(seeds_of(), hyper, digits[1], answers)
    asked, left_out = int(trace.labour.is_asked.sum()), int(trace.replay.left_out)
    assert asked == int(trace.replay.replayed)
    assert asked + 3 * left_out == 90
    # a quarter of 80 items is recorded: all of it is asked before anything is left out
    assert 20 - 8 <= asked / 3 <= 20 + 8
    assert int(trace.train_items) == asked // 3
    assert float(trace.label_accuracy) == 1.0


def test_fitted_people_answer_what_nobody_recorded_and_every_such_answer_is_counted(
    program, digits, labels, hyper_of, seeds_of
):
    answers = everybody_right(labels, 3)
    person, item = answers.key // labels.size, answers.key % labels.size
    answers = some(answers, (person == 0) | (item % 2 == 0))
    panel = PanelConfig(3, 3, 1, policy="model")
    run = compiled(label_config(program, panel))
    hyper = hyper_of("spammer")._replace(corruption=CLEAN)
    trace = run(seeds_of(), hyper, digits[1], answers)
    replayed, modelled = int(trace.replay.replayed), int(trace.replay.modelled)
    assert replayed + modelled == 90
    # an item has three recorded answers or one
    assert modelled % 2 == 0
    assert 0 < modelled < 60
    right = float(trace.labour.num_correct.sum())
    assert replayed <= right < 90


def test_a_time_that_was_not_recorded_is_lent_by_the_people_and_counted(
    program, digits, labels, hyper_of, seeds_of
):
    answers = everybody_right(labels, 3)
    answers = answers._replace(seconds=np.full_like(answers.seconds, np.nan))
    panel = PanelConfig(3, 3, 1, policy="refuse", is_timed=False)
    run = compiled(label_config(program, panel))
    hyper = hyper_of()._replace(corruption=CLEAN)
    trace = run(seeds_of(), hyper, digits[1], answers)
    assert int(trace.replay.untimed) == int(trace.replay.replayed) == 90
    seconds = np.asarray(trace.labour.seconds)[np.asarray(trace.labour.is_asked)]
    assert (seconds > 0).all()
    assert float(trace.label_accuracy) == 1.0


def test_a_recorded_skip_costs_its_time_and_gives_no_label(labels, hyper_of, setting):
    answers = everybody_right(labels, 2)
    answers = answers._replace(answer=np.full_like(answers.answer, -1))
    panel = PanelConfig(2, 2, 1, policy="model")
    people = SAMPLE(jax.random.key(0), hyper_of().population, 2)
    crowd = ("label", answers, people, panel)
    clean = jnp.flatnonzero(setting.split.pool.status == 0)[:5]
    questions = label_questions(setting, clean, 10)
    given, labour = asked(crowd, questions)
    assert not given.is_answered.any()
    assert float(labour.seconds.sum()) == 10 * SECONDS


@part.annotator()
def stubborn():
    """Answer every question by the first option."""

    def answer(key, params, state, query):
        after, response = LABEL.answer(key, params, state, query)
        return after, response._replace(answer=jnp.zeros_like(response.answer))

    return Oracle(LABEL.check, LABEL.init, answer)


def test_an_annotator_of_one_s_own_answers_what_nobody_recorded(
    labels, hyper_of, setting
):
    clean = jnp.flatnonzero(setting.split.pool.status == 0)[:20]
    questions = label_questions(setting, clean, 10)
    answers = everybody_right(labels, 2)
    is_there = np.isin(answers.key % labels.size, np.asarray(questions.item)[:10])
    panel = PanelConfig(2, 2, 1, policy="model", annotator=AnnotatorConfig(stubborn))
    people = SAMPLE(jax.random.key(0), hyper_of().population, 2)
    crowd = ("label", some(answers, is_there), people, panel)
    given, _ = asked(crowd, questions)
    expected = jnp.where(jnp.arange(20) < 10, questions.truth, 0)
    both = np.broadcast_to(np.asarray(expected)[:, None], (20, 2))
    said = np.asarray(given.is_answered)
    np.testing.assert_array_equal(np.asarray(given.answer)[said], both[said])
    assert said[:10].all()
    assert said[10:].any()


def test_what_replay_takes_can_be_timed_beside_the_run(
    program, digits, labels, hyper_of, seeds_of
):
    panel = PanelConfig(3, 3, 1, policy="refuse")
    simulate = jax.jit(build_simulation(label_config(program, panel)))
    hyper = hyper_of()._replace(corruption=CLEAN)
    _, _, (_, (given, _)) = simulate(
        seeds_of(), hyper, digits[1], everybody_right(labels, 3)
    )
    assert given.is_answered.any()


@pytest.mark.parametrize("policy", ["refuse", "restrict"])
def test_ratings_are_replayed_to_those_who_generalise_from_them(
    policy, program, digits, labels, hyper_of, seeds_of
):
    answers = everybody_right(labels, 3)
    item = answers.key % labels.size
    panel = PanelConfig(3, 2, 1, policy=policy)
    run = compiled(
        RunConfig(
            dataclasses.replace(program, panel=panel),
            RelevanceArm(name="a", questions=40, generalise_steps=10),
            30,
            20,
        )
    )
    hyper = hyper_of(kind="relevance", num_options=2)._replace(corruption=CLEAN)
    # everybody keeps what has an even number, or nobody
    for level in (2 * (item % 2 == 0), np.zeros_like(item)):
        rated = answers._replace(answer=level.astype(np.int32))
        if policy == "restrict":
            rated = some(rated, item % 5 != 0)
        trace = run(seeds_of(), hyper, digits[1], rated)
        assert [int(n) for n in trace.replay] == [80, 0, 0, 0]
        # of a clean pool everything is to be kept
        right = float(trace.labour.num_correct.sum()) / 80
        assert right == 0.0 if not level.any() else 0.2 < right < 0.8


def test_marks_are_replayed_and_the_marked_groups_are_kept(
    program, digits, hyper_of, seeds_of
):
    marks = np.zeros((3, 16), np.int32)
    marks[:, [2, 5, 11]] = 1
    marks[0, :] = -1  # a skip
    answers = record_answers(
        [0, 1, 2], [0, 0, 0], marks, 3, seconds=[9.0, 9.0, 9.0], num_items=1
    )
    panel = PanelConfig(3, 3, 1, policy="refuse")
    people = SAMPLE(jax.random.key(0), hyper_of().population, 3)
    crowd = ("marks", answers, people, panel)
    intervention = ImportanceArm(name="a", share=3 / 16, feedback="marks").build(
        program
    )
    data = digits[1]
    split = SPLIT(jax.random.key(5), data, CLEAN, 80, 30, 20)
    groups, importance = jnp.asarray(data.groups), jnp.asarray(data.importance)
    rates = {"learning_rate": jnp.float32(1e-2)}
    setting = Setting(split, groups, importance, {}, rates)
    plan, questions = intervention.begin(jax.random.key(1), setting)
    given, labour = asked(crowd, questions)
    after = intervention.absorb(setting, plan, given)
    np.testing.assert_array_equal(after.best, [2, 5, 11])
    assert int(given.is_answered.sum()) == 2
    assert float(labour.seconds.sum()) == 27.0


def test_fitted_people_mark_for_those_who_did_not(program, digits, hyper_of, seeds_of):
    marks = np.eye(2, 16, dtype=np.int32)
    answers = record_answers([0, 1], [0, 0], marks, 3, seconds=[9.0, 9.0], num_items=1)
    panel = PanelConfig(3, 3, 1, policy="model")
    marking = ImportanceArm(name="a", share=4 / 16, feedback="marks")
    asking = dataclasses.replace(program, panel=panel)
    config = RunConfig(asking, marking, 30, 20)
    hyper = hyper_of(kind="marks", num_options=16)
    trace = compiled(config)(seeds_of(), hyper, digits[1], answers)
    assert [int(n) for n in trace.replay] == [2, 1, 0, 0]


def test_a_ranking_cannot_be_replayed_nor_anything_without_a_recording(
    program, digits, hyper_of, seeds_of
):
    panel = PanelConfig(3, 3, 1, policy="refuse")
    config = label_config(program, panel)
    ranking = dataclasses.replace(
        config, intervention=ImportanceArm(name="a", share=4 / 16)
    )
    with pytest.raises(
        ValueError, match="only 'label', 'marks', 'relevance' can be replayed"
    ):
        build_run(ranking)
    with pytest.raises(TypeError, match="`answers` must be given"):
        jax.eval_shape(build_run(config), seeds_of(), hyper_of(), digits[1])
