"""Simulated answers that the tests of the aggregators share."""

import warnings
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from oracles import LABEL, build_population, sample_annotators

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import pandas as pd
    from crowdkit import aggregation

KEY = jax.random.key(91)
NUM_ITEMS, NUM_PEOPLE, NUM_CLASSES = 150, 6, 4


@pytest.fixture(scope="session")
def asked(make_query):
    """Simulated answers, each person asked about a random two thirds of the items."""
    query = make_query(NUM_ITEMS, NUM_PEOPLE, NUM_CLASSES)
    rng = np.random.default_rng(0)
    is_asked = rng.random((NUM_ITEMS, NUM_PEOPLE)) < 2 / 3
    is_asked[:, 0] |= ~is_asked.any(axis=1)
    population = build_population("typical", "label", NUM_CLASSES, accuracy=0.7)
    params = sample_annotators(KEY, population, NUM_PEOPLE)
    state = LABEL.init(KEY, params)
    query = query._replace(is_asked=jnp.asarray(is_asked))
    _, response = jax.jit(LABEL.answer)(KEY, params, state, query)
    people = jnp.tile(jnp.arange(NUM_PEOPLE)[None, :], (NUM_ITEMS, 1))
    return response.answer, people, response.is_answered, query.truth[:, 0]


@pytest.fixture(scope="session")
def fit_crowd_kit() -> Callable[..., Any]:
    """Fit a crowd-kit aggregator to answers, its deprecation noise kept out."""

    def fit(name: str, answers: tuple, **options: Any) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            given = np.asarray(answers[2])
            data = pd.DataFrame(
                {
                    "task": np.nonzero(given)[0],
                    "worker": np.asarray(answers[1])[given],
                    "label": np.asarray(answers[0])[given],
                }
            )
            skills = options.pop("skills", None)
            aggregator = getattr(aggregation, name)(**options)
            if skills is None:
                return aggregator.fit(data)
            return aggregator.fit(data, pd.Series(skills))

    return fit
