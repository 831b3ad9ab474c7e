"""Simulated answers in the design of a recorded set.

The oracle is the product's. Here are only the draws of people and items from a crowd's
numbers: who answers which item in which order is that of the record.
"""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
from crowd import Crowd
from recorded import RecordedSet, consensus

from hitl_sim.participants.record import share_seconds
from hitl_sim.participants.validating.synthetic import Items, ask
from oracles import Annotators


def simulate(crowd: Crowd, record: RecordedSet, seed: int) -> RecordedSet:
    """Let a crowd answer what the recorded people were asked.

    Args:
        crowd: the distribution of people and items.
        record: the design: who is asked what, in which order.
        seed: draws people, items and answers.

    Returns:
        The record with simulated answers, times, marks and, of a consensus, truth.
    """
    people_rng, item_rng = (np.random.default_rng((seed, stream)) for stream in (1, 2))
    key = jax.random.key(seed)
    people = draw_people(people_rng, crowd, record)
    items = draw_items(item_rng, crowd, record)
    kind = "preference" if record.objects is not None else "label"
    answer, seconds = ask(key, kind, people, items, record)
    drawn = replace(record, answer=answer)
    if record.seconds is not None:
        drawn = replace(drawn, seconds=share_seconds(record, seconds))
    if record.deadline_s is not None:
        late = seconds > record.deadline_s
        drawn = replace(
            drawn,
            answer=np.where(late, -1, answer),
            seconds=np.where(late, np.nan, seconds),
        )
    if record.is_consensus:
        truth = consensus(record.item, answer, record.num_items, (0, 2))
        drawn = replace(drawn, truth=truth)
    if record.marks is not None:
        rng = np.random.default_rng((seed, 3))
        drawn = replace(drawn, marks=_mark(rng, key, crowd, record))
    return drawn


def draw_people(
    rng: np.random.Generator, crowd: Crowd, record: RecordedSet
) -> Annotators:
    """Draw the traits of as many people as are recorded."""
    num_people, num_options = record.num_people, record.num_options
    work = np.log(np.bincount(record.person, minlength=num_people))
    work = (work - work.mean()) / max(work.std(), 1e-9)
    z = rng.standard_normal((6, num_people))
    u = rng.random((3, num_people))
    pace = (
        crowd.pace
        + crowd.pace_spread * z[1]
        + crowd.pace_skill * z[0]
        + crowd.pace_workload * work
        + crowd.slow_by * (u[2] < crowd.slow)
    )
    skill = (
        crowd.skill
        + crowd.skill_spread * z[0]
        + crowd.skill_workload * work
        - crowd.poor_drop * (u[0] < crowd.poor)
    )
    odds = np.log(max(crowd.spammer, 1e-9) / max(1.0 - crowd.spammer, 1e-9))
    is_spammer = u[1] < 1.0 / (1.0 + np.exp(-odds - crowd.spammer_workload * work))
    lapse = np.where(is_spammer, crowd.spammer_lapse, crowd.lapse)
    lean = np.zeros((num_people, num_options))
    lean[:, -1] = crowd.bias + crowd.bias_spread * z[4]
    lean += crowd.taste * rng.standard_normal((num_people, num_options))
    lean += crowd.class_bias * rng.standard_normal((1, num_options))
    params = _annotators(
        num_people,
        skill=skill,
        own=crowd.own,
        lapse=lapse,
        pace=pace,
        practice=crowd.practice,
        practice_power=crowd.practice_power,
        conflict=crowd.conflict,
        length=crowd.length,
        drift=crowd.drift,
        memory=crowd.memory,
        spread=crowd.spread * np.exp(crowd.spread_spread * z[2]),
        pause=crowd.pause,
        band=crowd.band * np.exp(crowd.band_spread * z[3]),
        shared=crowd.shared,
    )
    if record.objects is not None or not lean.any():
        return params
    by_truth = np.broadcast_to(lean[:, None, :], (num_people, *[num_options] * 2))
    return params._replace(confusion=jnp.asarray(by_truth, jnp.float32))


def draw_items(rng: np.random.Generator, crowd: Crowd, record: RecordedSet) -> Items:
    """Draw the traits of as many items as are recorded."""
    n, k = record.num_items, record.num_options
    z = rng.standard_normal((3, n))
    u = rng.random((2, n))
    difficulty = crowd.difficulty_spread * z[0]
    if crowd.level_difficulty:
        difficulty = difficulty + np.asarray(crowd.level_difficulty)[record.level]
    strength = np.exp(crowd.log_discrimination * z[1] - crowd.log_discrimination**2 / 2)
    strength = np.where(u[0] < crowd.odd, crowd.odd_signal, 1.0) * strength
    if record.objects is not None:
        worth = rng.standard_normal(int(record.objects.max()) + 1)[record.objects]
        own = crowd.evidence * rng.standard_normal((n, 2))
        return Items(difficulty, strength, worth + own)
    utility = crowd.evidence * rng.standard_normal((n, k))
    by_class = crowd.class_spread * rng.standard_normal(k)
    difficulty = difficulty + by_class[record.truth]
    # Classes are mistaken for each other in pairs; an odd one out takes the first.
    turn = rng.permutation(k)
    mate = np.argsort(turn)[record.truth] ^ 1
    partner = turn[np.where(mate < k, mate, 0)]
    other = (record.truth + rng.integers(1, k, n)) % k
    rival = np.where(u[1] < crowd.partner, partner, other)
    utility[np.arange(n), rival] += crowd.rival + crowd.rival_spread * z[2]
    return Items(difficulty, strength, utility)


def _annotators(num_people: int, **traits: object) -> Annotators:
    """Build people from traits; one that is not named is 0."""
    leaves = {
        name: jnp.asarray(
            np.broadcast_to(np.asarray(traits.get(name, 0.0)), (num_people,)),
            jnp.float32,
        )
        for name in Annotators._fields
        if name not in Annotators._field_defaults and name not in ("id", "shared")
    }
    shared = jnp.asarray(traits["shared"], jnp.float32)
    return Annotators(
        id=jnp.arange(num_people, dtype=jnp.int32), shared=shared, **leaves
    )


def _mark(
    rng: np.random.Generator, key: jax.Array, crowd: Crowd, record: RecordedSet
) -> np.ndarray:
    """Let the crowd mark parts of every item that a person labelled."""
    if record.num_parts is None or record.marks is None:
        raise ValueError(f"`record` must hold marks, got {record.name} without.")
    num_people, num_parts = record.num_people, record.marks.shape[1]
    z = rng.standard_normal((2, num_people))
    worth = rng.standard_normal((record.num_items, num_parts))
    if crowd.mark_skew > 0:
        worth = np.exp(crowd.mark_skew * worth)
        variance = np.exp(crowd.mark_skew**2)
        worth = (worth - np.sqrt(variance)) / np.sqrt(variance * (variance - 1.0))
    params = _annotators(
        num_people,
        skill=crowd.mark_skill + crowd.mark_skill_spread * z[0],
        own=crowd.own,
        shared=crowd.mark_shared,
        criterion=crowd.criterion + crowd.criterion_spread * z[1],
    )
    plain = Items(np.zeros(record.num_items), np.ones(record.num_items), worth)
    marks = ask(key, "marks", params, plain, record)[0] > 0
    is_part = np.arange(num_parts)[None, :] < record.num_parts[record.item][:, None]
    return marks & is_part
