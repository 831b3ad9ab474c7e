"""What of a person's noise persists, from those who answered an item twice.

Between first looks a person's own persistent part cannot be told from fresh noise, and
is integrated out in a closed form. Where somebody looks again it is drawn: for every
state of the item the chance of both answers is averaged over draws of that part. All
else is settled by first looks.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float, Int

from hitl_sim.participants.answers import LABEL
from hitl_sim.participants.fitting.estimate import Prior
from hitl_sim.participants.fitting.padding import leaf, pad, padded_size
from hitl_sim.participants.fitting.quality import (
    QualityFit,
    fill,
    fill_people,
    lay_out,
)
from hitl_sim.participants.fitting.quality_model import (
    Points,
    Quality,
    Rows,
    Shape,
    Traits,
    at_rows,
    bridge_points,
    felt_utility,
    item_evidence,
    log_chances,
    shared_part,
    stable_points,
)
from hitl_sim.participants.record import Floats, Record, pair_looks

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
    pairs = Pairs(
        *(leaf(record.person[first], int), leaf(record.item[first], int)),
        *(leaf(record.answer[first], int), leaf(record.answer[second], int)),
    )
    evidence = _grid_evidence(record, fit, pairs)
    log_weight = evidence - 0.5 * ((_GRID - PRIOR.mean) / PRIOR.sd) ** 2
    weight = np.exp(log_weight - log_weight.max())
    weight /= weight.sum()
    mean = float(weight @ _GRID)
    return OwnFit(
        own=float(weight @ (1.0 / (1.0 + np.exp(-_GRID)))),
        logit=mean,
        logit_sd=float(np.sqrt(weight @ (_GRID - mean) ** 2)),
    )


class Pairs(NamedTuple):
    """Two looks of somebody at something: who, at what, and both answers, `[P]`."""

    person: Int[Array, "P"]
    item: Int[Array, "P"]
    first: Int[Array, "P"]
    second: Int[Array, "P"]


def _grid_evidence(record: Record, fit: QualityFit, pairs: Pairs) -> Floats:
    """Return the log likelihood of all pairs of looks at every point of the grid."""
    points = Points(*(leaf[:_MOST_STATES] for leaf in fit.points))
    rows, shape = fill(*lay_out(record, fit.shape.kind))
    size = padded_size(pairs.item.size)
    filled = Pairs(*(pad(column, size) for column in pairs))
    filled = filled._replace(item=pad(pairs.item, size, shape.num_items))
    if shape.num_options == 2:
        draws = bridge_points(_DRAWS)
    else:
        draws = stable_points(_DRAWS, shape.num_options, seed=1)
    people = fill_people(fit.people)
    found = _on_grid(shape, (points, draws), fit.crowd, people, rows, filled)
    return np.asarray(found, float)


@partial(jax.jit, static_argnums=0)
def _on_grid(
    shape: Shape,
    both: tuple[Points, Points],
    quality: Quality,
    people: Traits,
    rows: Rows,
    pairs: Pairs,
) -> Float[Array, "G"]:
    """Return that of `_grid_evidence`, of points of items and draws of people."""
    points, draws = both
    points = points._replace(log_weight=jax.nn.log_softmax(points.log_weight))
    chances = log_chances(shape, points, quality, people, rows)
    seen = item_evidence(shape, points, chances, rows, quality.classes)
    felt = felt_utility(shape, points, quality, people)
    person, item, first, second = pairs

    def states(who: Array, what: Array) -> Array:
        """Return utilities of every state of an item, `[S, K]`."""
        if shape.has_gold:
            return felt[who][at_rows(rows.truth, what)].T
        return jnp.moveaxis(felt[who], 1, 2).reshape(-1, shape.num_options)

    utilities = jax.vmap(states)(person, item)
    lapse = jax.nn.sigmoid(quality.lapse)

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

    found: Array = jax.lax.map(at, jnp.asarray(_GRID, jnp.float32))
    return found
