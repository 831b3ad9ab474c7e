"""Samples and checks of aggregations: answers of several people to each item."""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from hitl_sim.check.base import (
    TOLERANCE,
    CheckError,
    Subject,
    build,
    promise,
    require,
    require_within,
)
from oracles.aggregate.votes import Votes
from oracles.part import Part

NUM_ITEMS, NUM_CLASSES, NUM_PEOPLE, NUM_ANSWERS = 24, 4, 6, 5


def _is_of_classes(part: Part) -> bool:
    return "classification" in part.problems


def _votes(is_of_classes: bool) -> Votes:
    """Draw answers of people who are right four times in five; some are missing.

    Of numbers they are right but for a noise.
    """
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
    kind: Any = jnp.int32
    if not is_of_classes:
        answer, kind = truth[:, None] + 0.5 * rng.normal(size=shape), jnp.float32
    return Votes(
        jnp.asarray(answer, kind),
        jnp.asarray(is_answered),
        jnp.asarray(people, jnp.int32),
    )


def sample(part: Part, options: Mapping[str, Any]) -> Subject:
    """Build an aggregation, and votes for it.

    Raises:
        CheckError: it does not build.
    """
    aggregate = build(part, options, lambda o: part(NUM_CLASSES, NUM_PEOPLE, **o))

    def call(key: jax.Array, data: Votes, params: Mapping[str, Any]) -> Any:
        out = aggregate(key, data, params)
        if not (isinstance(out, tuple) and len(out) == 2):
            raise CheckError(
                f"it must return (label, confidence), got {type(out).__name__}."
            )
        return {"label": out[0], "confidence": out[1]}

    votes = _votes(_is_of_classes(part))
    label = "int32" if _is_of_classes(part) else "float32"
    # room for two answers more that nobody gave, of any content
    content = zip(votes, (NUM_CLASSES - 1, False, NUM_PEOPLE - 1), strict=True)
    wide = (jnp.pad(a, ((0, 0), (0, 2)), constant_values=fill) for a, fill in content)
    return Subject(
        part,
        options,
        call,
        votes,
        {"label": f"{label}[{NUM_ITEMS}]", "confidence": f"float32[{NUM_ITEMS}]"},
        extremes={
            "nobody answering": votes._replace(is_answered=votes.is_answered & False),
            "everybody agreeing": votes._replace(answer=0 * votes.answer),
            "one person alone": votes._replace(annotator=0 * votes.annotator),
        },
        num_items=NUM_ITEMS,
        padded=Votes(*wide),
    )


@promise
def labels(subject: Subject) -> str:
    """Labels are what people said, confidences are shares, agreement is followed."""
    for words, votes in subject.samples.items():
        out = subject.run(votes)
        if _is_of_classes(subject.part):
            require_within("label", out["label"], 0, NUM_CLASSES - 1, f" with {words}")
        require_within("confidence", out["confidence"], 0, 1, f" with {words}")
    # five people agree on each item, so that nothing is decided at random
    votes = subject.data
    first = jnp.broadcast_to(votes.answer[:, :1], votes.answer.shape)
    agreed = Votes(first, votes.is_answered | True, votes.annotator)
    found = subject.run(agreed)["label"]
    wrong = int((~np.isclose(found, first[:, 0], rtol=TOLERANCE)).sum())
    require(
        not wrong,
        "`label` must be what all five people said, got another for "
        f"{wrong} of {NUM_ITEMS} items.",
    )
    return ""


@promise
def answer_order(subject: Subject) -> str:
    """The order in which an item's answers stand says nothing."""
    turned = jax.tree.map(lambda leaf: leaf[:, ::-1], subject.data)
    one, other = (subject.run(data)["confidence"] for data in (subject.data, turned))
    require(
        np.allclose(one, other, rtol=1e-4, atol=1e-5),
        "`confidence` must be the same in whatever order an item's answers stand, "
        "got others.",
    )
    return ""
