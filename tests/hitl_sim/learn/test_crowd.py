import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, strategies as st

from hitl_sim.learn.crowd import (
    PanelConfig,
    Questions,
    ask,
    assign,
    build_query,
    collect,
    sample_team,
)
from oracles import LABEL, Response, build_population, sample_annotators


@st.composite
def panels(draw):
    team = draw(st.integers(1, 7))
    spread = draw(st.sampled_from([0.0, 1.5]))
    people, asks = draw(st.integers(1, team)), draw(st.integers(1, 3))
    return PanelConfig(team, people, asks, spread)


@given(st.integers(1, 30), panels())
def test_every_answer_has_one_slot_and_every_slot_one_answer(num_questions, panel):
    plan = assign(num_questions, panel)
    slots = set(zip(plan.slot.ravel(), plan.person.ravel(), strict=True))
    assert len(slots) == num_questions * panel.answers == plan.is_asked.sum()
    for q in range(num_questions):
        for t, a in zip(plan.slot[q], plan.person[q], strict=True):
            assert plan.question[t, a] == q
            assert plan.is_asked[t, a]


@given(st.integers(1, 30), panels())
def test_nobody_meets_a_question_twice_on_one_occasion(num_questions, panel):
    plan = assign(num_questions, panel)
    for a in range(panel.team):
        asked = plan.is_asked[:, a]
        met = list(zip(plan.question[asked, a], plan.occasion[asked, a], strict=True))
        assert len(set(met)) == len(met)
        assert np.all(np.diff(plan.occasion[asked, a]) >= 0)


@given(st.integers(1, 30), panels())
def test_each_question_is_answered_by_so_many_different_people(num_questions, panel):
    plan = assign(num_questions, panel)
    for people in plan.person:
        assert len(set(people)) == panel.people
        assert sorted(np.bincount(people)[np.unique(people)]) == (
            [panel.asks] * panel.people
        )


@given(st.integers(1, 40), panels())
def test_work_is_shared_out_evenly(num_questions, panel):
    panel = dataclasses.replace(panel, activity_spread=0.0)
    load = assign(num_questions, panel).is_asked.sum(axis=0)
    assert load.max() - load.min() <= panel.asks


def test_the_active_do_most_of_the_work():
    plan = assign(300, PanelConfig(10, 1, 1, activity_spread=1.5))
    load = plan.is_asked.sum(axis=0)
    assert load[0] > 0.4 * 300
    assert (np.diff(load) <= 1).all()


@pytest.mark.parametrize("skill_activity", [-0.9, 0.9])
def test_who_is_active_goes_with_skill(skill_activity):
    population = build_population(
        "typical", "label", 10, activity_spread=1.5, skill_activity=skill_activity
    )
    key, size = jax.random.key(4), 400
    hired = sample_team(key, population, PanelConfig(size, 1, 1, activity_spread=1.5))
    skill = np.asarray(hired.skill)
    r = np.corrcoef(np.arange(size)[::-1], skill)[0, 1]
    assert np.sign(r) == np.sign(skill_activity)
    assert abs(r) > 0.7
    # the same people, each with all that is theirs
    people = sample_annotators(key, population, size)
    assert sorted(hired.id.tolist()) == list(range(size))
    np.testing.assert_array_equal(people.skill[hired.id], hired.skill)
    np.testing.assert_array_equal(people.pace[hired.id], hired.pace)


def test_a_team_that_is_asked_in_turn_is_the_crowd_as_it_was_drawn():
    population = build_population("paid_crowd", "label", 10)
    key = jax.random.key(4)
    for drawn, hired in zip(
        sample_annotators(key, population, 5),
        sample_team(key, population, PanelConfig(5, 1, 1)),
        strict=True,
    ):
        assert (drawn is None) == (hired is None)
        if drawn is not None:
            np.testing.assert_array_equal(drawn, hired)


def test_more_people_than_the_team_has_are_refused():
    with pytest.raises(
        ValueError, match=r"`people` must be <= `workforce` \(2\), got 3"
    ):
        assign(4, PanelConfig(team=2, people=3))


def questions(truth, discrimination):
    n = len(truth)
    truth = jnp.asarray(truth)
    return Questions(
        item=100 + jnp.arange(n),
        truth=truth,
        right=truth,
        utility=jnp.zeros((n, 3)),
        difficulty=jnp.zeros(n),
        discrimination=jnp.asarray(discrimination, jnp.float32),
        size=1.0 + jnp.arange(n),
    )


def test_a_query_carries_each_questions_own_facts():
    plan = assign(4, PanelConfig(team=3, people=2))
    asked = questions([0, 1, 2, 1], [1, 1, 0, 1])
    query = build_query(asked, plan)
    for q in range(4):
        for t, a in zip(plan.slot[q], plan.person[q], strict=True):
            assert query.item[t, a] == 100 + q
            assert query.truth[t, a] == asked.truth[q]
            assert query.discrimination[t, a] == asked.discrimination[q]
            assert query.size[t, a] == asked.size[q]


@pytest.mark.parametrize(
    ("panel", "columns"),
    [
        (PanelConfig(team=3, people=3), 1),
        (PanelConfig(team=3, people=3, asks=2), 1),
        (PanelConfig(team=3, people=2), 3),
        (PanelConfig(team=3, people=1), 3),
    ],
)
def test_a_queue_that_all_people_share_is_laid_out_once(panel, columns):
    plan = assign(4, panel)
    asked = questions([0, 1, 2, 1], [1, 1, 0, 1])
    query = build_query(asked._replace(suggestion=asked.truth), plan)
    once = query._asdict()
    assert once.pop("is_asked").shape == plan.is_asked.shape
    for name in ("occasion", "options"):
        once.pop(name)
    assert {leaf.shape[:2] for leaf in once.values()} == {(len(plan.question), columns)}
    everybody = np.broadcast_to(query.item, plan.question.shape)
    np.testing.assert_array_equal(everybody, asked.item[plan.question])


def test_occasions_are_told_apart_only_where_somebody_is_asked_twice():
    asked = questions([0, 1, 2, 1], [1, 1, 0, 1])
    once, twice = (assign(4, PanelConfig(3, 2, asks)) for asks in (1, 2))
    assert build_query(asked, once).occasion is None
    np.testing.assert_array_equal(build_query(asked, twice).occasion, twice.occasion)


def ask_twice(asks, repeatability):
    """Ask one person 400 questions; return the answers `[400, asks]`."""
    population = build_population(
        "typical",
        "label",
        3,
        accuracy=0.6,
        repeatability=repeatability,
        shared_error=0.0,
    )
    key, panel = jax.random.key(6), PanelConfig(1, 1, asks)
    plan, people = assign(400, panel), sample_team(key, population, panel)
    asked = questions([0] * 400, [1] * 400)

    @jax.jit
    def answered(key, people, asked):
        state = LABEL.init(key, people)
        response = ask(key, LABEL, people, state, asked, plan)[1]
        return collect(response, asked, plan)[0].answer

    return np.asarray(answered(key, people, asked))


def test_repeatability_shows_where_somebody_is_asked_twice_and_only_there():
    low, high = ask_twice(2, 0.1), ask_twice(2, 0.95)
    assert (high[:, 0] == high[:, 1]).mean() > (low[:, 0] == low[:, 1]).mean() + 0.2
    np.testing.assert_array_equal(ask_twice(1, 0.1), ask_twice(1, 0.95))


def test_answers_come_back_to_their_questions_and_are_scored():
    plan = assign(3, PanelConfig(team=2, people=2))
    asked = questions([0, 1, 2], [1, 1, 0])
    given_answers = jnp.where(jnp.arange(2)[None] == 0, asked.truth[plan.question], 0)
    is_answered = jnp.ones((3, 2), bool).at[plan.slot[1, 1], 1].set(False)
    response = Response(given_answers, is_answered, jnp.ones((3, 2)), jnp.zeros((3, 2)))
    answers, labour = collect(response, asked, plan)
    right = np.asarray(answers.answer == asked.truth[:, None])
    assert right[np.asarray(answers.annotator) == 0].all()
    # four answers to questions with a truth, one of them missing: 2 of person 0 are
    # right, person 1 said 0 to the first
    assert labour.num_scored == 3
    assert labour.num_correct == 3
    assert not answers.is_answered[1, list(plan.person[1]).index(1)]
