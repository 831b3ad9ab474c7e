"""Fit times: pace of people, practice, conflict, length, pauses, slow drift.

The model is that of `oracles.timing`. Interruptions are a component of a mixture, so no
time is clipped. What an answer's margin was nobody saw: conflict enters by its
expectation, given the answer and all others.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Bool, Float, Int

from hitl_sim.participants.describing.idle import log_seconds
from hitl_sim.participants.fitting import estimate
from hitl_sim.participants.fitting.estimate import Prior
from hitl_sim.participants.fitting.quality_model import (
    Points,
    Quality,
    Rows,
    Shape,
    Traits,
    felt_utility,
    item_evidence,
    log_table,
    pick,
)
from hitl_sim.participants.record import Floats, Record, places
from oracles.timing import (
    GUMBEL_SD,
    LAPSE_LOG_TIME,
    LOG_LOG_2,
    PAUSE_FACTOR,
    WAIT_FACTOR,
)

_ROUNDS, _STEPS = 5, 30
_MARGIN_POINTS = 16
# Fewer neighbours in time say nothing of a slow drift.
_LEAST_PAIRS = 200

_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(31)
_LOG_WEIGHTS = np.log(_WEIGHTS / _WEIGHTS.sum())
_LEAST_SKEW = 0.4
_NEVER = -1e4

TRAITS = (
    *("pace", "practice", "power", "conflict", "length"),
    *("spread", "skew", "pause", "wait"),
)
PRIORS = {
    "pace": Prior(2.0, 3.0),
    "practice": Prior(0.0, 1.0),
    "power": Prior(-0.3, 0.6),
    "conflict": Prior(0.7, 0.7),
    "length": Prior(0.3, 0.4),
    "spread": Prior(-0.9, 0.7),
    "skew": Prior(1.0, 1.5),
    "pause": Prior(-5.0, 1.5),
    "wait": Prior(-4.0, 1.5),
    "pace_spread": Prior(float(np.log(0.4)), 0.8),
    "spread_variation": Prior(float(np.log(0.25)), 0.7),
    "pause_spread": Prior(float(np.log(0.8)), 0.7),
}
"""Weak beliefs; practice, its power and the spreads as logarithms, skew and pauses as
logits.
Centres are those of the default population, widths a factor of two or more; of how far
people differ in spread and in pauses, what recorded sets show."""


class PersonTraits(NamedTuple):
    """A number of pace, of spread and of pauses: of everybody, or `[A]` of each."""

    pace: Float[Array, "..."]
    spread: Float[Array, "..."]
    pause: Float[Array, "..."]


SPREADS = ("pace_spread", "spread_variation", "pause_spread")
"""What the standard deviations of `PersonTraits` over people are called."""


class Timing(NamedTuple):
    """What is estimated, on scales without bounds; see `PRIORS`.

    Attributes:
        pace: mean pace.
        practice: log extra time of the first question.
        power: log exponent by which it vanishes.
        conflict: log seconds per unit of conflict.
        length: exponent of relative size.
        spread: log standard deviation of log seconds within a person.
        skew: logit of how far log seconds lean to the slow side.
        pause: logit of the probability of an interruption.
        wait: logit of the probability of a wait.
        person: `[A]` standardised deviations of each person's pace, log spread and
            logit of pauses.
    """

    pace: Float[Array, ""]
    practice: Float[Array, ""]
    power: Float[Array, ""]
    conflict: Float[Array, ""]
    length: Float[Array, ""]
    spread: Float[Array, ""]
    skew: Float[Array, ""]
    pause: Float[Array, ""]
    wait: Float[Array, ""]
    person: PersonTraits


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
        spread: standard deviations over people of pace, log spread, logit of pauses.
        sd: standard errors by trait, and of the logs of the spreads by `SPREADS`.
        person_sd: `[A]` standard errors of people's standardised traits.
        drift: standard deviation of the slow part; nan where it was not seen.
        memory: its coefficient.
        is_ordered: whether practice could be fitted.
        conflict: mean of the expected conflicts.
        unseen_conflict: mean variance of conflicts around what was expected.
    """

    timing: Timing
    spread: PersonTraits
    sd: dict[str, float]
    person_sd: PersonTraits
    drift: float
    memory: float
    is_ordered: bool
    conflict: float
    unseen_conflict: float

    def fresh_spread(self, log_spread: float) -> float:
        """Return the spread of log seconds that neither conflict nor drift makes.

        Nobody saw conflicts: what these vary around their expectation stands in the
        residuals too.
        """
        made = float(self.timing.conflict) ** 2 * self.unseen_conflict
        slow = self.drift**2 if np.isfinite(self.drift) else 0.0
        return float(np.sqrt(max(np.exp(2.0 * log_spread) - made - slow, 1e-4)))

    @property
    def pace(self) -> Floats:
        """Pace of each person, `[A]`."""
        shift = float(self.spread.pace) * np.asarray(self.timing.person.pace, float)
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
    nobody = jnp.zeros(record.num_people)
    timing = Timing(**centre, person=PersonTraits(nobody, nobody, nobody))
    spread = PersonTraits(*(jnp.float32(np.exp(PRIORS[n].mean)) for n in SPREADS))
    for _ in range(_ROUNDS):
        timing = estimate.minimise(_loss, timing, _STEPS, spread, times)
        traits = zip(
            SPREADS,
            spread,
            timing.person,
            _look(timing, spread, times).curvature,
            strict=True,
        )
        spread = PersonTraits(
            *(estimate.respread(PRIORS[name], *trait) for name, *trait in traits)
        )
    timing = estimate.minimise(_loss, timing, _STEPS, spread, times)
    seen = _look(timing, spread, times)
    sd = _errors(timing, spread, times, seen.curvature)
    residual, is_work = (np.asarray(p, float) for p in (seen.residual, seen.is_work))
    drift, memory = _slow_part(times, residual, is_work)
    return ResponseTimeFit(
        timing=timing,
        spread=spread,
        sd=sd,
        person_sd=PersonTraits(*(h**-0.5 for h in seen.curvature)),
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


@partial(jax.jit, static_argnums=0)
def effort_of(
    shape: Shape, points: Points, quality: Quality, people: Traits, rows: Rows
) -> tuple[Array, Array, Array]:
    """Return expected conflicts of answers, their squares, and chances of a guess."""
    table = log_table(shape, points, quality, people)
    evidence = item_evidence(shape, points, table, rows, quality.classes)
    weight = jax.nn.softmax(evidence, axis=1)[rows.item]
    chance = jax.nn.sigmoid(quality.lapse) / shape.num_options
    felt, square = conflict_table(shape, points, quality, people)
    parts = (felt, square, chance * jnp.exp(-table))
    by_answer = (jnp.sum(weight * pick(shape, t, rows), axis=1) for t in parts)
    first, second, third = by_answer
    return first, second, third


def _pace(timing: Timing, spread: PersonTraits, times: Times) -> Array:
    return timing.pace + spread.pace * timing.person.pace[times.person]


def _log_spread(timing: Timing, spread: PersonTraits, times: Times) -> Array:
    return timing.spread + spread.spread * timing.person.spread[times.person]


def _pause_logit(timing: Timing, spread: PersonTraits, times: Times) -> Array:
    return timing.pause + spread.pause * timing.person.pause[times.person]


def _expected(timing: Timing, spread: PersonTraits, times: Times) -> Array:
    """Return log seconds of work without noise."""
    pace = _pace(timing, spread, times)
    weighing = timing.conflict * times.conflict + timing.length * times.log_size
    # A guess takes a third of the time, and no weighing (timing).
    weighing = weighing + times.lapse * (LAPSE_LOG_TIME - weighing)
    if times.trials is None:
        return pace + weighing
    vanished = jnp.exp(-jnp.exp(timing.power) * jnp.log1p(1.0 * times.trials))
    return pace + weighing + jnp.log1p(jnp.exp(timing.practice) * vanished)


def _residual(timing: Timing, spread: PersonTraits, times: Times) -> Array:
    return times.log_seconds - _expected(timing, spread, times)


def _components(
    timing: Timing, spread: PersonTraits, times: Times
) -> tuple[Array, Array, Array]:
    """Return log densities of work, and of work with a wait or an interruption."""
    residual = _residual(timing, spread, times)
    log_sd = _log_spread(timing, spread, times)
    work = log_noise(residual * jnp.exp(-log_sd), skew_of(timing.skew)) - log_sd
    pace = _pace(timing, spread, times)
    usual = _expected(timing, spread, times)
    excess = jnp.exp(times.log_seconds - pace) - jnp.exp(usual - pace)
    log_slope = times.log_seconds - pace
    # A wait lasts exponentially long, an interruption ten typical times more (timing).
    over = excess / PAUSE_FACTOR - 1.0
    pause = jnp.where(over > 0.0, log_slope - jnp.log(PAUSE_FACTOR) - over, _NEVER)
    later = excess / WAIT_FACTOR
    wait = jnp.where(later > 0.0, log_slope - jnp.log(WAIT_FACTOR) - later, _NEVER)
    logit = _pause_logit(timing, spread, times)
    at_it, on = jax.nn.log_sigmoid(-logit), jax.nn.log_sigmoid(-timing.wait)
    return (
        at_it + on + work,
        at_it + jax.nn.log_sigmoid(timing.wait) + wait,
        jax.nn.log_sigmoid(logit) + pause,
    )


def skew_of(logit: Array) -> Array:
    """Return the skew; below `_LEAST_SKEW` its integral is too coarse to be fitted."""
    return _LEAST_SKEW + (1.0 - _LEAST_SKEW) * jax.nn.sigmoid(logit)


def log_noise(residual: Array, skew: Array) -> Array:
    """Return the log density of the noise of log seconds, variance 1 (timing)."""
    rest = jnp.sqrt(1.0 - jnp.square(skew))
    nodes = jnp.asarray(_NODES, jnp.float32)[None, :]
    level = GUMBEL_SD * (residual[:, None] - rest * nodes) / skew - LOG_LOG_2
    parts = jnp.asarray(_LOG_WEIGHTS, jnp.float32)[None, :] - level - jnp.exp(-level)
    return jax.nn.logsumexp(parts, axis=1) + jnp.log(GUMBEL_SD / skew)


def _loss(timing: Timing, spread: PersonTraits, times: Times) -> Array:
    """Return minus the log posterior."""
    parts = jnp.stack(_components(timing, spread, times))
    prior = -0.5 * sum(jnp.sum(jnp.square(trait)) for trait in timing.person)
    for name in TRAITS:
        mean, sd = PRIORS[name]
        prior = prior - 0.5 * jnp.square((getattr(timing, name) - mean) / sd)
    return -jnp.sum(jax.nn.logsumexp(parts, axis=0)) - prior


class Seen(NamedTuple):
    """What is seen of people and times at an estimate.

    Attributes:
        curvature: `[A]` expected, of the loss in each person's standardised traits.
        residual: `[L]` of log seconds.
        is_work: `[L]` probability that a time is that of work alone.
    """

    curvature: PersonTraits
    residual: Float[Array, "L"]
    is_work: Float[Array, "L"]


@jax.jit
def _look(timing: Timing, spread: PersonTraits, times: Times) -> Seen:
    """Look at people and times.

    A time that was worked tells of pace by its precision, pi^2 / 6 times that where it
    is Gumbel, and of the log of spread by 2; each tells of pauses by the variance of
    whether there was one.
    """
    parts = jnp.stack(_components(timing, spread, times))
    is_work = jax.nn.softmax(parts, axis=0)[0]
    precise = jnp.exp(-2.0 * _log_spread(timing, spread, times))
    precise = precise * (1.0 + (GUMBEL_SD**2 - 1.0) * skew_of(timing.skew) ** 2)
    share = jax.nn.sigmoid(_pause_logit(timing, spread, times))
    known = PersonTraits(is_work * precise, 2.0 * is_work, share * (1.0 - share))

    def of(sd: Array, rows: Array) -> Array:
        size = timing.person.pace.size
        return 1.0 + sd**2 * jax.ops.segment_sum(rows, times.person, size)

    curvature: PersonTraits = jax.tree.map(of, spread, known)
    return Seen(curvature, _residual(timing, spread, times), is_work)


def _errors(
    timing: Timing, spread: PersonTraits, times: Times, known: PersonTraits
) -> dict[str, float]:
    """Return standard errors of the crowd's numbers; people are taken out by blocks."""
    own, across, block = _bends(timing, spread, times)
    value, vector = np.linalg.eigh(block)
    # The prior of a standardised trait alone bends by 1.
    turned = vector.swapaxes(1, 2) @ across
    weighed = turned / np.maximum(value, 1.0)[:, :, None]
    whole = own - np.einsum("atg,ath->gh", turned, weighed)
    priors = [PRIORS[name] for name in TRAITS]
    sd = np.sqrt(np.diag(estimate.inverse_curvature(whole, priors))).tolist()
    found = dict(zip(TRAITS, sd, strict=True))
    return found | {
        name: estimate.spread_error(PRIORS[name], u, h)
        for name, u, h in zip(SPREADS, timing.person, known, strict=True)
    }


def _bends(
    timing: Timing, spread: PersonTraits, times: Times
) -> tuple[Floats, Floats, Floats]:
    """Return curvatures in the crowd's numbers, across to people's, and of people.

    Nobody's times depend on another's traits: the last are blocks, `[A, 3, 3]`; the
    second is `[A, 3, G]`.
    """
    nothing = jax.tree.map(lambda leaf: np.zeros(np.shape(leaf), np.float32), timing)

    def along(direction: Timing) -> tuple[Floats, Floats]:
        bent = _bend(timing, direction, spread, times)
        numbers = np.array([float(getattr(bent, name)) for name in TRAITS])
        return numbers, np.stack([np.asarray(t, float) for t in bent.person], axis=1)

    one: Any = np.float32(1.0)
    found = [along(nothing._replace(**{name: one})) for name in TRAITS]
    own, across = (np.stack(part) for part in zip(*found, strict=True))
    everybody: Any = np.ones(np.shape(timing.person.pace), np.float32)
    block = [
        along(nothing._replace(person=nothing.person._replace(**{name: everybody})))[1]
        for name in PersonTraits._fields
    ]
    return own, np.moveaxis(across, 0, 2), np.stack(block, axis=2)


@jax.jit
def _bend(
    timing: Timing, direction: Timing, spread: PersonTraits, times: Times
) -> Timing:
    """Return how the slope of the loss changes in a direction."""

    def slope(at: Timing) -> Timing:
        found: Timing = jax.grad(_loss)(at, spread, times)
        return found

    bent: Timing = jax.jvp(slope, (timing,), (direction,))[1]
    return bent


def _slow_part(times: Times, residual: Floats, chance: Floats) -> tuple[float, float]:
    """Return spread and memory of the slow part from how residuals go together.

    With an AR(1) part and fresh noise, covariances at lags 1 and 2 are d^2 m and
    d^2 m^2.
    """
    if times.trials is None:
        return float("nan"), float("nan")
    person = np.asarray(times.person)
    is_work: Bool[np.ndarray, L] = chance > 0.5
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
