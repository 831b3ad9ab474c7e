"""Fit times: pace of people, practice, conflict, length, pauses, slow drift.

The model is that of `oracles.timing`. Interruptions are a component of a mixture, so no
time is clipped. What an answer's margin was nobody saw: conflict enters by its
expectation, given the answer and all others.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.flatten_util import ravel_pytree
from jaxtyping import Bool, Float, Int

from hitl_sim.participants.describing.idle import log_seconds
from hitl_sim.participants.fitting import estimate
from hitl_sim.participants.fitting.estimate import Prior
from hitl_sim.participants.fitting.quality_model import (
    Points,
    Quality,
    Shape,
    Traits,
    felt_utility,
)
from hitl_sim.participants.record import Floats, Record, places
from oracles.timing import LAPSE_LOG_TIME, PAUSE_FACTOR

_ROUNDS, _STEPS = 5, 30
_MARGIN_POINTS = 16
# Fewer neighbours in time say nothing of a slow drift.
_LEAST_PAIRS = 200

TRAITS = ("pace", "practice", "power", "conflict", "length", "spread", "pause")
PRIORS = {
    "pace": Prior(2.0, 3.0),
    "practice": Prior(0.0, 1.0),
    "power": Prior(-0.3, 0.6),
    "conflict": Prior(0.7, 0.7),
    "length": Prior(0.3, 0.4),
    "spread": Prior(-0.9, 0.7),
    "pause": Prior(-5.0, 1.5),
    "pace_spread": Prior(float(np.log(0.4)), 0.8),
}
"""Weak beliefs; practice, its power and the spreads as logarithms, pauses as a logit.
Centres are those of the default population, widths a factor of two or more."""


class Timing(NamedTuple):
    """What is estimated, on scales without bounds; see `PRIORS`.

    Attributes:
        pace: mean pace.
        practice: log extra time of the first question.
        power: log exponent by which it vanishes.
        conflict: log seconds per unit of conflict.
        length: exponent of relative size.
        spread: log standard deviation of log seconds within a person.
        pause: logit of the probability of an interruption.
        person: `[A]` standardised deviation of each person's pace.
    """

    pace: Float[Array, ""]
    practice: Float[Array, ""]
    power: Float[Array, ""]
    conflict: Float[Array, ""]
    length: Float[Array, ""]
    spread: Float[Array, ""]
    pause: Float[Array, ""]
    person: Float[Array, "A"]


class Times(NamedTuple):
    """Recorded times.

    Attributes:
        person: `[L]`.
        log_seconds: `[L]`.
        trials: `[L]` questions before; None where the order is unknown.
        conflict: `[L]` expected conflict.
        log_size: `[L]`.
        lapse: `[L]` probability that the answer was a quick guess.
    """

    person: Int[Array, "L"]
    log_seconds: Float[Array, "L"]
    trials: Int[Array, "L"] | None
    conflict: Float[Array, "L"]
    log_size: Float[Array, "L"]
    lapse: Float[Array, "L"]


@dataclass(frozen=True)
class ResponseTimeFit:
    """What times say of a crowd.

    Attributes:
        timing: maximum of the posterior.
        pace_spread: standard deviation of pace over people.
        sd: standard errors by trait, and of the log of `pace_spread`.
        drift: standard deviation of the slow part; nan where it was not seen.
        memory: its coefficient.
        is_ordered: whether practice could be fitted.
        conflict: mean of the expected conflicts.
        unseen_conflict: mean variance of conflicts around what was expected.
    """

    timing: Timing
    pace_spread: float
    sd: dict[str, float]
    drift: float
    memory: float
    is_ordered: bool
    conflict: float
    unseen_conflict: float

    def spread_without_conflict(self, log_spread: float) -> float:
        """Return the spread of log seconds that conflict does not make.

        Nobody saw conflicts: what these vary around their expectation stands in the
        residuals too.
        """
        made = float(self.timing.conflict) ** 2 * self.unseen_conflict
        return float(np.sqrt(max(np.exp(2.0 * log_spread) - made, 1e-4)))

    @property
    def pace(self) -> Floats:
        """Pace of each person, `[A]`."""
        shift = self.pace_spread * np.asarray(self.timing.person, float)
        return float(self.timing.pace) + shift


def fit_response_times(
    record: Record, conflict: Floats, lapse: Floats, unseen: float
) -> ResponseTimeFit:
    """Fit the times of a record; rows without one are left out.

    Args:
        record: the times.
        conflict: `[L]` expected conflict of each answer, 0 where unknown.
        lapse: `[L]` probability that it was a quick guess.
        unseen: mean variance of conflicts around what is expected.
    """
    times = lay_out_times(record, conflict, lapse)
    centre = {name: jnp.float32(PRIORS[name].mean) for name in TRAITS}
    centre["pace"] = jnp.median(times.log_seconds)
    timing = Timing(**centre, person=jnp.zeros(record.num_people))
    spread = jnp.float32(np.exp(PRIORS["pace_spread"].mean))
    for _ in range(_ROUNDS):
        timing = estimate.minimise(_loss, timing, _STEPS, spread, times)
        h = _curvature(timing, spread, times)
        spread = estimate.respread(PRIORS["pace_spread"], spread, timing.person, h)
    timing = estimate.minimise(_loss, timing, _STEPS, spread, times)
    sd = _errors(timing, spread, times)
    chance = np.asarray(_pause_chance(timing, spread, times))
    residual = np.asarray(_residual(timing, spread, times), float)
    drift, memory = _slow_part(times, residual, chance)
    return ResponseTimeFit(
        timing=timing,
        pace_spread=float(spread),
        sd=sd,
        drift=drift,
        memory=memory,
        is_ordered=record.is_ordered,
        conflict=float(jnp.mean(times.conflict)),
        unseen_conflict=unseen,
    )


def lay_out_times(record: Record, conflict: Floats, lapse: Floats) -> Times:
    """Return the known times."""
    rows = np.nonzero(np.isfinite(record.times))[0]
    trials = places(record.person)[rows]
    return Times(
        person=jnp.asarray(record.person[rows], jnp.int32),
        log_seconds=jnp.asarray(log_seconds(record.times[rows]), jnp.float32),
        trials=jnp.asarray(trials, jnp.int32) if record.is_ordered else None,
        conflict=jnp.asarray(conflict[rows], jnp.float32),
        log_size=jnp.asarray(np.log(record.size[record.item[rows]]), jnp.float32),
        lapse=jnp.asarray(lapse[rows], jnp.float32),
    )


def conflict_table(
    shape: Shape, points: Points, quality: Quality, people: Traits
) -> tuple[Float[Array, "A Z K R"], Float[Array, "A Z K R"]]:
    """Return the expected conflict of every answer to a label, and its square's.

    Given the choice, its margin is M = tau (d - logit(v sigmoid(d))), v uniform, d the
    lead of its utility over the log-sum-exp of the others and tau lambda_shared.
    """
    felt = felt_utility(shape, points, quality, people)
    log_share = jax.nn.log_softmax(felt, axis=2)
    lead = log_share - jnp.log(jnp.maximum(-jnp.expm1(log_share), 1e-9))
    tau = jax.nn.sigmoid(quality.shared)

    def at(v: Array) -> tuple[Array, Array]:
        chance = v * jax.nn.sigmoid(lead)
        margin = tau * (lead - jnp.log(chance) + jnp.log1p(-chance))
        conflict = jnp.log1p(jnp.exp(-jnp.maximum(margin, 0.0)))
        return conflict, jnp.square(conflict)

    middle = (jnp.arange(_MARGIN_POINTS) + 0.5) / _MARGIN_POINTS
    first, second = jax.lax.map(at, middle)
    return jnp.mean(first, axis=0), jnp.mean(second, axis=0)


def _expected(timing: Timing, spread: Array, times: Times) -> Array:
    """Return log seconds of work without noise."""
    pace = timing.pace + spread * timing.person[times.person]
    weighing = timing.conflict * times.conflict + timing.length * times.log_size
    # A guess takes a third of the time, and no weighing (timing).
    weighing = weighing + times.lapse * (LAPSE_LOG_TIME - weighing)
    if times.trials is None:
        return pace + weighing
    vanished = jnp.exp(-jnp.exp(timing.power) * jnp.log1p(1.0 * times.trials))
    return pace + weighing + jnp.log1p(jnp.exp(timing.practice) * vanished)


def _residual(timing: Timing, spread: Array, times: Times) -> Array:
    return times.log_seconds - _expected(timing, spread, times)


def _components(timing: Timing, spread: Array, times: Times) -> tuple[Array, Array]:
    """Return log densities of work, and of work with an interruption."""
    residual = _residual(timing, spread, times)
    sd = jnp.exp(timing.spread)
    work = -0.5 * jnp.square(residual / sd) - timing.spread - 0.5 * jnp.log(2 * jnp.pi)
    # An interruption lasts ten typical times, plus exponentially more (timing).
    pace = timing.pace + spread * timing.person[times.person]
    usual = _expected(timing, spread, times)
    excess = jnp.exp(times.log_seconds - pace) - jnp.exp(usual - pace)
    over = excess / PAUSE_FACTOR - 1.0
    log_slope = times.log_seconds - pace - jnp.log(PAUSE_FACTOR)
    pause = jnp.where(over > 0.0, log_slope - jnp.maximum(over, 0.0), -1e4)
    return (
        jax.nn.log_sigmoid(-timing.pause) + work,
        jax.nn.log_sigmoid(timing.pause) + pause,
    )


def _loss(timing: Timing, spread: Array, times: Times) -> Array:
    """Return minus the log posterior."""
    work, pause = _components(timing, spread, times)
    prior = -0.5 * jnp.sum(jnp.square(timing.person))
    for name in TRAITS:
        mean, sd = PRIORS[name]
        prior = prior - 0.5 * jnp.square((getattr(timing, name) - mean) / sd)
    return -jnp.sum(jnp.logaddexp(work, pause)) - prior


@jax.jit
def _pause_chance(timing: Timing, spread: Array, times: Times) -> Float[Array, "L"]:
    work, pause = _components(timing, spread, times)
    return jnp.asarray(jax.nn.sigmoid(pause - work))


def _curvature(timing: Timing, spread: Array, times: Times) -> Float[Array, "A"]:
    """Return the curvature of the loss in each person's standardised pace."""
    chance = _pause_chance(timing, spread, times)
    known = (1.0 - chance) / jnp.exp(2.0 * timing.spread)
    by_person = jax.ops.segment_sum(known, times.person, timing.person.size)
    return jnp.asarray(1.0 + spread**2 * by_person)


def _errors(timing: Timing, spread: Array, times: Times) -> dict[str, float]:
    """Return standard errors of the crowd's numbers, people taken out."""
    own, by_person, block = _bends(timing, spread, times)
    h = np.maximum(np.asarray(block, float), 1.0)
    across = np.asarray(by_person, float)
    whole = np.asarray(own, float) - (across / h) @ across.T
    sd = np.sqrt(np.diag(estimate.inverse_curvature(whole, PRIORS.values()))).tolist()
    found = dict(zip(sorted(TRAITS), sd, strict=True))
    spread_sd = estimate.spread_error(PRIORS["pace_spread"], timing.person, h)
    return found | {"pace_spread": spread_sd}


@jax.jit
def _bends(timing: Timing, spread: Array, times: Times) -> tuple[Array, Array, Array]:
    """Return curvature in the crowd's numbers, across to people, and of people.

    Nobody's time depends on another's pace: the last is diagonal.
    """
    crowd, rebuild = ravel_pytree({name: getattr(timing, name) for name in TRAITS})

    def value(crowd: Array, person: Array) -> Array:
        return _loss(Timing(**rebuild(crowd), person=person), spread, times)

    slopes = jax.grad(value, (0, 1))

    def along(direction: Array) -> Any:
        return jax.jvp(lambda c: slopes(c, timing.person), (crowd,), (direction,))[1]

    own, across = jax.lax.map(along, jnp.eye(crowd.size))
    ones = jnp.ones_like(timing.person)
    block = jax.jvp(lambda u: slopes(crowd, u)[1], (timing.person,), (ones,))[1]
    return own, across, block


def _slow_part(times: Times, residual: Floats, chance: Floats) -> tuple[float, float]:
    """Return spread and memory of the slow part from how residuals go together.

    With an AR(1) part and fresh noise, covariances at lags 1 and 2 are d^2 m and
    d^2 m^2.
    """
    if times.trials is None:
        return float("nan"), float("nan")
    person = np.asarray(times.person)
    is_work: Bool[np.ndarray, L] = chance < 0.5
    sums = []
    for lag in (1, 2):
        both = (person[lag:] == person[:-lag]) & is_work[lag:] & is_work[:-lag]
        product = residual[lag:][both] * residual[:-lag][both]
        sums.append((product.mean() if product.size else 0.0, product.size, product))
    (first, size, products), (second, _, _) = sums
    if size < _LEAST_PAIRS or first < 2.0 * products.std() / np.sqrt(size):
        return float("nan"), float("nan")
    memory = float(np.clip(second / first, 0.05, 0.95))
    return float(np.sqrt(first / memory)), memory
