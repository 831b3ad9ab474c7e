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
from jax.nn import log_sigmoid
from jaxtyping import Bool, Float, Int
from numpy.typing import NDArray

from hitl_sim.participants.describing.idle import log_seconds
from hitl_sim.participants.fitting import estimate
from hitl_sim.participants.fitting.estimate import Prior
from hitl_sim.participants.fitting.padding import leaf, pad, padded_size
from hitl_sim.participants.fitting.quality_model import (
    Points,
    Quality,
    Rows,
    Shape,
    Traits,
    at_rows,
    felt_utility,
    item_evidence,
    log_table,
    pick,
)
from hitl_sim.participants.fitting.shared_time import (
    follows,
    log_late,
    mean_of_several,
    none_or_one,
)
from hitl_sim.participants.record import Floats, Record, medians, places
from oracles.timing import (
    GUMBEL_SD,
    LAPSE_LOG_TIME,
    LOG_LOG_2,
    PAUSE_FACTOR,
    WAIT_FACTOR,
)

_ROUNDS, _STEPS = 5, 500
_MARGIN_POINTS = 16
# Fewer neighbours in time say nothing of a slow drift.
_LEAST_PAIRS = 200
_LAGS = 5

_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(31)
_LOG_WEIGHTS = np.log(_WEIGHTS / _WEIGHTS.sum())
_LEAST_SKEW = 0.4
_STEEPEST = 60.0
_NEVER = -1e4
# Standard deviations below its mean from which a normal's tail is a series.
_FAR_BELOW = -6.0
# Share of the variance of log seconds that is fresh, at least, where people are told
# apart by it: below, what they differ in cannot be made by it.
_LEAST_FRESH = 0.3

TRAITS = (
    *("pace", "practice", "power", "conflict", "length"),
    *("spread", "skew", "pause", "wait", "lapse_time"),
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
    "lapse_time": Prior(LAPSE_LOG_TIME, 0.7),
    "pace_spread": Prior(float(np.log(0.4)), 0.8),
    "spread_variation": Prior(float(np.log(0.25)), 0.7),
    "pause_spread": Prior(float(np.log(0.8)), 0.7),
    "practice_spread": Prior(float(np.log(0.5)), 0.7),
}
"""Weak beliefs; practice, its power, the time of a guess and the spreads as logarithms,
skew and pauses as logits.
Centres are those of the default population, widths a factor of two or more; of how far
people differ in spread and in pauses, what recorded sets show."""


class PersonTraits(NamedTuple):
    """A number of pace, spread, pauses and practice: of everybody, or `[A]` of each."""

    pace: Float[Array, "..."]
    spread: Float[Array, "..."]
    pause: Float[Array, "..."]
    practice: Float[Array, "..."]


SPREADS = ("pace_spread", "spread_variation", "pause_spread", "practice_spread")
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
        lapse_time: log of the time of a quick guess over a typical time.
        person: `[A]` standardised deviations of each person's pace, log spread, logit
            of pauses and of waits, and log practice.
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
    lapse_time: Float[Array, ""]
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
        answers: `[L]` answers of which each time is the mean; None where each is of
            one.
    """

    person: Int[Array, "L"]
    log_seconds: Float[Array, "L"]
    trials: Float[Array, "L"] | None
    conflict: Float[Array, "L"]
    log_size: Float[Array, "L"]
    lapse: Float[Array, "L"]
    answers: Float[Array, "L"] | None = None


@dataclass(frozen=True)
class ResponseTimeFit:
    """What times say of a crowd.

    Attributes:
        timing: maximum of the posterior.
        spread: standard deviations over people of pace, log spread, logit of pauses,
            log practice.
        sd: standard errors by trait, and of the logs of the spreads by `SPREADS`.
        person_sd: `[A]` standard errors of people's standardised traits.
        drift: standard deviation of the slow part; nan where it was not seen.
        memory: its coefficient.
        is_ordered: whether practice could be fitted.
        conflict: mean of the expected conflicts.
        unseen_conflict: mean variance of conflicts around what was expected.
        is_shared: whether times are of forms of several answers.
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
    is_shared: bool = False

    def fresh_spread(self, log_spread: float) -> float:
        """Return the spread of log seconds that neither conflict nor drift makes.

        Nobody saw conflicts: what these vary around their expectation stands in the
        residuals too.
        """
        made = float(self.timing.conflict) ** 2 * self.unseen_conflict
        slow = self.drift**2 if np.isfinite(self.drift) else 0.0
        return float(np.sqrt(max(np.exp(2.0 * log_spread) - made - slow, 1e-4)))

    def fresh_variation(self, variation: float) -> float:
        """Return how far logs of that spread vary over people.

        Conflict and drift are everybody's: what people differ in is diluted by them, so
        it varies by more than the logs of the whole do.
        """
        whole = float(self.timing.spread)
        diluted = (self.fresh_spread(whole) / np.exp(whole)) ** 2
        return float(variation / max(diluted, _LEAST_FRESH))

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
    known = lay_out_times(record, conflict, lapse)
    times = _fill(known, record.num_people)
    num_people = padded_size(record.num_people)
    centre = {name: leaf(PRIORS[name].mean) for name in TRAITS}
    own = medians(np.asarray(known.log_seconds, float), np.asarray(known.person))
    pace = float(np.nanmedian(own))
    centre["pace"] = leaf(pace)
    spread = PersonTraits(*(leaf(np.exp(PRIORS[n].mean)) for n in SPREADS))
    nobody = leaf(np.zeros(num_people))
    paces = nobody.copy()
    paces[: own.size] = np.nan_to_num(own - pace) / spread.pace
    timing = Timing(**centre, person=PersonTraits(paces, nobody, nobody, nobody))
    for _ in range(_ROUNDS):
        timing = estimate.minimise(_loss, timing, _STEPS, spread, times)
        traits = zip(
            SPREADS,
            spread,
            timing.person,
            _look(timing, spread, times).curvature,
            strict=True,
        )
        before, spread = (
            spread,
            PersonTraits(
                *(estimate.respread(PRIORS[name], *trait) for name, *trait in traits)
            ),
        )
        # people stay where they are, for from elsewhere it may end in another optimum
        stayed = map(lambda z, was, now: z * was / now, timing.person, before, spread)
        timing = timing._replace(person=PersonTraits(*stayed))
    timing = estimate.minimise(_loss, timing, _STEPS, spread, times)
    seen = _look(timing, spread, times)
    sd = _errors(timing, spread, times, seen.curvature)
    size = known.log_seconds.size
    residual, is_work = (
        np.asarray(part, float)[:size] for part in (seen.residual, seen.is_work)
    )
    drift, memory = _slow_part(known, residual, is_work)

    def there(traits: PersonTraits) -> PersonTraits:
        return PersonTraits(*(leaf(t)[: record.num_people] for t in traits))

    return ResponseTimeFit(
        timing=timing._replace(person=there(timing.person)),
        spread=spread,
        sd=sd,
        person_sd=there(PersonTraits(*(leaf(h) ** -0.5 for h in seen.curvature))),
        drift=drift,
        memory=memory,
        is_ordered=record.is_ordered,
        conflict=float(np.mean(known.conflict)),
        unseen_conflict=unseen,
        is_shared=times.answers is not None,
    )


def _fill(times: Times, num_people: int) -> Times:
    """Fill times and people up to sizes that many records share (`padding`)."""
    size = padded_size(times.log_seconds.shape[0])
    beyond = padded_size(num_people)
    filled: dict[str, Any] = {
        name: None if column is None else pad(column, size, name == "answers")
        for name, column in times._asdict().items()
    }
    return Times(**filled | {"person": pad(times.person, size, beyond)})


def lay_out_times(record: Record, conflict: Floats, lapse: Floats) -> Times:
    """Return the known times, of a unit of several answers one, in the mean."""
    rows = np.nonzero(np.isfinite(record.times))[0]
    group, first = np.arange(rows.size), rows
    if record.unit is not None:
        _, at, group = np.unique(
            record.unit[rows], return_index=True, return_inverse=True
        )
        # in the order of work, as rows are
        rank = np.argsort(np.argsort(at))
        first, group = rows[np.sort(at)], rank[group]

    def mean(values: NDArray[np.floating[Any]]) -> Float[Array, "U"]:
        total = np.bincount(group, weights=values[rows])
        found: Array = leaf(total / np.bincount(group))
        return found

    trials = places(record.person) * 1.0
    size = None if record.unit_size is None else record.unit_size[first]
    return Times(
        person=leaf(record.person[first], np.int32),
        log_seconds=leaf(log_seconds(record.times[first])),
        trials=mean(trials) if record.is_ordered else None,
        conflict=mean(conflict),
        log_size=leaf(np.log(mean(record.size[record.item]))),
        lapse=mean(lapse),
        answers=None if size is None else leaf(size),
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
    picked = pick(shape, table, rows)
    evidence = item_evidence(shape, points, picked, rows, quality.classes)
    weight = at_rows(jax.nn.softmax(evidence, axis=1), rows.item)
    chance = jax.nn.sigmoid(quality.lapse) / shape.num_options
    felt, square = conflict_table(shape, points, quality, people)
    parts = (felt, square, chance * jnp.exp(-table))
    by_answer = (jnp.sum(weight * pick(shape, t, rows), axis=1) for t in parts)
    first, second, third = by_answer
    return first, second, third


def _pace(timing: Timing, spread: PersonTraits, times: Times) -> Array:
    return timing.pace + spread.pace * at_rows(timing.person.pace, times.person)


def _log_spread(timing: Timing, spread: PersonTraits, times: Times) -> Array:
    return timing.spread + spread.spread * at_rows(timing.person.spread, times.person)


def _log_sd(timing: Timing, spread: PersonTraits, times: Times) -> Array:
    log_sd = _log_spread(timing, spread, times)
    if times.answers is None:
        return log_sd
    return mean_of_several(log_sd, times.answers)[0]


def _pause_logit(timing: Timing, spread: PersonTraits, times: Times) -> Array:
    return timing.pause + spread.pause * at_rows(timing.person.pause, times.person)


def _wait_logit(timing: Timing, spread: PersonTraits, times: Times) -> Array:
    """Return logits of waits: who is interrupted often waits often."""
    return timing.wait + spread.pause * at_rows(timing.person.pause, times.person)


def _expected(timing: Timing, spread: PersonTraits, times: Times) -> Array:
    """Return log seconds of work without noise."""
    pace = _pace(timing, spread, times)
    weighing = timing.conflict * times.conflict + timing.length * times.log_size
    # A guess takes a share of the time, and no weighing (timing).
    weighing = weighing + times.lapse * (timing.lapse_time - weighing)
    if times.answers is not None:
        own = _log_spread(timing, spread, times)
        weighing = weighing + mean_of_several(own, times.answers)[1]
    return pace + weighing + jnp.log1p(_unpractised(timing, spread, times))


def _unpractised(timing: Timing, spread: PersonTraits, times: Times) -> Array:
    """Return the extra time that practice has left, fraction of the time."""
    if times.trials is None:
        return jnp.zeros_like(times.log_seconds)
    first = timing.practice + spread.practice * at_rows(
        timing.person.practice, times.person
    )
    return jnp.exp(first - jnp.exp(timing.power) * jnp.log1p(times.trials))


def _residual(timing: Timing, spread: PersonTraits, times: Times) -> Array:
    return times.log_seconds - _expected(timing, spread, times)


def _components(
    timing: Timing, spread: PersonTraits, times: Times
) -> tuple[Array, Array, Array]:
    """Return log densities of work, and of work with a wait or an interruption."""
    residual = _residual(timing, spread, times)
    log_sd = _log_sd(timing, spread, times)
    work = log_noise(residual * jnp.exp(-log_sd), skew_of(timing.skew)) - log_sd
    pace = _pace(timing, spread, times)
    usual = _expected(timing, spread, times)
    excess = jnp.exp(times.log_seconds - pace) - jnp.exp(usual - pace)
    log_slope = times.log_seconds - pace
    logit = _pause_logit(timing, spread, times)
    waiting = _wait_logit(timing, spread, times)
    if times.answers is None:
        # A wait is exponentially long, an interruption ten typical times more (timing).
        sd = jnp.exp(usual - pace + log_sd)
        pause = log_slope + log_delayed(excess - PAUSE_FACTOR, sd, PAUSE_FACTOR)
        wait = log_slope + log_delayed(excess, sd, WAIT_FACTOR)
        at_it, off = log_sigmoid(-logit), log_sigmoid(logit)
        on, waited = log_sigmoid(-waiting), log_sigmoid(waiting)
    else:
        # waits cannot be told from slow answers
        late = PAUSE_FACTOR / times.answers
        pause = log_late(log_slope, usual - pace, log_sd, 2.0 * late, late**2)
        at_it, off = none_or_one(logit, times.answers)
        on, waited, wait = jnp.float32(0.0), jnp.float32(_NEVER), work
    return at_it + on + work, at_it + waited + wait, off + pause


def log_delayed(excess: Array, sd: Array, mean: float) -> Array:
    """Return the log density of a normal and an exponential delay added up.

    Work varies too, so a delay shorter than that begins at no edge: a density with one
    has no curvature there, and standard errors none.

    Args:
        excess: time over that of work alone.
        sd: of the time of work.
        mean: of the delay.
    """
    place, rate = excess / sd, sd / mean
    short = place - rate
    # far below, a tail that vanishes and a factor that grows would cancel each other
    is_far = short < _FAR_BELOW
    inverse = 1.0 / jnp.square(jnp.where(is_far, short, _FAR_BELOW))
    # the tail of a normal by its asymptotic series (Abramowitz and Stegun, 26.2.12)
    series = 1.0 - inverse * (
        1.0 - 3.0 * inverse * (1.0 - 5.0 * inverse * (1.0 - 7.0 * inverse))
    )
    tail = jnp.log(series * jnp.sqrt(inverse / (2.0 * jnp.pi)))
    near = jax.scipy.stats.norm.logcdf(jnp.where(is_far, _FAR_BELOW, short))
    onset = near - excess / mean + jnp.square(rate) / 2.0
    return jnp.where(is_far, tail - jnp.square(place) / 2.0, onset) - jnp.log(mean)


def skew_of(logit: Array) -> Array:
    """Return the skew; below `_LEAST_SKEW` its integral is too coarse to be fitted."""
    return _LEAST_SKEW + (1.0 - _LEAST_SKEW) * jax.nn.sigmoid(logit)


def log_noise(residual: Array, skew: Array) -> Array:
    """Return the log density of the noise of log seconds, variance 1 (timing)."""
    rest = jnp.sqrt(1.0 - jnp.square(skew))
    nodes = jnp.asarray(_NODES, jnp.float32)[None, :]
    level = GUMBEL_SD * (residual[:, None] - rest * nodes) / skew - LOG_LOG_2
    # beyond, what is far too quick for the law is only refused as firmly
    tail = jnp.exp(jnp.minimum(-level, _STEEPEST))
    parts = jnp.asarray(_LOG_WEIGHTS, jnp.float32)[None, :] - level - tail
    return jax.nn.logsumexp(parts, axis=1) + jnp.log(GUMBEL_SD / skew)


def _loss(timing: Timing, spread: PersonTraits, times: Times) -> Array:
    """Return what sums to minus the log posterior, `[L + 1]`."""
    parts = jnp.stack(_components(timing, spread, times))
    prior = -0.5 * sum(jnp.sum(jnp.square(trait)) for trait in timing.person)
    for name in TRAITS:
        mean, sd = PRIORS[name]
        prior = prior - 0.5 * jnp.square((getattr(timing, name) - mean) / sd)
    is_there = times.person < timing.person.pace.size
    chances = jnp.where(is_there, jax.nn.logsumexp(parts, axis=0), 0.0)
    return -jnp.append(chances, prior)


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
    is Gumbel, of the log of spread by 2, and of practice by what of it was left; each
    tells of pauses and waits by the variance of whether there was one.
    """
    parts = jnp.stack(_components(timing, spread, times))
    is_work = jax.nn.softmax(parts, axis=0)[0]
    log_sd, fresh = _log_sd(timing, spread, times), jnp.float32(1.0)
    if times.answers is not None:
        fresh = follows(_log_spread(timing, spread, times), times.answers)
    precise = jnp.exp(-2.0 * log_sd)
    precise = precise * (1.0 + (GUMBEL_SD**2 - 1.0) * skew_of(timing.skew) ** 2)
    share = jax.nn.sigmoid(_pause_logit(timing, spread, times))
    paused = share * (1.0 - share)
    if times.answers is None:
        waits = jax.nn.sigmoid(_wait_logit(timing, spread, times))
        paused = paused + waits * (1.0 - waits)
    else:
        paused = paused * times.answers
    left = _unpractised(timing, spread, times)
    slowed = is_work * precise * jnp.square(left / (1.0 + left))
    known = PersonTraits(is_work * precise, 2.0 * fresh**2 * is_work, paused, slowed)

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

    Nobody's times depend on another's traits: the last are blocks, `[A, 4, 4]`; the
    second is `[A, 4, G]`.
    """
    slope = estimate.Slope(_loss, timing, spread, times)
    size, num_people = len(TRAITS), timing.person.pace.size

    def along(start: int, count: int) -> tuple[Floats, Floats]:
        direction = np.zeros(slope.start.size)
        direction[start : start + count] = 1.0
        bent = slope.bend(slope.start, direction)
        return bent[:size], bent[size:].reshape(-1, num_people).T

    own, across = (
        np.stack(part) for part in zip(*(along(n, 1) for n in range(size)), strict=True)
    )
    # everybody at once, for nobody's times depend on another's traits
    turns = range(size, slope.start.size, num_people)
    block = [along(start, num_people)[1] for start in turns]
    return own, np.moveaxis(across, 0, 2), np.stack(block, axis=2)


def _slow_part(times: Times, residual: Floats, chance: Floats) -> tuple[float, float]:
    """Return spread and memory of the slow part from how residuals go together.

    With an AR(1) part and fresh noise the covariance at lag k is d^2 m^k, less what
    taking off each person's own mean takes of it: its variance (Marriott, Pope 1954,
    Bias in the estimation of autocorrelations, Biometrika 41, 390-402). Both are those
    nearest to the covariances at the first lags.
    """
    if times.trials is None or times.answers is not None:
        return float("nan"), float("nan")
    person = np.asarray(times.person)
    is_work: Bool[np.ndarray, L] = chance > 0.5
    size = np.bincount(person[is_work], minlength=person.max() + 1).clip(1)
    sums = np.bincount(person[is_work], residual[is_work], person.max() + 1)
    residual = residual - (sums / size)[person]
    per_answer = 1.0 / size
    total = float(np.square(residual[is_work]).mean())
    count, taken, seen = np.zeros((3, _LAGS))
    for lag in range(1, _LAGS + 1):
        both = (person[lag:] == person[:-lag]) & is_work[lag:] & is_work[:-lag]
        product = residual[lag:][both] * residual[:-lag][both]
        count[lag - 1] = product.size
        if not product.size:
            continue
        taken[lag - 1] = per_answer[person[lag:][both]].mean()
        seen[lag - 1] = product.mean() + taken[lag - 1] * total
        if lag == 1:
            error = float(product.std()) / np.sqrt(product.size)
    if count[0] < _LEAST_PAIRS or seen[0] < 2.0 * error:
        return float("nan"), float("nan")
    memory = np.linspace(0.05, 0.9, 86)[:, None]
    wanted = memory ** np.arange(1, _LAGS + 1) - taken * 2.0 * memory / (1.0 - memory)
    variance = (wanted * seen) @ count / np.maximum(np.square(wanted) @ count, 1e-9)
    variance = np.clip(variance, 0.0, total)
    misfit = np.square(variance[:, None] * wanted - seen) @ count
    best = int(misfit.argmin())
    return float(np.sqrt(variance[best])), float(memory[best, 0])
