"""The quickstart's question in NumPy: its data, what people rate, and what is kept.

Nothing here knows which library trains. A pool of 400 items holds 30 % that are
irrelevant: features shuffled column by column, labels at random. People rate 200 of
them; a small model on five cues rates the others; the better half is trained on.
"""

from typing import NamedTuple

import numpy as np

CLASSES, FEATURES, HIDDEN = 4, 8, 16
POOL, VALIDATION, TEST = 400, 200, 100
IRRELEVANT, QUESTIONS, SHARE = 0.3, 200, 0.5
BATCH, RATE, EVERY, REPORTS = 32, 1e-2, 5, 30
SMALL_STEPS, SMALL_RATE = 30, 0.2


class Split(NamedTuple):
    """What one replicate learns from: features `[N, D]` and labels `[N]`."""

    pool_x: np.ndarray
    pool_y: np.ndarray
    is_relevant: np.ndarray
    item: np.ndarray
    validation_x: np.ndarray
    validation_y: np.ndarray
    test_x: np.ndarray
    test_y: np.ndarray


def make_data():
    """Draw the 700 items of the quickstart, each feature on one scale."""
    rng = np.random.default_rng(0)
    labels = rng.integers(CLASSES, size=POOL + VALIDATION + TEST)
    noise = rng.normal(size=(len(labels), FEATURES))
    x = noise + 1.5 * np.eye(CLASSES, FEATURES)[labels]
    return (x - x.mean(axis=0)) / x.std(axis=0), labels


def make_split(seed):
    """Split the items, and spoil a share of the pool."""
    rng = np.random.default_rng(seed)
    x, y = make_data()
    rows = rng.permutation(len(y))
    pool, rest = rows[:POOL], rows[POOL:]
    pool_x, pool_y = x[pool], y[pool].copy()
    is_relevant = np.ones(POOL, bool)
    is_relevant[rng.permutation(POOL)[: int(IRRELEVANT * POOL)]] = False
    bad = np.flatnonzero(~is_relevant)
    others = rng.integers(POOL, size=(len(bad), FEATURES))
    spoilt = np.take_along_axis(x[pool], others, axis=0)
    pool_x[bad], pool_y[bad] = spoilt, rng.integers(CLASSES, size=len(bad))
    held, seen = rest[:VALIDATION], rest[VALIDATION:]
    return Split(pool_x, pool_y, is_relevant, pool, x[held], y[held], x[seen], y[seen])


def cues(x, y, asked, rating):
    """Describe how each item fits what people found relevant, `[N, 5]`."""
    weight = np.eye(CLASSES)[y[asked]] * rating[:, None]
    prototype = weight.T @ x[asked]
    rated = np.zeros(len(x))
    rated[asked] = rating

    def unit(rows):
        return rows / np.maximum(np.linalg.norm(rows, axis=1), 1e-6)[:, None]

    own = (unit(x) * unit(prototype[y] - rated[:, None] * x)).sum(axis=1)
    fit = unit(x) @ unit(prototype).T
    fit[np.arange(len(x)), y] = -np.inf
    other = fit.max(axis=1)
    length, scatter = np.linalg.norm(x, axis=1), x.std(axis=1)
    raw = np.stack([own, own - other, np.maximum(own, other), length, scatter], axis=1)
    return (raw - raw.mean(axis=0)) / np.maximum(raw.std(axis=0), 1e-6)


def best_half(split, asked, rating, rng):
    """Order the pool by ratings, and by what a small model makes of them.

    Args:
        split: of the replicate.
        asked: `[n]` positions that were rated.
        rating: `[n]` in [0, 1]; NaN where nobody answered.
        rng: decides between equal scores.

    Returns:
        Positions of the better half.
    """
    is_rated = ~np.isnan(rating)
    seen = np.where(is_rated, rating, 0.5)
    x = cues(split.pool_x, split.pool_y, asked, seen)
    chance = logistic(x, x[asked[is_rated]], seen[is_rated] > 0.5)
    score = chance.copy()
    score[asked[is_rated]] = (chance[asked] + seen)[is_rated] / 2.0
    return np.lexsort((rng.random(len(score)), -score))[: int(SHARE * POOL)]


def logistic(x, rated, is_high):
    """Train a logistic model by a few steps of Adam, and return its shares, `[N]`."""
    weights = np.zeros(rated.shape[1] + 1)
    adam = Adam(SMALL_RATE)
    ones = np.ones((len(rated), 1))
    design = np.hstack([rated, ones])
    for _ in range(SMALL_STEPS):
        wrong = 1.0 / (1.0 + np.exp(-design @ weights)) - is_high
        (weights,) = adam.step([weights], [design.T @ wrong / max(len(rated), 1)])
    return 1.0 / (1.0 + np.exp(-(x @ weights[:-1] + weights[-1])))


class Adam:
    """Adam, as Kingma and Ba (2015) have it."""

    def __init__(self, rate):
        """Start at rest."""
        self.rate, self.time = rate, 0
        self.mean, self.square = None, None

    def step(self, weights, gradients):
        """Return the weights after one step."""
        if self.mean is None:
            self.mean = [np.zeros_like(w) for w in weights]
            self.square = [np.zeros_like(w) for w in weights]
        self.time += 1
        moved = []
        for i, (weight, gradient) in enumerate(zip(weights, gradients, strict=True)):
            self.mean[i] = 0.9 * self.mean[i] + 0.1 * gradient
            self.square[i] = 0.999 * self.square[i] + 0.001 * gradient**2
            mean = self.mean[i] / (1.0 - 0.9**self.time)
            square = self.square[i] / (1.0 - 0.999**self.time)
            moved.append(weight - self.rate * mean / (np.sqrt(square) + 1e-8))
        return moved
