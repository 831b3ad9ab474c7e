"""What it would be worth to know a number before deciding.

The expected value of partial perfect information (EVPPI) of an input is what the best
policy that sees that input alone gains over the best option for all worlds. A policy is
found by regressing the options' net benefits on the input in all batches of worlds but
one, and what it gains is read off the worlds of the batch that was left out. Every
policy takes one of the options in every world. So its gain is never above that of
taking the best one, which is the expected value of perfect information (EVPI), and the
policy that ignores the input gains 0: 0 <= EVPPI <= EVPI holds on the same worlds,
without clipping. The regression is the mean within equal cells of the input, joined by
straight lines; the number of cells is the one that gains most on worlds left out, and
with one cell the input is ignored. Worlds are scrambled Sobol sequences: whatever input
they are sorted by, the others stay evenly spread within each cell.

References:
    Raiffa and Schlaifer (1961), Applied statistical decision theory.
    Strong, Oakley and Brennan (2014), Estimating multiparameter partial expected value
    of perfect information from a probabilistic sensitivity analysis sample: a
    nonparametric regression approach, Medical Decision Making 34(3), 311-326.
    Owen (1997), Scrambled net variance for integrals of smooth functions, Annals of
    Statistics 25, 1541-1562.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.stats import qmc

from hitl_sim.array import FloatArray, IntArray

NUM_BATCHES = 8
"""Independent batches of worlds: folds of the regression, and of standard errors."""
BATCH_WORLDS = 2_048
"""Worlds of a batch; a power of 2, so that a Sobol sequence is balanced."""
CELLS = (2, 8, 32, 128, 512)
"""Cells into which an input is cut, beside the one cell that ignores it."""


@dataclass(frozen=True)
class Information:
    """An expected value of information, in the unit of the net benefits; >= 0.

    Its standard error is over batches of worlds, and over replicates where net benefits
    are estimated from them; NaN where these are too few.
    """

    value: float
    error: float


def draw_levels(num_inputs: int, seed: int) -> FloatArray:
    """Draw worlds as `[N, D]` levels of `D` independent inputs, between 0 and 1.

    They are `NUM_BATCHES` batches, one after the other, each a Sobol sequence with a
    scrambling of its own.
    """
    generators = np.random.default_rng(seed).spawn(NUM_BATCHES)
    return np.concatenate(
        [qmc.Sobol(num_inputs, rng=rng).random(BATCH_WORLDS) for rng in generators]
    )


def perfect_policy(net: FloatArray) -> IntArray:
    """Return `[N]` the option that is best in each world, `net` as for `gain_of`."""
    return np.asarray(net.argmax(axis=1))


def partial_policy(levels: FloatArray, net: FloatArray) -> IntArray:
    """Return `[N]` the option that is best in each world for all that one input says.

    Args:
        levels: `[N]` the input in each world, uniform between 0 and 1 and independent
            of the other inputs.
        net: `[N, A]` as for `gain_of`.

    Returns:
        Each world's option is the one that the other batches advise at its level; the
        same one everywhere where knowing the input gains nothing.
    """
    ignoring = np.full(len(net), _best_on_average(net))
    if not (net != net[:, ignoring[:1]]).any():
        return ignoring
    found = (_advised(levels, fitted) for fitted in _others_means(levels, net))
    return max((ignoring, *found), key=lambda policy: gain_of(policy, net).value)


def gain_of(policy: IntArray, net: FloatArray) -> Information:
    """Estimate what a policy gains over the option that is best on average.

    Args:
        policy: `[N]` the option that is taken in each world.
        net: `[N, A]` net benefit of each of `A` options in each of `N` worlds, in
            `NUM_BATCHES` independent batches of equal length; one option is to do
            nothing, at 0.
    """
    gain = np.take_along_axis(net, policy[:, None], axis=1)[:, 0]
    by_batch = (gain - net[:, _best_on_average(net)]).reshape(NUM_BATCHES, -1).mean(1)
    error = by_batch.std(ddof=1) / math.sqrt(NUM_BATCHES)
    return Information(float(by_batch.mean()), float(error))


def _best_on_average(net: FloatArray) -> int:
    return int(net.mean(axis=0).argmax())


def _batch(num: int) -> IntArray:
    """Return `[N]` the batch of each world."""
    return np.repeat(np.arange(NUM_BATCHES), num // NUM_BATCHES)


def _others_means(levels: FloatArray, net: FloatArray) -> Iterator[FloatArray]:
    """Yield `[batches, cells, A]` means in each cell over all batches but one."""
    finest = max(CELLS)
    cell = np.minimum((levels * finest).astype(np.int64), finest - 1)
    group = _batch(len(net)) * finest + cell
    columns = [np.ones(len(net)), *net.T]
    num = NUM_BATCHES * finest
    sums = np.stack([np.bincount(group, one, num) for one in columns], axis=-1)
    for cells in CELLS:
        own = sums.reshape(NUM_BATCHES, cells, finest // cells, -1).sum(axis=2)
        others = own.sum(axis=0) - own
        yield others[..., 1:] / np.maximum(others[..., :1], 1.0)


def _advised(levels: FloatArray, fitted: FloatArray) -> IntArray:
    """Return `[N]` the option that the other batches advise at each world's level."""
    batch, cells = _batch(len(levels)), fitted.shape[1]
    # means stand at the middle of their cells
    place = np.clip(levels * cells - 0.5, 0.0, cells - 1.0)
    below = np.minimum(place.astype(np.int64), cells - 2)
    share = (place - below)[:, None]
    left, right = fitted[batch, below], fitted[batch, below + 1]
    return np.asarray((left + share * (right - left)).argmax(axis=1))
