"""Annotators drawn from a population: hashed from ids, traits as they go together.

Where a population has a joint, a person is a draw around one of its groups; where it
has none, traits are normal and go together through skill alone.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Bool, Float, PRNGKeyArray

from oracles.annotators import Annotators
from oracles.hashing import (
    Role,
    Words,
    draw_words,
    seed_streams,
    to_normal,
    to_uniform,
)
from oracles.joint import TRAITS, lean_basis
from oracles.population import Population

# Parameters of which everybody has the same number.
_ALIKE = (
    *("practice_power", "conflict", "length"),
    *("drift", "memory", "band"),
)


class _Person(NamedTuple):
    """Standardised traits of each person, `[A]`; who is fixed has skill in utility.

    The last ones are None in a crowd that has no use for them.
    """

    skill: Float[Array, "A"]
    pace: Float[Array, "A"]
    criterion: Float[Array, "A"]
    lapse: Float[Array, "A"]
    own: Float[Array, "A"]
    activity: Float[Array, "A"]
    spread: Float[Array, "A"] | None = None
    pause: Float[Array, "A"] | None = None
    practice: Float[Array, "A"] | None = None
    lean: Float[Array, "A J"] | None = None
    is_fixed: Bool[Array, "A"] | None = None
    bias: Float[Array, "A"] | None = None
    slope: Float[Array, "A"] | None = None


def _draw_people(
    key: PRNGKeyArray, population: Population, num_annotators: int
) -> tuple[_Person, _Person]:
    """Draw standardised traits of people: independent, and as they go together."""
    ids = jnp.arange(num_annotators, dtype=jnp.int32)
    (stream,) = seed_streams(key, 0, Role.PERSON)

    def words(option: int) -> Words:
        return draw_words(stream, 0, option, ids, 0)

    first, second = map(words, (0, 1))
    person = _Person(*(to_normal(word) for word in (*first[:3], *second[:3])))
    if population.bias_spread is not None:
        person = person._replace(bias=to_normal(first[3]))
    if population.slope_spread is not None:
        person = person._replace(slope=to_normal(second[3]))
    uneven = (population.spread_variation, population.pause_spread)
    if all(p is None for p in (population.joint, *uneven, population.practice_spread)):
        return person, person
    spread, pause, lot, practice = words(2)
    person = person._replace(
        spread=to_normal(spread), pause=to_normal(pause), practice=to_normal(practice)
    )
    if population.joint is None:
        return person, person
    edge, centre, width, fixed, factor = map(jnp.asarray, population.joint)
    size = factor.shape[0] - len(TRAITS)
    leans = [word for i in range(-(-size // 4)) for word in words(3 + i)]
    lean = jnp.stack([to_normal(word) for word in leans[:size]], axis=1)
    columns = jnp.stack([getattr(person, name) for name in TRAITS], axis=1)
    group = jnp.sum(to_uniform(lot)[:, None] > edge[None, :-1], axis=1)
    noise = jnp.concatenate([columns, lean], axis=1) @ factor.T
    drawn = centre[group] + width[group] * noise
    together = {name: drawn[:, i] for i, name in enumerate(TRAITS)}
    lean = drawn[:, len(TRAITS) :]
    is_fixed = fixed[group] > 0.0
    return person, person._replace(**together, lean=lean, is_fixed=is_fixed)


def _correlated(
    person: _Person, together: _Person, name: str, correlation: ArrayLike | None
) -> Float[Array, "A"]:
    """Return a trait as it goes with skill: as said, else as in the joint."""
    if correlation is None:
        found: Array = getattr(together, name)
        return found
    rest = jnp.sqrt(jnp.maximum(1.0 - jnp.square(correlation), 0.0))
    own: Array = rest * getattr(person, name)
    return jnp.asarray(correlation) * together.skill + own


def _shift_logit(
    share: ArrayLike, spread: ArrayLike | None, normal: Array
) -> Float[Array, "A"]:
    """Spread a share over people on the logit scale; 0 and 1 stay what they are."""
    everybody = jnp.full(normal.shape, share, dtype=jnp.float32)
    if spread is None:
        return everybody
    edge = np.finfo(np.float32)
    inside = jnp.clip(everybody, edge.tiny, 1.0 - edge.epsneg)
    moved = jax.nn.sigmoid(jax.scipy.special.logit(inside) + spread * normal)
    is_inside = (everybody > 0.0) & (everybody < 1.0)
    return jnp.where(is_inside, moved, everybody)


def sample_annotators(
    key: PRNGKeyArray, population: Population, num_annotators: int
) -> Annotators:
    """Draw a crowd; person `a` has id `a` and does not depend on how many there are.

    Skill, pace, lapse and own consistency are normal (the last two on the logit scale)
    and correlate through skill: given it they are independent. Where the population has
    a joint, its traits are drawn from that; a correlation with skill that is given goes
    before it.

    Args:
        key: the crowd's key, the one passed to `answer`.
        population: the distribution; scalar leaves.
        num_annotators: number of people A; static. As many as there are, where the
            population has a skill of each.

    Returns:
        The people.
    """
    person, together = _draw_people(key, population, num_annotators)

    def everybody(value: ArrayLike) -> Float[Array, "A"]:
        return jnp.full(num_annotators, value, dtype=jnp.float32)

    def mixed(name: str, correlation: ArrayLike | None) -> Float[Array, "A"]:
        return _correlated(person, together, name, correlation)

    spread, pause = everybody(population.spread), everybody(population.pause)
    if population.spread_variation is not None and together.spread is not None:
        spread = spread * jnp.exp(population.spread_variation * together.spread)
    extra = {name: everybody(value) for name, value in population.extra.items()}
    if population.pause_spread is not None and together.pause is not None:
        differ = population.pause_spread, together.pause
        pause = _shift_logit(population.pause, *differ)
        if "wait" in population.extra:
            extra["wait"] = _shift_logit(population.extra["wait"], *differ)
    if population.bias_spread is not None and person.bias is not None:
        bias = extra.get("bias", everybody(0.0))
        extra["bias"] = bias + population.bias_spread * person.bias
    if population.slope_spread is not None and person.slope is not None:
        slope = extra.get("slope", everybody(1.0))
        extra["slope"] = slope * jnp.exp(population.slope_spread * person.slope)
    practice = everybody(population.practice)
    if population.practice_spread is not None and together.practice is not None:
        practice = practice * jnp.exp(population.practice_spread * together.practice)
    pace = mixed("pace", population.skill_pace)
    lapse = mixed("lapse", population.skill_lapse)
    own = mixed("own", population.skill_within)
    difficulty = population.difficulty_spread
    skill = everybody(population.skill) + population.skill_spread * together.skill
    if together.is_fixed is not None:
        skill = jnp.where(together.is_fixed, together.skill, skill)
    return Annotators(
        id=jnp.arange(num_annotators, dtype=jnp.int32),
        skill=skill,
        own=_shift_logit(population.own, population.within_spread, -own),
        lapse=_shift_logit(population.lapse, population.lapse_spread, lapse),
        pace=everybody(population.pace) + population.pace_spread * pace,
        **{name: everybody(getattr(population, name)) for name in _ALIKE},
        spread=spread,
        pause=pause,
        practice=practice,
        criterion=everybody(population.criterion)
        + population.criterion_spread * together.criterion,
        shared=jnp.asarray(population.shared, dtype=jnp.float32),
        confusion=_confusion(population, together),
        extra=extra,
        foreign={
            name: jnp.asarray(value, jnp.float32)
            for name, value in population.foreign.items()
        },
        difficulty_spread=None
        if difficulty is None
        else jnp.asarray(difficulty, dtype=jnp.float32),
    )


def _confusion(population: Population, person: _Person) -> Float[Array, "A K K"] | None:
    """Return what options gain with each person, by the right one."""
    if person.is_fixed is None or person.lean is None:
        return None
    num_options = person.lean.shape[1] + 1
    gained = jnp.zeros((1, num_options, num_options))
    if population.confusion is not None:
        gained = jnp.asarray(population.confusion)[None]
    spread = 0.0 if population.lean_spread is None else population.lean_spread
    lean = jnp.where(person.is_fixed[:, None], person.lean, spread * person.lean)
    basis = jnp.asarray(lean_basis(num_options), jnp.float32)
    return gained + (lean @ basis)[:, None, :]


def draw_activity(
    key: PRNGKeyArray, population: Population, num_annotators: int
) -> Float[Array, "A"]:
    """Draw how active each person of `sample_annotators` is, relative to the median.

    Weights are log-normal; without `activity_spread` all are equally active.
    """
    if population.activity_spread is None:
        return jnp.ones(num_annotators)
    person, together = _draw_people(key, population, num_annotators)
    log = _correlated(person, together, "activity", population.skill_activity)
    return jnp.exp(population.activity_spread * log)
