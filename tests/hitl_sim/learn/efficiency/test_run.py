"""Methods in a whole run: what counts from when, and what work it takes."""

import dataclasses
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from msgspec import structs

from hitl_sim.learn import describe_work
from hitl_sim.learn.efficiency.fine_tune import FineTuneMethod
from hitl_sim.learn.efficiency.prune import PruneMethod
from hitl_sim.learn.efficiency.quantise import QuantiseMethod
from hitl_sim.learn.intervention.labelling import LabellingArm
from hitl_sim.learn.intervention.whole_pool import WholePoolArm
from hitl_sim.learn.loop import run_keys
from hitl_sim.task import Corruption, build_leftover, build_split

CUT = (PruneMethod(share=0.5, form="structured", after=1),)
GRADUAL = (PruneMethod(share=0.5, form="gradual", after=1, until=3),)
THREE = (
    QuantiseMethod(form="post_training"),
    PruneMethod(share=0.5, form="gated", after=1),
    FineTuneMethod(steps=5),
)
LABELLING = LabellingArm(name="a", rounds=2, questions=10)


def _lines(config_of, intervention, methods):
    config = config_of(structs.replace(intervention, method=methods))
    config = dataclasses.replace(config, num_leftover=700)
    return {
        (line.unit.name, line.purpose): line.counts.tolist()
        for line in describe_work(config)
    }


def test_a_run_has_no_accuracy_before_its_method_acts_in_full(run_with_methods):
    curve = run_with_methods(WholePoolArm(name="a", role="control"), GRADUAL).curve
    assert np.isnan(curve.validation).tolist() == [True] * 3 + [False] * 3
    assert np.isnan(curve.test).tolist() == np.isnan(curve.validation).tolist()


def test_three_methods_act_at_once_and_rounds_go_on_with_fewer_units(
    run_with_methods, config_of
):
    pytest.importorskip("qwix")
    curve = run_with_methods(LABELLING, THREE).curve
    assert np.isnan(curve.validation).tolist() == [True] + [False] * 5
    assert bool(curve.is_finite.all())
    lines = {name for name, _ in _lines(config_of, LABELLING, THREE)}
    assert "train:64-8-10:b8:n80:gated" in lines
    assert "train:64-4-10:b8:n80" in lines
    assert "evaluate:64-4-10:class:n30:int8" in lines


def test_a_run_starts_from_what_pretraining_has_learned(
    run_with_methods, digits, seeds_of
):
    """Labels outside the split reach a run through pretraining alone."""
    pytest.importorskip("qwix")
    data = digits[1]
    numbers = np.arange(len(data.labels), dtype=np.float32)
    key = run_keys(seeds_of(1)).split
    (rest, _) = build_leftover(key, data._replace(features=numbers[:, None]), 130)
    labels = np.asarray(data.labels).copy()
    place = np.asarray(rest)[:, 0].astype(int)
    labels[place] = (labels[place] + 1) % 5
    taught = data._replace(labels=labels)
    other = run_with_methods(LABELLING, THREE, replicate=1, data=taught).curve
    own = run_with_methods(LABELLING, THREE, replicate=1).curve
    assert not np.array_equal(other.validation, own.validation, equal_nan=True)


def test_a_cut_network_is_trained_and_asked_in_its_small_shape(config_of):
    lines = _lines(config_of, WholePoolArm(name="a", role="control"), CUT)
    assert lines == {
        ("train:64-8-10:b8:n80", "protocol"): [2] * 6,
        ("train:64-4-10:b8:n80", "protocol"): [0, 2, 4, 6, 8, 10],
        ("evaluate:64-4-10:class:n30", "protocol"): [0, 30, 60, 90, 120, 150],
        ("evaluate:64-4-10:class:n20", "instrument"): [0, 20, 40, 60, 80, 100],
        ("train:cut:64-8-10", "protocol"): [0, 1, 1, 1, 1, 1],
    }


def test_a_cut_network_scores_the_pool_in_its_small_shape(config_of):
    lines = _lines(config_of, LABELLING, CUT)
    assert ("score:64-4-10:margin:n80", "protocol") in lines


def test_a_masked_network_is_asked_in_its_whole_shape(config_of):
    lines = _lines(config_of, WholePoolArm(name="a", role="control"), GRADUAL)
    assert lines == {
        ("train:64-8-10:b8:n80", "protocol"): [2, 4, 4, 4, 4, 4],
        ("train:64-8-10:b8:n80:masked", "protocol"): [0, 0, 2, 4, 6, 8],
        ("evaluate:64-8-10:class:n30", "protocol"): [0, 0, 0, 30, 60, 90],
        ("evaluate:64-8-10:class:n20", "instrument"): [0, 0, 0, 20, 40, 60],
        ("train:gradual:64-8-10:masked", "protocol"): [0, 0, 1, 2, 2, 2],
    }


def test_pretraining_is_counted_apart_and_before_everything(config_of):
    methods = (FineTuneMethod(steps=7),)
    lines = _lines(config_of, WholePoolArm(name="a", role="control"), methods)
    plain = _lines(config_of, WholePoolArm(name="a", role="control"), ())
    assert lines.pop(("pretrain:64-8-10:b8:n700", "protocol")) == [7] * 6
    assert lines == plain


def test_pretraining_has_seen_none_of_the_items_of_the_split(digits):
    data = digits[1]
    numbered = data._replace(
        features=np.arange(len(data.labels), dtype=np.float32)[:, None]
    )
    clean, key = Corruption(*[jnp.float32(0.0)] * 3), jax.random.key(4)
    split = jax.jit(partial(build_split, num_pool=80, num_validation=30, num_test=20))(
        key, numbered, clean
    )
    rest, labels = jax.jit(partial(build_leftover, num_used=130))(key, numbered)
    used = [split.pool.features, split.validation_x, split.test_x]
    seen = np.concatenate([*used, rest])[:, 0]
    assert sorted(seen.tolist()) == list(range(len(data.labels)))
    assert np.array_equal(labels, data.labels[np.asarray(rest)[:, 0].astype(int)])
