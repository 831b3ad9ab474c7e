"""What naming the commonest class is worth, by metric."""

import math

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, f1_score, log_loss

from hitl_sim.analysis.run.guess import guessed

COUNTS = (60, 30, 10)
LABEL = np.repeat(np.arange(3), COUNTS)
NAMED = np.zeros(100, int)


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        ("accuracy", 0.6),
        ("balanced_accuracy", balanced_accuracy_score(LABEL, NAMED)),
        ("f1", f1_score(LABEL, NAMED, average="macro")),
        (
            "log_score",
            1.0 - log_loss(LABEL, np.tile([0.6, 0.3, 0.1], (100, 1))) / math.log(3),
        ),
        ("auroc", 0.5),
        ("my_own", 0.0),
    ],
)
def test_it_is_the_metric_of_whoever_knows_the_shares_alone(metric, expected):
    assert guessed(metric, COUNTS) == pytest.approx(expected)


def test_classes_are_even_where_nothing_else_is_known():
    assert guessed("accuracy", (), 10) == pytest.approx(0.1)
    assert guessed("log_score", (), 10) == pytest.approx(0.0)
    assert guessed("accuracy", ()) == 0.0
