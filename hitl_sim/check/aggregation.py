"""Samples and checks of aggregations: answers of several people to each item."""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from hitl_sim.check.base import Check, CheckError, Subject, build, struct
from oracles.aggregate.votes import Votes
from oracles.part import Part

NUM_ITEMS, NUM_CLASSES, NUM_PEOPLE, NUM_ANSWERS = 24, 4, 6, 5


def _votes() -> Votes:
    """Draw answers of people who are right four times in five; some are missing."""
    rng = np.random.default_rng(0)
    shape = (NUM_ITEMS, NUM_ANSWERS)
    truth = rng.integers(0, NUM_CLASSES, NUM_ITEMS)
    is_right = rng.random(shape) < 0.8
    other = rng.integers(0, NUM_CLASSES, shape)
    people = np.stack([rng.permutation(NUM_PEOPLE)[:NUM_ANSWERS] for _ in truth])
    is_answered = rng.random(shape) < 0.8
    # nobody answers one item, and two agree on no class of another
    is_answered[0] = False
    answer = np.where(is_right, truth[:, None], other)
    is_answered[1] = [True, True, False, False, False]
    answer[1, :2] = [0, 1]
    return Votes(
        jnp.asarray(answer, jnp.int32),
        jnp.asarray(is_answered),
        jnp.asarray(people, jnp.int32),
    )


def sample(part: Part, options: Mapping[str, Any]) -> Subject:
    """Build an aggregation, and votes for it.

    Raises:
        CheckError: it does not build.
    """
    aggregate = build(
        part, options, lambda given: part.factory(NUM_CLASSES, NUM_PEOPLE, **given)
    )

    def call(key: jax.Array, data: Votes, params: Mapping[str, Any]) -> Any:
        out = aggregate(key, data, params)
        if not (isinstance(out, tuple) and len(out) == 2):
            raise CheckError(
                f"it must return (label, confidence), got {type(out).__name__}."
            )
        return {"label": out[0], "confidence": out[1]}

    votes = _votes()
    order = np.random.default_rng(1).permutation(NUM_ITEMS)
    nobody = votes._replace(is_answered=jnp.zeros_like(votes.is_answered))
    return Subject(
        part=part,
        options=options,
        call=call,
        data=votes,
        expected={
            "label": struct((NUM_ITEMS,), jnp.int32),
            "confidence": struct((NUM_ITEMS,), jnp.float32),
        },
        extremes={
            "nobody answering": nobody,
            "everybody agreeing": votes._replace(answer=jnp.zeros_like(votes.answer)),
            "one person alone": votes._replace(
                annotator=jnp.zeros_like(votes.annotator)
            ),
        },
        turned=(jax.tree.map(lambda leaf: leaf[order], votes), order),
        padded=(_padded(votes), lambda out: out),
    )


def _padded(votes: Votes) -> Votes:
    """Add room for two answers more that nobody gave, of any content."""
    wide = ((0, 0), (0, 2))
    return Votes(
        jnp.pad(votes.answer, wide, constant_values=NUM_CLASSES - 1),
        jnp.pad(votes.is_answered, wide),
        jnp.pad(votes.annotator, wide, constant_values=NUM_PEOPLE - 1),
    )


def _settled(votes: Votes) -> Votes:
    """Let five people agree on each item, so that nothing is decided at random."""
    return votes._replace(
        answer=jnp.broadcast_to(votes.answer[:, :1], votes.answer.shape),
        is_answered=jnp.ones_like(votes.is_answered),
    )


def check_labels(subject: Subject) -> str:
    """Labels are classes, confidences are shares, and agreement is followed."""
    key, data, params = subject.args
    run = jax.jit(subject.call)
    for words, votes in {"the sample": data, **subject.extremes}.items():
        out = jax.tree.map(np.asarray, run(key, votes, params))
        label, confidence = out["label"], out["confidence"]
        if not ((label >= 0) & (label < NUM_CLASSES)).all():
            raise CheckError(
                f"`label` must be in [0, {NUM_CLASSES - 1}], got {label.min()} to "
                f"{label.max()} with {words}."
            )
        if not ((confidence >= 0) & (confidence <= 1 + 1e-6)).all():
            raise CheckError(
                f"`confidence` must be in [0, 1], got {confidence.min()} to "
                f"{confidence.max()} with {words}."
            )
    settled = _settled(data)
    label = np.asarray(run(key, settled, params)["label"])
    wrong = int((label != np.asarray(settled.answer[:, 0])).sum())
    if wrong:
        raise CheckError(
            f"`label` must be the class that all five people named, got another for "
            f"{wrong} of {NUM_ITEMS} items."
        )
    return ""


def check_answer_order(subject: Subject) -> str:
    """The order in which an item's answers stand says nothing."""
    key, data, params = subject.args
    run = jax.jit(subject.call)
    turned = jax.tree.map(lambda leaf: leaf[:, ::-1], data)
    one, other = run(key, data, params), run(key, turned, params)
    if not np.allclose(one["confidence"], other["confidence"], rtol=1e-4, atol=1e-5):
        raise CheckError(
            "`confidence` must be the same in whatever order an item's answers stand, "
            "got others."
        )
    return ""


CHECKS = (
    Check("labels", check_labels),
    Check("answer order", check_answer_order),
)
