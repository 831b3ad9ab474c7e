"""Who answers in a run may be somebody else than this package's people."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hitl_sim.learn import PanelConfig, build_run
from hitl_sim.learn.crowd import AnnotatorConfig, oracle_of
from hitl_sim.learn.intervention.labelling import LabellingArm
from hitl_sim.part import PartError, builtin
from oracles import LABEL, Oracle, Query, build_population, part, sample_annotators
from oracles.feedback import KINDS

KEY = jax.random.key(3)
OPTIONS = 4


@part.annotator(params={"anchor": 0.5})
def anchored(*, feedback="label", start=0):
    """Say again, with a probability, what was last said."""
    inner = KINDS[feedback].oracle

    def init(key, params):
        state = inner.init(key, params)
        return state._replace(last_answer=jnp.full_like(state.last_answer, start))

    def answer(key, params, state, query):
        after, response = inner.answer(key, params, state, query)
        lots = jax.random.uniform(jax.random.fold_in(key, 1), response.answer.shape)
        is_repeated = lots < params.foreign["anchor"]

        def step(last, xs):
            said, is_again, is_given = xs
            answer = jnp.where(is_again & is_given, last, said)
            return jnp.where(is_given, answer, last), answer

        rows = (response.answer, is_repeated, response.is_answered)
        last, answers = jax.lax.scan(step, state.last_answer, rows)
        return after._replace(last_answer=last), response._replace(answer=answers)

    return Oracle(inner.check, init, answer)


def ask(anchor, people=3, items=400):
    """Ask a crowd that anchors about items of all classes, one after the other."""
    crowd = build_population("typical", "label", OPTIONS)
    crowd = crowd._replace(foreign={"anchor": np.float32(anchor)})
    oracle = oracle_of(AnnotatorConfig(anchored), "label")
    annotators = sample_annotators(KEY, crowd, people)
    column = jnp.arange(items)[:, None]
    query = Query(
        item=column,
        occasion=None,
        truth=column % OPTIONS,
        utility=jnp.zeros((items, 1, OPTIONS)),
        difficulty=jnp.zeros((items, 1)),
        discrimination=jnp.ones((items, 1)),
        size=jnp.ones((items, 1)),
        is_asked=jnp.ones((items, people), bool),
    )
    start = oracle.init(KEY, annotators)
    return jax.jit(oracle.answer)(KEY, annotators, start, query)[1].answer


def test_the_built_in_people_answer_where_nobody_is_named():
    assert oracle_of(None, "label") is LABEL
    assert list(builtin("annotator")) == ["random_utility"]


def test_the_params_of_an_annotator_travel_with_the_crowd():
    assert (ask(1.0) == 0).all()
    often, never = (np.asarray(ask(anchor)) for anchor in (0.8, 0.0))
    repeats = [(a[1:] == a[:-1]).mean() for a in (often, never)]
    assert repeats[0] > 0.8 > 0.5 > repeats[1]


def test_a_run_asks_the_annotator_of_its_panel(
    program, config_of, digits, hyper_of, seeds_of
):
    plain = config_of(LabellingArm(name="a", rounds=3, questions=10))
    panel = PanelConfig(3, 3, 1, annotator=AnnotatorConfig(anchored, {"start": 7}))
    program = replace(program, panel=panel)
    run = jax.jit(build_run(replace(plain, program=program)))
    hyper = hyper_of()

    def label_accuracy(anchor):
        crowd = hyper.population._replace(foreign={"anchor": jnp.float32(anchor)})
        trace = run(seeds_of(), hyper._replace(population=crowd), digits[1])
        return float(trace.label_accuracy)

    with_one_class, with_their_own = label_accuracy(1.0), label_accuracy(0.0)
    assert with_one_class < 0.35 < 0.6 < with_their_own
    assert run._cache_size() == 1


def test_an_option_that_an_annotator_does_not_have_is_refused():
    with pytest.raises(PartError, match=r"`options.mood` is no option of annotator"):
        oracle_of(AnnotatorConfig(anchored, {"mood": 1}), "label")


def test_what_is_no_oracle_is_refused():
    @part.annotator()
    def dumb():
        return lambda query: 0

    with pytest.raises(PartError, match=r"'dumb' must return an `oracles.Oracle`, got"):
        oracle_of(AnnotatorConfig(dumb), "label")
