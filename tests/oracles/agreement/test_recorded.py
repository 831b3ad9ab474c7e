"""Known figures of recorded people, where the recordings are at hand."""

import csv
import gzip
from pathlib import Path

import numpy as np
import pytest

from oracles.agreement import krippendorff_alpha, one_coin_answers, redundancy_curve

FILE = Path(__file__).parents[4] / "shared" / "data" / "rte_snow" / "answers.csv.gz"


@pytest.fixture(scope="module")
def entailment():
    """Return the answers and truth of rte_snow, ten people to an item."""
    if not FILE.exists():
        pytest.skip("the recorded answers of rte_snow are not here")
    with gzip.open(FILE, "rt") as file:
        rows = list(csv.DictReader(file))
    item, person = (
        np.unique([row[name] for row in rows], return_inverse=True)[1]
        for name in ("item", "annotator")
    )
    answers = np.full((item.max() + 1, person.max() + 1), -1)
    truth = np.zeros(item.max() + 1, int)
    answers[item, person] = [int(row["answer"]) for row in rows]
    truth[item] = [int(row["gold"]) for row in rows]
    return answers, truth


def test_ten_real_people_agree_and_help_less_than_ten_independent_ones(entailment):
    answers, truth = entailment
    rng = np.random.default_rng(0)
    # Draws of people: 800 items and 20 draws leave less than .01.
    real = redundancy_curve(rng, answers, truth)
    np.testing.assert_allclose(real, [0.73, 0.80, 0.85, 0.90], atol=0.01)
    alone = redundancy_curve(rng, one_coin_answers(rng, answers, truth, 2), truth)
    assert alone[0] == pytest.approx(real[0], abs=0.02)
    assert (alone[1:] > real[1:]).all()
    assert krippendorff_alpha(answers) == pytest.approx(0.24, abs=0.005)
