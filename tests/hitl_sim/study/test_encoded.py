"""Networks that read images and tokens, through the compiled sweep of a study."""

from pathlib import Path

import numpy as np
import pytest

from hitl_sim.study import worker
from hitl_sim.study.grid import expand
from hitl_sim.study.plan import Run
from hitl_sim.study.spec import convert
from hitl_sim.study.worker.group import arguments_of
from hitl_sim.study.worker.sweep import build_sweep

DATA = Path(__file__).parents[4] / "shared" / "data"
SPAM = DATA / "text_tasks" / "sms_spam.csv.gz"
FASHION = DATA / "fashion_mnist" / "t10k-images-idx3-ubyte.gz"
NETWORKS = {
    "cnn": {"kind": "cnn", "channels": [8, 16]},
    "text_cnn": {"kind": "text_cnn", "filters": 8, "widths": [1, 2], "embedding": 8},
    "transformer": {"kind": "transformer", "embedding": 8, "heads": 2},
}
LABELLING = {
    "name": "people",
    "kind": "labelling",
    "strategy": "margin",
    "rounds": 2,
    "questions": 40,
}
CONTROL = {"name": "control", "kind": "whole_pool", "role": "control"}


def conditions_of(tables, task, network):
    tables.pop("axis", None)
    sizes = {"pool": 400, "validation": 200, "test": 10}
    training = {
        "learning_rate": 1e-2,
        "batch": 16,
        "steps_per_checkpoint": 20,
        "checkpoints": 6,
    }
    changes = {
        "task": {"mine": task | sizes},
        "network": network,
        "training": training,
        "arm": [CONTROL, LABELLING],
        "crowd": {"population": "perfect"},
    }
    by_arm = {c.arm.name: c for c in expand(convert(tables | changes))}
    return by_arm["control"], by_arm["people"]


def run_two_lanes(condition):
    """Run two replicates as one dispatch of a group, traced once."""
    info, data = worker.data_of(condition)
    config = worker.run_config(condition, info, data)
    sweep = build_sweep(config, 2, 1)
    runs = [Run("", condition, replicate) for replicate in (0, 1)]
    num_runs, draws, hyper, data, _ = arguments_of(runs, 2)
    trace = sweep(num_runs, draws, hyper, data)
    faster = hyper._replace(optimiser={"learning_rate": np.ones(2, "f4")})
    sweep(np.int32(1), draws, faster, data)
    assert sweep._cache_size() == 1
    return trace, np.bincount(data.labels).max() / info.num_items


def check_learning(condition):
    trace, majority = run_two_lanes(condition)
    best = np.asarray(trace.curve.validation).max(axis=1)
    error = 4 * np.sqrt(majority * (1 - majority) / condition.task.validation)
    assert (best > majority + error).all()
    assert np.asarray(trace.curve.is_finite).all()


@pytest.fixture(scope="module")
def letters(tmp_path_factory):
    """Texts of filler words in which one word, or two in order, tell the class."""
    rng = np.random.default_rng(0)
    lines = ["label,text"]
    for i in range(640):
        words = list(rng.choice(["on", "off", "up", "so", "or"], 7))
        words[2:4] = (["red", "sun"], ["sun", "red"], ["sea", "sea"])[i % 3]
        lines.append(f"{i % 3},{' '.join(words)}")
    path = tmp_path_factory.mktemp("letters") / "letters.csv"
    path.write_text("\n".join(lines))
    tokens = {"representation": "tokens", "length": 8, "num_features": 8}
    return {"source": str(path), "text_column": "text", **tokens}


def test_a_cnn_learns_more_than_the_commonest_class(tables):
    check_learning(conditions_of(tables, {"source": "digits"}, NETWORKS["cnn"])[0])


@pytest.mark.parametrize("kind", ["text_cnn", "transformer"])
def test_a_text_network_learns_more_than_the_commonest_class(tables, letters, kind):
    check_learning(conditions_of(tables, letters, NETWORKS[kind])[0])


def test_people_label_for_a_text_network(tables, letters):
    check_learning(conditions_of(tables, letters, NETWORKS["text_cnn"])[1])


@pytest.mark.slow
@pytest.mark.skipif(not SPAM.is_file(), reason=f"no {SPAM.name} here")
@pytest.mark.parametrize("kind", ["text_cnn", "transformer"])
def test_spam_is_told_from_ham(tables, kind):
    tokens = {"representation": "tokens", "num_features": 512, "text_column": "text"}
    task = {"source": str(SPAM), **tokens}
    check_learning(conditions_of(tables, task, {"kind": kind})[0])


@pytest.mark.slow
@pytest.mark.skipif(not FASHION.is_file(), reason=f"no {FASHION.name} here")
def test_clothes_are_told_apart(tables):
    task = {"source": str(FASHION)}
    check_learning(conditions_of(tables, task, {"kind": "cnn"})[0])
