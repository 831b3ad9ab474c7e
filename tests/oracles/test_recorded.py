"""The typical population against recorded people, where the recordings are at hand."""

import csv
import gzip
import math
from pathlib import Path

import jax
import numpy as np
import pytest

from oracles import LABEL, build_population, sample_annotators
from oracles.agreement import Retest, retest

TRIALS = Path(__file__).parents[3] / "shared" / "data" / "cifar10s" / "trials.csv.gz"
KEY = jax.random.key(41)


@pytest.fixture(scope="module")
def recorded():
    """Return how the people of cifar10s repeat themselves, and their accuracy."""
    if not TRIALS.exists():
        pytest.skip("the recorded answers of cifar10s are not here")
    with gzip.open(TRIALS, "rt") as file:
        rows = list(csv.DictReader(file))
    classes = sorted({row["gold"] for row in rows})
    looks = [
        {
            (row["annotator"], row["item"]): (
                classes.index(row["gold"]),
                classes.index(row["answer"]),
            )
            for row in rows
            if row["is_repeat"] == is_repeat
        }
        for is_repeat in "01"
    ]
    both = [pair for pair in looks[1] if pair in looks[0]]
    first, second = (np.array([look[p][1] for p in both]) for look in looks)
    truth = np.array([looks[0][p][0] for p in both])
    right = np.array([gold == given for gold, given in looks[0].values()])
    return retest(first, second, truth), float(right.mean()), len(both)


@pytest.fixture(scope="module")
def simulated(make_query) -> tuple[Retest, float]:
    query = make_query(5000, 4, 10, num_looks=2)
    params = sample_annotators(KEY, build_population("typical", "label", 10), 4)
    _, response = jax.jit(LABEL.answer)(KEY, params, LABEL.init(KEY, params), query)
    first, second = np.asarray(response.answer).reshape(2, -1)
    truth = np.asarray(query.truth)[:5000].ravel()
    return retest(first, second, truth), float((first == truth).mean())


def test_people_repeat_themselves_as_those_recorded(recorded, simulated):
    seen, _, count = recorded
    model, _ = simulated
    error = math.sqrt(seen.same * (1 - seen.same) / count)
    assert abs(model.same - seen.same) < 4 * error
    wrong = (1 - 0.844) * count
    error = math.sqrt(seen.same_if_wrong * (1 - seen.same_if_wrong) / wrong)
    assert abs(model.same_if_wrong - seen.same_if_wrong) < 4 * error


def test_people_are_as_accurate_as_those_recorded(recorded, simulated):
    assert abs(simulated[1] - recorded[1]) < 0.02
