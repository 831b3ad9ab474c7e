"""How many trainings share the guidance, at once and over a model's life."""

import pytest

from hitl_sim.analysis.run.reuse import trainings_of


@pytest.mark.parametrize(
    ("reuse", "life", "trainings"),
    [
        ({}, None, 1),
        ({"trainings": 7}, None, 7),
        ({"trainings": 7, "retrain_every": None}, 1e6, 7),
        ({"trainings": 1, "retrain_every": 1e5}, 1e6, 10),
        # the last one serves what is left
        ({"trainings": 3, "retrain_every": 3e5}, 1e6, 12),
        # no queries are left for a second one
        ({"trainings": 3, "retrain_every": 2e6}, 1e6, 3),
    ],
)
def test_every_fit_of_every_model_counts(reuse, life, trainings):
    assert trainings_of(reuse, life) == trainings


@pytest.mark.parametrize("life", [None, 0.0])
def test_a_life_without_queries_is_refused(life):
    with pytest.raises(ValueError, match=r"`prices.life_queries` must be > 0 where"):
        trainings_of({"retrain_every": 1e5}, life)
