"""Errors that features predict against errors hashed from ids, in whole runs."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hitl_sim.learn import (
    Hyper,
    NetworkConfig,
    RunConfig,
    Seeds,
    TrainConfig,
    build_run,
)
from hitl_sim.learn.intervention import Program, Shape
from hitl_sim.learn.intervention.labelling import LabellingArm
from hitl_sim.learn.intervention.relevance import RelevanceArm
from hitl_sim.task import Corruption
from oracles import build_population

POOL, REPLICATES = 700, 24
PERSISTENT = {"shared_error": 0.9, "repeatability": 0.95}


@pytest.fixture(scope="module")
def run_all(digits):
    """Run people on the digits; return answer accuracy and last test accuracy."""
    info, data = digits
    shape = Shape(POOL, info.num_features, info.num_classes, *data.groups.shape)
    zero, one = jnp.float32(0.0), jnp.float32(1.0)

    def run(intervention, kind, num_options, steps=5, **parameters):
        train = TrainConfig(batch=32, steps_per_checkpoint=steps, num_checkpoints=8)
        program = Program(shape, NetworkConfig((32,)), train)
        crowd = build_population(
            "typical", kind, num_options, accuracy=0.7, **parameters
        )
        crowd = jax.tree.map(jnp.float32, crowd)
        corrupted = jnp.float32(0.2) if kind == "relevance" else zero
        corrupted = Corruption(corrupted, zero, zero)
        hyper = Hyper(
            {"learning_rate": jnp.float32(3e-3)}, {"share": one}, corrupted, crowd
        )
        program_of = build_run(RunConfig(program, intervention, 300, 500))

        def one_run(replicate):
            seeds = Seeds(jnp.int32(1), replicate, jnp.int32(0))
            trace = program_of(seeds, hyper, data)
            labour = trace.labour
            accuracy = labour.num_correct.sum() / labour.num_scored.sum()
            return accuracy, trace.curve.test[-1]

        found = jax.jit(lambda rows: jax.lax.map(one_run, rows))(jnp.arange(REPLICATES))
        return [np.asarray(column) for column in found]

    return run


def label_all(strategy="random", rounds=1, questions=600):
    return LabellingArm(name="a", rounds=rounds, questions=questions, strategy=strategy)


def half_width(values):
    return 4 * values.std(ddof=1) / np.sqrt(len(values))


@pytest.fixture(scope="module")
def hashed(run_all):
    return run_all(label_all(), "label", 10, steps=30, **PERSISTENT)


@pytest.fixture(scope="module")
def learnable(run_all):
    return run_all(label_all(), "label", 10, 30, systematic=0.95, **PERSISTENT)


def test_systematic_errors_leave_the_answers_accuracy_where_it_is(hashed, learnable):
    for accuracy, _ in (hashed, learnable):
        assert abs(accuracy.mean() - 0.7) < half_width(accuracy)


def test_a_network_learns_errors_that_features_predict(hashed, learnable):
    lost = hashed[1] - learnable[1]
    # 24 runs of one split and one initialisation each: the interval is of the pairs.
    assert lost.mean() - half_width(lost) > 0.03


def test_relevance_answers_keep_their_accuracy_too(run_all):
    config = RelevanceArm(name="a", questions=500, generalise_steps=3)
    parameters = PERSISTENT | {"band": 0.0, "systematic": 0.8}
    accuracy, _ = run_all(config, "relevance", 2, **parameters)
    assert abs(accuracy.mean() - 0.7) < half_width(accuracy)


def test_what_is_hard_for_a_model_is_hard_for_people_on_the_whole_pool(run_all):
    accuracy = run_all(label_all(), "label", 10, model_difficulty=2.0)[0]
    assert abs(accuracy.mean() - 0.7) < half_width(accuracy)


def test_a_model_that_asks_about_what_is_hard_for_it_gets_worse_answers(run_all):
    by_margin = label_all("margin", rounds=4, questions=40)
    easy = run_all(by_margin, "label", 10, 30)[0]
    hard = run_all(by_margin, "label", 10, 30, model_difficulty=3.0)[0]
    assert (easy - hard).mean() - half_width(easy - hard) > 0.0
