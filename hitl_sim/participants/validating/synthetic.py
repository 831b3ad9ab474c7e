"""People and items drawn from a fit, and a recorded design put to an oracle.

The oracle is the product's; here answers only move between the rows of a record and
the queues of a query.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from operator import itemgetter

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import PRNGKeyArray
from numpy.typing import ArrayLike, NDArray

from hitl_sim.participants.answers import LABEL
from hitl_sim.participants.fitting.fit import CrowdFit
from hitl_sim.participants.fitting.padding import leaf, pad, padded_size
from hitl_sim.participants.fitting.quality_model import (
    Quality,
    Shape,
    confusion_matrix,
    leanings,
)
from hitl_sim.participants.fitting.response_time import ResponseTimeFit, skew_of
from hitl_sim.participants.record import Floats, Ints, Record, share_seconds, starts
from oracles import Annotators, Population, Query, Response, sample_annotators
from oracles.annotators import AnnotatorState, map_people, plain_annotators
from oracles.feedback import FEEDBACK
from oracles.joint import Joint
from oracles.people import draw_activity

# Queues are asked in blocks of so many questions of so many people: one program.
BLOCK = (64, 64)


@dataclass(frozen=True)
class Items:
    """Traits of items: `[N]` difficulty and discrimination, `[N, K]` utility."""

    difficulty: Floats
    discrimination: Floats
    utility: Floats


def ask(
    key: PRNGKeyArray, kind: str, people: Annotators, items: Items, record: Record
) -> tuple[Ints, Floats]:
    """Let people answer the questions of a record.

    Returns:
        `[L]` answers, of marks `[L, K]`, and `[L]` seconds.
    """
    people = jax.tree.map(np.asarray, people)
    parts = []
    for chosen, blocks in _groups(record):
        # `shared` belongs to the whole crowd
        few = map_people(itemgetter(chosen), people)
        state = _init(kind, key, few)
        for laid in blocks:
            query = _query(record, items, laid)
            state, response = _ask(kind, key, few, state, query)
            columns = (laid, response.answer, response.seconds)
            parts.append([np.asarray(column)[laid >= 0] for column in columns])
    rows, answers, seconds = map(np.concatenate, zip(*parts, strict=True))
    order = np.argsort(rows)
    return answers[order].astype(np.int64), seconds[order].astype(float)


def _groups(record: Record) -> Iterator[tuple[Ints, list[Ints]]]:
    """Yield people of like workload, `[A]`, and blocks of their rows, `[T, A]`.

    -1 pads a queue; somebody who is not asked pads a group.
    """
    length, size = BLOCK
    count = record.work
    start = starts(count)
    busy = np.argsort(-count, kind="stable")[: (count > 0).sum()]
    for begin in range(0, busy.size, size):
        people = busy[begin : begin + size]
        chosen = np.resize(people, size)
        is_there = np.arange(size) < people.size
        blocks = []
        for first in range(0, int(count[people].max()), length):
            place = first + np.arange(length)[:, None]
            is_asked = (place < count[chosen]) & is_there
            blocks.append(np.where(is_asked, start[chosen][None, :] + place, -1))
        yield chosen, blocks


def _query(record: Record, items: Items, rows: Ints) -> Query:
    row = np.maximum(rows, 0)
    item = record.item[row]
    truth = record.truth[item]
    objects = None
    if record.objects is not None:
        objects = jnp.asarray(record.objects[item], jnp.int32)
    return Query(
        item=jnp.asarray(item, jnp.int32),
        occasion=jnp.asarray(record.occasion[row], jnp.int32),
        truth=jnp.asarray(np.maximum(truth, 0), jnp.int32),
        utility=jnp.asarray(items.utility[item], jnp.float32),
        difficulty=jnp.asarray(items.difficulty[item], jnp.float32),
        discrimination=jnp.asarray(items.discrimination[item], jnp.float32),
        size=jnp.asarray(record.size[item], jnp.float32),
        is_asked=jnp.asarray(rows >= 0),
        options=objects,
    )


@partial(jax.jit, static_argnums=0)
def _init(kind: str, key: jax.Array, params: Annotators) -> AnnotatorState:
    state: AnnotatorState = FEEDBACK[kind].init(key, params)
    return state


@partial(jax.jit, static_argnums=0)
def _ask(
    kind: str,
    key: jax.Array,
    params: Annotators,
    state: AnnotatorState,
    query: Query,
) -> tuple[AnnotatorState, Response]:
    return FEEDBACK[kind].answer(key, params, state, query)


@partial(jax.jit, static_argnums=2)
def _draw(
    key: jax.Array, population: Population, num_people: int
) -> tuple[Annotators, Array]:
    people = sample_annotators(key, population, num_people)
    return people, draw_activity(key, population, num_people)


# Groups that a fit's joint has at most, with kinds of people beside them; least people.
_GROUPS, _PEOPLE = 80, 16
# Fitted people stand this share of all ranks from whose work they take over.
_RANKS_OFF = 0.05


def build_people(
    shape: Shape, quality: Quality, skill: Floats, lean: Floats, own: float = 1.0
) -> Annotators:
    """Build the people of an oracle from fitted numbers.

    Args:
        shape: of the data they were fitted to.
        quality: numbers of the crowd.
        skill: `[A]` skill of each.
        lean: `[A, J]` leanings of each.
        own: lambda_own.

    Returns:
        The people; their times are a second a question.
    """
    people = plain_annotators(skill.size)
    people = people._replace(
        skill=_leaf(skill),
        own=jnp.full(skill.size, own, jnp.float32),
        lapse=jnp.full(skill.size, jax.nn.sigmoid(quality.lapse)),
        shared=jax.nn.sigmoid(quality.shared),
    )
    if shape.kind != LABEL:
        return people
    by_all = confusion_matrix(shape, quality.confusion)[None]
    return people._replace(confusion=by_all + leanings(shape, lean)[:, None, :])


def draw_items(
    rng: np.random.Generator, shape: Shape, quality: Quality, num_items: int
) -> Items:
    """Draw the difficulty of items; what all see in them the oracle draws itself."""
    difficulty = np.zeros(num_items)
    if shape.has_difficulty:
        difficulty = np.exp(float(quality.difficulty)) * rng.standard_normal(num_items)
    return Items(
        difficulty=difficulty,
        discrimination=np.ones(num_items),
        utility=np.zeros((num_items, shape.num_options)),
    )


def draw_annotators(
    rng: np.random.Generator,
    fit: CrowdFit,
    fitted: Record,
    design: Record,
    among: Ints | None = None,
) -> Annotators:
    """Draw people like the fitted ones for a design.

    Everybody in the design is like a fitted person of like workload, at a draw
    from what is known of that person: so skews, clusters and what goes with workload
    stay as they are.

    Args:
        rng: draws who is like whom, and where in the posterior.
        fit: of the people.
        fitted: the record that they were fitted to.
        design: who answers how much.
        among: the fitted people to take after; all who answered if None.
    """
    source = _like_workload(rng, fitted, design, among)
    quality = fit.quality
    skill = quality.skill[source] + quality.skill_sd[source] * rng.standard_normal(
        source.size
    )
    lean = quality.lean[source] + quality.lean_sd[source] * rng.standard_normal(
        (source.size, quality.shape.num_leans)
    )
    own = 1.0 if fit.own is None else fit.own.own
    people = build_people(quality.shape, quality.quality, skill, lean, own)
    return people if fit.timing is None else _with_times(people, fit.timing, source)


def simulate_design(
    seed: int,
    fit: CrowdFit,
    fitted: Record,
    design: Record,
    rng: np.random.Generator | None = None,
    among: Ints | None = None,
) -> Record:
    """Let people like the fitted ones answer what a record asks.

    Args:
        seed: draws answers, and people and items too where no `rng` does.
        fit: of the people.
        fitted: the record that they were fitted to.
        design: who is asked what in which order.
        rng: draws people and items.
        among: as in `draw_annotators`.

    Returns:
        The design with simulated answers and times.
    """
    rng = np.random.default_rng(seed) if rng is None else rng
    people = draw_annotators(rng, fit, fitted, design, among)
    quality = fit.quality
    items = draw_items(rng, quality.shape, quality.quality, design.num_items)
    answer, seconds = ask(jax.random.key(seed), "label", people, items, design)
    is_timed = design.seconds is not None and fit.timing is not None
    kept = share_seconds(design, seconds) if is_timed else None
    return replace(design, answer=answer, seconds=kept)


def simulate_population(
    seed: int, population: Population, design: Record, *, is_timed: bool
) -> Record:
    """Let people drawn from a population answer what a record asks, as studies do.

    Where they differ in activity, who does most of the design is the most active of
    them. Items are as a study's: what is hard in them is an error that people share.

    Args:
        seed: draws people and answers.
        population: who answers.
        design: who is asked what in which order.
        is_timed: whether the population's times are of such questions.

    Returns:
        The design with simulated answers and times.
    """
    key = jax.random.key(seed)
    there = slice(design.num_people)
    people, activity = _draw(key, _fill(population), _rung(design.num_people))
    people = map_people(itemgetter(there), jax.tree.map(np.asarray, people))
    activity = np.asarray(activity)[there]
    if population.activity_spread is not None:
        active = np.argsort(-activity)
        busy = np.argsort(-design.work, kind="stable")
        place = np.empty_like(active)
        place[busy] = active
        people = map_people(itemgetter(place), people)
    items = Items(
        difficulty=np.zeros(design.num_items),
        discrimination=np.ones(design.num_items),
        utility=np.zeros((design.num_items, design.num_options)),
    )
    answer, seconds = ask(key, "label", people, items, design)
    is_timed = is_timed and design.seconds is not None
    kept = share_seconds(design, seconds) if is_timed else None
    return replace(design, answer=answer, seconds=kept)


def _fill(population: Population) -> Population:
    """Fill a joint up with groups of nobody, so that one program draws from many."""
    joint = population.joint
    if joint is None:
        return population
    size = max(padded_size(np.shape(joint.edge)[0]), _GROUPS)
    filled = Joint(
        pad(leaf(joint.edge), size, 1.0),
        pad(leaf(joint.centre), size),
        pad(leaf(joint.width), size),
        pad(leaf(joint.fixed), size),
        leaf(joint.factor),
    )
    return population._replace(joint=filled)


def _rung(num_people: int) -> int:
    """Return the next power of four; nobody depends on how many there are."""
    size = _PEOPLE
    while size < num_people:
        size *= 4
    return size


def _like_workload(
    rng: np.random.Generator, fitted: Record, design: Record, among: Ints | None
) -> NDArray[np.intp]:
    """Return, for each person of a design, a fitted person of like rank in workload."""
    work = fitted.work * 1.0
    there = np.nonzero(work > 0)[0] if among is None else among
    ranked = there[np.argsort(work[there] + rng.random(there.size))]
    wanted = design.work
    rank = np.argsort(np.argsort(wanted + rng.random(wanted.size)))
    place = (rank + 0.5) / wanted.size * there.size - 0.5
    near = np.rint(place + rng.normal(0.0, _RANKS_OFF * there.size, place.size))
    return np.asarray(ranked[np.clip(near, 0, there.size - 1).astype(np.intp)])


def _with_times(
    people: Annotators, timing: ResponseTimeFit, source: NDArray[np.intp]
) -> Annotators:
    def everybody(value: ArrayLike) -> Array:
        return jnp.full(source.size, jnp.asarray(value, jnp.float32))

    of, differ = timing.timing, timing.spread
    spread = timing.fresh_spread(float(of.spread))
    varies = timing.fresh_variation(float(differ.spread))
    wider = jnp.exp(varies * of.person.spread[source])
    pause = of.pause + differ.pause * of.person.pause[source]
    drift = timing.drift if np.isfinite(timing.drift) else 0.0
    memory = timing.memory if np.isfinite(timing.memory) else 0.0
    differs = of.practice + differ.practice * of.person.practice[source]
    practice = jnp.exp(differs) if timing.is_ordered else everybody(0.0)
    waits = of.wait + differ.pause * of.person.pause[source]
    return people._replace(
        pace=jnp.asarray(timing.pace[source], jnp.float32),
        practice=practice,
        practice_power=everybody(jnp.exp(of.power)),
        conflict=everybody(of.conflict),
        length=everybody(of.length),
        drift=everybody(drift),
        memory=everybody(memory),
        spread=everybody(spread) * wider,
        pause=jax.nn.sigmoid(pause),
        extra={
            "skew": everybody(skew_of(of.skew)),
            "wait": everybody(0.0) if timing.is_shared else jax.nn.sigmoid(waits),
            "lapse_time": everybody(jnp.exp(of.lapse_time)),
        },
    )


def _leaf(values: ArrayLike) -> Array:
    return jnp.asarray(values, jnp.float32)
