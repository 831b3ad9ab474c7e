"""Kinds of people: those who do one thing whatever they are asked, and the rest.

A mixture over people of fixed behaviours and a continuous rest, each with a closed
form of the probability of a person's answers, gold known. The rest answers by a
confusion of their own, Dirichlet around the crowd's. Which behaviours are in is decided
by people held out: the fewest whose log score is within one standard error of the best.
A short log is no proof: ten equal answers of a person who is right nine times in ten,
where one class has four in five, come up in one case of twenty, so whoever is not
thought to behave with a chance over one half stays in the rest.

References:
    Raykar, Yu (2012), Eliminating spammers and ranking annotators for crowdsourced
    labeling tasks, JMLR 13, 491-518: spammers as annotators without information.
    Breiman, Friedman, Olshen, Stone (1984), Classification and regression trees,
    section 3.4.3: the rule of one standard error.
    Minka (2000), Estimating a Dirichlet distribution: the likelihood of a person.
"""

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
from scipy.special import betaln, gammaln

from hitl_sim.participants.record import Floats, Record
from oracles.joint import lean_basis

CONSTANT, GUESS, ADVERSE = "one answer", "guesses", "adverse"
FAMILIES = (CONSTANT, GUESS, ADVERSE)
"""Fixed behaviours: one answer whatever is asked, one family of as many behaviours as
there are options; even guesses; the wrong answer on purpose."""

_SLIP = (19.0, 1.0)
"""Beta of keeping to one answer: one slip in twenty, assumed."""
_ADVERSITY = (1.0, 9.0)
"""Beta of an adversary's accuracy: one right in ten, assumed."""
STRENGTHS = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 1e4)
"""Weights, in answers, of the crowd's shares in a person's that are tried."""
_FOLDS, _ROUNDS = 5, 8
_LEAST_PEOPLE = 20
# Pseudo-people of each behaviour, so that none vanishes for good.
_PRIOR = 0.1


class Behaviours(NamedTuple):
    """What kinds of people there are.

    Attributes:
        names: of the behaviours that are in, without the rest.
        options: option of each that keeps to one answer; -1 of the others.
        weight: share of people of each; the rest has what is left to 1.
        chance: `[A, B]` probability that a person behaves so; 0 of who is not there.
    """

    names: tuple[str, ...]
    options: tuple[int, ...]
    weight: tuple[float, ...]
    chance: Floats

    @property
    def of_person(self) -> np.ndarray:
        """Behaviour of each person, `[A]`; -1 of the rest."""
        if not self.names:
            return np.full(self.chance.shape[0], -1)
        is_rest = self.chance.sum(axis=1) <= 0.5
        return np.where(is_rest, -1, self.chance.argmax(axis=1))


NOBODY = Behaviours((), (), (), np.zeros((0, 0)))
"""No kinds of people but the rest."""

# Utility by which one answer is ahead, or the right one behind: a slip in 150.
_FAR = 5.0


def utilities(found: Behaviours, num_options: int) -> list[tuple[float, Floats]]:
    """Return skill and leanings, utility, that make people behave so."""
    basis = lean_basis(num_options)
    by_kind = []
    for name, option in zip(found.names, found.options, strict=True):
        ahead = np.zeros(num_options)
        if name == CONSTANT:
            ahead[option] = _FAR
        # of two options only the second one gains
        lean = basis @ (ahead - ahead[0] if num_options == 2 else ahead)
        by_kind.append((-_FAR if name == ADVERSE else 0.0, lean))
    return by_kind


def fit_behaviours(record: Record) -> Behaviours:
    """Find the kinds of people behind labels.

    Args:
        record: labels. Without gold, or of fewer than twenty people, all are the rest.
    """
    nobody = Behaviours((), (), (), np.zeros((record.num_people, 0)))
    given = (record.answer >= 0) & (record.occasion == 0)
    truth = record.truth[record.item]
    if not given.any() or (truth[given] < 0).any():
        return nobody
    k = record.num_options
    counts = np.zeros((record.num_people, k, k))
    rows = (record.person[given], truth[given], record.answer[given])
    np.add.at(counts, rows, 1.0)
    there = np.nonzero(counts.sum(axis=(1, 2)) > 0)[0]
    if there.size < _LEAST_PEOPLE:
        return nobody
    chosen = _choose(counts[there])
    if not chosen:
        return nobody
    fixed, names, options = _fixed(counts[there], chosen)
    weight, chance = _mix(counts[there], fixed)
    kept = np.array([c.sum() >= 1.0 for c in chance.T[:-1]])
    everybody = np.zeros((record.num_people, int(kept.sum())))
    everybody[there] = chance[:, :-1][:, kept]
    return Behaviours(
        tuple(n for n, is_in in zip(names, kept, strict=True) if is_in),
        tuple(o for o, is_in in zip(options, kept, strict=True) if is_in),
        tuple(map(float, weight[:-1][kept])),
        everybody,
    )


def _choose(counts: Floats) -> tuple[str, ...]:
    """Choose families by people held out, under the rule of one standard error."""
    rng = np.random.default_rng(0)
    fold = rng.permutation(counts.shape[0]) % _FOLDS
    tried = [
        tuple(families)
        for size in range(len(FAMILIES) + 1)
        for families in combinations(FAMILIES, size)
    ]
    scores = np.array([_held_out(counts, fold, families) for families in tried])
    best = int(scores.sum(axis=1).argmax())
    for families, score in zip(tried, scores, strict=True):
        lost = scores[best] - score
        error = lost.std(ddof=1) * np.sqrt(lost.size)
        if lost.sum() <= error:
            return families
    return tried[best]


def _held_out(counts: Floats, fold: np.ndarray, families: Sequence[str]) -> Floats:
    """Return the log score of every person by a mixture fitted to the others."""
    score = np.zeros(counts.shape[0])
    fixed, _, _ = _fixed(counts, families)
    for number in range(_FOLDS):
        out = fold == number
        weight, chance = _mix(counts[~out], fixed[~out])
        matrix, strength = _rest(counts[~out], chance[:, -1])
        each = np.concatenate(
            [fixed[out], log_dirichlet(counts[out], matrix, strength)[:, None]], axis=1
        )
        score[out] = np.logaddexp.reduce(each + np.log(weight), axis=1)
    return score


def _mix(counts: Floats, fixed: Floats) -> tuple[Floats, Floats]:
    """Return shares of behaviours and the rest, and whose chances, `[A, B + 1]`."""
    size = fixed.shape[1] + 1
    chance = np.full((counts.shape[0], size), 0.05 / max(size - 1, 1))
    chance[:, -1] = 0.95 if size > 1 else 1.0
    weight = chance.mean(axis=0)
    for _ in range(_ROUNDS if size > 1 else 1):
        of_rest = log_dirichlet(counts, *_rest(counts, chance[:, -1]))
        each = np.concatenate([fixed, of_rest[:, None]], axis=1) + np.log(weight)
        chance = np.exp(each - np.logaddexp.reduce(each, axis=1, keepdims=True))
        total = chance.sum(axis=0) + _PRIOR
        weight = total / total.sum()
    return weight, chance


def _rest(counts: Floats, chance: Floats) -> tuple[Floats, float]:
    """Return the crowd's confusion and how far people keep to it."""
    total = (counts * chance[:, None, None]).sum(axis=0) + 0.5 * np.eye(len(counts[0]))
    matrix = (total + 0.1) / (total + 0.1).sum(axis=1, keepdims=True)
    scores = [chance @ log_dirichlet(counts, matrix, w) for w in STRENGTHS]
    return matrix, STRENGTHS[int(np.argmax(scores))]


def log_dirichlet(counts: Floats, matrix: Floats, strength: float) -> Floats:
    """Return log probabilities of people's answers, Dirichlet by the right option.

    Of counts `[A, Z, K]`, the crowd's shares `[Z, K]` and their weight; `[A]`.
    """
    alpha, size = strength * matrix[None], counts.sum(axis=-1)
    by_row = gammaln(strength) - gammaln(strength + size)
    by_cell = gammaln(alpha + counts) - gammaln(alpha)
    found: Floats = by_row.sum(axis=1) + by_cell.sum(axis=(1, 2))
    return found


def _fixed(
    counts: Floats, families: Sequence[str]
) -> tuple[Floats, tuple[str, ...], tuple[int, ...]]:
    """Return log probabilities `[A, B]`, names and options of fixed behaviours."""
    k = counts.shape[1]
    size = counts.sum(axis=(1, 2))
    columns, names, options = [], [], []
    if CONSTANT in families:
        for option in range(k):
            kept = counts[:, :, option].sum(axis=1)
            columns.append(_two_ways(kept, size, k, _SLIP))
            names.append(CONSTANT)
            options.append(option)
    if GUESS in families:
        columns.append(-size * np.log(k))
        names.append(GUESS)
        options.append(-1)
    if ADVERSE in families:
        right = counts[:, np.arange(k), np.arange(k)].sum(axis=1)
        columns.append(_two_ways(right, size, k, _ADVERSITY))
        names.append(ADVERSE)
        options.append(-1)
    laid = np.stack(columns, axis=1) if columns else np.zeros((size.size, 0))
    return laid, tuple(names), tuple(options)


def _two_ways(
    hits: Floats, size: Floats, num_options: int, beta: tuple[float, float]
) -> Floats:
    """Return log probabilities of hits and, evenly over the other options, misses."""
    missed = size - hits
    both = betaln(beta[0] + hits, beta[1] + missed) - betaln(*beta)
    return np.asarray(both - missed * np.log(num_options - 1.0))
