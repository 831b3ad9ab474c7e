"""Mean and median of the numbers that people said."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from oracles.aggregate.mean import mean
from oracles.aggregate.median import median
from oracles.aggregate.votes import Votes

KEY = jax.random.key(0)


def votes(num_answers):
    """Answers of up to so many people to each of 50 items."""
    rng = np.random.default_rng(num_answers)
    answer = rng.normal(size=(50, num_answers)).astype(np.float32)
    is_answered = rng.random(answer.shape) < 0.7
    is_answered[0], is_answered[1] = False, True
    # what does not exist may be anything
    answer[~is_answered] = np.nan
    person = jnp.zeros(answer.shape, jnp.int32)
    return Votes(jnp.asarray(answer), jnp.asarray(is_answered), person)


@pytest.mark.parametrize("num_answers", [1, 4, 5])
@pytest.mark.parametrize(
    ("part", "reference"), [(mean, np.nanmean), (median, np.nanmedian)]
)
def test_it_is_numpys_of_the_answers_that_exist(part, reference, num_answers):
    given = votes(num_answers)
    label, confidence = part(2, 1)(KEY, given, {})
    for row, is_there in zip(range(50), np.asarray(given.is_answered), strict=True):
        if is_there.any():
            want = reference(np.asarray(given.answer)[row])
            np.testing.assert_allclose(label[row], want, rtol=1e-5, atol=1e-6)
        else:
            assert (label[row], confidence[row]) == (0.0, 0.0)


@pytest.mark.parametrize("part", [mean, median])
def test_more_people_who_agree_are_surer(part):
    one = jnp.array([[0.5, 0.0, 0.0]])
    three = jnp.array([[0.5, 0.4, 0.6]])
    wide = jnp.array([[0.5, -1.4, 2.4]])
    people = jnp.zeros((1, 3), jnp.int32)
    alone, agreed, apart = (
        float(part(2, 1)(KEY, Votes(a, jnp.arange(3)[None] < n, people), {})[1][0])
        for a, n in ((one, 1), (three, 3), (wide, 3))
    )
    assert alone == 0.5
    assert agreed > alone
    assert agreed > apart
