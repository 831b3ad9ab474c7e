"""Validation labels as people give them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hitl_sim.learn.crowd import PanelConfig
from hitl_sim.learn.loop import Judging, draw_run
from hitl_sim.task import Corruption, read_split
from oracles import build_population

SIZES = (80, 400, 20)
NONE = Corruption(jnp.float32(0), jnp.float32(0), jnp.float32(0))


@pytest.fixture(scope="module")
def drawn(digits, seeds_of):
    """Labels of 400 validation items, and their truth, by population and judges."""
    data = digits[1]

    def build(population, people, replicate=0, **parameters):
        crowd = build_population(population, "label", 10, **parameters)
        leaves = jax.tree.map(jnp.float32, crowd)
        draw = jax.jit(draw_run, static_argnums=(3, 5))
        judging = Judging(PanelConfig(people, people), 10)
        seeds = seeds_of(replicate=replicate)
        run = draw(seeds, NONE, data, SIZES, leaves, judging)
        rows = np.asarray(run.places.validation_rows)
        return run, np.asarray(run.places.validation_labels), data.labels[rows]

    return build


def test_perfect_people_give_the_true_labels(drawn):
    _, given, truth = drawn("perfect", 3)
    np.testing.assert_array_equal(given, truth)


def test_one_person_is_as_right_as_the_population_says(drawn):
    right = [drawn("typical", 1, r, accuracy=0.8, lapse=0.0)[1:] for r in range(20)]
    share = np.array([(given == truth).mean() for given, truth in right])
    # people differ, so that the error is that over 20 of them
    assert abs(share.mean() - 0.8) < 4 * share.std(ddof=1) / np.sqrt(20)


def test_more_people_are_more_often_right(drawn):
    share = {}
    for people in (1, 5):
        found = [drawn("careless", people, r)[1:] for r in range(8)]
        share[people] = np.array([(given == truth).mean() for given, truth in found])
    lead = share[5] - share[1]
    assert lead.mean() > 4 * lead.std(ddof=1) / np.sqrt(8)


def test_a_run_is_judged_by_what_people_said_and_shown_by_the_truth(drawn, digits):
    run, given, truth = drawn("careless", 1)
    split = read_split(jax.random.key_impl(run.run_keys.split), digits[1], run.places)
    np.testing.assert_array_equal(split.validation_y, given)
    assert (np.asarray(split.validation_y) != truth).any()
    np.testing.assert_array_equal(
        split.test_y, digits[1].labels[np.asarray(run.places.test_rows)]
    )


def test_judges_change_nothing_else_of_a_run(drawn, digits, seeds_of):
    run, _, _ = drawn("typical", 3)
    plain = jax.jit(draw_run, static_argnums=3)(seeds_of(), NONE, digits[1], SIZES)
    assert plain.places.validation_labels is None
    judged = run._replace(places=run.places._replace(validation_labels=None))
    jax.tree.map(np.testing.assert_array_equal, judged, plain)
