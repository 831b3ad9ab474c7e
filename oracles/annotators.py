"""Annotators: the traits of a crowd, one leaf each, and what a person carries along."""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float, Int, PRNGKeyArray
from numpy.typing import NDArray

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

    The rest are traits that people may lack; None costs nothing and changes nothing.

    Attributes:
        confusion: `[A, K, K]` utility added to each option, as [annotator, truth,
            option] (label, verification): classes a person mistakes for each other.
        guess: `[A, K]` probabilities of the options in a lapse, > 0 and summing to 1;
            even if None. Not for marks.
        pull: `[A]` utility that the suggested option gains (automation bias); label,
            verification, relevance and preference, where something is suggested.
        habit: `[A]` utility that the previous answer gains (label).
        skip_margin: `[A]` >= 0; no answer where it would stand by less than this margin
            of utility.
        skip_level: `[A]` no answer where no option has this systematic utility.
        caution: `[A]` log factor on the signal, paid for with time; 0 = as usual.
        fatigue: `[A]` share in [0, 1] of the signal that is lost in the long run.
        fatigue_s: `[A]` time on task after which 63 % of that is lost, s; > 0.
        recovery_s: `[A]` rest that takes 63 % of the load off, s; > 0.
        learning: `[A]` skill that marks after answers add in the long run.
        learning_trials: `[A]` marks after which 63 % of that is there; > 0.
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
    pull: Float[Array, "A"] | None = None
    habit: Float[Array, "A"] | None = None
    skip_margin: Float[Array, "A"] | None = None
    skip_level: Float[Array, "A"] | None = None
    caution: Float[Array, "A"] | None = None
    fatigue: Float[Array, "A"] | None = None
    fatigue_s: Float[Array, "A"] | None = None
    recovery_s: Float[Array, "A"] | None = None
    learning: Float[Array, "A"] | None = None
    learning_trials: Float[Array, "A"] | None = None


class AnnotatorState(NamedTuple):
    """What a person carries from question to question.

    Attributes:
        trials: `[A]` questions met so far.
        time_s: `[A]` time on task so far, s.
        last_residual: `[A]` slow part of log seconds at the last question.
        last_answer: `[A]` last answer given (importance and marks: its first entry);
            -1 if none.
        load_s: `[A]` time on task that rest has not taken off, in typical seconds.
        lessons: `[A]` answers so far that were marked right or wrong.
    """

    trials: Int[Array, "A"]
    time_s: Float[Array, "A"]
    last_residual: Float[Array, "A"]
    last_answer: Int[Array, "A"]
    load_s: Float[Array, "A"]
    lessons: Int[Array, "A"]


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
    "confusion": (-np.inf, np.inf),
    "guess": (float(np.finfo(np.float32).tiny), 1.0),
    "pull": (-np.inf, np.inf),
    "habit": (-np.inf, np.inf),
    "skip_margin": (0.0, np.inf),
    "skip_level": (-np.inf, np.inf),
    "caution": (-np.inf, np.inf),
    "fatigue": (0.0, 1.0),
    "fatigue_s": (float(np.finfo(np.float32).tiny), np.inf),
    "recovery_s": (float(np.finfo(np.float32).tiny), np.inf),
    "learning": (-np.inf, np.inf),
    "learning_trials": (float(np.finfo(np.float32).tiny), np.inf),
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
        if getattr(params, name) is None:
            continue
        leaf = np.asarray(getattr(params, name))
        shape = _shape_of(name, leaf, ids.size)
        if leaf.shape != shape:
            raise ValueError(f"`{name}` must have shape {shape}, got {leaf.shape}.")
        bad = ~(np.isfinite(leaf) & (leaf >= low) & (leaf <= high))
        if bad.any():
            allowed = f"finite and in [{low:g}, {high:g}]"
            raise ValueError(f"`{name}` must be {allowed}, got {leaf[bad].flat[0]}.")

    if params.guess is not None:
        total = np.asarray(params.guess).sum(axis=1)
        if (np.abs(total - 1.0) > 1e-5).any():
            worst = total[np.argmax(np.abs(total - 1.0))]
            raise ValueError(f"`guess` must sum to 1 for everybody, got {worst:g}.")
    _check_twins(params)


def _check_twins(params: Annotators) -> None:
    for pair in (("fatigue", "fatigue_s"), ("learning", "learning_trials")):
        lacking = [name for name in pair if getattr(params, name) is None]
        if len(lacking) == 1:
            raise ValueError(f"`{lacking[0]}` must be given with its twin, got None.")


def _shape_of(name: str, leaf: NDArray[np.generic], num_people: int) -> tuple[int, ...]:
    """Return the shape that a trait has to have, K taken from the trait itself."""
    if name == "shared":
        return ()
    options = (leaf.shape[-1],) if leaf.ndim else (0,)
    return (num_people, *options * {"confusion": 2, "guess": 1}.get(name, 0))


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
        load_s=jnp.zeros_like(params.pace),
        lessons=jnp.zeros_like(params.id),
    )
