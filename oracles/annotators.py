"""Annotators: the traits of a crowd, one leaf each, and what a person carries along."""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float, Int, PRNGKeyArray

from oracles.hashing import Role, draw_words, seed_stream, to_normal


class Annotators(NamedTuple):
    """Traits of `A` people; every leaf may be swept, so one program serves any crowd.

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


class AnnotatorState(NamedTuple):
    """What a person carries from question to question.

    Attributes:
        trials: `[A]` questions met so far.
        time_s: `[A]` time on task so far, s.
        last_residual: `[A]` slow part of log seconds at the last question.
        last_answer: `[A]` last answer given (importance and marks: its first entry);
            -1 if none.
    """

    trials: Int[Array, "A"]
    time_s: Float[Array, "A"]
    last_residual: Float[Array, "A"]
    last_answer: Int[Array, "A"]


_RANGES: dict[str, tuple[float, float]] = {
    "skill": (-np.inf, np.inf),
    "own": (0.0, 1.0),
    "lapse": (0.0, 1.0),
    "pace": (-np.inf, np.inf),
    "practice": (0.0, np.inf),
    "practice_power": (0.0, np.inf),
    "conflict": (-np.inf, np.inf),
    "length": (-np.inf, np.inf),
    "drift": (0.0, np.inf),
    "memory": (0.0, float(np.nextafter(np.float32(1), np.float32(0)))),
    "spread": (0.0, np.inf),
    "pause": (0.0, 1.0),
    "band": (0.0, np.inf),
    "criterion": (-np.inf, np.inf),
    "shared": (0.0, 1.0),
}


def check_annotators(params: Annotators) -> None:
    """Refuse traits that no person can have; runs on the host, before any trace.

    Args:
        params: one crowd, unbatched, with concrete leaves.

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
    for name, (low, high) in _RANGES.items():
        leaf = np.asarray(getattr(params, name))
        shape = () if name == "shared" else ids.shape
        if leaf.shape != shape:
            raise ValueError(f"`{name}` must have shape {shape}, got {leaf.shape}.")
        bad = ~(np.isfinite(leaf) & (leaf >= low) & (leaf <= high))
        if bad.any():
            allowed = f"finite and in [{low:g}, {high:g}]"
            raise ValueError(f"`{name}` must be {allowed}, got {leaf[bad].flat[0]}.")


def init_annotators(key: PRNGKeyArray, params: Annotators) -> AnnotatorState:
    """Put every person at the start of their work.

    Args:
        key: the crowd's key, the one passed to `answer`.
        params: the crowd.

    Returns:
        State with no trial done and the slow part of time drawn from its long-run law.
    """
    words = draw_words(seed_stream(key, 0, Role.START), 0, 0, params.id, 0)
    return AnnotatorState(
        trials=jnp.zeros_like(params.id),
        time_s=jnp.zeros_like(params.pace),
        last_residual=params.drift * to_normal(words[0]),
        last_answer=jnp.full_like(params.id, -1),
    )
