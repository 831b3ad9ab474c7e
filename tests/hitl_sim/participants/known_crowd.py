"""A crowd of known traits that has answered."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np

from hitl_sim.participants.fitting.quality_model import Shape, start_values
from hitl_sim.participants.record import Record
from hitl_sim.participants.validating.synthetic import ask, build_people, draw_items

SKILL, SKILL_SPREAD, LEAN_SPREAD = 2.0, 0.7, 0.5
SHARED, OWN = 0.6, 0.5
PACE, PACE_SPREAD, SPREAD, PAUSE = 2.0, 0.5, 0.4, 0.02
PRACTICE, POWER, CONFLICT = 1.5, 0.8, 0.8
LAPSE = 0.01
NUM_OBJECTS, WORTH_SPREAD, BAND = 30, 1.2, 0.8


def logit(share: float) -> float:
    return float(np.log(share / (1.0 - share)))


def make_design(num_people=40, num_items=300, per_item=10, repeats=40, seed=0):
    """Ask a few people of each item, and some of them again; sorted by person."""
    rng = np.random.default_rng(seed)
    person = np.concatenate(
        [rng.permutation(num_people)[:per_item] for _ in range(num_items)]
    )
    item = np.repeat(np.arange(num_items), per_item)
    occasion = np.zeros_like(person)
    again = rng.permutation(person.size)[: repeats * num_people]
    columns = (
        np.concatenate([person, person[again]]),
        np.concatenate([item, item[again]]),
        np.concatenate([occasion, occasion[again] + 1]),
    )
    order = np.lexsort((rng.random(columns[0].size), columns[2], columns[0]))
    person, item, occasion = (column[order] for column in columns)
    return Record(
        name="made up",
        num_options=2,
        person=person,
        item=item,
        occasion=occasion,
        answer=np.zeros_like(person),
        truth=rng.integers(0, 2, num_items),
        size=np.ones(num_items),
        is_ordered=True,
    )


def answer_design(record: Record, seed=0):
    """Let people of known traits answer; return the record, skills and paces."""
    rng = np.random.default_rng(seed)
    shape = Shape("label", 2, record.num_people, record.num_items, True)
    quality = start_values(shape)._replace(
        mean=jnp.float32(SKILL),
        shared=jnp.float32(logit(SHARED)),
        lapse=jnp.float32(logit(LAPSE)),
    )
    skill = SKILL + SKILL_SPREAD * rng.standard_normal(record.num_people)
    lean = LEAN_SPREAD * rng.standard_normal((record.num_people, 1))
    people = build_people(shape, quality, skill, lean, OWN)
    pace = PACE + PACE_SPREAD * rng.standard_normal(record.num_people)
    ones = np.ones(record.num_people)
    people = people._replace(
        pace=jnp.asarray(pace, jnp.float32),
        spread=jnp.asarray(SPREAD * ones, jnp.float32),
        pause=jnp.asarray(PAUSE * ones, jnp.float32),
        conflict=jnp.asarray(CONFLICT * ones, jnp.float32),
        practice=jnp.asarray(PRACTICE * ones, jnp.float32),
        practice_power=jnp.asarray(POWER * ones, jnp.float32),
    )
    items = draw_items(rng, shape, quality, record.num_items)
    answer, seconds = ask(jax.random.key(seed), "label", people, items, record)
    return replace(record, answer=answer, seconds=seconds), skill, pace


def preferences(seed=0, clarity_spread=0.6, width_spread=0.6):
    """Let 40 people compare 300 pairs of 30 objects, 10 people a pair."""
    rng = np.random.default_rng(seed)
    record = make_design(repeats=0)
    worth = WORTH_SPREAD * rng.standard_normal(NUM_OBJECTS)
    first = rng.integers(0, NUM_OBJECTS, record.num_items)
    step = rng.integers(1, NUM_OBJECTS, record.num_items)
    objects = np.stack([first, (first + step) % NUM_OBJECTS], axis=1)
    clarity = np.exp(clarity_spread * rng.standard_normal(record.num_people))
    band = BAND * np.exp(width_spread * rng.standard_normal(record.num_people))
    gap = (worth[objects[:, 0]] - worth[objects[:, 1]])[record.item]
    lead = clarity[record.person] * gap + rng.logistic(size=record.item.size)
    answer = np.where(np.abs(lead) < band[record.person], 1, np.where(lead > 0, 0, 2))
    record = replace(record, num_options=3, answer=answer, objects=objects)
    return record, worth, clarity, band
