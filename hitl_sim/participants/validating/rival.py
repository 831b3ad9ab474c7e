"""The models that a fit has to beat: one coin, Dawid-Skene and GLAD, gold known.

Each gives the probability of every option, for somebody new at an item unseen and for
people and items that were seen. What is known of a person is shrunk to the crowd by as
much as makes the fitted answers most probable.

References:
    Dawid, Skene (1979), Maximum likelihood estimation of observer error-rates using the
    EM algorithm, Applied Statistics 28(1), 20-28.
    Whitehill, Ruvolo, Wu, Bergsma, Movellan (2009), Whose vote should count more,
    NeurIPS 22: GLAD and its priors.
    Minka (2000), Estimating a Dirichlet distribution: the likelihood of its weight.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from scipy.special import gammaln

from hitl_sim.participants.fitting.estimate import minimise
from hitl_sim.participants.record import Floats, Record

RIVALS = ("one coin", "Dawid-Skene", "GLAD")

_WEIGHTS = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 1e4)
_GLAD_STEPS = 60
_NODES, _NODE_WEIGHTS = np.polynomial.hermite_e.hermegauss(21)
_NODE_WEIGHTS = _NODE_WEIGHTS / _NODE_WEIGHTS.sum()


class Rival(NamedTuple):
    """What rivals learned.

    Attributes:
        coin: `[K, K]` one coin of the crowd, as [truth, option].
        coins: `[A, K, K]` a coin each.
        matrix: `[K, K]` confusion of the crowd.
        matrices: `[A, K, K]` a confusion each.
        ability: `[A]` GLAD's abilities.
        log_ease: `[N]` GLAD's log eases.
    """

    coin: Floats
    coins: Floats
    matrix: Floats
    matrices: Floats
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
    ability, log_ease = _fit_glad(record)
    return Rival(
        coin=_coin(share[:1], k)[0],
        coins=_coin(own, k),
        matrix=matrix,
        matrices=_shrunk(counts, matrix),
        ability=ability,
        log_ease=log_ease,
    )


def score_new(rival: Rival, record: Record) -> dict[str, Floats]:
    """Return log probabilities of every item's answers by new people, `[N]` by rival.

    GLAD integrates over eases like those it saw; the others know nothing that the
    answers to an item share.
    """
    truth = record.truth[record.item]
    found = {
        name: _by_item(record, np.log(table[truth, record.answer]))
        for name, table in (("one coin", rival.coin), ("Dawid-Skene", rival.matrix))
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
    chances = (rival.coins[at], rival.matrices[at], glad)
    return {
        name: np.log(np.maximum(chance, 1e-12))
        for name, chance in zip(RIVALS, chances, strict=True)
    }


def _coin(right: Floats, num_options: int) -> Floats:
    """Return one-coin confusions, `[A, K, K]`."""
    wrong = (1.0 - right) / (num_options - 1.0)
    same = np.eye(num_options)
    return np.asarray(right[:, None, None] * same + wrong[:, None, None] * (1.0 - same))


def _shrunk(counts: Floats, crowd: Floats) -> Floats:
    """Shrink rows of counts to the crowd's shares by the most probable weight."""

    def evidence(weight: float) -> float:
        alpha, size = weight * crowd[None], counts.sum(axis=-1)
        of_row = gammaln(weight) - gammaln(weight + size)
        of_cell = gammaln(alpha + counts) - gammaln(alpha)
        return float(of_row.sum() + of_cell.sum())

    best = max(_WEIGHTS, key=evidence)
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
