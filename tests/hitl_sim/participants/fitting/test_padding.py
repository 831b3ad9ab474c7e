"""Sizes that many records share, and what filling up to them must not change."""

from dataclasses import replace
from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hitl_sim.participants.answers import LABEL
from hitl_sim.participants.fitting.estimate import Slope, minimise
from hitl_sim.participants.fitting.padding import leaf, pad, padded_size
from hitl_sim.participants.fitting.quality import fill, fit_quality
from hitl_sim.participants.fitting.quality_model import (
    Rows,
    Shape,
    Traits,
    item_evidence,
    log_chances,
    log_table,
    pick,
    stable_points,
    start_values,
)
from hitl_sim.participants.record import Record, renumber, select


def make_record(num_options: int, seed: int = 0) -> Record:
    """Let forty people, right seven times in ten, answer thirty items each."""
    rng = np.random.default_rng(seed)
    person, item = np.divmod(np.arange(1200), 30)
    truth = rng.integers(0, num_options, 30)
    said = rng.integers(0, num_options, 1200)
    answer = np.where(rng.random(1200) < 0.7, truth[item], said)
    return Record(
        name="made up",
        num_options=num_options,
        person=person,
        item=item,
        occasion=0 * person,
        answer=answer,
        truth=truth,
        size=np.ones(30),
    )


def test_sizes_are_few_and_at_most_a_quarter_above_what_they_hold():
    sizes = np.arange(1, 5000)
    found = np.array([padded_size(int(size)) for size in sizes])
    assert (found >= sizes).all()
    assert (found[16:] <= 1.25 * sizes[16:]).all()
    assert all(padded_size(int(size)) == size for size in set(found))
    assert np.unique(found).size <= 4 * np.log2(5000 / 16) + 2
    assert all(after >= before for before, after in pairwise(found))


def test_what_fills_up_tells_nothing_of_items():
    rng = np.random.default_rng(1)
    person, item = rng.integers(0, 9, 70), np.sort(rng.integers(0, 20, 70))
    answer, truth = rng.integers(0, 3, 70), rng.integers(0, 3, 20)
    columns = (person, item, answer, truth)
    rows = Rows(*(leaf(column, np.int32) for column in columns))
    shape = Shape(LABEL, 3, 9, 20, has_gold=True)
    filled, many = fill(rows, shape)
    assert (many.num_people, many.num_items, filled.answer.size) == (16, 20, 80)
    points = stable_points(16, 3)

    def evidence(rows: Rows, shape: Shape) -> np.ndarray:
        quality = start_values(shape)
        leans = jnp.zeros((shape.num_people, 2))
        people = Traits(jnp.linspace(0.0, 2.0, 9), leans[:9])
        people = Traits(*(jnp.asarray(pad(t, shape.num_people)) for t in people))
        chances = log_chances(shape, points, quality, people, rows)
        found = item_evidence(shape, points, chances, rows, jnp.zeros(3))
        return np.asarray(jax.nn.logsumexp(found, axis=1))

    with_more = evidence(Rows(*map(jnp.asarray, filled)), many)
    bare = evidence(Rows(*map(jnp.asarray, rows)), shape)
    np.testing.assert_allclose(with_more[:20], bare, rtol=1e-5)


@pytest.mark.parametrize("num_options", [3, 10])
def test_sums_over_options_are_the_entries_of_the_table(num_options):
    rng = np.random.default_rng(2)
    shape = Shape(LABEL, num_options, 12, 20, has_gold=True)
    sizes = ((12, 30), (20, 30), (num_options, 30), (num_options, 20))
    rows = Rows(*(jnp.asarray(rng.integers(0, *size), jnp.int32) for size in sizes))
    assert rows.answer.size < 12 * num_options**2  # else the table is made anyway
    points = stable_points(32, num_options)
    quality = start_values(shape)
    quality = quality._replace(
        confusion=jnp.asarray(rng.normal(size=shape.num_confusions), jnp.float32)
    )
    people = Traits(
        jnp.asarray(rng.normal(2.0, 1.0, 12), jnp.float32),
        jnp.asarray(rng.normal(size=(12, num_options - 1)), jnp.float32),
    )
    table = log_table(shape, points, quality, people)
    np.testing.assert_allclose(
        log_chances(shape, points, quality, people, rows),
        pick(shape, table, rows),
        rtol=1e-4,
        atol=1e-5,
    )


def test_the_next_record_is_fitted_by_the_programs_of_the_last():
    record = make_record(2)
    rng = np.random.default_rng(3)
    some = renumber(select(record, rng.random(1200) < 0.95))
    # as many on the ladder, if not in number
    assert some.answer.size < record.answer.size
    assert padded_size(some.answer.size) == padded_size(record.answer.size)
    fit_quality(record, LABEL)
    compiled = []

    def note(event: str, duration: float, **_: object) -> None:
        if event.endswith("backend_compile_duration"):
            compiled.append(duration)

    jax.monitoring.register_event_duration_secs_listener(note)
    fit_quality(some, LABEL)
    fit_quality(replace(some, answer=1 - some.answer), LABEL)
    assert not compiled


def _cubic(at: jax.Array, scale: jax.Array, shift: jax.Array) -> jax.Array:
    return scale * (at + shift) ** 4


def test_a_slope_bends_as_the_second_derivative_says():
    start = jnp.asarray([1.0, -0.5], jnp.float32)
    shifts = [jnp.float32(0.3), jnp.float32(-0.3)]
    slope = Slope(_cubic, start, jnp.float32(2.0), over=shifts)
    value, first = slope(slope.start)
    moved = slope.start[None] + np.array([[0.3], [-0.3]])
    assert value == pytest.approx(2.0 * (moved**4).sum() / 2.0, rel=1e-5)
    np.testing.assert_allclose(first, 8.0 * (moved**3).mean(axis=0), rtol=1e-5)
    direction = np.array([1.0, 3.0])
    exact = 24.0 * (moved**2).mean(axis=0) * direction
    np.testing.assert_allclose(slope.bend(slope.start, direction), exact, rtol=1e-3)
    assert not slope.bend(slope.start, np.zeros(2)).any()


def test_the_least_of_a_sum_is_found():
    found = minimise(_cubic, jnp.asarray([3.0, 5.0]), 200, jnp.float32(1.0), 1.0)
    np.testing.assert_allclose(found, -1.0, atol=0.05)
