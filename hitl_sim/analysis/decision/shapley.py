"""Shapley effects: which share of a variance each input makes, shares that sum to 1.

An input's effect is the variance that it adds to a set of inputs that are known,
averaged over all orders in which they could become known. What inputs make together is
shared out between them, so that the effects of all inputs are the whole variance; first
order and total Sobol indices sum to less and to more.

References:
    Shapley (1953), A value for n-person games, Contributions to the Theory of Games 2.
    Owen (2014), Sobol' indices and Shapley value, SIAM/ASA Journal on Uncertainty
    Quantification 2, 245-251.
    Goda (2021), A simple algorithm for global sensitivity analysis with Shapley
    effects, Reliability Engineering and System Safety 213, 107702: the estimator.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit
from scipy.stats import qmc

from hitl_sim.analysis.chance.interval import UPPER
from hitl_sim.array import FloatArray, IntArray

NUM_BATCHES = 8
"""Independent batches of pairs of worlds, for the intervals."""
BATCH_PAIRS = 256
"""Pairs of worlds in a batch; a power of 2. Each is (inputs + 1) evaluations."""


@dataclass(frozen=True)
class Effect:
    """The share of an output's variance that one input makes; all sum to 1.

    `half` is the half width of its 95 % interval, Monte-Carlo error.
    """

    name: str
    share: float
    half: float


def shapley_effects(
    names: Sequence[str],
    function: Callable[[FloatArray], FloatArray],
    seed: int,
    batch_pairs: int = BATCH_PAIRS,
) -> tuple[Effect, ...]:
    """Estimate Shapley effects.

    From one world to another, inputs are changed one after the other, in a random
    order; what each change adds to half the squared distance of the outputs is the
    input's. These parts sum to half the squared distance of the ends, whose mean is the
    variance: so the shares sum to 1 as computed, not only on average.

    Args:
        names: `D` independent inputs, each uniform between 0 and 1.
        function: of levels `[N, D]`, returns `[N]`.
        seed: fixes worlds and orders.
        batch_pairs: pairs of worlds in each of `NUM_BATCHES` batches; a power of 2.

    Raises:
        ValueError: the output is not finite, or does not vary.
    """
    generators = np.random.default_rng(seed).spawn(NUM_BATCHES)
    num = len(names)
    # [P, 2, D] the two ends of each walk, [P, D] the turn at which each input changes
    ends = np.concatenate(
        [qmc.Sobol(2 * num, rng=g).random(batch_pairs) for g in generators]
    ).reshape(-1, 2, num)
    orders = np.concatenate(
        [g.random((batch_pairs, num)).argsort(axis=1) for g in generators]
    )
    turn = np.arange(num + 1)[None, :, None]
    rows = np.where(orders[:, None, :] < turn, ends[:, 1, None], ends[:, 0, None])
    output = np.asarray(function(rows.reshape(-1, num)), np.float64)
    if not np.isfinite(output).all() or np.ptp(output) == 0.0:
        raise ValueError("`function` must return finite numbers that vary.")
    standard = (output - output.mean()) / output.std()
    parts = _parts(standard.reshape(rows.shape[:2]), orders)
    by_batch = parts.reshape(NUM_BATCHES, batch_pairs, -1).mean(axis=1)
    variance = float(by_batch.sum(axis=1).mean())
    shares = by_batch.mean(axis=0) / variance
    # a ratio of means: what is left of each batch once its own variance is taken out
    own = (by_batch - shares * by_batch.sum(axis=1, keepdims=True)) / variance
    errors = own.std(axis=0, ddof=1) / math.sqrt(NUM_BATCHES)
    halves = stdtrit(NUM_BATCHES - 1, UPPER) * errors
    return tuple(
        Effect(name, float(share), float(half))
        for name, share, half in zip(names, shares, halves, strict=True)
    )


def _parts(output: FloatArray, orders: IntArray) -> FloatArray:
    """Return `[P, D]` what each input's change adds along each walk."""
    before, after = output[:, :-1], output[:, 1:]
    added = (output[:, :1] - 0.5 * (before + after)) * (before - after)
    return np.take_along_axis(added, orders, axis=1)
