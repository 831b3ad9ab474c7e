"""What of a person's noise persists, from those who answered an item twice.

Between first looks a person's own persistent part cannot be told from fresh noise, and
is integrated out in a closed form. Where somebody looks again it is drawn: for every
state of the item the chance of both answers is averaged over draws of that part. All
else is settled by first looks.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from hitl_sim.participants.answers import LABEL
from hitl_sim.participants.fitting.estimate import Prior
from hitl_sim.participants.fitting.quality import QualityFit, lay_out
from hitl_sim.participants.fitting.quality_model import (
    bridge_points,
    felt_utility,
    item_evidence,
    log_table,
    people_of,
    shared_part,
    stable_points,
)
from hitl_sim.participants.record import Record, pair_looks

PRIOR = Prior(0.0, 1.5)
"""Weak belief on the logit of lambda_own."""

_GRID = np.linspace(-4.0, 4.0, 33)
_DRAWS = 32
_MOST_STATES = 256


class OwnFit(NamedTuple):
    """What second looks say.

    Attributes:
        own: lambda_own, mean of the posterior.
        logit: mean of its logit.
        logit_sd: standard deviation of its logit.
    """

    own: float
    logit: float
    logit_sd: float


def fit_own(record: Record, fit: QualityFit) -> OwnFit | None:
    """Fit lambda_own, the same for all people.

    Returns:
        The fit; None without second looks at labels.
    """
    first, second = pair_looks(record, record.answer >= 0)
    if fit.shape.kind != LABEL or not first.size:
        return None
    columns = (record.person[first], record.item[first])
    answers = (record.answer[first], record.answer[second])
    pairs = (jnp.asarray(column, jnp.int32) for column in (*columns, *answers))
    evidence = _grid_evidence(record, fit, *pairs)
    log_weight = evidence - 0.5 * ((_GRID - PRIOR.mean) / PRIOR.sd) ** 2
    weight = np.exp(log_weight - log_weight.max())
    weight /= weight.sum()
    mean = float(weight @ _GRID)
    return OwnFit(
        own=float(weight @ (1.0 / (1.0 + np.exp(-_GRID)))),
        logit=mean,
        logit_sd=float(np.sqrt(weight @ (_GRID - mean) ** 2)),
    )


def _grid_evidence(
    record: Record,
    fit: QualityFit,
    person: Array,
    item: Array,
    first: Array,
    second: Array,
) -> np.ndarray:
    """Return the log likelihood of all pairs of looks at every point of the grid."""
    shape, quality = fit.shape, fit.quality
    points = jax.tree.map(lambda leaf: leaf[:_MOST_STATES], fit.points)
    points = points._replace(log_weight=jax.nn.log_softmax(points.log_weight))
    people = people_of(quality, fit.spread)
    rows, _ = lay_out(record, shape.kind)
    table = log_table(shape, points, quality, people)
    seen = item_evidence(shape, points, table, rows, quality.classes)
    felt = felt_utility(shape, points, quality, people)

    def states(who: Array, what: Array) -> Array:
        """Return utilities of every state of an item, `[S, K]`."""
        if shape.has_gold:
            return felt[who][rows.truth[what]].T
        return jnp.moveaxis(felt[who], 1, 2).reshape(-1, shape.num_options)

    utilities = jax.vmap(states)(person, item)
    lapse = jax.nn.sigmoid(quality.lapse)
    if shape.num_options == 2:
        draws = bridge_points(_DRAWS)
    else:
        draws = stable_points(_DRAWS, shape.num_options, seed=1)

    def at(logit: Array) -> Array:
        own = jax.nn.sigmoid(logit)
        noise = shared_part(draws, own)

        def of_pair(xs: tuple[Array, Array, Array]) -> Array:
            utility, before, after = xs
            share = jax.nn.softmax((utility[:, None, :] + noise[None]) / own, axis=2)
            share = (1.0 - lapse) * share + lapse / shape.num_options
            chance = jnp.log(share[:, :, before]) + jnp.log(share[:, :, after])
            together = jax.nn.logsumexp(chance + draws.log_weight[None, :], axis=1)
            alone = jnp.log(share[:, :, before]) + draws.log_weight[None, :]
            return together - jax.nn.logsumexp(alone, axis=1)

        gain = jax.lax.map(of_pair, (utilities, first, second))
        moved = jax.ops.segment_sum(gain, item, shape.num_items)
        before = jax.nn.logsumexp(seen, axis=1)
        return jnp.sum(jax.nn.logsumexp(seen + moved, axis=1) - before)

    def on_grid(grid: Array) -> Array:
        found: Array = jax.lax.map(at, grid)
        return found

    return np.asarray(jax.jit(on_grid)(jnp.asarray(_GRID, jnp.float32)), float)
