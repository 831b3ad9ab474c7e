"""Fit a crowd to preferences: worth of objects, and each person's clarity and band.

```
U[first] - U[second] = clarity_a (worth_i - worth_j) + lead + noise, a tie within band_a
```
This is the read-out of `oracles.feedback.preference`. What all people see in an object
is the same in every comparison, so it is a part of the object's worth; what a person
repeats of their own cannot be told without second looks.

References:
    Rao, Kupper (1967), Ties in paired-comparison experiments: a generalization of the
    Bradley-Terry model, Journal of the American Statistical Association 62, 194-204.
    MacKay (1992), Bayesian interpolation, Neural Computation 4(3), 415-447.
"""

from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float, Int

from hitl_sim.participants.fitting.estimate import Prior, minimise, respread
from hitl_sim.participants.fitting.quality_model import PRIORS, log_between
from hitl_sim.participants.record import Floats, Record

_ROUNDS, _STEPS = 6, 12
_SPREADS = (Prior(0.0, 1.0), Prior(-1.0, 0.6), Prior(-1.0, 0.6))
"""Weak beliefs of the logs of the standard deviations of worth, log clarity, log band:
worths of the order of the noise, people a third apart."""
_NUM_OPTIONS = 3


class Compared(NamedTuple):
    """Answers, as numbers.

    Attributes:
        person: `[L]`.
        first: `[L]` object shown first.
        second: `[L]` the other one.
        answer: `[L]` 0 first, 1 tie, 2 second.
    """

    person: Int[Array, "L"]
    first: Int[Array, "L"]
    second: Int[Array, "L"]
    answer: Int[Array, "L"]


class Comparing(NamedTuple):
    """What is estimated.

    Attributes:
        worth: `[O]` standardised worth of each object.
        clarity: `[A]` standardised log of what a unit of worth counts for a person.
        width: `[A]` standardised deviation of the log of a person's band.
        band: log of the typical band.
        lead: what the first place gains.
        lapse: logit of the probability of a guess.
    """

    worth: Float[Array, "O"]
    clarity: Float[Array, "A"]
    width: Float[Array, "A"]
    band: Float[Array, ""]
    lead: Float[Array, ""]
    lapse: Float[Array, ""]


@dataclass(frozen=True)
class ComparisonFit:
    """What preferences say of a crowd.

    Attributes:
        at: maximum of the posterior.
        spread: standard deviations of worth, log clarity, log band.
        sd: standard errors of standardised worths, `[O]`, clarities and widths, `[A]`.
    """

    at: Comparing
    spread: tuple[float, ...]
    sd: tuple[Floats, ...]


def fit_comparisons(record: Record) -> ComparisonFit:
    """Fit a crowd to its preferences.

    Raises:
        ValueError: the record does not say what was compared.
    """
    rows = compared(record)
    num_objects = int(np.asarray(record.objects).max()) + 1
    people, none = jnp.zeros(record.num_people), jnp.float32(0.0)
    lapse = jnp.float32(PRIORS["lapse"].mean)
    at = Comparing(jnp.zeros(num_objects), people, people, none, none, lapse)
    spread = jnp.asarray([np.exp(prior.mean) for prior in _SPREADS], jnp.float32)
    for _ in range(_ROUNDS):
        at = minimise(_loss, at, _STEPS, spread, rows)
        traits = zip(
            _SPREADS, spread, at[:3], _curvatures(at, spread, rows), strict=True
        )
        spread = jnp.stack([respread(*trait) for trait in traits])
    at = minimise(_loss, at, _STEPS, spread, rows)
    sd = tuple(np.asarray(h, float) ** -0.5 for h in _curvatures(at, spread, rows))
    return ComparisonFit(at, tuple(map(float, spread)), sd)


def compared(record: Record) -> Compared:
    """Return the first looks that were answered."""
    if record.objects is None:
        raise ValueError(
            f"{record.name}: `first_object` and `second_object` must be given for "
            "every preference, got none."
        )
    kept = (record.answer >= 0) & (record.occasion == 0)
    both = record.objects[record.item[kept]]
    columns = (record.person[kept], both[:, 0], both[:, 1], record.answer[kept])
    return Compared(*(jnp.asarray(column, jnp.int32) for column in columns))


def score_known(fit: ComparisonFit, rows: Compared) -> Floats:
    """Return the log probability of each answer by people seen, `[L]`."""
    spread = jnp.asarray(fit.spread, jnp.float32)
    return np.asarray(_log_chance(fit.at, spread, rows), float)


def score_anybody(
    rng: np.random.Generator,
    fit: ComparisonFit,
    rows: Compared,
    share: Floats,
    num_drawn: int,
) -> Floats:
    """Return log probabilities of answers by people unknown, `[R, L]` for each draw.

    Each draw takes worths from what is known of them, and gives every answer somebody
    like the fitted people.

    Args:
        rng: draws worths and people.
        fit: of the crowd.
        rows: the answers; persons are not looked at.
        share: `[A]` share of the answers that each fitted person gave.
        num_drawn: draws R.
    """
    at, size = fit.at, rows.answer.shape[0]
    spread = jnp.asarray(fit.spread, jnp.float32)
    found = np.empty((num_drawn, size))
    mean, (worth_sd, clarity_sd, width_sd) = np.asarray(at.worth, float), fit.sd
    for turn in range(num_drawn):
        worth = mean + worth_sd * rng.standard_normal(mean.size)
        source = rng.choice(share.size, size, p=share)
        noise = rng.standard_normal((2, size))
        clarity = np.asarray(at.clarity)[source] + clarity_sd[source] * noise[0]
        width = np.asarray(at.width)[source] + width_sd[source] * noise[1]
        traits = {"worth": worth, "clarity": clarity, "width": width}
        drawn = at._replace(
            **{name: jnp.asarray(z, jnp.float32) for name, z in traits.items()}
        )
        each = rows._replace(person=jnp.arange(size, dtype=jnp.int32))
        found[turn] = np.asarray(_log_chance(drawn, spread, each), float)
    return found


def _leads(at: Comparing, spread: Array, rows: Compared) -> tuple[Array, Array, Array]:
    gap = spread[0] * (at.worth[rows.first] - at.worth[rows.second])
    clarity = spread[1] * at.clarity[rows.person]
    band = at.band + spread[2] * at.width[rows.person]
    return gap, clarity, band


@jax.jit
def _log_chance(at: Comparing, spread: Array, rows: Compared) -> Array:
    gap, clarity, band = _leads(at, spread, rows)
    return _log_answer(gap, clarity, band, at.lead, at.lapse, rows.answer)


def _log_answer(
    gap: Array, clarity: Array, band: Array, lead: Array, lapse: Array, answer: Array
) -> Array:
    """Return the log probability of answers, guesses included."""
    ahead, width = jnp.exp(clarity) * gap + lead, jnp.exp(band)
    # The noise counts for the first: a tie where it lies between two bounds.
    low, high = -width - ahead, width - ahead
    judged = jnp.where(
        answer == 0,
        jax.nn.log_sigmoid(-high),
        jnp.where(answer == 1, log_between(low, high), jax.nn.log_sigmoid(low)),
    )
    guess = jax.nn.log_sigmoid(lapse) - np.log(_NUM_OPTIONS)
    return jnp.logaddexp(jax.nn.log_sigmoid(-lapse) + judged, guess)


def _loss(at: Comparing, spread: Array, rows: Compared) -> Array:
    squares = sum((jnp.sum(z**2) for z in at[:3]), start=jnp.float32(0.0))
    weak = ((at.lapse - PRIORS["lapse"].mean) / PRIORS["lapse"].sd) ** 2
    weak = weak + at.band**2 + (at.lead / PRIORS["confusion"].sd) ** 2
    total: Array = 0.5 * (squares + weak) - jnp.sum(_log_chance(at, spread, rows))
    return total


Curvatures = tuple[Array, ...]


@jax.jit
def _curvatures(at: Comparing, spread: Array, rows: Compared) -> Curvatures:
    """Return the curvature of the log posterior in each standardised number."""

    def of(values: Array, answer: Array) -> Array:
        gap, clarity, band = values
        return _log_answer(gap, clarity, band, at.lead, at.lapse, answer)

    leads = jnp.stack(_leads(at, spread, rows), axis=1)
    bent: Array = jax.vmap(jax.hessian(of))(leads, rows.answer)
    bend = -jnp.diagonal(bent, axis1=1, axis2=2)
    add, people = jax.ops.segment_sum, at.clarity.size
    known = (
        add(bend[:, 0], rows.first, at.worth.size)
        + add(bend[:, 0], rows.second, at.worth.size),
        add(bend[:, 1], rows.person, people),
        add(bend[:, 2], rows.person, people),
    )
    return tuple(
        1.0 + sd**2 * jnp.maximum(value, 0.0)
        for sd, value in zip(spread, known, strict=True)
    )
