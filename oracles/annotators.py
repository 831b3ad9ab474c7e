"""Annotators: the parameters of people, one leaf each, and what they carry along."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float, Int, PRNGKeyArray
from numpy.typing import ArrayLike, NDArray

from oracles.hashing import Role, draw_words, seed_streams, to_normal
from oracles.parameter import ANY, OPTIONAL, PARAMETERS, SHARE, Range


class Annotators(NamedTuple):
    """Parameters of `A` people; every leaf may be swept: one program serves any crowd.

    Attributes:
        id: `[A]` stable person id, a hash input; distinct.
        skill: `[A]` utility that the right option gains on an item of difficulty 0.
        own: `[A]` lambda_own in [0, 1]; 1 = nothing of a person's noise persists.
        lapse: `[A]` probability in [0, 1] that an answer is a quick guess.
        pace: `[A]` mean log seconds of a typical question, practised, no conflict.
        practice: `[A]` extra time of the first question, fraction of it; >= 0.
        practice_power: `[A]` exponent >= 0 of the power law by which it vanishes.
        conflict: `[A]` log seconds added per unit of conflict (log 2 at a tie).
        length: `[A]` exponent of the item's relative size.
        drift: `[A]` standard deviation of the slow (AR(1)) part of log seconds; >= 0.
        memory: `[A]` coefficient in [0, 1) of that slow part from question to question.
        spread: `[A]` standard deviation of the rest of log seconds; >= 0.
        pause: `[A]` probability in [0, 1] that a question is interrupted.
        band: `[A]` half width >= 0 of "unsure" (relevance) or of a tie (preference),
            utility units.
        criterion: `[A]` utility that a group must clear to be marked (marks).
        shared: `[]` lambda_shared in [0, 1], one per crowd; 1 = no error is shared.

    The rest people may lack; what is not there costs nothing and changes nothing.

    Attributes:
        confusion: `[A, K, K]` utility added to each option, as [annotator, truth,
            option] (label, verification): classes a person mistakes for each other.
        guess: `[A, K]` probabilities of the options in a lapse, > 0 and summing to 1;
            even if None. Not for marks.
        extra: `[A]` by name: parameters that are optional in `oracles.parameter`.
        foreign: `[]` by name: parameters of an annotator that is no part of this
            package.
        difficulty_spread: `[]` standard deviation >= 0 over items of what they cost
            everybody, utility, one per crowd (kinds of classes).
    """

    id: Int[Array, "A"]
    skill: Float[Array, "A"]
    own: Float[Array, "A"]
    lapse: Float[Array, "A"]
    pace: Float[Array, "A"]
    practice: Float[Array, "A"]
    practice_power: Float[Array, "A"]
    conflict: Float[Array, "A"]
    length: Float[Array, "A"]
    drift: Float[Array, "A"]
    memory: Float[Array, "A"]
    spread: Float[Array, "A"]
    pause: Float[Array, "A"]
    band: Float[Array, "A"]
    criterion: Float[Array, "A"]
    shared: Float[Array, ""]
    confusion: Float[Array, "A K K"] | None = None
    guess: Float[Array, "A K"] | None = None
    extra: Mapping[str, Float[Array, "A"]] = {}
    foreign: Mapping[str, Float[Array, ""]] = {}
    difficulty_spread: Float[Array, ""] | None = None


OF_CROWD = ("shared", "foreign", "difficulty_spread")
"""Leaves that the whole crowd has, and no person."""


class AnnotatorState(NamedTuple):
    """What a person carries from question to question.

    Attributes:
        trials: `[A]` questions met so far.
        time_s: `[A]` time on task so far, s.
        last_residual: `[A]` slow part of log seconds at the last question.
        last_answer: `[A]` last answer given (importance and marks: its first entry;
            number: its whole part, which nobody reads); -1 if none.
        load_s: `[A]` time on task, in typical seconds.
    """

    trials: Int[Array, "A"]
    time_s: Float[Array, "A"]
    last_residual: Float[Array, "A"]
    last_answer: Int[Array, "A"]
    load_s: Float[Array, "A"]


_RANGES: Mapping[str, Range] = {
    **{
        name: PARAMETERS[name].range
        for name in Annotators._fields
        if name in PARAMETERS
    },
    "own": SHARE,
    "pace": ANY,
    "criterion": ANY,
    "shared": SHARE,
    "confusion": ANY,
    "guess": Range(0.0, is_open=True),
}
"""What each leaf may be; those of `extra` have their parameter's range."""


def check_annotators(params: Annotators) -> None:
    """Refuse parameters that no person can have; runs on the host, before any trace.

    The people are one crowd, unbatched, with concrete leaves.

    Raises:
        ValueError: a leaf has another shape than `id`, holds a number that is not
            finite or out of range, or two people share an id.
    """
    ids = np.asarray(params.id)
    if ids.ndim != 1 or ids.size == 0 or not np.issubdtype(ids.dtype, np.integer):
        raise ValueError(
            f"`id` must be a non-empty vector of integers, got {ids.dtype}{ids.shape}."
        )
    if np.unique(ids).size != ids.size:
        raise ValueError(f"`id` must be distinct, got {ids.tolist()}.")
    for name, allowed in _RANGES.items():
        if getattr(params, name) is not None:
            _check_leaf(name, getattr(params, name), allowed, ids.size)
    _check_extra(params.extra, ids.size)
    if params.guess is not None:
        total = np.asarray(params.guess).sum(axis=1)
        if (np.abs(total - 1.0) > 1e-5).any():
            worst = total[np.argmax(np.abs(total - 1.0))]
            raise ValueError(f"`guess` must sum to 1 for everybody, got {worst:g}.")


def _check_extra(extra: Mapping[str, ArrayLike], num_people: int) -> None:
    for name, leaf in extra.items():
        if name not in OPTIONAL:
            raise ValueError(
                f"`extra` must name parameters that people may lack "
                f"({', '.join(OPTIONAL)}), got {name!r}."
            )
        _check_leaf(name, leaf, PARAMETERS[name].range, num_people)
    for name in OPTIONAL:
        pair = {name, PARAMETERS[name].needs or name}
        lacking = pair - set(extra)
        if lacking and lacking != pair:
            (given,) = pair - lacking
            raise ValueError(
                f"`{lacking.pop()}` must be given where `{given}` is, got none."
            )


def _check_leaf(name: str, values: ArrayLike, allowed: Range, num_people: int) -> None:
    leaf = np.asarray(values)
    shape = _shape_of(name, leaf, num_people)
    if leaf.shape != shape:
        raise ValueError(f"`{name}` must have shape {shape}, got {leaf.shape}.")
    low, high = np.float32(allowed.low), np.float32(allowed.high)
    is_inside = (leaf >= low) & (leaf <= high)
    if allowed.is_open:
        is_inside = (leaf > low) & (leaf < high)
    bad = ~(np.isfinite(leaf) & is_inside)
    if bad.any():
        raise ValueError(f"`{name}` must be {allowed}, got {leaf[bad].flat[0]}.")


def _shape_of(name: str, leaf: NDArray[np.generic], num_people: int) -> tuple[int, ...]:
    """Return the shape that a leaf has to have, K taken from the leaf itself."""
    if name in OF_CROWD:
        return ()
    options = (leaf.shape[-1],) if leaf.ndim else (0,)
    return (num_people, *options * {"confusion": 2, "guess": 1}.get(name, 0))


def map_people(change: Callable[[Array], Array], params: Annotators) -> Annotators:
    """Change the leaves that belong to people: all but what the whole crowd has."""
    leaves = params._asdict()
    of_crowd = {name: leaves.pop(name) for name in OF_CROWD}
    changed: dict[str, Any] = jax.tree.map(change, leaves)
    return Annotators(**changed, **of_crowd)


def init_annotators(key: PRNGKeyArray, params: Annotators) -> AnnotatorState:
    """Put every person at the start of their work.

    No trial is done; the slow part of time is drawn from its long-run law. The key is
    the crowd's, the one passed to `answer`.
    """
    (stream,) = seed_streams(key, 0, Role.START)
    words = draw_words(stream, 0, 0, params.id, 0)
    return AnnotatorState(
        trials=jnp.zeros_like(params.id),
        time_s=jnp.zeros_like(params.pace),
        last_residual=params.drift * to_normal(words[0]),
        last_answer=jnp.full_like(params.id, -1),
        load_s=jnp.zeros_like(params.pace),
    )


def plain_annotators(num_annotators: int) -> Annotators:
    """Build people without any bias, with ids from 0: no skill, no lapse, 1 s each.

    Args:
        num_annotators: number of people A.
    """
    none, one = jnp.zeros(num_annotators), jnp.ones(num_annotators)
    leaves: dict[str, Any] = {
        n: none for n in Annotators._fields if n not in Annotators._field_defaults
    }
    ids = jnp.arange(num_annotators, dtype=jnp.int32)
    leaves |= {"id": ids, "own": one, "practice_power": one, "shared": jnp.float32(1.0)}
    return Annotators(**leaves)


def symmetric(accuracy: ArrayLike, num_options: int) -> Annotators:
    """Build one-coin people: right with p, else evenly wrong. Exact, for label.

    Args:
        accuracy: `[A]` p in [0, 1] of each person; 0 and 1 count as e^-60 from it.
        num_options: number of classes K >= 2.

    Raises:
        ValueError: an accuracy outside [0, 1].

    References:
        Natarajan, Dhillon, Ravikumar, Tewari (2013), Learning with noisy labels,
        NeurIPS 26.
    """
    right = np.asarray(accuracy, float)
    bad = ~((right >= 0.0) & (right <= 1.0))
    if bad.any():
        raise ValueError(f"`accuracy` must be in [0, 1], got {right[bad].flat[0]:g}.")
    floor = np.exp(-60.0)
    odds = np.log(np.maximum(right, floor)) - np.log(np.maximum(1.0 - right, floor))
    skill = jnp.asarray(odds + np.log(num_options - 1.0), jnp.float32)
    return plain_annotators(right.size)._replace(skill=skill)
