"""The models that a fit has to beat: of labels, and of ratings, marks and preferences.

One coin, Dawid-Skene and GLAD, gold known, give the probability of every label, for
somebody new at an item unseen and for people and items that were seen. What is known of
a person is shrunk to the crowd by as much as makes the fitted answers most probable.

Ordered logit is the rival for the rest:

```
P(level <= j) = sigmoid(cut_j - slope place - effects)
```
An effect belongs to a person, an item or the difference of two objects, and is shrunk
to 0 by as much as the answers say. With the difference of two objects, and the levels
"second", "tie", "first", this is the model of Bradley and Terry with ties by Rao and
Kupper, a lead of the first place included.

References:
    Dawid, Skene (1979), Maximum likelihood estimation of observer error-rates using the
    EM algorithm, Applied Statistics 28(1), 20-28.
    Whitehill, Ruvolo, Wu, Bergsma, Movellan (2009), Whose vote should count more,
    NeurIPS 22: GLAD and its priors.
    Minka (2000), Estimating a Dirichlet distribution: the likelihood of its weight.
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

from hitl_sim.participants.fitting.behaviour import STRENGTHS, log_dirichlet
from hitl_sim.participants.fitting.estimate import Prior, minimise, solve_spread
from hitl_sim.participants.fitting.quality_model import log_between, thresholds
from hitl_sim.participants.record import Floats, Ints, Record

_GLAD_STEPS = 60
_NODES, _NODE_WEIGHTS = np.polynomial.hermite_e.hermegauss(21)
_NODE_WEIGHTS = _NODE_WEIGHTS / _NODE_WEIGHTS.sum()


class Rival(NamedTuple):
    """What rivals learned.

    Attributes:
        tables: confusion of the crowd, `[K, K]` as [truth, option], and one each,
            `[A, K, K]`, by one coin and by Dawid-Skene.
        ability: `[A]` GLAD's abilities.
        log_ease: `[N]` GLAD's log eases.
    """

    tables: dict[str, tuple[Floats, Floats]]
    ability: Floats
    log_ease: Floats


def fit_rivals(record: Record) -> Rival:
    """Fit all rivals to a record whose truth is known."""
    k, num_people = record.num_options, record.num_people
    truth = record.truth[record.item]
    counts = np.zeros((num_people, k, k))
    np.add.at(counts, (record.person, truth, record.answer), 1.0)
    total = counts.sum(axis=0)
    matrix = (total + 0.5) / (total + 0.5).sum(axis=1, keepdims=True)
    right = counts[:, np.arange(k), np.arange(k)].sum(axis=1)
    hits = np.stack([right, counts.sum(axis=(1, 2)) - right], axis=1)
    share = (hits.sum(axis=0) + 0.5) / (hits.sum() + 1.0)
    own = _shrunk(hits[:, None, :], share[None, :])[:, 0, 0]
    tables = {
        "one coin": (_coin(share[:1], k)[0], _coin(own, k)),
        "Dawid-Skene": (matrix, _shrunk(counts, matrix)),
    }
    return Rival(tables, *_fit_glad(record))


def score_new(rival: Rival, record: Record) -> dict[str, Floats]:
    """Return log probabilities of every item's answers by new people, `[N]` by rival.

    GLAD integrates over eases like those it saw; the others know nothing that the
    answers to an item share.
    """
    truth = record.truth[record.item]
    found = {
        name: _by_item(record, np.log(table[truth, record.answer]))
        for name, (table, _) in rival.tables.items()
    }
    mean, sd = rival.log_ease.mean(), rival.log_ease.std()
    drive = rival.ability.mean() * np.exp(mean + sd * _NODES)
    right = -np.logaddexp(0.0, -drive)
    wrong = -np.logaddexp(0.0, drive) - np.log(record.num_options - 1.0)
    is_right = (record.answer == truth)[:, None]
    of_item = _by_item(record, np.where(is_right, right, wrong))
    found["GLAD"] = np.logaddexp.reduce(of_item + np.log(_NODE_WEIGHTS), axis=1)
    return found


def score_known(rival: Rival, record: Record) -> dict[str, Floats]:
    """Return the log probability of each answer by people and items seen, `[L]`."""
    truth = record.truth[record.item]
    at = (record.person, truth, record.answer)
    drive = rival.ability[record.person] * np.exp(rival.log_ease[record.item])
    right = np.exp(-np.logaddexp(0.0, -drive))
    glad = np.where(
        record.answer == truth, right, (1.0 - right) / (record.num_options - 1.0)
    )
    chances = {name: own[at] for name, (_, own) in rival.tables.items()}
    return {
        name: np.log(np.maximum(chance, 1e-12))
        for name, chance in (*chances.items(), ("GLAD", glad))
    }


def _coin(right: Floats, num_options: int) -> Floats:
    """Return one-coin confusions, `[A, K, K]`."""
    wrong = (1.0 - right) / (num_options - 1.0)
    same = np.eye(num_options)
    return np.asarray(right[:, None, None] * same + wrong[:, None, None] * (1.0 - same))


def _shrunk(counts: Floats, crowd: Floats) -> Floats:
    """Shrink rows of counts to the crowd's shares by the most probable weight."""
    best = max(STRENGTHS, key=lambda w: float(log_dirichlet(counts, crowd, w).sum()))
    return np.asarray(
        (counts + best * crowd[None]) / (counts.sum(axis=-1, keepdims=True) + best)
    )


def _by_item(record: Record, values: Floats) -> Floats:
    total = np.zeros((record.num_items, *values.shape[1:]))
    np.add.at(total, record.item, values)
    return total


def _glad_loss(
    params: tuple[Array, Array], person: Array, item: Array, right: Array
) -> Array:
    """Return minus the log posterior of GLAD where gold is known."""
    ability, log_ease = params
    drive = ability[person] * jnp.exp(log_ease[item])
    chance = jax.nn.log_sigmoid(jnp.where(right, drive, -drive))
    prior = jnp.sum(jnp.square(ability - 1.0)) + jnp.sum(jnp.square(log_ease - 1.0))
    return -jnp.sum(chance) + 0.5 * prior


def _fit_glad(record: Record) -> tuple[Floats, Floats]:
    right = record.answer == record.truth[record.item]
    start = (jnp.ones(record.num_people), jnp.zeros(record.num_items))
    columns = (record.person, record.item, right)
    ability, log_ease = minimise(
        _glad_loss, start, _GLAD_STEPS, *(jnp.asarray(c) for c in columns)
    )
    return np.asarray(ability, float), np.asarray(log_ease, float)


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
