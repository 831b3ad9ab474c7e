"""Answers of a machine to items: confusion, shared error, repetition and confidence.

The noise is that of people (`oracles.utility`): every option has a standard Gumbel part
whatever is shared or repeated, so that with the log of a row of the confusion as
utility the answers have exactly that row's shares. What copies share is drawn from one
stream, which all machines of a key read: two machines that both share error share it
with each other. What a copy repeats hangs on its own id.

Confidence is a rank: normal, with a mean that is higher where the answer is right, so
that a right answer is above a wrong one with probability Phi(separation / sqrt 2)
(Green, Swets (1966), Signal detection theory and psychophysics: equal variances). It is
the same each time a copy is asked of an item.
"""

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import NamedTuple
from zlib import crc32

import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Bool, Float, Int, PRNGKeyArray

from oracles.annotators import plain_annotators
from oracles.contract import Query
from oracles.feedback.label import KIND
from oracles.hashing import Role, draw_words, seed_streams, to_normal
from oracles.machines import MachineSource
from oracles.utility import choose, realise

_LEAST = math.exp(-60.0)
"""Share that stands for none; as in `oracles.annotators.symmetric`."""
_MOST_AREA = 1.0 - 1e-7
"""Area under the curve that stands for 1, whose separation would be infinite."""


class Machine(NamedTuple):
    """A machine as numbers that may be swept, float32.

    Attributes:
        log_confusion: `[K, K]` log share of each answer, by the right class.
        shared: `[]` lambda_shared in [0, 1]; 1 = no error is shared.
        own: `[]` lambda_own in [0, 1]; 0 = a copy repeats itself.
        separation: `[]` by how much more confident it is where it is right, in standard
            deviations; 0 where confidence says nothing.
    """

    log_confusion: Float[ArrayLike, "K K"]
    shared: ArrayLike
    own: ArrayLike
    separation: ArrayLike


class MachineAnswers(NamedTuple):
    """What a machine says of N items, `[N]` each.

    Attributes:
        label: a class.
        confidence: higher where it is surer; only the order means anything.
    """

    label: Int[Array, "N"]
    confidence: Float[Array, "N"]


def build_machine(
    source: MachineSource, num_classes: int, names: Sequence[str] = ()
) -> Machine:
    """Turn a machine's description into numbers for a task of K classes; on the host.

    `names` are those of the task's classes; see `MachineSource.rows`.

    Raises:
        ValueError: it was described for another number of classes.
    """
    rows = np.maximum(np.array(source.rows(num_classes, names)), _LEAST)
    shared = math.sqrt(1.0 - source.shared_error)
    left = 1.0 - source.repeatability
    own = math.sqrt(min(left / (1.0 - source.shared_error), 1.0)) if left else 0.0
    area = min(source.confidence or 0.5, _MOST_AREA)
    numbers = (np.log(rows), shared, own, separation_of(area))
    return Machine(*(np.asarray(number, np.float32) for number in numbers))


def separation_of(area: float) -> float:
    """Return the separation of two normals whose area under the ROC curve is given."""
    return math.sqrt(2.0) * NormalDist().inv_cdf(area)


def answer_items(
    key: PRNGKeyArray,
    machine: Machine,
    item: Int[Array, "N"],
    truth: Int[Array, "N"],
    has_class: Bool[Array, "N"],
    *,
    copy: int = 0,
    occasion: int = 0,
) -> MachineAnswers:
    """Let a copy of a machine say which class each item is.

    Args:
        key: of all machines of a run: the same for the same answers.
        machine: which.
        item: stable ids.
        truth: right classes.
        has_class: whether an item belongs to any; for one that does not it says what
            it says over all classes on average.
        copy: id of the copy; two machines must have ids of their own.
        occasion: 0 the first time that it is asked, then 1, 2, ...
    """
    rows = jnp.asarray(machine.log_confusion)
    average = jnp.log(jnp.exp(rows).mean(axis=0))
    worth = jnp.where(has_class[:, None], rows[truth], average[None])
    who = plain_annotators(1)._replace(
        id=jnp.array([copy], jnp.int32),
        own=jnp.asarray(machine.own, jnp.float32)[None],
        shared=jnp.asarray(machine.shared, jnp.float32),
    )
    nothing = jnp.zeros((1, item.shape[0]))
    query = Query(
        item=item[None],
        occasion=jnp.full((1, item.shape[0]), occasion, jnp.int32),
        truth=truth[None],
        utility=worth.T[:, None],
        difficulty=nothing,
        discrimination=nothing,
        size=nothing + 1.0,
        is_asked=jnp.ones(nothing.shape, bool),
    )
    is_lapse = jnp.zeros(nothing.shape, bool)
    drawn = realise(key, KIND.space, who, query, worth.T[:, None], is_lapse)
    label = choose(drawn)[0][0].astype(jnp.int32)
    (stream,) = seed_streams(key, KIND.space, Role.CONFIDENCE)
    noise = to_normal(draw_words(stream, item, 0, copy, 0)[0])
    is_right = has_class & (label == truth)
    lead = jnp.where(is_right, jnp.asarray(machine.separation), 0.0)
    return MachineAnswers(label, noise + lead)


def copy_id(name: str, copy: int = 0) -> int:
    """Return the id of a copy of a machine of some name; the same in every process."""
    # apart from small numbers, and inside int32
    return (crc32(name.encode()) & 0x3FFFFF00) + copy
