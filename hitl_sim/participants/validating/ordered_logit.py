"""Ordered logit, the rival for ratings, marks and preferences.

```
P(level <= j) = sigmoid(cut_j - slope place - effects)
```
An effect belongs to a person, an item or the difference of two objects, and is shrunk
to 0 by as much as the answers say. With the difference of two objects, and the levels
"second", "tie", "first", this is the model of Bradley and Terry with ties by Rao and
Kupper, a lead of the first place included.

References:
    McCullagh (1980), Regression models for ordinal data, JRSS B 42(2), 109-142.
    Rao, Kupper (1967), Ties in paired-comparison experiments: a generalization of the
    Bradley-Terry model, Journal of the American Statistical Association 62, 194-204.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float

from hitl_sim.participants.fitting.estimate import Prior, minimise, solve_spread
from hitl_sim.participants.fitting.quality_model import log_between, thresholds
from hitl_sim.participants.record import Floats, Ints

_ROUNDS, _STEPS = 6, 15
_SPREAD = Prior(0.0, 1.0)
"""Weak belief of the log standard deviation of an effect, of the logistic's order."""


class Term(NamedTuple):
    """One kind of effect.

    Attributes:
        plus: `[L]` effect that counts for the higher levels.
        minus: `[L]` effect that counts against; None where there is none.
        size: number of effects.
    """

    plus: Ints
    minus: Ints | None
    size: int


class OrderedLogit(NamedTuple):
    """What is estimated of an ordered logit.

    Attributes:
        cuts: `[K - 1]` first threshold and logs of the gaps.
        slope: what a unit of place counts.
        effects: `[E]` of each term, standardised.
    """

    cuts: Float[Array, "C"]
    slope: Float[Array, ""]
    effects: tuple[Float[Array, "E"], ...]


Spreads = tuple[Float[Array, ""], ...]
"""Standard deviation of each term's effects."""


def fit_ordered(
    level: Ints, num_levels: int, place: Floats, terms: tuple[Term, ...] = ()
) -> tuple[OrderedLogit, Spreads]:
    """Fit by maximum posterior, spreads by the fixed point of MacKay.

    Args:
        level: `[L]` answers 0 ... K - 1.
        num_levels: K.
        place: `[L]` known place of what is judged; zeros where there is none.
        terms: effects to shrink.
    """
    share = np.bincount(level, minlength=num_levels) + 0.5
    below = np.cumsum(share)[:-1] / share.sum()
    cuts = np.log(below) - np.log1p(-below)
    gaps = np.log(np.maximum(np.diff(cuts), 1e-3))
    model = OrderedLogit(
        jnp.asarray(np.concatenate([cuts[:1], gaps]), jnp.float32),
        jnp.float32(0.0),
        tuple(jnp.zeros(term.size) for term in terms),
    )
    columns = _columns(level, place, terms)
    spreads = tuple(jnp.float32(0.5) for _ in terms)
    for _ in range(_ROUNDS if terms else 1):
        model = minimise(_loss, model, _STEPS, spreads, columns)
        spreads = _respread(model, spreads, columns, terms)
    return minimise(_loss, model, 2 * _STEPS, spreads, columns), spreads


def score_ordered(
    fit: tuple[OrderedLogit, Spreads],
    level: Ints,
    place: Floats,
    terms: tuple[Term, ...] = (),
) -> Floats:
    """Return the log probability of each answer, `[L]`; terms as they were fitted."""
    return np.asarray(_log_chance(*fit, _columns(level, place, terms)), float)


Columns = tuple[Array, Array, tuple[tuple[Array, Array], ...]]


def _columns(level: Ints, place: Floats, terms: tuple[Term, ...]) -> Columns:
    """Index effects; one more effect, which is 0, stands for none."""
    pairs = tuple(
        (
            jnp.asarray(term.plus, jnp.int32),
            jnp.full(level.size, term.size, jnp.int32)
            if term.minus is None
            else jnp.asarray(term.minus, jnp.int32),
        )
        for term in terms
    )
    return jnp.asarray(level, jnp.int32), jnp.asarray(place, jnp.float32), pairs


def _lead(model: OrderedLogit, spreads: Spreads, columns: Columns) -> Array:
    _, place, pairs = columns
    lead = model.slope * place
    for effect, spread, (plus, minus) in zip(
        model.effects, spreads, pairs, strict=True
    ):
        known = jnp.append(spread * effect, 0.0)
        lead = lead + known[plus] - known[minus]
    return lead


def _log_chance(model: OrderedLogit, spreads: Spreads, columns: Columns) -> Array:
    return _at_lead(_lead(model, spreads, columns), model.cuts, columns[0])


def _at_lead(lead: Array, values: Array, level: Array) -> Array:
    edge = jnp.array([jnp.inf])
    cuts = jnp.concatenate([-edge, thresholds(values), edge])
    return log_between(cuts[level] - lead, cuts[level + 1] - lead)


def _loss(model: OrderedLogit, spreads: Spreads, columns: Columns) -> Array:
    squares = sum((jnp.sum(e**2) for e in model.effects), start=jnp.float32(0.0))
    weak = 0.01 * (jnp.sum(model.cuts**2) + model.slope**2)
    return -jnp.sum(_log_chance(model, spreads, columns)) + 0.5 * (squares + weak)


@jax.jit
def _bends(model: OrderedLogit, spreads: Spreads, columns: Columns) -> Array:
    """Return minus the second derivative of each log probability in its lead."""

    def at(lead: Array, level: Array) -> Array:
        return _at_lead(lead, model.cuts, level)

    lead = _lead(model, spreads, columns)
    bend: Array = -jax.vmap(jax.grad(jax.grad(at)))(lead, columns[0])
    return bend


def _respread(
    model: OrderedLogit, spreads: Spreads, columns: Columns, terms: tuple[Term, ...]
) -> Spreads:
    if not terms:
        return ()
    bend = np.asarray(_bends(model, spreads, columns), float)
    found = []
    for effect, spread, term in zip(model.effects, spreads, terms, strict=True):
        known = np.bincount(term.plus, bend, term.size)
        if term.minus is not None:
            known += np.bincount(term.minus, bend, term.size)
        held = np.square(float(spread)) * np.maximum(known, 0.0)
        squares = float(np.square(float(spread) * np.asarray(effect, float)).sum())
        freedom = float((held / (1.0 + held)).sum())
        found.append(jnp.float32(solve_spread(_SPREAD, squares, freedom)))
    return tuple(found)
