"""A crowd as a distribution over annotators, built from dials that people understand.

Accuracy, repeatability and shared error are separate dials. Skill is solved for the
accuracy; the two lambdas follow from `repeatability = 1 - (ls lo)^2` and
`shared_error = 1 - ls^2`, and leave the accuracy where it is.
"""

import math
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Float, PRNGKeyArray

from oracles.annotators import Annotators
from oracles.hashing import Role, draw_words, seed_stream, to_normal
from oracles.population_source import KINDS, describe_population
from oracles.solve import expected_conflict, solve_criterion, solve_skill

TWO_OPTIONS = ("relevance", "preference", "difficulty")

# What a kind that has no use for a trait puts in its place.
_UNUSED = {"band": 0.0, "criterion": 0.0, "criterion_spread": 0.0}


class Population(NamedTuple):
    """Distribution over annotators; float32 scalars only, so populations stack and map.

    Attributes:
        skill: mean of skill over people, utility.
        skill_spread: standard deviation of skill over people.
        own: lambda_own of everybody.
        shared: lambda_shared of the crowd.
        lapse: probability of a quick guess.
        pace: mean over people of the log seconds of a typical question.
        pace_spread: standard deviation of pace over people.
        practice: extra time of the first question, fraction of it.
        practice_power: exponent by which that vanishes.
        conflict: log seconds per unit of conflict.
        length: exponent of the item's relative size.
        drift: standard deviation of the slow part of log seconds.
        memory: its AR(1) coefficient.
        spread: standard deviation of the rest of log seconds.
        pause: probability of an interruption.
        band: half width of "unsure" or of a tie, utility.
        criterion: mean over people of the utility that a marked group clears.
        criterion_spread: its standard deviation over people.
    """

    skill: ArrayLike
    skill_spread: ArrayLike
    own: ArrayLike
    shared: ArrayLike
    lapse: ArrayLike
    pace: ArrayLike
    pace_spread: ArrayLike
    practice: ArrayLike
    practice_power: ArrayLike
    conflict: ArrayLike
    length: ArrayLike
    drift: ArrayLike
    memory: ArrayLike
    spread: ArrayLike
    pause: ArrayLike
    band: ArrayLike
    criterion: ArrayLike
    criterion_spread: ArrayLike


def build_population(
    name: str,
    kind: str,
    num_options: int,
    *,
    accuracy: float | None = None,
    shared_error: float | None = None,
    repeatability: float | None = None,
    lapse: float | None = None,
    seconds: float | None = None,
) -> Population:
    """Build a named population, with the dials that are given set anew; on the host.

    Args:
        name: one of `POPULATIONS`.
        kind: one of `FEEDBACK`.
        num_options: number of classes (label, verification) or of groups (importance,
            marks); the other kinds have 2.
        accuracy: mean single-answer accuracy over people, lapses included.
            Verification: probability that a right suggestion is confirmed. Relevance:
            among answers that are not "unsure". Importance: probability that the
            better of two groups one standard deviation apart is ranked first;
            preference: that the better of two such objects is preferred, among answers
            that are not ties; difficulty: that an item is felt to be harder than one a
            standard deviation below it. Marks: probability, lapses apart, that a group
            one standard deviation above the person's criterion is marked.
        shared_error: noise correlation of two people on one item, in [0, 1].
        repeatability: noise correlation of two looks of one person, in
            [shared_error, 1].
        lapse: probability of a quick guess, in [0, 1].
        seconds: median seconds of a typical question (importance, marks: of all
            groups together), practised and not guessed; > 0.

    Returns:
        The population; a dial left at None keeps the population's own number.

    Raises:
        ValueError: an unknown name, or a dial out of its range, naming all three.
    """
    source = describe_population(name)
    if kind not in KINDS:
        allowed = ", ".join(repr(known) for known in KINDS)
        raise ValueError(f"`kind` must be one of {allowed}, got {kind!r}.")
    _check_options(kind, num_options)
    numbers = source.values(kind)
    if kind in ("importance", "marks"):
        numbers["seconds"] *= num_options
    dials = {
        "accuracy": accuracy,
        "shared_error": shared_error,
        "repeatability": repeatability,
        "lapse": lapse,
        "seconds": seconds,
    }
    numbers.update({dial: value for dial, value in dials.items() if value is not None})
    _check_dials(numbers)
    skill = solve_skill(
        kind,
        num_options,
        accuracy=numbers.pop("accuracy", None),
        skill_spread=numbers["skill_spread"],
        lapse=numbers["lapse"],
        band=numbers.get("band", 0.0),
    )
    own, shared = _split_noise(
        numbers.pop("repeatability"), numbers.pop("shared_error")
    )
    typical_conflict = expected_conflict(
        kind, num_options, skill, numbers["skill_spread"]
    )
    mark_share = numbers.pop("mark_share", None)
    if mark_share is not None:
        numbers["criterion"] = solve_criterion(skill, mark_share)
    pace = math.log(numbers.pop("seconds")) - numbers["conflict"] * typical_conflict
    fields = {"skill": skill, "own": own, "shared": shared, "pace": pace}
    fields |= _UNUSED | numbers
    return Population(**{k: np.asarray(v, np.float32) for k, v in fields.items()})


def sample_annotators(
    key: PRNGKeyArray, population: Population, num_annotators: int
) -> Annotators:
    """Draw a crowd; person `a` has id `a` and does not depend on how many there are.

    Args:
        key: the crowd's key, the one passed to `answer`.
        population: the distribution; scalar leaves.
        num_annotators: number of people A; static.

    Returns:
        The people.
    """
    ids = jnp.arange(num_annotators, dtype=jnp.int32)
    words = draw_words(seed_stream(key, 0, Role.PERSON), 0, 0, ids, 0)
    skill_z, pace_z, criterion_z = (to_normal(word) for word in words[:3])

    def everybody(value: ArrayLike) -> Float[Array, "A"]:
        return jnp.full(num_annotators, value, dtype=jnp.float32)

    return Annotators(
        id=ids,
        skill=everybody(population.skill) + population.skill_spread * skill_z,
        own=everybody(population.own),
        lapse=everybody(population.lapse),
        pace=everybody(population.pace) + population.pace_spread * pace_z,
        practice=everybody(population.practice),
        practice_power=everybody(population.practice_power),
        conflict=everybody(population.conflict),
        length=everybody(population.length),
        drift=everybody(population.drift),
        memory=everybody(population.memory),
        spread=everybody(population.spread),
        pause=everybody(population.pause),
        band=everybody(population.band),
        criterion=everybody(population.criterion)
        + population.criterion_spread * criterion_z,
        shared=jnp.asarray(population.shared, dtype=jnp.float32),
    )


def _split_noise(repeatability: float, shared_error: float) -> tuple[float, float]:
    """Return lambda_own and lambda_shared of the two correlations."""
    shared = math.sqrt(1.0 - shared_error)
    both = math.sqrt(1.0 - repeatability)
    return (min(both / shared, 1.0) if shared > 0 else 1.0), shared


def _check_options(kind: str, num_options: int) -> None:
    if num_options < 2:
        raise ValueError(f"`num_options` must be >= 2, got {num_options}.")
    if kind in TWO_OPTIONS and num_options != 2:
        raise ValueError(f"`num_options` must be 2 for {kind}, got {num_options}.")


def _check_dials(numbers: dict[str, float]) -> None:
    for dial in ("shared_error", "repeatability", "lapse"):
        if not 0.0 <= numbers[dial] <= 1.0:
            raise ValueError(f"`{dial}` must be in [0, 1], got {numbers[dial]}.")
    if numbers["repeatability"] < numbers["shared_error"]:
        low = numbers["shared_error"]
        raise ValueError(
            f"`repeatability` must be in [shared_error, 1] = [{low:g}, 1], got "
            f"{numbers['repeatability']}. What all people share, a person repeats."
        )
    if not 0.0 < numbers["seconds"] < math.inf:
        raise ValueError(f"`seconds` must be > 0 s, got {numbers['seconds']}.")
